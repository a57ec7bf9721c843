"""What every TextEncoder must do; a new adapter adds one line to `ADAPTERS`."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from attrs import frozen
from returns.result import Failure

from kuavi.adapters.text import fake, hf_text, minilm
from kuavi.domain.evidence import Heuristic, Learned
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.domain.presets import EMBEDDED, FAKE
from kuavi.domain.space import Embeddings, Text, cosine
from kuavi.ports.encoders import TextEncoder
from kuavi.ports.models import ModelUnavailable
from tests.tiny_encoders import tiny_sentences


@frozen
class Case:
    build: Callable[[ModelSpec], Outcome[TextEncoder, ModelUnavailable]]
    spec: ModelSpec


ADAPTERS: dict[str, Callable[[], Case]] = {
    "fake": lambda: Case(fake.build, FAKE.text),
    "minilm": lambda: Case(minilm.build, EMBEDDED.text),
    "hf_text": lambda: Case(hf_text.build, tiny_sentences()),
}
TEXTS = (
    "The chef chops carrots in the kitchen.",
    "rocket",
    "A telescope in space looks at stars and galaxies far away, and sends its pictures home.",
)


@pytest.fixture(params=ADAPTERS)
def case(request: pytest.FixtureRequest) -> Case:
    return ADAPTERS[request.param]()


@pytest.fixture
def encoder(case: Case) -> TextEncoder:
    outcome = case.build(case.spec)
    assert not isinstance(outcome, Failure), str(outcome.failure())
    return outcome.unwrap()


def encoded(encoder: TextEncoder, texts: Sequence[str]) -> Embeddings[Text]:
    outcome = encoder.encode(texts)
    assert not isinstance(outcome, Failure), str(outcome.failure())
    return outcome.unwrap()


def asked(encoder: TextEncoder, texts: Sequence[str]) -> Embeddings[Text]:
    outcome = encoder.encode_queries(texts)
    assert not isinstance(outcome, Failure), str(outcome.failure())
    return outcome.unwrap()


def test_one_unit_row_per_text_in_the_declared_space(encoder: TextEncoder) -> None:
    rows = encoded(encoder, [*TEXTS, "word " * 2000, "à la carte 東京 🚲"])
    assert rows.space == encoder.space
    np.testing.assert_allclose(np.linalg.norm(rows.rows, axis=1), np.ones(5), atol=1e-5)
    assert len(encoded(encoder, [])) == 0


@pytest.mark.parametrize("nothing", ["", "   ", "\t\n"])
def test_a_text_without_words_is_zero(encoder: TextEncoder, nothing: str) -> None:
    rows = encoded(encoder, ["rocket", nothing, "rocket"]).rows
    assert not rows[1].any()
    np.testing.assert_array_equal(rows[0], rows[2])
    assert rows[0].any()


def test_a_text_encodes_alike_alone_and_in_a_batch(encoder: TextEncoder) -> None:
    texts = [*TEXTS, *(f"number {i} of many" for i in range(40))]
    alone = [encoded(encoder, [text]).rows[0] for text in texts]
    np.testing.assert_allclose(encoded(encoder, texts).rows, alone, atol=1e-5)


def test_alike_texts_are_closer_than_others(encoder: TextEncoder) -> None:
    query = asked(encoder, ["chef in the kitchen", "telescope pictures of galaxies"])
    assert cosine(query, encoded(encoder, TEXTS)).argmax(axis=1).tolist() == [0, 2]


def test_questions_are_unit_rows_of_the_same_space_and_0_without_words(
    encoder: TextEncoder,
) -> None:
    rows = asked(encoder, [*TEXTS, " "])
    assert rows.space == encoder.space
    np.testing.assert_allclose(np.linalg.norm(rows.rows, axis=1), [1, 1, 1, 0], atol=1e-5)
    assert len(asked(encoder, [])) == 0


def test_the_floor_is_a_cosine_that_tells_something_apart(encoder: TextEncoder) -> None:
    assert 0 < encoder.floor < 1


def test_different_texts_differ(encoder: TextEncoder) -> None:
    rows = encoded(encoder, TEXTS).rows
    assert (rows @ rows.T)[~np.eye(3, dtype=bool)].max() < 0.99


def test_the_identity_is_stable_and_names_what_was_read(case: Case, encoder: TextEncoder) -> None:
    again = case.build(case.spec).unwrap()
    assert again.model == encoder.model
    assert again.space == encoder.space
    read = [file.sha256 for file in encoder.model.weights]
    assert read == list(case.spec.weights.files.values())
    assert isinstance(encoder.evidence, Learned if read else Heuristic)
