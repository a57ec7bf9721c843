"""Clips by whether they grow brighter or darker.  For tests and demonstrations."""

from collections.abc import Sequence

import numpy as np
from attrs import frozen
from returns.result import Success

from kuavi.adapters._colours import brightness
from kuavi.domain.evidence import Evidence, Heuristic, Model
from kuavi.domain.media import Frame
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.ports.classifiers import Probabilities
from kuavi.ports.models import ModelFailure, ModelUnavailable

LABELS = ("growing brighter", "growing darker", "staying as it is")
SHARPNESS = 20.0
STEADY = 0.1
"""Changes of brightness smaller than this count as none."""


@frozen(eq=False)
class BrightnessClassifier:
    model: Model
    evidence: Evidence

    @property
    def task(self) -> str:
        return "brightness"

    @property
    def labels(self) -> tuple[str, ...]:
        return LABELS

    @property
    def frames(self) -> int:
        return 8

    def classify(self, clips: Sequence[Sequence[Frame]]) -> Outcome[Probabilities, ModelFailure]:
        """Softmax of how much brighter the clip ends than it began; ValueError for no frames."""
        if any(not clip for clip in clips) or len({len(clip) for clip in clips}) > 1:
            raise ValueError("clips must have the same number of frames, one or more")
        ends = [brightness(c[-1].pixels) - brightness(c[0].pixels) for c in clips]
        scores = np.array([[up, -up, STEADY] for up in ends], dtype=np.float64).reshape(-1, 3)
        shares = np.exp(SHARPNESS * scores)
        return Success(shares / shares.sum(axis=1, keepdims=True))


def build(spec: ModelSpec) -> Outcome[BrightnessClassifier, ModelUnavailable]:
    model = Model(spec.model_id, "brightness-1")
    return Success(BrightnessClassifier(model, Heuristic("change of brightness")))
