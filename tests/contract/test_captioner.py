"""What every Captioner must do; a new adapter adds one line to `ADAPTERS`."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from returns.result import Failure, Success

from kuavi.adapters.captioners import fake, gemini, local_vlm, openai_compatible
from kuavi.domain.budget import Budget
from kuavi.domain.evidence import Heuristic, Learned
from kuavi.domain.media import Frame
from kuavi.domain.plan import ModelSpec
from kuavi.ports.captioners import Captioner, CaptionRequest
from kuavi.ports.telling import OutOfBudget
from tests.pictures import painted
from tests.tellers import Setup, chat_spec, gemini_spec, local_spec
from tests.tiny_language import tiny_vision_language


def made_fake(setup: Setup) -> Captioner:
    return fake.build(ModelSpec("fake", "fake-captioner"), setup.asking()).unwrap()


def made_chat(setup: Setup) -> Captioner:
    return openai_compatible.build(chat_spec(setup), setup.asking()).unwrap()


def made_gemini(setup: Setup) -> Captioner:
    return gemini.build(gemini_spec(setup), setup.asking()).unwrap()


def made_local(setup: Setup) -> Captioner:
    spec = local_spec("local_vlm", tiny_vision_language(), max_frames=2)
    return local_vlm.build(spec, setup.asking()).unwrap()


ADAPTERS: dict[str, Callable[[Setup], Captioner]] = {
    "fake": made_fake,
    "gemini": made_gemini,
    "local_vlm": made_local,
    "openai_compatible": made_chat,
}


@pytest.fixture(params=ADAPTERS)
def make(request: pytest.FixtureRequest) -> Callable[[Setup], Captioner]:
    return ADAPTERS[request.param]


@pytest.fixture
def setup() -> Iterator[Setup]:
    with ExitStack() as stack:
        yield Setup(stack)


@pytest.fixture
def captioner(make: Callable[[Setup], Captioner], setup: Setup) -> Captioner:
    return make(setup)


def still(colour: str) -> CaptionRequest:
    return CaptionRequest((painted(colour),), "stir the soup", 30)


def clip(*colours: str) -> CaptionRequest:
    frames = tuple(Frame(i / 2, painted(c).pixels) for i, c in enumerate(colours))
    return CaptionRequest(frames, "What happens?", 30)


def told(captioner: Captioner, *requests: CaptionRequest) -> list[str]:
    texts = []
    for outcome in captioner.captions(iter(requests)):
        assert not isinstance(outcome, Failure), str(outcome.failure())
        texts.append(outcome.unwrap())
    return texts


def test_one_text_for_each_request_in_order(captioner: Captioner) -> None:
    colours = ["red", "green", "blue", "white", "red", "green"]
    together = told(captioner, *map(still, colours))
    assert len(together) == len(colours)
    assert all(text.strip() for text in together)
    for colour, text in list(zip(colours, together, strict=True))[:2]:
        assert told(captioner, still(colour)) == [text]


def test_a_clip_of_as_many_frames_as_it_takes(captioner: Captioner) -> None:
    assert captioner.max_frames >= 1
    n = min(captioner.max_frames, 4)
    colours = ["red", "green", "blue", "white"][:n]
    (text,) = told(captioner, clip(*colours))
    assert text.strip()


def test_too_many_frames_are_a_callers_bug(captioner: Captioner) -> None:
    too_many = clip(*["red"] * (captioner.max_frames + 1))
    with pytest.raises(ValueError, match="frames"):
        list(captioner.captions([too_many]))


def test_nothing_asked_is_nothing_said(captioner: Captioner) -> None:
    assert told(captioner) == []
    assert captioner.spent.calls == 0


def test_the_frames_are_left_untouched(captioner: Captioner) -> None:
    request = still("red")
    before = request.frames[0].pixels.copy()
    told(captioner, request)
    np.testing.assert_array_equal(request.frames[0].pixels, before)


def test_what_it_cost_is_counted(captioner: Captioner) -> None:
    told(captioner, still("red"), still("green"))
    spent = captioner.spent
    assert (spent.calls, spent.cached) == (2, 0)
    assert spent.input_tokens > 0
    assert spent.output_tokens > 0
    price = captioner.price
    assert price is not None
    assert spent.usd == pytest.approx(price.of(spent.input_tokens, spent.output_tokens))


def test_the_budget_is_never_overspent(make: Callable[[Setup], Captioner], setup: Setup) -> None:
    captioner = make(setup.within(Budget(calls=2)))
    outcomes = list(captioner.captions(map(still, ["red", "green", "blue", "white"])))
    assert captioner.spent.calls == 2
    assert [type(one) for one in outcomes] == [Success, Success, Failure]
    assert isinstance(outcomes[-1].failure(), OutOfBudget)
    assert "raise the limit" in str(outcomes[-1].failure())


def test_a_second_run_costs_nothing_and_says_the_same(
    make: Callable[[Setup], Captioner], setup: Setup, tmp_path: Path
) -> None:
    kept = Setup(setup.stack, setup.budget, tmp_path)
    requests = [still("red"), still("green")]
    first = make(kept)
    before = [outcome.unwrap() for outcome in first.captions(requests)]
    after = [outcome.unwrap() for outcome in first.captions(requests)]
    assert after == before
    assert (first.spent.calls, first.spent.cached) == (2, 2)


def test_the_identity_is_stable_and_no_heuristic_passes_for_a_model(
    make: Callable[[Setup], Captioner], setup: Setup
) -> None:
    captioner = make(setup)
    learned = captioner.model.model_id != "fake-captioner"
    assert isinstance(captioner.evidence, Learned if learned else Heuristic)
    assert captioner.model.revision
    if captioner.model.weights:
        assert make(setup).model == captioner.model
