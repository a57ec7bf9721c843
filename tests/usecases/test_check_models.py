"""The doctor's check of models: what works passes, and each way of not working is told."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from attrs import Factory, define, evolve, field, frozen
from returns.result import Failure, Success

from kuavi.apps.usecases.check_models import ModelCheck, check_model, moving_square
from kuavi.apps.wiring.models import FAMILIES
from kuavi.apps.wiring.registry import Family
from kuavi.domain.evidence import Evidence, Heuristic, Model
from kuavi.domain.media import Frame
from kuavi.domain.outcome import Outcome
from kuavi.domain.presets import PRESETS
from kuavi.domain.space import Embeddings, Motion, Space, Text, unit
from kuavi.ports.models import ModelFailed, ModelFailure, ModelUnavailable

FAKE = PRESETS["fake"]
Rows = Callable[[int], Any]


@define
class Ticking:
    """A clock that goes on by a second whenever it is read."""

    now: str = "2026-01-31T12:00:00Z"
    read: int = 0

    @property
    def elapsed_s(self) -> float:
        self.read += 1
        return float(self.read)


@define
class Growing:
    """A process that holds 100 MB more whenever it is asked."""

    held_mb: float = 0.0

    def __call__(self) -> float:
        self.held_mb += 100
        return self.held_mb


def checked(port: str, model: object, optional: bool = False) -> ModelCheck:
    """What the check says of a model that is ready-made."""
    blank = ModelCheck(port, "a-model", None, (), optional)
    return check_model(blank, lambda _: Success(model), Ticking(), Growing())


@pytest.mark.parametrize("port", FAKE.models)
def test_every_fake_passes(port: str) -> None:
    spec = FAKE.models[port]
    built = Family(FAMILIES[port]).builder(spec.adapter)(spec).unwrap()
    check = checked(port, built)
    assert check.problems == ()
    assert check.ok
    assert check.model == built.model
    assert (check.took_s, check.memory_mb) == (1.0, 100.0)


def test_a_model_that_cant_be_built_is_told_with_its_remedy() -> None:
    absent = ModelUnavailable("a-model", "it is not here", "fetch it")
    blank = ModelCheck("text", "a-model", None, ())
    check = check_model(blank, lambda _: Failure(absent), Ticking(), Growing())
    assert check.problems == (str(absent),)
    assert not check.available
    assert not check.ok
    assert evolve(check, optional=True).ok


MODEL = Model("a-model", "1")


@frozen(eq=False)
class Sentences:
    """A text encoder whose rows are what a test says they are; `runs` counts."""

    rows: Callable[[int], np.ndarray[Any, Any]]
    space: Space[Text] = Factory(lambda: Space[Text]("a-model", "1", 3))
    model: Model = MODEL
    evidence: Evidence = field(factory=lambda: Heuristic("test"))
    floor: float = 0.3
    runs: list[int] = Factory(list)

    def encode(self, texts: Sequence[str]) -> Outcome[Embeddings[Text], ModelFailure]:
        self.runs.append(len(texts))
        return Success(Embeddings(self.space, self.rows(len(self.runs)).astype(np.float32)))

    def encode_queries(self, texts: Sequence[str]) -> Outcome[Embeddings[Text], ModelFailure]:
        return self.encode(texts)


GOOD = np.eye(3)[:2]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (lambda _: GOOD, None),
        (lambda _: 2 * GOOD, "not 1"),
        (lambda _: np.eye(3), "3 rows"),
        (lambda _: np.eye(3)[[0, 0]], "the same vector"),
        (lambda run: np.eye(3)[[run % 3, (run + 1) % 3]], "two runs differ"),
    ],
)
def test_what_is_wrong_with_vectors_is_told(rows: Rows, said: str | None) -> None:
    check = checked("text", Sentences(rows))
    assert check.ok == (said is None)
    assert all(said is not None and said in problem for problem in check.problems)
    assert len(check.problems) == (0 if said is None else 2), "texts and questions"


def test_vectors_of_another_space_are_told() -> None:
    class Elsewhere(Sentences):
        def encode(self, texts: Sequence[str]) -> Outcome[Embeddings[Text], ModelFailure]:
            other = Space[Text]("another", "1", 3)
            return Success(Embeddings(other, np.eye(3, dtype=np.float32)[: len(texts)]))

    assert "another" in checked("text", Elsewhere(lambda _: GOOD)).problems[0]


@frozen(eq=False)
class Next:
    """A predictor that answers with what it saw, or fails."""

    fails: bool = False
    space: Space[Motion] = Factory(lambda: Space[Motion]("a-model", "1", 64 * 64 * 3))
    model: Model = MODEL
    evidence: Evidence = field(factory=lambda: Heuristic("test"))
    step: int = 2
    trained_steps: int = 32
    max_steps: int = 64

    def predict(
        self, observed: Sequence[Sequence[Frame]], ahead: Sequence[int]
    ) -> Outcome[tuple[Embeddings[Motion], ...], ModelFailure]:
        if self.fails:
            return Failure(ModelFailed("a-model", "no kernel for this device"))
        rows = [clip[i].pixels.reshape(-1) for clip in observed for i in ahead]
        return Success((Embeddings(self.space, unit(np.stack(rows).astype(np.float32))),))


def test_predictors_are_tried_on_a_clip_and_their_failures_told() -> None:
    assert checked("predictor", Next()).problems == ()
    (problem,) = checked("predictor", Next(fails=True)).problems
    assert "no kernel for this device" in problem


@frozen(eq=False)
class Sure:
    """A classifier whose probabilities are as given."""

    shares: tuple[float, ...]
    labels: tuple[str, ...] = ("moving", "resting")
    model: Model = MODEL
    evidence: Evidence = field(factory=lambda: Heuristic("test"))
    task: str = "ssv2"
    frames: int = 4

    def classify(self, clips: Sequence[Sequence[Frame]]) -> Outcome[Any, ModelFailure]:
        assert [len(clip) for clip in clips] == [self.frames]
        return Success(np.array([self.shares]))


@pytest.mark.parametrize(
    ("shares", "said"),
    [((0.25, 0.75), None), ((0.5, 0.75), "sum to 1.25"), ((1.0,), "1 probabilities for 2 labels")],
)
def test_probabilities_must_be_some(shares: tuple[float, ...], said: str | None) -> None:
    problems = checked("classifier:ssv2", Sure(shares)).problems
    assert (problems == ()) == (said is None)
    assert all(said is not None and said in problem for problem in problems)


def test_an_optional_model_that_is_here_must_work() -> None:
    assert not checked("classifier:ssv2", Sure((1.0,)), optional=True).ok


def test_the_square_moves() -> None:
    frames = moving_square(9)
    assert len({frame.pixels.tobytes() for frame in frames}) == 9
    assert [frame.time_s for frame in frames] == [i / 4 for i in range(9)]
