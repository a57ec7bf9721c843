"""What comes next if colours go on changing as they do.  For tests and demonstrations.

It belongs to the fake clip encoder: with the same model id and the same option `step` it answers in
that one's space.  Option `max_steps` sets how far it goes.
"""

from collections.abc import Sequence

import numpy as np
from attrs import frozen
from returns.result import Failure, Success

from kuavi.adapters._colour_clips import ColourClips, colour_clips
from kuavi.domain.evidence import Evidence, Heuristic, Model
from kuavi.domain.media import Frame
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.domain.space import Embeddings, Matrix, Motion, Space, unit
from kuavi.ports.models import ModelUnavailable
from kuavi.ports.predictors import PredictFailure, StepErrors, TooFarAhead

TRAINED_STEPS = 32


@frozen(eq=False)
class ColourTrend:
    """A step ahead is the last one, moved on by as much as it moved since the one before."""

    model: Model
    evidence: Evidence
    max_steps: int
    clips: ColourClips

    @property
    def space(self) -> Space[Motion]:
        return self.clips.space

    @property
    def step(self) -> int:
        return self.clips.step

    @property
    def trained_steps(self) -> int:
        return TRAINED_STEPS

    def predict(
        self, observed: Sequence[Sequence[Frame]], ahead: Sequence[int]
    ) -> Outcome[tuple[Embeddings[Motion], ...], PredictFailure]:
        """Raises ValueError for a step before 0, or a clip that is no multiple of `step`."""
        if any(step < 0 for step in ahead):
            raise ValueError(f"steps ahead count from 0, got {list(ahead)}")
        seen = self.clips.encode(observed)
        if isinstance(seen, Failure):
            return seen
        furthest = max((len(c) for c in seen.unwrap()), default=0) + max(ahead, default=-1) + 1
        if ahead and furthest > self.max_steps:
            return Failure(TooFarAhead(self.model.model_id, furthest, self.max_steps))
        rows = (unit(_continued(clip.rows, ahead)) for clip in seen.unwrap())
        return Success(tuple(Embeddings(self.space, row) for row in rows))

    def errors(
        self, clips: Sequence[Sequence[Frame]], context: int
    ) -> Outcome[tuple[StepErrors, ...], PredictFailure]:
        """Raises ValueError for a context that is not within the clips."""
        whole = self.clips.encode(clips)
        if isinstance(whole, Failure):
            return whole
        seen = [clip.rows for clip in whole.unwrap()]
        n_steps = max(map(len, seen), default=0)
        if clips and not 1 <= context <= n_steps:
            raise ValueError(f"a context of {context} steps in a clip of {n_steps}")
        if n_steps > self.max_steps:
            return Failure(TooFarAhead(self.model.model_id, n_steps, self.max_steps))
        guesses = (unit(_continued(rows[:context], range(n_steps - context))) for rows in seen)
        pairs = zip(guesses, seen, strict=True)
        return Success(
            tuple(np.abs(guess - rows[context:]).mean(axis=1, dtype=float) for guess, rows in pairs)
        )


def build(spec: ModelSpec) -> Outcome[ColourTrend, ModelUnavailable]:
    clips = colour_clips(spec)
    model = Model(spec.model_id, f"{clips.model.revision}-trend-1")
    most = int(spec.options.get("max_steps", 2 * TRAINED_STEPS))
    return Success(ColourTrend(model, Heuristic("colours go on changing"), most, clips))


def _continued(rows: Matrix, ahead: Sequence[int]) -> Matrix:
    """Rows of seen steps (n, dim), n >= 1, carried on in a line to the steps asked for."""
    pace = rows[-1] - rows[-2] if len(rows) > 1 else np.zeros_like(rows[-1])
    how_far = np.array([step + 1 for step in ahead], dtype=np.float32)
    return rows[-1] + how_far[:, None] * pace
