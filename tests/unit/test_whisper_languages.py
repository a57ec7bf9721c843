"""Which languages a Whisper is asked for."""

import pytest
from attrs import evolve
from returns.result import Failure

from kuavi.adapters.transcribers import faster_whisper
from kuavi.domain.choices import ALTERNATIVES
from kuavi.domain.plan import ModelSpec
from kuavi.domain.presets import EMBEDDED


def speaking(language: str) -> ModelSpec:
    return evolve(EMBEDDED.transcriber, options={"language": language})


def test_a_language_may_be_left_to_be_heard_and_is_part_of_the_identity() -> None:
    english = faster_whisper.build(EMBEDDED.transcriber).unwrap()
    heard = faster_whisper.build(speaking("auto")).unwrap()
    assert heard.language is None
    assert heard.model != english.model


@pytest.mark.parametrize("language", ["de", "elvish", ""])
def test_a_language_that_the_model_does_not_know_is_refused(language: str) -> None:
    outcome = faster_whisper.build(speaking(language))
    assert isinstance(outcome, Failure)
    assert "say auto, or one of en" in str(outcome.failure())


@pytest.mark.parametrize("name", ALTERNATIVES["transcriber"])
def test_the_larger_models_hear_the_language(name: str) -> None:
    assert ALTERNATIVES["transcriber"][name].options["language"] == "auto"
