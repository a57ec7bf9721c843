"""A small detector for tests and demonstrations: a cut is a large change of the mean colour."""

import numpy as np
from attrs import frozen
from returns.result import Success

from kuavi.domain.evidence import Evidence, Heuristic, Model
from kuavi.domain.media import EveryFrame, Frame, View
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.domain.shots import Cut
from kuavi.ports.models import ModelFailure, ModelUnavailable
from kuavi.ports.shots import ShotDetector, ShotTracker

LEAST_CHANGE = 30.0


class MeanColourTracker:
    """Remembers the last frame's mean colour; holds nothing back."""

    def __init__(self) -> None:
        self._before: np.ndarray | None = None

    def push(self, frame: Frame) -> Outcome[tuple[Cut, ...], ModelFailure]:
        before, now = self._before, frame.pixels.mean(axis=(0, 1))
        self._before = now
        change = 0.0 if before is None else float(np.abs(now - before).mean())
        return Success((Cut(frame.time_s, change / 255),) if change >= LEAST_CHANGE else ())

    def finish(self) -> Outcome[tuple[Cut, ...], ModelFailure]:
        return Success(())


@frozen
class MeanColour:
    model: Model

    @property
    def evidence(self) -> Evidence:
        return Heuristic("change of the mean colour (fake)")

    @property
    def view(self) -> View:
        return View(EveryFrame(), max_side=16)

    def start(self) -> Outcome[ShotTracker, ModelFailure]:
        return Success(MeanColourTracker())


def build(spec: ModelSpec) -> Outcome[ShotDetector, ModelUnavailable]:
    return Success(MeanColour(Model(spec.model_id, f"mean-colour-{LEAST_CHANGE:g}")))
