"""Clips as colours and how they change from frame to frame: what the fakes of clips stand on."""

from collections.abc import Sequence

import numpy as np
from attrs import frozen
from returns.result import Success

from kuavi.adapters._arrays import Vector
from kuavi.adapters._colours import PALETTE, brightness, colour_shares
from kuavi.domain.evidence import Evidence, Heuristic, Model
from kuavi.domain.media import Frame
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.domain.space import Embeddings, Matrix, Motion, Space, unit
from kuavi.ports.models import ModelFailure

HALF = len(PALETTE) + 1
CHANGE_WEIGHT = np.float32(0.5)


@frozen(eq=False)
class ColourClips:
    space: Space[Motion]
    model: Model
    evidence: Evidence
    step: int

    def encode(
        self, windows: Sequence[Sequence[Frame]]
    ) -> Outcome[tuple[Embeddings[Motion], ...], ModelFailure]:
        return Success(tuple(Embeddings(self.space, self._rows(window)) for window in windows))

    def _rows(self, window: Sequence[Frame]) -> Matrix:
        """(steps, 2 HALF): the mean colours of each step, and their mean change since before."""
        if not window:
            return np.empty((0, 2 * HALF), dtype=np.float32)
        looks = np.stack([_look(frame) for frame in window])
        change = np.diff(looks, axis=0, prepend=looks[:1])
        rows = np.concatenate([looks, CHANGE_WEIGHT * change], axis=1)
        return unit(rows.reshape(-1, self.step, 2 * HALF).mean(axis=1))


def colour_clips(spec: ModelSpec) -> ColourClips:
    """Option `step` sets how many frames make a step."""
    step = int(spec.options.get("step", 1))
    model = Model(spec.model_id, f"colours-1-step-{step}")
    space = Space[Motion](model.model_id, model.revision, 2 * HALF)
    return ColourClips(space, model, Heuristic("colours and their change"), step)


def _look(frame: Frame) -> Vector:
    light = np.float32(brightness(frame.pixels))
    return np.append(colour_shares(frame.pixels), light).astype(np.float32)
