"""What each stage's result depends on, and by what it is made."""

from collections.abc import Mapping

from attrs import astuple

from kuavi.apps.usecases.ports import IndexPorts
from kuavi.domain.boundaries import GradualRule
from kuavi.domain.evidence import Evidence, Heuristic, Model
from kuavi.domain.fingerprint import Json
from kuavi.domain.manifest import TIERS, Stage
from kuavi.domain.plan import IndexPlan, Maps
from kuavi.domain.windows import Weighing, Windowing

KEYFRAMES = Model("kuavi/keyframes", "1")
TREE = Model("kuavi/chain-ward-tree", "1")
"""Their revision grows whenever their results change."""

GRADUAL = GradualRule()
"""How gradual boundaries are found; they end shots as cuts do."""


def makers(ports: IndexPorts) -> dict[Stage, tuple[Model, Evidence]]:
    """The model and the evidence of each stage that these ports can make."""
    scan = ports.scan
    made: dict[Stage, tuple[Model, Evidence]] = {
        Stage.SHOTS: (scan.shots.model, scan.shots.evidence),
        Stage.KEYFRAMES: (KEYFRAMES, Heuristic("middle of each shot, unless unchanged")),
        Stage.TAGS: (scan.tagger.model, scan.tagger.evidence),
        Stage.VISUAL: (scan.joint.model, scan.joint.evidence),
        Stage.MOTION: (scan.clips.model, scan.clips.evidence),
        Stage.TREE: (TREE, Heuristic("Ward linkage on the time chain")),
        Stage.FEATURES: (scan.clips.model, scan.clips.evidence),
    }
    words = ports.words
    if words is not None:
        made |= {
            Stage.TRANSCRIPT: (words.transcriber.model, words.transcriber.evidence),
            Stage.SCREEN: (words.ocr.model, words.ocr.evidence),
            Stage.TEXT: (words.text.model, words.text.evidence),
        }
    return made


def settings(plan: IndexPlan, ports: IndexPorts) -> Mapping[Stage, Json]:
    """By stage: its parameters and its model's identity.  Enters the stage's key."""
    sampling: Json = [plan.sample_fps, plan.picture_side]
    parameters: dict[Stage, Json] = {
        Stage.KEYFRAMES: [sampling, plan.keyframe_every_s],
        Stage.VISUAL: sampling,
        Stage.MOTION: [sampling, *_windowing(plan.windowing)],
        Stage.TREE: [plan.min_leaf_s, *astuple(GRADUAL)],
        Stage.FEATURES: [sampling, *_mapping(plan, ports)],
    }
    return {
        stage: [model.as_json(), parameters.get(stage)]
        for stage, (model, _) in makers(ports).items()
    }


def _windowing(windowing: Windowing) -> list[Json]:
    """Weighing all frames alike is left out, so that keys from before it could be chosen stand."""
    weighing = [] if windowing.weighing == Weighing.ALIKE else [windowing.weighing.value]
    return [windowing.size, windowing.stride, *weighing]


def _mapping(plan: IndexPlan, ports: IndexPorts) -> list[Json]:
    """What feature maps depend on, besides the frames; nothing where there are none."""
    if ports.scan.maps is None:
        return []
    side = plan.map_side if plan.maps == Maps.POOLED else 0
    space = ports.scan.maps.feature_space
    return [plan.map_windowing.size, plan.map_windowing.stride, side, space.revision]


def planned_stages(plan: IndexPlan) -> tuple[Stage, ...]:
    """The stages a plan asks for."""
    left_out = set[Stage]()
    if not plan.speech:
        left_out.add(Stage.TRANSCRIPT)
    if not plan.ocr:
        left_out.add(Stage.SCREEN)
    if not plan.speech and not plan.ocr:
        left_out.add(Stage.TEXT)
    if plan.maps == Maps.NONE:
        left_out.add(Stage.FEATURES)
    return tuple(stage for stage in TIERS[plan.tier] if stage not in left_out)
