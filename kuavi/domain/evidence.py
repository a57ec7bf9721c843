"""By what an answer was made.  Every result carries one; a heuristic never passes for a model."""

from typing import TypeAlias, assert_never

from attrs import field, frozen
from attrs.validators import min_len

from kuavi.domain.fingerprint import Fingerprint, Json


@frozen
class WeightsFile:
    """One file of weights that was really read."""

    name: str
    sha256: Fingerprint


@frozen
class Model:
    """Identity of a model or a method: what is recorded in the manifest and keys its results.

    `revision` changes whenever the results may change: other weights, other preprocessing,
    other parameters of a heuristic.
    """

    model_id: str = field(validator=min_len(1))
    revision: str = field(validator=min_len(1))
    weights: tuple[WeightsFile, ...] = ()

    def as_json(self) -> Json:
        files = [[file.name, file.sha256] for file in self.weights]
        return {"model_id": self.model_id, "revision": self.revision, "weights": files}


@frozen
class Learned:
    """Made by a trained model."""

    model: str


@frozen
class Fitted:
    """Made by a map fitted on the library's own data; `held_out` scores it on data kept apart."""

    on: str
    metric: str
    held_out: float


@frozen
class Heuristic:
    """Made by a rule, named for what it does."""

    name: str


Evidence: TypeAlias = Learned | Fitted | Heuristic


def describe(evidence: Evidence) -> str:
    """One short phrase: `learned (MiniLM-L6)`."""
    match evidence:
        case Learned(model):
            return f"learned ({model})"
        case Fitted(on, metric, held_out):
            return f"fitted on {on} ({metric} {held_out:.2f} held out)"
        case Heuristic(name):
            return f"heuristic ({name})"
        case _:
            assert_never(evidence)
