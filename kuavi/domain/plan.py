"""Presets and plans: what to run, as data."""

from collections.abc import Mapping
from enum import StrEnum

from attrs import Factory, field, frozen
from attrs.validators import ge, gt

from kuavi.domain.manifest import Tier
from kuavi.domain.windows import Windowing


class Source(StrEnum):
    """Where weights come from."""

    NONE = "none"
    PACKAGE = "package"
    DIRECTORY = "directory"
    HUB = "hub"
    WEB = "web"


@frozen
class Weights:
    """Where weights are found, and what they must be.

    `location` is a package's import name, a directory, a hub id, or a web address whose files are
    fetched by hand; `files` maps each needed file, relative to it, to its SHA-256, or to "" where
    any is accepted (it is recorded all the same).  `terms` says what there is to accept first, for
    weights that are gated or not for commercial use; "" for nothing.
    """

    source: Source
    location: str = ""
    files: Mapping[str, str] = Factory(dict)
    licence: str = ""
    megabytes: float = 0.0
    origin: str = ""
    terms: str = ""


NO_WEIGHTS = Weights(Source.NONE, licence="part of KUAVi")


@frozen
class ModelSpec:
    """One port's choice: the adapter's name, the model's id and revision, its weights, options.

    `more_weights` are those of further models that the adapter is made of.
    """

    adapter: str
    model_id: str
    revision: str = "main"
    weights: Weights = NO_WEIGHTS
    more_weights: tuple[Weights, ...] = ()
    options: Mapping[str, str | int | float | bool] = Factory(dict)

    @property
    def every_weights(self) -> tuple[Weights, ...]:
        """All weights the model is made of; none for one without."""
        every = (self.weights, *self.more_weights)
        return tuple(weights for weights in every if weights.source != Source.NONE)


@frozen
class Preset:
    """A working set of adapters; `extra` is the optional dependency that installs its needs.

    `classifiers` are by task.  `sample_fps` and `windowing` are how its clip encoder is fed unless
    told otherwise; `windowings` are other settings, by name.  `memory_gb` is about what its models
    need together in fp32, reckoned from their sizes; 0 where that is little.
    `maps` says that its clip encoder is a FeatureEncoder.  `captioner` and `aggregator` come from a
    caption preset (see `caption_presets`).
    """

    name: str
    summary: str
    extra: str
    shots: ModelSpec
    joint: ModelSpec
    clips: ModelSpec
    text: ModelSpec
    tagger: ModelSpec
    transcriber: ModelSpec
    ocr: ModelSpec
    predictor: ModelSpec | None = None
    captioner: ModelSpec | None = None
    aggregator: ModelSpec | None = None
    classifiers: Mapping[str, ModelSpec] = Factory(dict)
    sample_fps: float = field(default=2.5, validator=gt(0))
    windowing: Windowing = Factory(lambda: Windowing(8, 4))
    windowings: Mapping[str, Windowing] = Factory(dict)
    memory_gb: float = 0.0
    maps: bool = False

    @property
    def models(self) -> dict[str, ModelSpec]:
        """Spec by port of what indexing and searching need."""
        return {
            "shots": self.shots,
            "joint": self.joint,
            "clips": self.clips,
            "text": self.text,
            "tagger": self.tagger,
            "transcriber": self.transcriber,
            "ocr": self.ocr,
        }

    @property
    def extras(self) -> dict[str, ModelSpec]:
        """Spec by port of what only some tasks need: `predictor`, `classifier:TASK`, captions."""
        single = {
            "predictor": self.predictor,
            "captioner": self.captioner,
            "aggregator": self.aggregator,
        }
        tasks = {f"classifier:{task}": spec for task, spec in self.classifiers.items()}
        return {port: spec for port, spec in single.items() if spec is not None} | tasks


class Maps(StrEnum):
    """What tier deep keeps of feature maps: nothing, means over a coarse grid, or all of them."""

    NONE = "none"
    POOLED = "pooled"
    RAW = "raw"


@frozen
class IndexPlan:
    """What an index run does.

    `sample_fps` frames a second are looked at, `picture_side` pixels on their longer side; a
    keyframe stands for at most `keyframe_every_s`; leaves of the tree last at least `min_leaf_s`.
    Feature maps are of windows as large as those of `windowing`, each begun `map_stride` frames
    after the one before (0: where that one ends); pooled ones have `map_side` rows and columns.
    """

    preset: str = "embedded"
    tier: Tier = Tier.INDEX
    sample_fps: float = field(default=2.5, validator=gt(0))
    picture_side: int = field(default=640, validator=ge(64))
    keyframe_every_s: float = field(default=5.0, validator=gt(0))
    min_leaf_s: float = field(default=0.5, validator=gt(0))
    windowing: Windowing = Factory(lambda: Windowing(8, 4))
    ocr: bool = True
    speech: bool = True
    maps: Maps = Maps.POOLED
    map_side: int = field(default=4, validator=ge(1))
    map_stride: int = field(default=0, validator=ge(0))

    def __attrs_post_init__(self) -> None:
        if self.map_stride > self.windowing.size:
            raise ValueError(f"map_stride {self.map_stride} skips frames")

    @property
    def map_windowing(self) -> Windowing:
        return Windowing(self.windowing.size, self.map_stride or self.windowing.size)
