"""Predictor port: what comes after the frames that were seen."""

from collections.abc import Sequence
from typing import Protocol, TypeAlias

import numpy as np
from attrs import frozen

from kuavi.domain.evidence import Evidence, Model
from kuavi.domain.media import Frame
from kuavi.domain.outcome import Outcome
from kuavi.domain.space import Embeddings, Motion, Space
from kuavi.ports.models import ModelFailure

StepErrors: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]
"""(steps,) float64, >= 0."""


@frozen
class TooFarAhead:
    """A step that lies beyond what the predictor answers for."""

    model_id: str
    asked: int
    limit: int

    def __str__(self) -> str:
        return (
            f"{self.model_id}: step {self.asked} is too far ahead, it answers up to {self.limit}; "
            "ask for a shorter horizon"
        )


PredictFailure: TypeAlias = ModelFailure | TooFarAhead


class Predictor(Protocol):
    """Contract: tests/contract/test_predictor.py.

    A *step* is `step` frames, as in `ClipEncoder`.  Only the observed frames are ever encoded: what
    comes later can't change an answer.
    """

    @property
    def space(self) -> Space[Motion]:
        """That of the clip encoder it belongs to: predicted and seen steps compare by cosine."""
        ...

    @property
    def model(self) -> Model: ...

    @property
    def evidence(self) -> Evidence: ...

    @property
    def step(self) -> int: ...

    @property
    def trained_steps(self) -> int:
        """Steps, observed and asked together, that were seen in training; more extrapolates."""
        ...

    @property
    def max_steps(self) -> int:
        """Steps, observed and asked together, beyond which it refuses."""
        ...

    def predict(
        self, observed: Sequence[Sequence[Frame]], ahead: Sequence[int]
    ) -> Outcome[tuple[Embeddings[Motion], ...], PredictFailure]:
        """For each clip of observed frames, one unit row for each step of `ahead`, in that order.

        Step 0 is the one directly after the last observed.  All clips have the same number of
        frames, a multiple of `step`, sampled evenly in time.
        """
        ...

    def errors(
        self, clips: Sequence[Sequence[Frame]], context: int
    ) -> Outcome[tuple[StepErrors, ...], PredictFailure]:
        """How far off it is on steps that can be seen: those after the first `context` of each.

        For each clip, a value for each of its remaining steps: the mean absolute difference between
        what is predicted from the context alone and what the encoder makes of that step, normalised
        as in training.
        """
        ...
