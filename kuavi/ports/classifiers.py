"""Probe ports: what clips are called, by classifiers on top of frozen features."""

from collections.abc import Sequence
from typing import Protocol, TypeAlias

import numpy as np

from kuavi.domain.evidence import Evidence, Model
from kuavi.domain.media import Frame
from kuavi.domain.outcome import Outcome
from kuavi.domain.space import Embeddings, Motion, Space
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


class Probe(Protocol):
    """A classifier on rows of one motion space.  Contract: tests/contract/test_probe.py."""

    @property
    def labels(self) -> tuple[str, ...]: ...

    @property
    def space(self) -> Space[Motion]: ...

    @property
    def model(self) -> Model: ...

    @property
    def evidence(self) -> Evidence: ...

    def classify(self, clips: Sequence[Embeddings[Motion]]) -> Outcome[Probabilities, ModelFailure]:
        """One row per clip, in order; a clip is one or more rows of `space`, in any number."""
        ...
