"""Collectors: each consumes the frames of one decode pass and ends with a stage's result."""

from collections.abc import Sequence
from typing import overload

from attrs import frozen
from returns.result import Failure, Success

from kuavi.apps.usecases.row_store import RowStore
from kuavi.domain.keyframes import Kept, KeyframeFold, end_keyframes, take_cut, take_frame
from kuavi.domain.media import Frame, Keyframe
from kuavi.domain.outcome import Outcome
from kuavi.domain.shots import Cut
from kuavi.domain.space import Joint, Motion
from kuavi.domain.spans import Span
from kuavi.domain.windows import Windowing, empty_fold, fold_end, fold_window
from kuavi.ports.encoders import ClipEncoder, JointEncoder
from kuavi.ports.models import ModelFailure
from kuavi.ports.parts import Keyframes
from kuavi.ports.pictures import BadImage, ImageFormat, Pictures
from kuavi.ports.scratch import Pile, Scratch, ScratchFailed
from kuavi.ports.shots import ShotTracker

_BATCH = 16
_WINDOWS = 4


class ShotCollector:
    """Feeds a tracker; gathers its cuts."""

    def __init__(self, tracker: ShotTracker) -> None:
        self._tracker = tracker
        self.cuts: list[Cut] = []

    def push(self, frame: Frame) -> Outcome[tuple[Cut, ...], ModelFailure]:
        return self._noted(self._tracker.push(frame))

    def finish(self) -> Outcome[tuple[Cut, ...], ModelFailure]:
        return self._noted(self._tracker.finish())

    def _noted(
        self, found: Outcome[tuple[Cut, ...], ModelFailure]
    ) -> Outcome[tuple[Cut, ...], ModelFailure]:
        if isinstance(found, Success):
            self.cuts.extend(found.unwrap())
        return found


class KeyframeCollector:
    """Chooses keyframes among the sampled frames, told of the cuts as they become certain."""

    def __init__(self, every_s: float) -> None:
        self._fold = KeyframeFold(every_s)

    def push(self, frame: Frame) -> tuple[Kept, ...]:
        self._fold, kept = take_frame(self._fold, frame)
        return kept

    def cut(self, cut: Cut) -> tuple[Kept, ...]:
        self._fold, kept = take_cut(self._fold, cut.time_s)
        return kept

    def finish(self, end_s: float) -> tuple[Kept, ...]:
        return end_keyframes(self._fold, end_s)


@frozen(eq=False)
class _Piled(Sequence[Keyframe]):
    """Keyframes whose pictures are read from a pile when they are taken."""

    pile: Pile
    about: Sequence[tuple[float, Span]]

    def __len__(self) -> int:
        return len(self.about)

    @overload
    def __getitem__(self, at: int) -> Keyframe: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Keyframe]: ...
    def __getitem__(self, at: int | slice) -> Keyframe | Sequence[Keyframe]:
        numbers = range(len(self.about))[at]
        if isinstance(numbers, range):
            return tuple(map(self._taken, numbers))
        return self._taken(numbers)

    def _taken(self, number: int) -> Keyframe:
        image = self.pile.get(number)
        if isinstance(image, Failure):
            raise OSError(str(image.failure()))
        time_s, span = self.about[number]
        return Keyframe(time_s, span, image.unwrap())


class PictureCollector:
    """Makes JPEGs of keyframes and piles them up outside memory."""

    def __init__(self, pictures: Pictures, scratch: Scratch) -> None:
        self._pictures = pictures
        self._scratch = scratch
        self._pile: Pile | None = None
        self._about: list[tuple[float, Span]] = []

    def push(self, kept: Kept) -> Outcome[None, BadImage | ScratchFailed]:
        image = self._pictures.encode(kept.frame.pixels, ImageFormat.JPEG)
        if isinstance(image, Failure):
            return image
        if self._pile is None:
            made = self._scratch.pile()
            if isinstance(made, Failure):
                return made
            self._pile = made.unwrap()
        put = self._pile.put(image.unwrap())
        if isinstance(put, Failure):
            return put
        self._about.append((kept.frame.time_s, kept.span))
        return Success(None)

    def finish(self) -> Keyframes:
        return Keyframes(() if self._pile is None else _Piled(self._pile, tuple(self._about)))


