"""Whether two texts speak of the same thing: by their vectors and by their words.

Vectors see paraphrases, words see names of things; each alone misses what the other sees.
"""

from typing import TypeAlias

import numpy as np
from attrs import field, frozen

from kuavi.domain.calibration import NONE, Grid, Scores, logistic, robust_z
from kuavi.domain.space import Embeddings, Matrix, Text, unit
from kuavi.domain.terms import STOP_WORDS
from kuavi.domain.transcript import plain_words
from kuavi.domain.tree import Ids, Reals

Stems: TypeAlias = frozenset[str]

STEM = 5
"""Letters by which words are compared, so that endings do not matter."""

BLOCK = 256
MIDDLE = 0.35
"""Agreement of texts about different moments of one video; measured, see bench/README.md."""

STEP = 0.1
Z_MIDDLE, Z_WEIGHT = 1.0, 0.5
MOST_Z = 3.0
"""Beyond this the strangers are merely few or all unlike; it says no more of the pair."""


@frozen(eq=False)
class Spoken:
    """Texts with their words, and a row for each; below the cosine `floor` they are unrelated."""

    stems: tuple[Stems, ...]
    rows: Matrix = field(repr=False)
    floor: float


def stems_of(text: str) -> Stems:
    """The beginnings of its words that carry meaning."""
    return frozenset(word[:STEM] for word in plain_words(text) if word not in STOP_WORDS)


def spoken(texts: list[str], vectors: Embeddings[Text], floor: float) -> Spoken:
    """Texts with their vectors, row i of text i."""
    if len(texts) != len(vectors):
        raise ValueError(f"{len(vectors)} rows for {len(texts)} texts")
    return Spoken(tuple(stems_of(text) for text in texts), unit(vectors.rows), floor)


def shared_words(a: Stems, b: Stems) -> float:
    """Share of the shorter text's words that the other has too (overlap coefficient)."""
    return len(a & b) / min(len(a), len(b)) if a and b else 0.0


def agreements(a: Spoken, b: Spoken, first: Ids, second: Ids) -> Reals:
    """How much text first[i] of `a` agrees with text second[i] of `b`, each in [0, 1].

    The mean of the shared words and of the cosine, scaled from [floor, 1].
    """
    found = np.empty(len(first))
    for start in range(0, len(first), BLOCK):
        i, j = first[start : start + BLOCK], second[start : start + BLOCK]
        cosines = np.einsum("nd,nd->n", a.rows[i], b.rows[j])
        near = np.clip((cosines - a.floor) / (1 - a.floor), 0, 1)
        words = [
            shared_words(a.stems[x], b.stems[y])
            for x, y in zip(i.tolist(), j.tolist(), strict=True)
        ]
        found[start : start + BLOCK] = (near + words) / 2
    return found


def with_strangers(a: Spoken, b: Spoken, grid: Grid) -> Scores:
    """Agreement of each text of `a` with the strangers' texts of `b`; NaN where there is none."""
    scores = np.full(grid.shape, np.nan)
    at, column = np.nonzero(grid != NONE)
    scores[at, column] = agreements(a, b, at, grid[at, column])
    return scores


def belief(agreement: Reals, null: Scores) -> Reals:
    """How sure an agreement is one of texts that belong together, in [0, 1]; rises with it.

    By its size and, where there are strangers enough, by how far it stands out from theirs.  Texts
    that are nearly equal belong together even where all texts of the video are.
    """
    z = np.clip(np.nan_to_num(robust_z(agreement, null), nan=Z_MIDDLE), -MOST_Z, MOST_Z)
    return logistic((agreement - MIDDLE) / STEP + Z_WEIGHT * (z - Z_MIDDLE))
