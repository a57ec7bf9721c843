"""Models by preset: each is built at most once a process, when it is first needed."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from attrs import evolve
from returns.result import Failure, Success

from kuavi.adapters import _asking
from kuavi.adapters._asking import Asking
from kuavi.adapters._weights import absent
from kuavi.apps.usecases.ports import ScanPorts, WordPorts
from kuavi.apps.wiring.registry import Family
from kuavi.domain.caption_presets import EXTRAS
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec, Preset
from kuavi.ports.classifiers import ClipClassifier
from kuavi.ports.encoders import ClipEncoder, FeatureEncoder, JointEncoder, TextEncoder
from kuavi.ports.models import ModelUnavailable
from kuavi.ports.predictors import Predictor

FAMILIES: Mapping[str, str] = {
    "shots": "shots",
    "joint": "joint",
    "clips": "clips",
    "text": "text",
    "tagger": "taggers",
    "transcriber": "transcribers",
    "ocr": "ocr",
    "predictor": "predictors",
    "captioner": "captioners",
    "aggregator": "aggregators",
    "classifier": "classifiers",
}
"""The adapter family of each of a preset's ports; a classifier's port is `classifier:TASK`."""

SCAN = ("shots", "joint", "clips", "tagger")
WORDS = ("transcriber", "ocr", "text")
SEARCH = ("joint", "clips", "text")
"""The ports of `ScanPorts`, `WordPorts` and `SearchPorts`."""

TELLERS = ("captioner", "aggregator")
"""The ports that ask language models."""

MAPS = "maps"
"""The port of feature maps: the clip encoder, where it gives them."""

Built: TypeAlias = Outcome[Any, ModelUnavailable]


class Models:
    """A preset's models.  `given` puts ready-made ones in the place of the preset's, by port."""

    def __init__(self, preset: Preset, given: Mapping[str, object]) -> None:
        unknown = sorted(port for port in given if _family(port) is None and port != MAPS)
        if unknown:
            known = ", ".join((*FAMILIES, MAPS))
            raise TypeError(f"no such port: {', '.join(unknown)}; ports are {known}")
        self.preset = preset
        self._ready: dict[str, object] = dict(given)
        self._maps_are_clips = preset.maps and "clips" not in given
        self._asking: Asking | None = None

    def port(self, name: str) -> Built:
        """The model for a port, built on first use."""
        if name not in self._ready:
            built = self._build(name)
            if isinstance(built, Failure):
                return built
            self._ready[name] = built.unwrap()
        return Success(self._ready[name])

    def _build(self, name: str) -> Built:
        spec = (self.preset.models | self.preset.extras).get(name)
        family = _family(name)
        if spec is None or family is None:
            return Failure(self._not_offered(name))
        trouble = obstacles(spec)
        if trouble:
            return Failure(trouble[0])
        try:
            builder = Family(family).builder(spec.adapter)
        except ImportError as error:
            return Failure(
                ModelUnavailable(
                    spec.model_id,
                    f"the Python package {error.name or error} is not installed",
                    f"pip install 'kuavi[{self._extra(name, spec)}]'",
                )
            )
        built: Built = builder(spec, self.asking()) if name in TELLERS else builder(spec)
        return built

    def _extra(self, name: str, spec: ModelSpec) -> str:
        """Captioning models have extras of their own."""
        return EXTRAS[spec.adapter] if name in TELLERS else self.preset.extra

    def asking(self, replies: str | None = None) -> Asking:
        """What captioning models share; `replies` is where replies are kept from now on."""
        if self._asking is None:
            self._asking = _asking.build()
        if replies is not None:
            self._asking.keep(replies)
        return self._asking

    def teller(self, name: str) -> Outcome[Any, ModelUnavailable]:
        """The captioner or the aggregator; None where the caption preset has none."""
        return self.port(name) if self.offers(name) else Success(None)

    def _not_offered(self, name: str) -> ModelUnavailable:
        offered = ", ".join(self.preset.extras) or "none"
        reason = f"preset {self.preset.name} has no {name} (it has: {offered})"
        return ModelUnavailable(name, reason, "use another preset; `kuavi presets` lists them")

    def obstacles(self, *names: str) -> tuple[ModelUnavailable, ...]:
        """What keeps these ports from being built that can be seen without loading anything."""
        specs = (self.preset.models[name] for name in names if name not in self._ready)
        return tuple(trouble for spec in specs for trouble in obstacles(spec))

    def joint(self) -> Outcome[JointEncoder, ModelUnavailable]:
        return self.port("joint")

    def clips(self) -> Outcome[ClipEncoder, ModelUnavailable]:
        return self.port("clips")

    def text(self) -> Outcome[TextEncoder, ModelUnavailable]:
        return self.port("text")

    def offers(self, port: str) -> bool:
        """Whether the preset has a model for a port that not every preset has."""
        return port in self._ready or port in self.preset.extras

    def predictor(self) -> Outcome[Predictor, ModelUnavailable]:
        return self.port("predictor")

    def classifier(self, task: str) -> Outcome[ClipClassifier, ModelUnavailable]:
        """The released probe for a task: `ssv2`, `diving48`."""
        return self.port(f"classifier:{task}")

    def scan(self, *, maps: bool = False) -> Outcome[ScanPorts, ModelUnavailable]:
        """What tier scan needs; with `maps` what tier deep needs besides."""
        built = self._all(*SCAN)
        if isinstance(built, Failure):
            return built
        seen = self.maps() if maps else Success(None)
        if isinstance(seen, Failure):
            return seen
        return Success(evolve(ScanPorts(*built.unwrap()), maps=seen.unwrap()))

    def maps(self) -> Outcome[FeatureEncoder | None, ModelUnavailable]:
        """What gives feature maps; None where neither the preset nor what was given does.

        Who puts an own clip encoder in place that gives maps, gives it as port `maps` too.
        """
        if MAPS in self._ready:
            given: Any = self._ready[MAPS]
            return Success(given)
        return self.port("clips") if self._maps_are_clips else Success(None)

    def words(self) -> Outcome[WordPorts, ModelUnavailable]:
        """What tier index needs besides."""
        built = self._all(*WORDS)
        return built if isinstance(built, Failure) else Success(WordPorts(*built.unwrap()))

    def _all(self, *names: str) -> Outcome[list[Any], ModelUnavailable]:
        ready: list[Any] = []
        for name in names:
            model = self.port(name)
            if isinstance(model, Failure):
                return model
            ready.append(model.unwrap())
        return Success(ready)


def obstacles(spec: ModelSpec) -> tuple[ModelUnavailable, ...]:
    """Terms that are to be accepted, and weights that are not here.  Nothing is loaded for it."""
    terms = dict.fromkeys(weights.terms for weights in spec.every_weights if weights.terms)
    unaccepted = (
        ModelUnavailable(
            spec.model_id,
            f"its licence is to be accepted first ({term})",
            "read it, and say --accept-licence",
        )
        for term in terms
    )
    return (*unaccepted, *absent(spec))


def missing_weights(spec: ModelSpec) -> tuple[str, ...]:
    """Which packages and files of weights are not here, in words."""
    return tuple(trouble.reason for trouble in absent(spec))


def _family(port: str) -> str | None:
    """The adapter family of a port."""
    kind, _, task = port.partition(":")
    return FAMILIES.get(kind) if bool(task) == (kind == "classifier") else None
