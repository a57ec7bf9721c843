"""Models by preset: each is built at most once a process, when it is first needed."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from returns.result import Failure, Success

from kuavi.apps.usecases.ports import ScanPorts, WordPorts
from kuavi.apps.wiring.registry import Family
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import Preset
from kuavi.ports.encoders import ClipEncoder, JointEncoder, TextEncoder
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
}
"""The adapter family of each of a preset's ports."""

Built: TypeAlias = Outcome[Any, ModelUnavailable]


class Models:
    """A preset's models.  `given` puts ready-made ones in the place of the preset's, by port."""

    def __init__(self, preset: Preset, given: Mapping[str, object]) -> None:
        unknown = sorted(given.keys() - FAMILIES.keys())
        if unknown:
            known = ", ".join(FAMILIES)
            raise TypeError(f"no such port: {', '.join(unknown)}; ports are {known}")
        self.preset = preset
        self._ready: dict[str, object] = dict(given)

    def port(self, name: str) -> Built:
        """The model for a port, built on first use."""
        if name not in self._ready:
            built = self._build(name)
            if isinstance(built, Failure):
                return built
            self._ready[name] = built.unwrap()
        return Success(self._ready[name])

    def _build(self, name: str) -> Built:
        spec = self.preset.models[name]
        try:
            builder = Family(FAMILIES[name]).builder(spec.adapter)
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

    def predictor(self) -> Outcome[Predictor | None, ModelUnavailable]:
        """None where the preset has none."""
        return Success(None)

    def scan(self) -> Outcome[ScanPorts, ModelUnavailable]:
        """What tier scan needs."""
        built = self._all("shots", "joint", "clips", "tagger")
        return built if isinstance(built, Failure) else Success(ScanPorts(*built.unwrap()))

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
