"""Whether models load and agree with themselves on this machine.

Each is built and given something generated, twice.  That shows a broken download, a driver that
computes nonsense, or an adapter that doesn't keep its port's promises.  It shows neither how good a
model is nor how much memory windows of full length take.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from attrs import evolve, frozen
from returns.result import Failure, Success

from kuavi.domain.evidence import Model
from kuavi.domain.media import AUDIO_RATE_HZ, AudioChunk, Frame
from kuavi.domain.outcome import Outcome, collect
from kuavi.domain.space import Embeddings, Space
from kuavi.ports.classifiers import ClipClassifier
from kuavi.ports.clock import Clock
from kuavi.ports.encoders import ClipEncoder, JointEncoder, TextEncoder
from kuavi.ports.models import ModelFailure, ModelUnavailable
from kuavi.ports.predictors import Predictor
from kuavi.ports.shots import ShotDetector
from kuavi.ports.words import Tagger, TextReader, Transcriber

TOLERANCE = 1e-4
"""How far a length may be from 1, a sum from 1, and a number from the one of the run before."""
STEPS = 4
"""Length of the clip that is tried."""
TEXTS = ("a red square moves to the right", "the quick brown fox jumps over the lazy dog")

Build: TypeAlias = Callable[[str], Outcome[Any, ModelUnavailable]]
Answer: TypeAlias = Outcome[Any, object]


@frozen
class ModelCheck:
    """What came of a port's model; `problems` in words, empty if all is well.

    `model` is None where it could not be built.  An `optional` one is needed neither for indexing
    nor for searching.  `took_s` and `memory_mb` are of building it and running it: seconds, and by
    how much the process grew.
    """

    port: str
    model_id: str
    model: Model | None
    problems: tuple[str, ...]
    optional: bool = False
    took_s: float = 0.0
    memory_mb: float = 0.0

    @property
    def available(self) -> bool:
        return self.model is not None

    @property
    def ok(self) -> bool:
        """Whether it works, or is not here and not needed."""
        return not self.problems or (self.optional and not self.available)


def check_model(
    checked: ModelCheck, build: Build, clock: Clock, resident_mb: Callable[[], float]
) -> ModelCheck:
    """Build the model of `checked.port` and try it."""
    began_s, before_mb = clock.elapsed_s, resident_mb()
    built = build(checked.port)
    if isinstance(built, Failure):
        return evolve(checked, problems=(str(built.failure()),), took_s=clock.elapsed_s - began_s)
    model = built.unwrap()
    problems = CHECKS[checked.port.partition(":")[0]](model)
    return evolve(
        checked,
        model=model.model,
        problems=tuple(problems),
        took_s=clock.elapsed_s - began_s,
        memory_mb=max(0.0, resident_mb() - before_mb),
    )


def moving_square(n_frames: int, side: int = 64) -> tuple[Frame, ...]:
    """A red square that moves over a grey slope, a quarter second from frame to frame."""
    slope = np.linspace(40, 200, side).astype(np.uint8)
    frames: list[Frame] = []
    for i in range(n_frames):
        pixels = np.repeat(np.tile(slope, (side, 1))[:, :, None], 3, axis=2)
        left = (4 * i) % (side - 16)
        pixels[24:40, left : left + 16] = (220, 30, 30)
        frames.append(Frame(i / 4, pixels))
    return tuple(frames)


def _joint(encoder: JointEncoder) -> list[str]:
    first, *_, last = moving_square(8)
    other = Frame(9.0, 255 - last.pixels)
    return [
        *_vectors("pictures", encoder.space, lambda: encoder.encode_frames([first, other])),
        *_vectors("texts", encoder.space, lambda: encoder.encode_texts(TEXTS)),
    ]


def _text(encoder: TextEncoder) -> list[str]:
    return [
        *_vectors("texts", encoder.space, lambda: encoder.encode(TEXTS)),
        *_vectors("questions", encoder.space, lambda: encoder.encode_queries(TEXTS)),
    ]


def _clips(encoder: ClipEncoder) -> list[str]:
    clip = moving_square(STEPS * encoder.step)
    return _vectors("a clip", encoder.space, lambda: _only(encoder.encode([clip])), STEPS)


def _predictor(predictor: Predictor) -> list[str]:
    clip = moving_square(STEPS * predictor.step)
    return _vectors(
        "what comes next", predictor.space, lambda: _only(predictor.predict([clip], (0, 1)))
    )


def _only(answer: Outcome[tuple[Embeddings[Any], ...], Any]) -> Answer:
    """The one item of an answer about one clip."""
    return answer if isinstance(answer, Failure) else Success(answer.unwrap()[0])


def _vectors(what: str, space: Space[Any], run: Callable[[], Answer], n_rows: int = 2) -> list[str]:
    """Problems of two runs that should give the same unit rows, no two of them alike."""
    runs = collect([run(), run()])
    if isinstance(runs, Failure):
        return [f"{what}: {runs.failure()}"]
    first, again = runs.unwrap()
    if first.space != space or len(first) != n_rows:
        return [f"{what}: {len(first)} rows of {first.space}, where {n_rows} of {space} are due"]
    problems: list[str] = []
    lengths = np.linalg.norm(first.rows.astype(np.float64), axis=1)
    if np.abs(lengths - 1).max() > TOLERANCE:
        problems.append(f"{what}: lengths from {lengths.min():.4g} to {lengths.max():.4g}, not 1")
    if not np.abs(first.rows[0] - first.rows[-1]).max() > 0:
        problems.append(f"{what}: the same vector for different things")
    return problems + _disagreement(what, first.rows, again.rows)


def _disagreement(what: str, first: Any, again: Any) -> list[str]:
    apart = float(np.abs(first - again).max(initial=0.0))
    return [f"{what}: two runs differ by {apart:.2g}"] if apart > TOLERANCE else []


def _classifier(classifier: ClipClassifier) -> list[str]:
    clip = moving_square(classifier.frames)
    runs = collect([classifier.classify([clip]), classifier.classify([clip])])
    if isinstance(runs, Failure):
        return [f"a clip: {runs.failure()}"]
    first, again = runs.unwrap()
    if first.shape != (1, len(classifier.labels)):
        return [f"a clip: {first.shape[1]} probabilities for {len(classifier.labels)} labels"]
    off = abs(float(first.sum()) - 1)
    sums = [f"a clip: probabilities sum to {first.sum():.4g}"] if not off <= TOLERANCE else []
    return sums + _disagreement("a clip", first, again)


def _tagger(tagger: Tagger) -> list[str]:
    frames = moving_square(2)
    return _same("tags", lambda: tagger.tag(frames))


def _ocr(reader: TextReader) -> list[str]:
    frames = moving_square(2)
    return _same("text on screen", lambda: reader.read(frames))


def _transcriber(transcriber: Transcriber) -> list[str]:
    times = np.arange(2 * AUDIO_RATE_HZ) / AUDIO_RATE_HZ
    tone = (0.1 * np.sin(2 * np.pi * 440 * times)).astype(np.float32)
    return _same("a tone", lambda: collect(transcriber.transcribe([AudioChunk(0.0, tone)])))


def _shots(detector: ShotDetector) -> list[str]:
    frames = moving_square(6)
    return _same("shots", lambda: _cuts(detector, frames))


def _cuts(detector: ShotDetector, frames: Sequence[Frame]) -> Outcome[Any, ModelFailure]:
    started = detector.start()
    if isinstance(started, Failure):
        return started
    tracker = started.unwrap()
    return collect([*map(tracker.push, frames), tracker.finish()])


def _same(what: str, run: Callable[[], Answer]) -> list[str]:
    """Problems of two runs that should give equal values."""
    runs = collect([run(), run()])
    if isinstance(runs, Failure):
        return [f"{what}: {runs.failure()}"]
    first, again = runs.unwrap()
    return [] if first == again else [f"{what}: two runs differ"]


CHECKS: Mapping[str, Callable[[Any], list[str]]] = {
    "joint": _joint,
    "text": _text,
    "clips": _clips,
    "predictor": _predictor,
    "classifier": _classifier,
    "tagger": _tagger,
    "ocr": _ocr,
    "transcriber": _transcriber,
    "shots": _shots,
}
"""By port."""
