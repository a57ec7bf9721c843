"""What every Aggregator must do; a new adapter adds one line to `ADAPTERS`."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from returns.result import Failure, Success

from kuavi.adapters.aggregators import fake, gemini, local_llm, openai_compatible
from kuavi.domain.budget import Budget
from kuavi.domain.evidence import Heuristic, Learned
from kuavi.domain.fingerprint import Json
from kuavi.domain.plan import ModelSpec
from kuavi.ports.aggregators import Aggregator, Effort, TextRequest
from kuavi.ports.telling import OutOfBudget
from tests.tellers import Setup, chat_spec, gemini_spec, local_spec
from tests.tiny_language import tiny_language

SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "properties": {"told": {"type": "string"}},
    "required": ["told"],
    "additionalProperties": False,
}


def made_fake(setup: Setup) -> Aggregator:
    return fake.build(ModelSpec("fake", "fake-aggregator"), setup.asking()).unwrap()


def made_chat(setup: Setup) -> Aggregator:
    return openai_compatible.build(chat_spec(setup), setup.asking()).unwrap()


def made_gemini(setup: Setup) -> Aggregator:
    return gemini.build(gemini_spec(setup), setup.asking()).unwrap()


def made_local(setup: Setup) -> Aggregator:
    spec = local_spec("local_llm", tiny_language(), max_tokens=20)
    return local_llm.build(spec, setup.asking()).unwrap()


ADAPTERS: dict[str, Callable[[Setup], Aggregator]] = {
    "fake": made_fake,
    "gemini": made_gemini,
    "local_llm": made_local,
    "openai_compatible": made_chat,
}


@pytest.fixture(params=ADAPTERS)
def make(request: pytest.FixtureRequest) -> Callable[[Setup], Aggregator]:
    return ADAPTERS[request.param]


@pytest.fixture
def setup() -> Iterator[Setup]:
    with ExitStack() as stack:
        yield Setup(stack)


@pytest.fixture
def aggregator(make: Callable[[Setup], Aggregator], setup: Setup) -> Aggregator:
    return make(setup)


def asking(words: str, schema: Mapping[str, Json] | None = None) -> TextRequest:
    return TextRequest("You are brief.", words, schema, Effort.LOW, 40)


def told(aggregator: Aggregator, *requests: TextRequest) -> list[str]:
    texts = []
    for outcome in aggregator.texts(iter(requests)):
        assert not isinstance(outcome, Failure), str(outcome.failure())
        texts.append(outcome.unwrap())
    return texts


WORDS = ["stir the soup", "open the door", "ride the bicycle home", "cut the bread", "sing"]


def test_one_answer_for_each_request_in_order(aggregator: Aggregator) -> None:
    together = told(aggregator, *map(asking, WORDS))
    assert len(together) == len(WORDS)
    assert all(text.strip() for text in together)
    for words, text in list(zip(WORDS, together, strict=True))[:2]:
        assert told(aggregator, asking(words)) == [text]


def test_a_schema_may_be_asked_for(aggregator: Aggregator) -> None:
    (text,) = told(aggregator, asking("stir the soup", SCHEMA))
    assert text.strip()


def test_nothing_asked_is_nothing_said(aggregator: Aggregator) -> None:
    assert told(aggregator) == []
    assert aggregator.spent.calls == 0


def test_what_it_cost_is_counted(aggregator: Aggregator) -> None:
    told(aggregator, asking("stir the soup"), asking("open the door"))
    spent, price = aggregator.spent, aggregator.price
    assert (spent.calls, spent.cached) == (2, 0)
    assert price is not None
    assert spent.usd == pytest.approx(price.of(spent.input_tokens, spent.output_tokens))


def test_the_budget_is_never_overspent(make: Callable[[Setup], Aggregator], setup: Setup) -> None:
    aggregator = make(setup.within(Budget(calls=2)))
    outcomes = list(aggregator.texts(map(asking, WORDS)))
    assert aggregator.spent.calls == 2
    assert [type(one) for one in outcomes] == [Success, Success, Failure]
    assert isinstance(outcomes[-1].failure(), OutOfBudget)


def test_captioner_and_aggregator_share_a_budget(
    make: Callable[[Setup], Aggregator], setup: Setup
) -> None:
    from kuavi.adapters.captioners import fake as captioners
    from tests.contract.test_captioner import still

    shared = setup.within(Budget(calls=3)).asking()
    other = captioners.build(ModelSpec("fake", "fake-captioner"), shared).unwrap()
    told_first = list(other.captions([still("red"), still("blue")]))
    assert all(isinstance(one, Success) for one in told_first)

    class Shared(Setup):
        def asking(self):  # type: ignore[no-untyped-def]
            return shared

    mine = make(Shared(setup.stack))
    outcomes = list(mine.texts(map(asking, WORDS)))
    assert [type(one) for one in outcomes] == [Success, Failure]


def test_a_second_run_costs_nothing_and_says_the_same(
    make: Callable[[Setup], Aggregator], setup: Setup, tmp_path: Path
) -> None:
    aggregator = make(Setup(setup.stack, setup.budget, tmp_path))
    requests = [asking("stir the soup"), asking("open the door")]
    before, after = told(aggregator, *requests), told(aggregator, *requests)
    assert after == before
    whole = aggregator.model.model_id != "tiny"  # random weights don't stop; such is not kept
    assert aggregator.spent.cached == (2 if whole else 0)


def test_the_identity_is_stable_and_no_heuristic_passes_for_a_model(
    make: Callable[[Setup], Aggregator], setup: Setup
) -> None:
    aggregator = make(setup)
    learned = aggregator.model.model_id != "fake-aggregator"
    assert isinstance(aggregator.evidence, Learned if learned else Heuristic)
    if aggregator.model.weights:
        assert make(setup).model == aggregator.model
