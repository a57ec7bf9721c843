"""Sentence encoders: prompts, shorter vectors, and no code but the package's own."""

import json
from pathlib import Path

import numpy as np
import pytest
from attrs import evolve
from returns.result import Failure
from sentence_transformers import SentenceTransformer

from kuavi.adapters.text import hf_text
from kuavi.domain.plan import ModelSpec
from kuavi.domain.space import unit
from tests.tiny_encoders import save_sentences, spec_of, tiny_sentences

PROMPTS = {"query": "query: ", "document": "document: "}


@pytest.fixture(scope="module")
def prompted(tmp_path_factory: pytest.TempPathFactory) -> ModelSpec:
    folder = tmp_path_factory.mktemp("prompted")
    save_sentences(folder, PROMPTS, dense=48)
    return spec_of("hf_text", folder / "model")


def test_questions_and_what_is_searched_get_the_checkpoints_prompts(prompted: ModelSpec) -> None:
    encoder = hf_text.build(prompted).unwrap()
    theirs = SentenceTransformer(prompted.weights.location, device="cpu")
    text = ["the dog looks at a rocket"]
    plain = theirs.encode(text, prompt="", show_progress_bar=False)
    asked = theirs.encode(["query: " + text[0]], prompt="", show_progress_bar=False)
    searched = theirs.encode(["document: " + text[0]], prompt="", show_progress_bar=False)
    np.testing.assert_allclose(encoder.encode_queries(text).unwrap().rows, asked, atol=1e-6)
    np.testing.assert_allclose(encoder.encode(text).unwrap().rows, searched, atol=1e-6)
    assert np.abs(asked - plain).max() > 1e-3
    assert encoder.space.dim == 48


def test_a_prompt_may_be_given_in_the_place_of_the_checkpoints(prompted: ModelSpec) -> None:
    bare = hf_text.build(tiny_sentences()).unwrap()
    spec = evolve(tiny_sentences(), options={"query_prompt": "query: "})
    given = hf_text.build(spec).unwrap()
    text, told = ["red dog"], ["query: red dog"]
    np.testing.assert_allclose(
        given.encode_queries(text).unwrap().rows, bare.encode(told).unwrap().rows, atol=1e-6
    )
    np.testing.assert_allclose(
        given.encode(text).unwrap().rows, bare.encode(text).unwrap().rows, atol=1e-6
    )
    assert given.space != bare.space
    assert prompted.weights != spec.weights


def test_shorter_vectors_are_the_first_numbers_made_unit_again() -> None:
    whole = hf_text.build(tiny_sentences()).unwrap()
    short = hf_text.build(evolve(tiny_sentences(), options={"dim": 8})).unwrap()
    texts = ["the chef", "a telescope in space"]
    rows = whole.encode(texts).unwrap().rows[:, :8]
    np.testing.assert_allclose(short.encode(texts).unwrap().rows, unit(rows), atol=1e-6)
    assert short.space.dim == 8


def refusal(spec: ModelSpec) -> str:
    outcome = hf_text.build(spec)
    assert isinstance(outcome, Failure)
    return str(outcome.failure())


def test_vectors_are_not_made_longer() -> None:
    assert "dim 999" in refusal(evolve(tiny_sentences(), options={"dim": 999}))


def test_a_checkpoints_own_code_is_refused_and_not_run(tmp_path: Path) -> None:
    save_sentences(tmp_path, {})
    folder = tmp_path / "model"
    listing = folder / "modules.json"
    modules = json.loads(listing.read_text("utf-8"))
    modules[-1]["type"] = "own_code.Evil"
    listing.write_text(json.dumps(modules), "utf-8")
    (folder / "own_code.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')", "utf-8")
    assert "modules that are not taken: own_code.Evil" in refusal(spec_of("hf_text", folder))
    assert not (tmp_path / "ran").exists()


def test_what_is_no_such_checkpoint_is_refused(tmp_path: Path) -> None:
    save_sentences(tmp_path, {})
    (tmp_path / "model" / "config.json").write_text("{}", "utf-8")
    assert "can't be loaded" in refusal(spec_of("hf_text", tmp_path / "model"))
