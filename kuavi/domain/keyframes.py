"""Keyframes: which sampled frames to keep as pictures.

Each shot gives one, from its middle; a long shot gives one every `every_s` seconds, unless the
picture has hardly changed since the last one: then that one stands for the time as well.  What is
held is bounded by the frames of `every_s` seconds.
"""

import numpy as np
from attrs import evolve, field, frozen
from attrs.validators import gt

from kuavi.domain.media import Frame, Pixels
from kuavi.domain.spans import Span

_GRID = (36, 64)
_SAME_BELOW = 6.0


@frozen(eq=False)
class Kept:
    """A frame that was chosen, and the time it stands for."""

    frame: Frame
    span: Span


@frozen(eq=False)
class KeyframeFold:
    """Frames of the piece under way, and the last choice, which may still be extended."""

    every_s: float = field(validator=gt(0))
    frames: tuple[Frame, ...] = ()
    start_s: float | None = None
    last: Kept | None = None


def take_frame(fold: KeyframeFold, frame: Frame) -> tuple[KeyframeFold, tuple[Kept, ...]]:
    """The next sampled frame; returns what is now certain."""
    start = frame.time_s if fold.start_s is None else fold.start_s
    if frame.time_s - start < fold.every_s:
        return evolve(fold, frames=(*fold.frames, frame), start_s=start), ()
    closed, kept = _close(fold, frame.time_s)
    return evolve(closed, frames=(frame,), start_s=frame.time_s), kept


def take_cut(fold: KeyframeFold, cut_s: float) -> tuple[KeyframeFold, tuple[Kept, ...]]:
    """A new shot starts at `cut_s`; frames from then on may have been taken already.

    A cut that is told late, after its piece was closed, shortens the last choice.
    """
    later = tuple(frame for frame in fold.frames if frame.time_s >= cut_s)
    earlier = tuple(frame for frame in fold.frames if frame.time_s < cut_s)
    last = fold.last
    if not earlier or fold.start_s is None or fold.start_s >= cut_s:
        if last is None or not last.frame.time_s < cut_s <= last.span.end_s:
            return fold, ()
        shortened = Kept(last.frame, Span(last.span.start_s, cut_s))
        return evolve(fold, start_s=cut_s, last=None), (shortened,)
    closed, kept = _close(evolve(fold, frames=earlier), cut_s)
    done = kept if closed.last is None else (*kept, closed.last)
    return evolve(closed, frames=later, start_s=cut_s, last=None), done


def end_keyframes(fold: KeyframeFold, end_s: float) -> tuple[Kept, ...]:
    """The video ends at `end_s`; returns the rest."""
    closed, kept = _close(fold, end_s)
    return kept if closed.last is None else (*kept, closed.last)


def _close(fold: KeyframeFold, end_s: float) -> tuple[KeyframeFold, tuple[Kept, ...]]:
    if not fold.frames or fold.start_s is None or end_s <= fold.start_s:
        return fold, ()
    span = Span(fold.start_s, end_s)
    middle = min(fold.frames, key=lambda frame: abs(frame.time_s - span.middle_s))
    last = fold.last
    if last is not None and looks_same(last.frame.pixels, middle.pixels):
        return evolve(fold, last=Kept(last.frame, Span(last.span.start_s, end_s))), ()
    return evolve(fold, last=Kept(middle, span)), () if last is None else (last,)


def looks_same(a: Pixels, b: Pixels) -> bool:
    """Whether two pictures of one size show the same to the eye, text included.

    Grey means of a 64 x 36 grid of blocks may differ by less than 6 of 255 in every block: noise
    and compression stay below that, a new line of text does not.
    """
    return a.shape == b.shape and float(np.abs(grey_blocks(a) - grey_blocks(b)).max()) < _SAME_BELOW


def grey_blocks(pixels: Pixels) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Grey means, in [0, 255], of a 64 x 36 grid of blocks; of fewer where pixels are fewer."""
    grey = pixels @ np.array([0.299, 0.587, 0.114])
    rows = np.unique(np.linspace(0, grey.shape[0], _GRID[0] + 1).astype(int)[:-1])
    columns = np.unique(np.linspace(0, grey.shape[1], _GRID[1] + 1).astype(int)[:-1])
    sums = np.add.reduceat(np.add.reduceat(grey, rows, axis=0), columns, axis=1)
    heights = np.diff([*rows, grey.shape[0]])
    widths = np.diff([*columns, grey.shape[1]])
    return sums / (heights[:, None] * widths)
