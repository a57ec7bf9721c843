"""A probe that answers with the label whose examples' mean is nearest; for tests and examples."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from attrs import frozen
from returns.result import Failure, Success

from kuavi.adapters.probes._store import Kept, read, write
from kuavi.domain.evidence import Model
from kuavi.domain.features import Features
from kuavi.domain.holdout import HeldOut
from kuavi.domain.outcome import Outcome
from kuavi.domain.space import Embeddings, Matrix, Motion, Space, SpaceMismatchError, unit
from kuavi.ports.classifiers import Probabilities
from kuavi.ports.models import ModelFailed, ModelFailure
from kuavi.ports.probes import Lesson, Probe, ProbeKit, ProbeUnreadable, ProbeUnwritable, SavedProbe

KIND = "nearest-mean"
SHARPNESS = 10.0
MODEL = Model(KIND, "1")


@frozen(eq=False)
class NearestMean:
    labels: tuple[str, ...]
    space: Space[Motion]
    means: Matrix
    features: Features = Features.MOTION
    model: Model = MODEL

    def classify(self, clips: Sequence[Embeddings[Motion]]) -> Outcome[Probabilities, ModelFailure]:
        rows = np.zeros((len(clips), len(self.labels)))
        for i, clip in enumerate(clips):
            if clip.space != self.space:
                raise SpaceMismatchError(f"the probe reads {self.space}, got {clip.space}")
            if not len(clip):
                return Failure(ModelFailed(self.model.model_id, "a clip without features"))
            near = np.exp(SHARPNESS * (self.means @ _mean(clip)).astype(np.float64))
            rows[i] = near / near.sum()
        return Success(rows)


@frozen
class NearestMeanKit:
    """Follows kuavi.ports.probes.ProbeKit."""

    def train(self, lesson: Lesson) -> Outcome[Probe, ModelFailure]:
        clips = np.stack([_mean(clip) for clip in lesson.clips])
        answers = np.array(lesson.answers)
        means = [clips[answers == label].mean(axis=0) for label in range(len(lesson.labels))]
        unit_means = unit(np.stack(means))
        return Success(NearestMean(lesson.labels, lesson.space, unit_means, lesson.features))

    def save(self, probe: Probe, held_out: HeldOut, path: str) -> Outcome[str, ProbeUnwritable]:
        if not isinstance(probe, NearestMean):
            raise TypeError(f"a probe of another kit: {type(probe).__name__}")
        kept = Kept(KIND, probe.features, probe.space, held_out, {}, {"means": probe.means})
        return write(Path(path), kept)

    def load(self, path: str) -> Outcome[SavedProbe, ProbeUnreadable]:
        stored = read(Path(path), KIND)
        if isinstance(stored, Failure):
            return stored
        kept = stored.unwrap()
        means = kept.tensors.get("means", np.zeros(0))
        if means.shape != (len(kept.held_out.labels), kept.space.dim):
            return Failure(ProbeUnreadable(path, "its weights don't fit"))
        labels, rows = kept.held_out.labels, means.astype(np.float32)
        probe = NearestMean(labels, kept.space, rows, kept.features)
        return Success(SavedProbe(probe, kept.held_out))


def build() -> ProbeKit:
    return NearestMeanKit()


def _mean(clip: Embeddings[Motion]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return unit(clip.rows.mean(axis=0, keepdims=True))[0]