class FrameCollector:
    """Encodes sampled frames in batches."""

    def __init__(self, encoder: JointEncoder, scratch: Scratch) -> None:
        self._encoder = encoder
        self._waiting: list[Frame] = []
        self._done = RowStore(encoder.space, scratch)

    def push(self, frame: Frame) -> Outcome[None, ModelFailure | ScratchFailed]:
        self._waiting.append(frame)
        return self._flush() if len(self._waiting) >= _BATCH else Success(None)

    def finish(self) -> Outcome[RowStore[Joint], ModelFailure | ScratchFailed]:
        """One row per frame pushed."""
        flushed = self._flush() if self._waiting else Success(None)
        return flushed if isinstance(flushed, Failure) else Success(self._done)

    def _flush(self) -> Outcome[None, ModelFailure | ScratchFailed]:
        encoded = self._encoder.encode_frames(self._waiting)
        if isinstance(encoded, Failure):
            return encoded
        self._waiting = []
        return self._done.add(encoded.unwrap().rows)


class ClipCollector:
    """Encodes overlapping windows as they fill, and averages them per frame.

    Holds the frames of a few windows.  The windows are those of `window_starts`: the last one ends
    on the last frame, and a video shorter than a window is padded with its last frame.
    """

    def __init__(self, encoder: ClipEncoder, windowing: Windowing, scratch: Scratch) -> None:
        self._encoder = encoder
        self._windowing = windowing
        self._frames: list[Frame] = []
        self._first = 0  # index of self._frames[0]
        self._next = 0  # start of the next window
        self._starts: list[int] = []
        self._windows: list[list[Frame]] = []
        self._fold = empty_fold(encoder.space.dim, windowing.weighing)
        self._done = RowStore(encoder.space, scratch)

    def push(self, frame: Frame) -> Outcome[None, ModelFailure | ScratchFailed]:
        """A window is due when a frame after it has come: it can't be the last one then."""
        size = self._windowing.size
        if self._first + len(self._frames) == self._next + size:
            self._queue(self._next, self._frames[self._next - self._first :])
            self._next += self._windowing.stride
        self._frames.append(frame)
        if len(self._frames) > size:
            del self._frames[0]
            self._first += 1
        return self._encode() if len(self._windows) >= _WINDOWS else Success(None)

    def finish(self) -> Outcome[RowStore[Motion], ModelFailure | ScratchFailed]:
        """One row per frame pushed."""
        n_frames, size = self._first + len(self._frames), self._windowing.size
        if n_frames:
            padding = [self._frames[-1]] * (size - len(self._frames))
            self._queue(max(n_frames - size, 0), [*self._frames, *padding])
        encoded = self._encode()
        if isinstance(encoded, Failure):
            return encoded
        added = self._done.add(fold_end(self._fold, n_frames))
        return added if isinstance(added, Failure) else Success(self._done)

    def _queue(self, start: int, window: list[Frame]) -> None:
        self._starts.append(start)
        self._windows.append(window)

    def _encode(self) -> Outcome[None, ModelFailure | ScratchFailed]:
        if not self._windows:
            return Success(None)
        encoded = self._encoder.encode(self._windows)
        if isinstance(encoded, Failure):
            return encoded
        for start, window in zip(self._starts, encoded.unwrap(), strict=True):
            self._fold, finished = fold_window(self._fold, start, window.rows, self._windowing.size)
            added = self._done.add(finished)
            if isinstance(added, Failure):
                return added
        self._starts, self._windows = [], []
        return Success(None)
