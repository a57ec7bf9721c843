"""Choices of models: alternatives, folders, downloads, licences."""

import pytest
from returns.result import Failure

from kuavi.domain.choices import ALTERNATIVES, BadChoice, ModelChoices, chosen, known_names
from kuavi.domain.plan import Preset, Source
from kuavi.domain.presets import PRESETS

FAST = PRESETS["fast"]
SIGLIP = "google/siglip2-base-patch16-256"
VITL = "facebook/vjepa2-vitl-fpc64-256"


def made(choices: ModelChoices, preset: Preset = FAST) -> Preset:
    outcome = chosen(preset, choices)
    assert not isinstance(outcome, Failure), str(outcome.failure())
    return outcome.unwrap()


def refused(choices: ModelChoices, preset: Preset = FAST) -> str:
    outcome = chosen(preset, choices)
    assert isinstance(outcome, Failure)
    assert isinstance(outcome.failure(), BadChoice)
    return str(outcome.failure())


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_without_choices_a_preset_is_as_it_is(preset: Preset) -> None:
    assert made(ModelChoices(), preset) == preset


@pytest.mark.parametrize(
    ("port", "name"), [(port, name) for port, specs in ALTERNATIVES.items() for name in specs]
)
def test_an_alternative_takes_the_place_of_its_port_alone(port: str, name: str) -> None:
    preset = made(ModelChoices(models={port: name}), PRESETS["embedded"])
    assert preset.models[port] == ALTERNATIVES[port][name]
    others = PRESETS["embedded"].models.keys() - {port}
    assert all(preset.models[p] == PRESETS["embedded"].models[p] for p in others)


def test_an_unknown_alternative_says_what_there_is() -> None:
    assert "all-mpnet-base-v2" in refused(ModelChoices(models={"text": "gpt"}))
    assert "ports with a choice: text, transcriber" in refused(ModelChoices(models={"ocr": "x"}))


def test_a_folder_is_where_everything_of_that_name_is_looked_for() -> None:
    preset = made(ModelChoices(weights={VITL: "/mine"}))
    assert preset.predictor is not None
    for spec in (preset.clips, preset.predictor):
        assert (spec.weights.source, spec.weights.location) == (Source.DIRECTORY, "/mine")
        assert spec.model_id == VITL
    assert preset.classifiers["ek100"].weights.location == "/mine"
    assert preset.classifiers["ek100"].more_weights == FAST.classifiers["ek100"].more_weights
    assert preset.joint == FAST.joint


def test_a_model_id_names_the_folder_of_what_is_fetched_by_hand() -> None:
    preset = made(ModelChoices(weights={"facebook/vjepa2-ek100-vitl-256": "/probe"}))
    probe = preset.classifiers["ek100"]
    assert [weights.location for weights in probe.more_weights] == ["/probe"]
    assert [weights.files for weights in probe.more_weights] == [{"ek100-vitl-256.pt": ""}]
    assert probe.weights == FAST.classifiers["ek100"].weights


def test_a_model_id_names_the_folder_of_its_own_weights_only() -> None:
    embedded = PRESETS["embedded"]
    preset = made(ModelChoices(weights={"Systran/faster-whisper-tiny.en": "/mine"}), embedded)
    assert preset.transcriber.weights.location == "/mine"
    assert preset.transcriber.more_weights == embedded.transcriber.more_weights


def test_a_folder_for_nothing_is_refused_with_the_names_there_are() -> None:
    said = refused(ModelChoices(weights={"google/siglip": "/x"}))
    assert SIGLIP in said
    assert known_names(FAST) >= {SIGLIP, VITL, "faster_whisper"}


def test_downloads_are_allowed_for_every_model() -> None:
    preset = made(ModelChoices(download=True))
    specs = (*preset.models.values(), *preset.extras.values())
    assert all(spec.options["download"] is True for spec in specs)
    assert not any(
        "download" in spec.options for spec in (*FAST.models.values(), *FAST.extras.values())
    )


def test_accepted_terms_are_no_obstacle() -> None:
    choices = ModelChoices(models={"text": "embeddinggemma-300m"})
    assert made(choices).text.weights.terms
    accepted = ModelChoices(models=choices.models, accept_licences=True)
    assert not made(accepted).text.weights.terms
    assert not made(accepted).classifiers["ek100"].weights.terms
