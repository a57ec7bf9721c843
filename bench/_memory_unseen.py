"""Index a film that nobody decodes and no network sees, in this process, a fresh one.

    python -m bench._memory_unseen MINUTES

Prints memory by part as JSON.  Library, scratch, JPEGs, commits and the tree are the real ones, and
the embedded models are loaded and asked once.  Pictures are drawn, two and a half a second, and
vectors are drawn at the models' true width; a cut comes every three seconds.
"""

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from attrs import evolve, frozen
from returns.result import Failure, Success

from kuavi.adapters.files import fake
from kuavi.adapters.progress import profiled, silent
from kuavi.apps.usecases.index import index_video
from kuavi.apps.wiring.compose import index_ports, open_tools
from kuavi.apps.wiring.models import Models
from kuavi.domain.manifest import Tier
from kuavi.domain.media import Ended, EveryFrame, Frame, FrameItem, MediaInfo, Pixels, Seen, View
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import IndexPlan
from kuavi.domain.presets import EMBEDDED
from kuavi.domain.shots import Cut
from kuavi.domain.space import Embeddings, Matrix, unit
from kuavi.domain.spans import Span
from kuavi.ports.reader import NoAudioStream, ReadFailure

FPS, SHOT_S = 2.5, 3.0
SHAPE = (360, 640, 3)
PATH = "/drawn.mp4"


def looks(width: int, frames: Sequence[Frame]) -> Matrix:
    """Unit rows (n, width): those of a shot are near each other."""
    rows = []
    for frame in frames:
        shot, moment = int(frame.time_s / SHOT_S), round(frame.time_s * FPS)
        base = np.random.default_rng(shot).standard_normal(width)
        rows.append(base + 0.2 * np.random.default_rng([shot, moment]).standard_normal(width))
    return unit(np.array(rows, dtype=np.float32))


class Unseeing:
    """A picture model that is asked once; after that its answers are drawn."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self._tags: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def encode_frames(self, frames: Sequence[Frame]) -> Any:
        return Success(Embeddings(self.inner.space, looks(self.inner.space.dim, frames)))

    def encode(self, windows: Sequence[Sequence[Frame]]) -> Any:
        space = self.inner.space
        return Success(tuple(Embeddings(space, looks(space.dim, window)) for window in windows))

    def tag(self, frames: Sequence[Frame]) -> Any:
        if self._tags is None:
            self._tags = self.inner.tag(frames[:1]).unwrap()[0]
        return Success((self._tags,) * len(frames))


class Cuts:
    """A shot detector that knows when cuts come."""

    def __init__(self, inner: Any) -> None:
        self._inner, self._next_s = inner, SHOT_S
        self.view = View(EveryFrame(), max_side=64)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def start(self) -> Any:
        return Success(self)

    def push(self, frame: Frame) -> Any:
        if frame.time_s < self._next_s:
            return Success(())
        self._next_s += SHOT_S
        return Success((Cut(frame.time_s, 0.5),))

    def finish(self) -> Any:
        return Success(())


@frozen
class Drawn:
    """A reader of one film."""

    length_s: float

    def info(self, _path: str) -> Outcome[MediaInfo, ReadFailure]:
        return Success(
            MediaInfo("drawn", "raw", SHAPE[1], SHAPE[0], FPS, self.length_s, 0.0, 0, False)
        )

    def frames(
        self, _path: str, views: Sequence[View], _within: Span | None = None
    ) -> Iterator[Outcome[FrameItem, ReadFailure]]:
        pictures = [_picture(seed) for seed in range(16)]
        for i in range(round(self.length_s * FPS)):
            pixels = np.roll(pictures[i % 16], i, axis=1)
            for position, view in enumerate(views):
                step = -(-SHAPE[1] // view.max_side)
                shown = np.ascontiguousarray(pixels[::step, ::step])
                yield Success(Seen(position, Frame(i / FPS, shown), (i + 1) / FPS))
        yield Success(Ended(self.length_s))

    def audio(self, path: str, _within: Span | None = None) -> Iterator[Any]:
        yield Failure(NoAudioStream(path))


def _picture(seed: int) -> Pixels:
    """Blocks of colour and some grain, so that its JPEG is as large as a real one's."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (SHAPE[0] // 20, SHAPE[1] // 20, 3))
    pixels = coarse.repeat(20, axis=0).repeat(20, axis=1) + rng.integers(-8, 9, SHAPE)
    return np.clip(pixels, 0, 255).astype(np.uint8)


def once(minutes: float) -> dict[str, float]:
    progress = profiled.build(silent.build())
    plan = IndexPlan(tier=Tier.SCAN)
    models = Models(EMBEDDED, {})
    with tempfile.TemporaryDirectory() as folder:
        tools = open_tools(str(Path(folder) / "library"), create=True).unwrap()
        ports = index_ports(tools, models, plan, progress).unwrap()
        frame = Frame(0.0, _picture(0))
        ports.scan.joint.encode_frames([frame] * 16).unwrap()
        ports.scan.clips.encode([[frame] * 8] * 4).unwrap()
        scan = evolve(
            ports.scan,
            shots=Cuts(ports.scan.shots),
            joint=Unseeing(ports.scan.joint),
            clips=Unseeing(ports.scan.clips),
            tagger=Unseeing(ports.scan.tagger),
        )
        ports = evolve(ports, reader=Drawn(minutes * 60), files=fake.build({PATH: b""}), scan=scan)
        loaded_mb = profiled.peak_mb()
        report = index_video(PATH, plan, ports).unwrap()
    if report.failed:
        raise SystemExit(f"not indexed: {report.failed}")
    peaks = {name: used.peak_mb for name, used in progress.ledger.items()}
    return {"models loaded": loaded_mb, **peaks, "all": profiled.peak_mb()}


if __name__ == "__main__":
    print(json.dumps(once(float(sys.argv[1]))))
