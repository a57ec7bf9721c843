"""What every JointEncoder must do; a new adapter adds one line to `ADAPTERS`."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from attrs import frozen
from returns.result import Failure

from kuavi.adapters.joint import conse, fake, siglip2
from kuavi.domain.evidence import Heuristic, Learned
from kuavi.domain.media import Frame
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.domain.presets import EMBEDDED, FAKE
from kuavi.domain.space import Embeddings, Joint, Matrix, cosine
from kuavi.ports.encoders import JointEncoder
from kuavi.ports.models import ModelUnavailable
from tests.pictures import noisy, painted, real_frames
from tests.tiny_encoders import tiny_siglip

Scene = tuple[Callable[[], Sequence[Frame]], str]


@frozen
class Case:
    """An adapter, its spec, and scenes with a text that is true of each and of no other.

    Random weights know no such scenes: for them there are none.
    """

    build: Callable[[ModelSpec], Outcome[JointEncoder, ModelUnavailable]]
    spec: ModelSpec
    scenes: tuple[Scene, ...]


PAINTED: tuple[Scene, ...] = (
    (lambda: [painted("red", t) for t in (0.0, 1.0)], "a red wall"),
    (lambda: [painted("green", t) for t in (0.0, 1.0)], "something green"),
    (lambda: [painted("blue", t) for t in (0.0, 1.0)], "blue sky"),
)
FILMED: tuple[Scene, ...] = (
    (lambda: real_frames("bikes", 10, 25), "a bicycle chained to a fence in the street"),
    (lambda: real_frames("carphone_pristine"), "a man in a suit and tie"),
    (lambda: real_frames("bigbuckbunny"), "a furry animal on a meadow"),
)

ADAPTERS: dict[str, Callable[[], Case]] = {
    "fake": lambda: Case(fake.build, FAKE.joint, PAINTED),
    "conse": lambda: Case(conse.build, EMBEDDED.joint, FILMED),
    "siglip2": lambda: Case(siglip2.build, tiny_siglip(), ()),
}
PICTURES = (noisy(1), painted("red"), noisy(2, (240, 320)), noisy(3, (600, 400)))


@pytest.fixture(params=ADAPTERS)
def case(request: pytest.FixtureRequest) -> Case:
    return ADAPTERS[request.param]()


@pytest.fixture
def encoder(case: Case) -> JointEncoder:
    outcome = case.build(case.spec)
    assert not isinstance(outcome, Failure), str(outcome.failure())
    return outcome.unwrap()


def seen(encoder: JointEncoder, frames: Sequence[Frame]) -> Embeddings[Joint]:
    outcome = encoder.encode_frames(frames)
    assert not isinstance(outcome, Failure), str(outcome.failure())
    return outcome.unwrap()


def said(encoder: JointEncoder, texts: Sequence[str]) -> Embeddings[Joint]:
    outcome = encoder.encode_texts(texts)
    assert not isinstance(outcome, Failure), str(outcome.failure())
    return outcome.unwrap()


def test_one_row_per_item_in_the_declared_space(encoder: JointEncoder) -> None:
    pictures, texts = seen(encoder, PICTURES), said(encoder, ["a dog", "red"])
    assert pictures.space == texts.space == encoder.space
    assert (len(pictures), len(texts)) == (4, 2)


def test_nothing_in_gives_nothing_out(encoder: JointEncoder) -> None:
    assert len(seen(encoder, [])) == len(said(encoder, [])) == 0


def test_rows_have_length_one(encoder: JointEncoder) -> None:
    rows = np.concatenate(
        [seen(encoder, PICTURES).rows, said(encoder, ["a dog", "red", "x " * 999]).rows]
    )
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("nothing", ["", "  ", "\n"])
def test_a_text_without_words_is_zero(encoder: JointEncoder, nothing: str) -> None:
    rows = said(encoder, [nothing, "red"]).rows
    assert not rows[0].any()
    assert rows[1].any()


def test_an_item_encodes_alike_alone_and_in_a_batch(encoder: JointEncoder) -> None:
    texts = ["red", "a blue boat on a green lake under a white sky", "dog"]
    alone = [said(encoder, [text]).rows[0] for text in texts]
    np.testing.assert_allclose(said(encoder, texts).rows, alone, atol=1e-5)
    apart = [seen(encoder, [frame]).rows[0] for frame in reversed(PICTURES)]
    np.testing.assert_allclose(seen(encoder, PICTURES).rows[::-1], apart, atol=1e-5)


def test_more_frames_than_any_batch_keep_their_order(encoder: JointEncoder) -> None:
    frames = [noisy(seed) for seed in range(10, 31)]
    forward, backward = seen(encoder, frames).rows, seen(encoder, frames[::-1]).rows
    np.testing.assert_allclose(forward, backward[::-1], atol=1e-5)


def test_different_items_differ(encoder: JointEncoder) -> None:
    for rows in (seen(encoder, PICTURES).rows, said(encoder, ["red", "green", "a dog"]).rows):
        assert _closest(rows) < 0.999


def test_the_frames_are_left_untouched(encoder: JointEncoder) -> None:
    before = [frame.pixels.copy() for frame in PICTURES]
    seen(encoder, PICTURES)
    for frame, pixels in zip(PICTURES, before, strict=True):
        np.testing.assert_array_equal(frame.pixels, pixels)


def test_the_identity_is_stable_and_names_what_was_read(case: Case, encoder: JointEncoder) -> None:
    again = case.build(case.spec).unwrap()
    assert again.model == encoder.model
    assert again.space == encoder.space
    pinned = [w.files.values() for w in (case.spec.weights, *case.spec.more_weights)]
    read = [file.sha256 for file in encoder.model.weights]
    assert read == [sha256 for files in pinned for sha256 in files]
    assert isinstance(encoder.evidence, Learned if read else Heuristic)


@pytest.mark.parametrize("case", ["fake", "conse"], indirect=True)
def test_each_scene_is_found_by_its_text(case: Case, encoder: JointEncoder) -> None:
    """As search does it: a scene scores as its best frame."""
    queries = said(encoder, [text for _, text in case.scenes])
    scores = [cosine(queries, seen(encoder, frames())).max(axis=1) for frames, _ in case.scenes]
    best = np.argmax(np.array(scores), axis=0).tolist()
    assert best == list(range(len(case.scenes)))


def _closest(rows: Matrix) -> float:
    alike = rows @ rows.T
    return float(alike[~np.eye(len(rows), dtype=bool)].max())
