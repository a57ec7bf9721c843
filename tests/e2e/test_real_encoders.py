"""A preset of the hub end to end: its real joint and text classes with tiny random weights."""

from pathlib import Path

import pytest

import kuavi
from kuavi.adapters.clips import fake as clips
from kuavi.adapters.ocr import fake as ocr
from kuavi.adapters.taggers import fake as tags
from kuavi.adapters.transcribers import fake as speech
from kuavi.apps.toolbox.session import KuaviError, OpenLibrary
from kuavi.domain.choices import ModelChoices
from kuavi.domain.manifest import Stage
from kuavi.domain.presets import FAKE, PRESETS
from tests.pictures import real_clip
from tests.tiny_encoders import save_sentences, tiny_siglip

FAST = PRESETS["fast"]
STANDING_IN = {
    "clips": clips.build(FAKE.clips).unwrap(),
    "tagger": tags.build(FAKE.tagger).unwrap(),
    "transcriber": speech.build(FAKE.transcriber).unwrap(),
    "ocr": ocr.build(FAKE.ocr).unwrap(),
}
"""For what no tiny weights are made here."""


@pytest.fixture(scope="module")
def choices(tmp_path_factory: pytest.TempPathFactory) -> ModelChoices:
    folder = tmp_path_factory.mktemp("sentences")
    save_sentences(folder, {"query": "query: "})
    (folder / "model" / "special_tokens_map.json").write_text("{}", "utf-8")
    return ModelChoices(
        weights={
            FAST.joint.model_id: tiny_siglip().weights.location,
            FAST.text.model_id: str(folder / "model"),
        }
    )


@pytest.fixture(scope="module")
def library(choices: ModelChoices, tmp_path_factory: pytest.TempPathFactory) -> OpenLibrary:
    made = kuavi.open_library(
        tmp_path_factory.mktemp("library") / "lib",
        scene_model_preset="fast",
        models=STANDING_IN,
        choices=choices,
    )
    (done,) = made.index(real_clip("bigbuckbunny"))
    assert done.ok, done.problem
    return made


def test_a_video_is_indexed_as_the_preset_samples_it(library: OpenLibrary) -> None:
    (video,) = library.videos()
    made = {record.stage: record for record in video.stages}
    assert made[Stage.VISUAL].items == pytest.approx(4 * video.info.duration_s, abs=2)
    model = made[Stage.VISUAL].model
    assert model is not None
    assert model.model_id == FAST.joint.model_id
    assert len(model.weights) == 3


def test_it_is_searched_with_the_same_models(library: OpenLibrary) -> None:
    assert library.search("a rabbit", field="visual").hits
    assert library.search("a rabbit").hits


def test_with_another_preset_it_says_which_one_it_was_made_with(library: OpenLibrary) -> None:
    other = kuavi.open_library(library.path, preset="fake")
    with pytest.raises(KuaviError, match=r"--scene-model-preset .* \(fast, balanced, quality\)"):
        other.search("red", field="visual")


def test_both_names_of_the_preset_must_agree(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="two presets"):
        kuavi.open_library(tmp_path, scene_model_preset="fast", preset="fake")
