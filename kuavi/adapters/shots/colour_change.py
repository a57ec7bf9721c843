"""Hard cuts by the change of colour between successive frames; no weights, no learning.

Options: `threshold`, `around`, `ratio`, `lasting` (kuavi.domain.cutting.CutRule), `max_side`, the
size in pixels at which frames are compared, and `fps`, how many frames a second are (0: every one).

With 12.5 a second the pass costs half as much and finds as many of our reels' cuts
(bench/README.md), since pictures between need no decoding; but a cut is then at the first of these
frames in the new shot, up to 1 / fps after its true first, and boundaries of scenes with it.
"""

from collections.abc import Mapping

from attrs import field, frozen
from attrs.validators import ge
from returns.result import Failure, Success

from kuavi.domain.cutting import CutFold, CutRule, fold_picture, fold_rest, hsv_of
from kuavi.domain.evidence import Evidence, Heuristic, Model
from kuavi.domain.media import ByRate, EveryFrame, Frame, View
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.domain.shots import Cut
from kuavi.ports.models import ModelFailure, ModelUnavailable
from kuavi.ports.shots import ShotDetector, ShotTracker

_OPTIONS = ("threshold", "around", "ratio", "lasting", "max_side", "fps")


class ColourChangeTracker:
    """One video's fold; holds `around` frames back."""

    def __init__(self, rule: CutRule) -> None:
        self._fold = CutFold(rule)

    def push(self, frame: Frame) -> Outcome[tuple[Cut, ...], ModelFailure]:
        self._fold, cuts = fold_picture(self._fold, frame.time_s, hsv_of(frame.pixels))
        return Success(cuts)

    def finish(self) -> Outcome[tuple[Cut, ...], ModelFailure]:
        return Success(fold_rest(self._fold))


@frozen
class ColourChange:
    rule: CutRule
    max_side: int = field(default=96, validator=ge(8))
    fps: float = field(default=0.0, validator=ge(0))

    @property
    def model(self) -> Model:
        rule, rate = self.rule, f"-fps-{self.fps:g}" if self.fps else ""
        revision = (
            f"hsv-{self.max_side}px-threshold-{rule.threshold:g}-around-{rule.around}"
            f"-ratio-{rule.ratio:g}-lasting-{rule.lasting:g}{rate}"
        )
        return Model("colour-change", revision)

    @property
    def evidence(self) -> Evidence:
        return Heuristic("change of colour between frames")

    @property
    def view(self) -> View:
        return View(ByRate(self.fps) if self.fps else EveryFrame(), self.max_side)

    def start(self) -> Outcome[ShotTracker, ModelFailure]:
        return Success(ColourChangeTracker(self.rule))


def build(spec: ModelSpec) -> Outcome[ShotDetector, ModelUnavailable]:
    options = spec.options
    unknown = sorted(set(options) - set(_OPTIONS))
    if unknown:
        reason = f"no option named {', '.join(unknown)}"
        return Failure(ModelUnavailable(spec.model_id, reason, f"use {', '.join(_OPTIONS)}"))
    try:
        side, fps = int(options.get("max_side", 96)), float(options.get("fps", 0))
        return Success(ColourChange(_rule(options), side, fps))
    except ValueError as error:
        return Failure(ModelUnavailable(spec.model_id, str(error), "correct the option"))


def _rule(options: Mapping[str, str | int | float | bool]) -> CutRule:
    usual = CutRule()
    return CutRule(
        threshold=float(options.get("threshold", usual.threshold)),
        around=int(options.get("around", usual.around)),
        ratio=float(options.get("ratio", usual.ratio)),
        lasting=float(options.get("lasting", usual.lasting)),
    )
