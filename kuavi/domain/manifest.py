"""What was done to a video: stage by stage, by which models, and what is missing.

A stage's result is named by its *key*: the fingerprint of the video's content, the stage's
settings, the models it used and the keys of the stages it built on.  Equal keys mean equal results:
a stage whose key is already recorded has nothing to do, and a changed setting re-runs what depends
on it and nothing else.
"""

from collections.abc import Mapping
from enum import StrEnum

from attrs import evolve, field, frozen

from kuavi.domain.evidence import Evidence, Model
from kuavi.domain.fingerprint import Fingerprint, Json, VideoId, fingerprint_of
from kuavi.domain.media import MediaInfo
from kuavi.domain.spans import Span


class Stage(StrEnum):
    """The stages of an index run, in the order in which they can run."""

    SHOTS = "shots"
    KEYFRAMES = "keyframes"
    TAGS = "tags"
    VISUAL = "visual"
    MOTION = "motion"
    FEATURES = "features"
    TREE = "tree"
    TRANSCRIPT = "transcript"
    SCREEN = "screen"
    TEXT = "text"
    CAPTIONS = "captions"
    ANNOTATIONS = "annotations"
    DESCRIPTIONS = "descriptions"


NEEDS: Mapping[Stage, tuple[Stage, ...]] = {
    Stage.SHOTS: (),
    Stage.KEYFRAMES: (Stage.SHOTS,),
    Stage.TAGS: (Stage.KEYFRAMES,),
    Stage.VISUAL: (),
    Stage.MOTION: (),
    Stage.FEATURES: (),
    Stage.TREE: (Stage.SHOTS, Stage.MOTION),
    Stage.TRANSCRIPT: (),
    Stage.SCREEN: (Stage.KEYFRAMES,),
    Stage.TEXT: (Stage.TRANSCRIPT, Stage.SCREEN),
    Stage.CAPTIONS: (Stage.TREE,),
    Stage.ANNOTATIONS: (Stage.TREE, Stage.CAPTIONS, Stage.TRANSCRIPT),
    Stage.DESCRIPTIONS: (Stage.CAPTIONS, Stage.ANNOTATIONS),
}

LOOKED = (
    Stage.SHOTS,
    Stage.KEYFRAMES,
    Stage.TAGS,
    Stage.VISUAL,
    Stage.MOTION,
    Stage.FEATURES,
)
"""The stages that look at pictures: they are made together, in one decode pass."""


DESCRIBED = (Stage.CAPTIONS, Stage.ANNOTATIONS, Stage.DESCRIPTIONS)
"""The stages that put a video's nodes into words: made after the others, node by node."""


class Tier(StrEnum):
    """How far a run goes; each tier holds the one before."""

    SCAN = "scan"
    INDEX = "index"
    DEEP = "deep"


UNDESCRIBED = tuple(stage for stage in Stage if stage not in DESCRIBED)

TIERS: Mapping[Tier, tuple[Stage, ...]] = {
    Tier.SCAN: (
        Stage.SHOTS,
        Stage.KEYFRAMES,
        Stage.TAGS,
        Stage.VISUAL,
        Stage.MOTION,
        Stage.TREE,
    ),
    Tier.INDEX: tuple(stage for stage in UNDESCRIBED if stage != Stage.FEATURES),
    Tier.DEEP: UNDESCRIBED,
}
"""What each tier makes without captioning models; `DESCRIBED` comes on top of index and deep."""


@frozen
class Gap:
    """Something a stage could not do, and why; `span` None means the whole video."""

    stage: Stage
    reason: str
    span: Span | None = None


@frozen
class StageRecord:
    """A finished stage: its key, what made it, how many items it holds, and its gaps."""

    stage: Stage
    key: Fingerprint
    items: int
    evidence: Evidence
    model: Model | None = None
    gaps: tuple[Gap, ...] = ()


@frozen
class Origin:
    """Where a video comes from that was imported without its file.

    `form` names the schema, `uid` the video in it; `text` is JSON that holds whatever of the
    imported record is told nowhere else in the library.
    """

    form: str
    uid: str
    title: str
    text: str = field(repr=False)


@frozen
class VideoRecord:
    """One video of a library.

    `span` is what was decoded, from 0 to the end of the last picture; None until a stage has
    decoded the video.  `paths` are the places where this content was found, the latest first.
    `origin` is None for a video that was indexed from its file.
    """

    id: VideoId
    content: Fingerprint
    paths: tuple[str, ...]
    info: MediaInfo
    indexed_at: str
    span: Span | None = None
    stages: tuple[StageRecord, ...] = field(default=())
    origin: Origin | None = None

    @property
    def path(self) -> str:
        return self.paths[0]

    @property
    def title(self) -> str:
        """The file's name; of an imported video, what it is called."""
        if self.origin is not None:
            return self.origin.title
        return self.path.replace("\\", "/").rpartition("/")[2]

    def record(self, stage: Stage) -> StageRecord | None:
        return next((r for r in self.stages if r.stage == stage), None)

    @property
    def gaps(self) -> tuple[Gap, ...]:
        return tuple(gap for record in self.stages for gap in record.gaps)


def with_stage(video: VideoRecord, record: StageRecord) -> VideoRecord:
    """The video with this stage's record in place of an older one, in stage order.

    With another tree goes what was said of the nodes of the one before.
    """
    before = video.record(record.stage)
    gone = [record.stage]
    if record.stage == Stage.TREE and before is not None and before.key != record.key:
        gone += DESCRIBED
    others = [r for r in video.stages if r.stage not in gone]
    order = list(Stage)
    stages = sorted([*others, record], key=lambda r: order.index(r.stage))
    return evolve(video, stages=tuple(stages))


def stage_keys(
    content: Fingerprint, settings: Mapping[Stage, Json], stages: tuple[Stage, ...]
) -> dict[Stage, Fingerprint]:
    """The key of each of the stages: content, own settings, and the keys it builds on.

    `settings` holds for each stage whatever changes its result: parameters and model identities.
    """
    keys: dict[Stage, Fingerprint] = {}
    for stage in Stage:
        if stage in stages:
            below = [keys[need] for need in NEEDS[stage] if need in keys]
            keys[stage] = fingerprint_of([content, stage.value, settings[stage], below])
    return keys


def stale(video: VideoRecord | None, keys: Mapping[Stage, Fingerprint]) -> tuple[Stage, ...]:
    """The stages whose recorded key is missing or another, in stage order."""
    if video is None:
        return tuple(keys)
    current = {record.stage: record.key for record in video.stages}
    return tuple(stage for stage, key in keys.items() if current.get(stage) != key)
