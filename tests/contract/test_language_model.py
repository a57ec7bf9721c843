"""What every LanguageModel must do; a new adapter adds one line to `ADAPTERS`."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from attrs import evolve, frozen
from returns.result import Failure, Success

from rlm.models.messages import LENGTH, Image, Message, Price, Reply, Request
from rlm.models.port import LanguageModel
from rlm.models.registry import ADAPTERS as NAMES
from rlm.models.registry import UnknownAdapterError, builder
from rlm.models.spec import ModelSpec
from rlm.models.trouble import NoImages
from tests.asking import SCHEMA, asking
from tests.chat_server import serving
from tests.gemini_form import generated
from tests.tiny_language import painted, tiny_language, tiny_vision_language

KEY = "sk-very-secret-0123456789"
PRICE = Price(0.5, 2.0)


@frozen
class Setup:
    stack: ExitStack
    takes_images: bool = True
    price: Price | None = PRICE


def scripted(setup: Setup) -> LanguageModel:
    def answer(request: Request) -> str:
        last = request.messages[-1]
        return f"{len(request.images)} images, and: {last.text}"

    return builder("scripted")(answer, takes_images=setup.takes_images, price=setup.price)


def gemini(setup: Setup) -> LanguageModel:
    pytest.importorskip("google.genai", reason="the extra `gemini` is not installed")
    pytest.importorskip("httpx", reason="the extra `gemini` is not installed")
    server = setup.stack.enter_context(serving(generated))
    return remote(ModelSpec("gemini", "gem-1", base_url=server.url), setup)


def openai_compatible(setup: Setup) -> LanguageModel:
    pytest.importorskip("httpx", reason="the extra `captions` is not installed")
    server = setup.stack.enter_context(serving())
    return remote(ModelSpec("openai_compatible", "small-1", base_url=server.url), setup)


def transformers_local(setup: Setup) -> LanguageModel:
    folder = tiny_vision_language() if setup.takes_images else tiny_language()
    spec = ModelSpec(
        "transformers_local", str(folder), takes_images=setup.takes_images, price=setup.price
    )
    model: LanguageModel = builder(spec.adapter)(spec).unwrap()
    return model


def remote(spec: ModelSpec, setup: Setup) -> LanguageModel:
    spec = evolve(spec, key_env="A_KEY", takes_images=setup.takes_images, price=setup.price)
    model: LanguageModel = builder(spec.adapter)(spec, {"A_KEY": KEY}).unwrap()
    return model


ADAPTERS: dict[str, Callable[[Setup], LanguageModel]] = {
    "gemini": gemini,
    "openai_compatible": openai_compatible,
    "scripted": scripted,
    "transformers_local": transformers_local,
}


@pytest.fixture(params=ADAPTERS)
def make(request: pytest.FixtureRequest) -> Callable[[Setup], LanguageModel]:
    return ADAPTERS[request.param]


@pytest.fixture
def setup() -> Iterator[Setup]:
    with ExitStack() as stack:
        yield Setup(stack)


@pytest.fixture
def model(make: Callable[[Setup], LanguageModel], setup: Setup) -> LanguageModel:
    return make(setup)


def replied(model: LanguageModel, request: Request) -> Reply:
    outcome = model.complete(request)
    assert not isinstance(outcome, Failure), str(outcome.failure())
    return outcome.unwrap()


def test_all_adapters_stand_here() -> None:
    assert tuple(sorted(ADAPTERS)) == NAMES


def test_a_reply_comes_with_what_it_used(model: LanguageModel) -> None:
    reply = replied(model, asking("stir the soup", max_tokens=100))
    assert reply.text.strip()
    assert not reply.cached
    assert reply.usage.input_tokens > 0
    assert 0 < reply.usage.output_tokens <= 100
    told = PRICE.of(reply.usage.input_tokens, reply.usage.output_tokens)
    assert reply.usage.cost_usd == pytest.approx(told)


def test_without_a_price_no_cost_is_told(
    make: Callable[[Setup], LanguageModel], setup: Setup
) -> None:
    model = make(evolve(setup, price=None))
    assert replied(model, asking("stir the soup")).usage.cost_usd is None


def test_more_text_in_the_prompt_uses_more_tokens(model: LanguageModel) -> None:
    short = replied(model, asking("stir the soup"))
    long = replied(model, asking("stir the soup " * 5))
    assert long.usage.input_tokens > short.usage.input_tokens


def test_a_reply_is_cut_off_at_max_tokens(model: LanguageModel) -> None:
    reply = replied(model, asking("one two three four five six seven eight", max_tokens=3))
    assert reply.finish == LENGTH
    assert reply.usage.output_tokens <= 3


def test_the_same_greedy_request_has_the_same_answer(model: LanguageModel) -> None:
    request = asking("chop the carrots", max_tokens=12)
    assert replied(model, request).text == replied(model, request).text


def test_all_turns_are_taken(model: LanguageModel) -> None:
    turns = (
        Message("system", "be brief"),
        Message("user", "what is this"),
        Message("assistant", "a pan"),
        Message("user", "and that"),
    )
    whole = replied(model, Request(turns, 12))
    alone = replied(model, Request(turns[-1:], 12))
    assert whole.usage.input_tokens > alone.usage.input_tokens


def test_images_are_looked_at_or_refused(
    make: Callable[[Setup], LanguageModel], setup: Setup, picture: Image
) -> None:
    request = asking("what is this", picture, max_tokens=12)
    with_images = make(setup)
    seen = replied(with_images, request)
    assert seen.text != replied(with_images, asking("what is this", max_tokens=12)).text
    blind = make(evolve(setup, takes_images=False))
    assert blind.complete(request) == Failure(NoImages(blind.model_id))
    assert not isinstance(blind.complete(asking("what is this")), Failure)


def test_a_schema_an_effort_and_a_seed_are_taken(model: LanguageModel) -> None:
    request = asking("stir", schema=SCHEMA, effort="low", seed=3, temperature=0.7, max_tokens=100)
    assert replied(model, request).text.strip()


def test_many_threads_get_their_own_answers(model: LanguageModel) -> None:
    requests = [asking(f"this is number {i}", max_tokens=12) for i in range(12)]
    alone = [replied(model, request) for request in requests]
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(model.complete, requests))
    assert together == [Success(reply) for reply in alone]


def test_the_identity_is_stable_and_holds_no_secret(
    make: Callable[[Setup], LanguageModel], setup: Setup, model: LanguageModel
) -> None:
    assert model.model_id
    assert model.revision
    assert make(setup).model_id == model.model_id
    shown = repr(model) + repr(replied(model, asking("hello"))) + model.model_id + model.revision
    assert KEY not in shown


def test_an_unknown_adapter_is_told_with_those_that_are_known() -> None:
    with pytest.raises(UnknownAdapterError, match="scripted"):
        builder("nobody")


@pytest.fixture(scope="module")
def picture() -> Image:
    return painted()
