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


@frozen
class Weights:
    """Where weights are found, and what they must be.

    `location` is a package's import name, a directory, or a hub id; `files` maps each needed file,
    relative to it, to its SHA-256, or to "" where any is accepted.
    """

    source: Source
    location: str = ""
    files: Mapping[str, str] = Factory(dict)
    licence: str = ""
    megabytes: float = 0.0
    origin: str = ""


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


@frozen
class Preset:
    """A working set of adapters; `extra` is the optional dependency that installs its needs."""

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
    classifiers: Mapping[str, ModelSpec] = Factory(dict)

    @property
    def models(self) -> dict[str, ModelSpec]:
        """Spec by port, for listing."""
        return {
            "shots": self.shots,
            "joint": self.joint,
            "clips": self.clips,
            "text": self.text,
            "tagger": self.tagger,
            "transcriber": self.transcriber,
            "ocr": self.ocr,
        }


@frozen
class IndexPlan:
    """What an index run does.

    `sample_fps` frames a second are looked at, `picture_side` pixels on their longer side; a
    keyframe stands for at most `keyframe_every_s`; leaves of the tree last at least `min_leaf_s`.
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
