"""Classifier port: what clips are called, by released probes on frozen features."""

from collections.abc import Sequence
from typing import Protocol, TypeAlias

import numpy as np

from kuavi.domain.evidence import Evidence, Model
from kuavi.domain.media import Frame
from kuavi.domain.outcome import Outcome
from kuavi.ports.models import ModelFailure

Probabilities: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.float64]]
"""(clips, labels) float64; rows sum to 1."""


class ClipClassifier(Protocol):
    """A released probe with its own backbone.  Contract: tests/contract/test_clip_classifier.py."""

    @property
    def task(self) -> str: ...

    @property
    def labels(self) -> tuple[str, ...]: ...

    @property
    def model(self) -> Model: ...

    @property
    def evidence(self) -> Evidence: ...

    @property
    def frames(self) -> int:
        """Frames a clip that it was trained with."""
        ...

    def classify(self, clips: Sequence[Sequence[Frame]]) -> Outcome[Probabilities, ModelFailure]:
        """One row per clip, in order; clips have the same number of frames, even in time."""
        ...
