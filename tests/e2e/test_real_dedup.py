"""What is joined among real actions by a real sentence encoder."""

import os
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import kuavi
from kuavi.adapters.text import minilm
from kuavi.domain.dedup import SAME, duplicates, vocabulary
from kuavi.domain.presets import EMBEDDED
from kuavi.domain.same_words import key_of
from kuavi.domain.space import Embeddings, Text

ROOT = Path(kuavi.__file__).parents[1]
SHARED = Path(os.environ.get("KUAVI_SHARED_DATA", ROOT.parent / "shared" / "data"))
EXAMPLES = SHARED / "action100m" / "examples.parquet"


def encoded(texts: list[str]) -> Embeddings[Text]:
    return minilm.build(EMBEDDED.text).unwrap().encode(texts).unwrap()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("stir the pot", "stir pot", True),
        ("stir pot", "Stirs the pot.", True),
        ("cut paper with scissors", "cut paper using scissors", True),
        ("open door", "close door", False),
        ("raise left arm", "raise right arm", False),
        ("cut 2 onions", "cut 3 onions", False),
        ("add salt", "add sugar", False),
        ("stir pot", "stir the soup", False),
    ],
)
def test_what_is_joined(one: str, other: str, same: bool) -> None:
    vectors = encoded([key_of(one), key_of(other)])
    assert (duplicates([one, other], vectors).n_clusters == 1) == same


@pytest.mark.skipif(not EXAMPLES.exists(), reason="Action100M's examples are not here")
def test_published_actions_have_a_smaller_vocabulary() -> None:
    rows = pq.read_table(EXAMPLES, columns=["nodes"]).to_pylist()
    actions = [n["gpt"]["action"]["brief"] for row in rows for n in row["nodes"] if n["gpt"]]
    texts = [text for text in actions if text and text != "N/A"]
    vectors = encoded(texts)
    found = duplicates(texts, vectors)
    keys = [key_of(text) for text in texts]
    assert 0.8 * len(set(keys)) < found.n_clusters < len(set(keys))
    for term in vocabulary(texts, found):
        (shown,) = [i for i in term.members.tolist() if found.representative[i]]
        others = [i for i in term.members.tolist() if keys[i] != keys[shown]]
        assert np.all(vectors.rows[others] @ vectors.rows[shown] > SAME - 0.05)
