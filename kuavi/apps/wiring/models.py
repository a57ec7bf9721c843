"""Models by preset: each is built at most once a process, when it is first needed."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from returns.result import Failure, Success

from kuavi.apps.usecases.ports import ScanPorts, WordPorts
from kuavi.apps.wiring.registry import Family
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec, Preset
from kuavi.ports.classifiers import ClipClassifier
from kuavi.ports.encoders import ClipEncoder, FeatureEncoder, JointEncoder, TextEncoder
from kuavi.ports.models import ModelUnavailable

FAMILIES: Mapping[str, str] = {
    "shots": "shots",
    "joint": "joint",
    "clips": "clips",
    "text": "text",
    "tagger": "taggers",
    "transcriber": "transcribers",
    "ocr": "ocr",
}
"""The adapter family of each of a preset's ports."""

MAPS = "maps"
"""The port of feature maps: the clip encoder, where it gives them."""

Built: TypeAlias = Outcome[Any, ModelUnavailable]


class Models:
    """A preset's models.  `given` puts ready-made ones in the place of the preset's, by port."""

    def __init__(self, preset: Preset, given: Mapping[str, object]) -> None:
        ports = (*FAMILIES, MAPS)
        unknown = sorted(given.keys() - set(ports))
        if unknown:
            known = ", ".join(ports)
            raise TypeError(f"no such port: {', '.join(unknown)}; ports are {known}")
        self.preset = preset
        self._ready: dict[str, object] = dict(given)
        self._maps_are_clips = preset.maps and "clips" not in given

    def port(self, name: str) -> Built:
        """The model for a port, built on first use."""
        if name not in self._ready:
            built = self._build(name)
            if isinstance(built, Failure):
                return built
            self._ready[name] = built.unwrap()
        return Success(self._ready[name])

    def classifier(self, task: str) -> Outcome[ClipClassifier, ModelUnavailable]:
        """The preset's classifier for a task that it names."""
        name = f"classifier {task}"
        if name not in self._ready:
            built = self._built("classifiers", self.preset.classifiers[task])
            if isinstance(built, Failure):
                return built
            self._ready[name] = built.unwrap()
        ready: Any = self._ready[name]
        return Success(ready)

    def _build(self, name: str) -> Built:
        return self._built(FAMILIES[name], self.preset.models[name])

    def _built(self, family: str, spec: ModelSpec) -> Built:
        try:
            builder = Family(family).builder(spec.adapter)
        except ImportError as error:
            return Failure(
                ModelUnavailable(
                    spec.model_id,
                    f"the Python package {error.name or error} is not installed",
                    f"pip install 'kuavi[{self.preset.extra}]'",
                )
            )
        built: Built = builder(spec)
        return built

    def joint(self) -> Outcome[JointEncoder, ModelUnavailable]:
        return self.port("joint")

    def clips(self) -> Outcome[ClipEncoder, ModelUnavailable]:
        return self.port("clips")

    def text(self) -> Outcome[TextEncoder, ModelUnavailable]:
        return self.port("text")

    def scan(self) -> Outcome[ScanPorts, ModelUnavailable]:
        """What tier scan needs."""
        built = self._all("shots", "joint", "clips", "tagger")
        return built if isinstance(built, Failure) else Success(ScanPorts(*built.unwrap()))

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
        built = self._all("transcriber", "ocr", "text")
        return built if isinstance(built, Failure) else Success(WordPorts(*built.unwrap()))

    def _all(self, *names: str) -> Outcome[list[Any], ModelUnavailable]:
        ready: list[Any] = []
        for name in names:
            model = self.port(name)
            if isinstance(model, Failure):
                return model
            ready.append(model.unwrap())
        return Success(ready)
