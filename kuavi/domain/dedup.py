"""Semantic deduplication of short texts, such as brief actions.  Nothing is dropped, only marked.

After SemDeDup (Abbas et al., 2023: k-means, then cosines within a cell, one is kept of what is
alike), with three changes.  Texts that say the same by their words are one before any vector is
looked at (see `same_words`).  Cells only say where to look, and more than one is looked into, so a
cell's border does not part duplicates (see `alike`).  What is alike is joined around a centre (see
`stars`), so every member is like the one that is shown, and two that are shown are not alike.

Vectors are those of the texts themselves, never smoothed over time: smoothing makes neighbours
alike that have nothing in common.  Vectors of `key_of(text)` join a little more than those of the
text as it is written: a full stop or an article moves the vector of a short text (by a cosine of
0.94 in all-MiniLM-L6-v2).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from attrs import field, frozen

from kuavi.domain.alike import FEW, Pairs, alike
from kuavi.domain.layers import Indices
from kuavi.domain.ranking import Mask
from kuavi.domain.same_words import Sides, contrary, key_of, sides_of
from kuavi.domain.space import Embeddings, Matrix, Text, unit
from kuavi.domain.stars import Stars, stars, stars_by_weight

SAME = 0.95
"""The cosine from which two texts say the same.

Judged by reading what all-MiniLM-L6-v2 joins among brief actions of real videos: above it nearly
all pairs are one action in other words or in plural; at 0.92 "collect flowers" meets "show
flowers" and parts of an action meet the whole.  Another encoder needs another value.
"""
LEAST = 0.5
"""Below, two members that are like their centre may be opposed to each other."""

_BLOCK = 4096
_DIGITS = 5  # nearness that differs by less is equal: rounding


@frozen(eq=False)
class Duplicates:
    """Of n texts, in order: their clusters (n,), the sizes of those (n,), and which to show (n,).

    Clusters are numbered by first appearance; each has one representative.
    """

    cluster: Indices = field(repr=False)
    size: Indices = field(repr=False)
    representative: Mask = field(repr=False)

    def __attrs_post_init__(self) -> None:
        shapes = [a.shape for a in (self.cluster, self.size, self.representative)]
        if len({*shapes, (len(self.cluster),)}) > 1:
            raise ValueError(f"columns must be (n,) alike, got {shapes}")
        for column in (self.cluster, self.size, self.representative):
            column.setflags(write=False)

    def __len__(self) -> int:
        return len(self.cluster)

    @property
    def n_clusters(self) -> int:
        return int(np.count_nonzero(self.representative))


@frozen(eq=False)
class Term:
    """An action of a vocabulary: how it is called, and the indices of all who say it, ascending."""

    label: str
    members: Indices = field(repr=False)

    @property
    def count(self) -> int:
        return len(self.members)


def duplicates(
    texts: Sequence[str], vectors: Embeddings[Text], threshold: float = SAME, few: int = FEW
) -> Duplicates:
    """Which of n texts say the same, by their words or by their vectors (n, dim), unit or zero.

    Two texts of a cluster have the same words (`key_of`), or both have a cosine of at least
    `threshold` with the representative's words and are not `contrary` to them.  The
    representative is nearest to the centre of its cluster; of equals the earliest.  The order of
    the texts changes numbers and which of equals is shown, nothing else.  Representatives are not
    duplicates of each other.  All of this is exact up to `few` different texts; above, about one
    in a hundred that could be joined may not be (one in ten where a text is like more than 60
    others on average, and very many of one kind make several clusters: see `stars_by_weight`).
    A vector of zeros is like nothing.

    Raises:
        ValueError: if lengths differ, the threshold is not in [0.5, 1], or a vector is no unit
            vector.
    """
    if len(texts) != len(vectors):
        raise ValueError(f"{len(texts)} texts need as many vectors, got {len(vectors)}")
    if not LEAST <= threshold <= 1:
        raise ValueError(f"the threshold must be in [{LEAST}, 1], got {threshold}")
    _check_unit(vectors.rows)
    keys, group = _keys(texts)
    centres, count = _group_centres(vectors.rows, group, len(keys))
    found = _stars(centres, count.astype(np.float64), sides_of(keys), (threshold, few))
    cluster = found.centre[group]
    numbers, size = _by_first_appearance(cluster)
    shown = _representatives(_nearness(vectors.rows, centres, group), numbers, found.able[group])
    return Duplicates(numbers, size, shown)


def vocabulary(texts: Sequence[str], found: Duplicates) -> tuple[Term, ...]:
    """The clusters of texts, of one video or of a library, as terms: most frequent first.

    A term is called by its representative's text.  Equal counts: by first appearance.

    Raises:
        ValueError: if there are not as many texts as were deduplicated.
    """
    if len(texts) != len(found):
        raise ValueError(f"{len(found)} were deduplicated, got {len(texts)} texts")
    by_cluster = np.argsort(found.cluster, kind="stable")
    members = np.split(by_cluster, np.cumsum(np.bincount(found.cluster))[:-1]) if len(found) else []
    shown = np.flatnonzero(found.representative)
    labels = dict(zip(found.cluster[shown].tolist(), shown.tolist(), strict=True))
    terms = [Term(texts[labels[i]], rows) for i, rows in enumerate(members)]
    return tuple(sorted(terms, key=lambda term: -term.count))


def _check_unit(rows: Matrix) -> None:
    lengths = np.sqrt(np.einsum("nd,nd->n", rows, rows))
    if not np.all((lengths == 0) | (np.abs(lengths - 1) < 1e-3)):
        raise ValueError("vectors must have length 1 (or 0)")


def _keys(texts: Sequence[str]) -> tuple[list[str], Indices]:
    """The different keys, sorted, and which of them each text has (n,)."""
    key = {text: key_of(text) for text in dict.fromkeys(texts)}
    keys = sorted(set(key.values()))
    place = {name: i for i, name in enumerate(keys)}
    return keys, np.array([place[key[text]] for text in texts], dtype=np.int64)


def _group_centres(rows: Matrix, group: Indices, n: int) -> tuple[Matrix, Indices]:
    """The direction of the sum of each group's rows (n, dim), and their number (n,).

    Sums are in fp64, so that the order of rows does not tell.
    """
    count = np.bincount(group, minlength=n)
    order = np.argsort(group, kind="stable")
    centres = rows[order[np.cumsum(count) - count]]
    several = np.flatnonzero(count > 1)
    row_of = np.full(n, -1)
    row_of[several] = np.arange(len(several))
    sums = np.zeros((len(several), rows.shape[1]))
    order = order[count[group[order]] > 1]
    for top in range(0, len(order), _BLOCK):
        some = order[top : top + _BLOCK]
        there, starts = np.unique(group[some], return_index=True)
        sums[row_of[there]] += np.add.reduceat(rows[some], starts, axis=0, dtype=np.float64)
    for top in range(0, len(several), _BLOCK):
        part = slice(top, top + _BLOCK)
        centres[several[part]] = unit(_scaled(sums[part]))
    return centres, count


def _scaled(sums: Any) -> Matrix:
    """As float32, the largest number of a row being 1, if it is not all zeros."""
    largest = np.abs(sums).max(axis=1, keepdims=True)
    return np.divide(sums, largest, out=np.zeros_like(sums), where=largest > 0).astype(np.float32)


def _stars(rows: Matrix, weights: Any, sides: Sides, how: tuple[float, int]) -> Stars:
    threshold, few = how
    pairs = alike(rows, threshold, few)
    if pairs is None:
        return stars_by_weight(
            rows, weights, threshold, (lambda i, j: contrary(sides, i[:, None], j[None, :]), few)
        )
    able = ~contrary(sides, pairs.first, pairs.second)
    return stars(Pairs(pairs.first[able], pairs.second[able], pairs.cosine[able]), weights)


def _nearness(rows: Matrix, centres: Matrix, group: Indices) -> Any:
    """The cosine (n,) of each row with its group's centre, rounded, so that equals are equal."""
    near = np.empty(len(rows), dtype=np.float32)
    for top in range(0, len(rows), _BLOCK):
        part = slice(top, top + _BLOCK)
        near[part] = np.einsum("nd,nd->n", rows[part], centres[group[part]])
    return near.round(_DIGITS)


def _by_first_appearance(labels: Indices) -> tuple[Indices, Indices]:
    """Labels (n,) numbered anew in order, and how many have each (n,)."""
    _, first, inverse, count = np.unique(
        labels, return_index=True, return_inverse=True, return_counts=True
    )
    number = np.empty(len(first), dtype=np.int64)
    number[np.argsort(first, kind="stable")] = np.arange(len(first))
    return number[inverse], count[inverse]


def _representatives(near: Any, cluster: Indices, able: Mask) -> Mask:
    """One text a cluster: of those that may be it the nearest to its centre, then the earliest."""
    shown = np.zeros(len(cluster), dtype=np.bool_)
    may = np.flatnonzero(able)
    order = may[np.lexsort((may, -near[may], cluster[may]))]
    shown[order[np.unique(cluster[order], return_index=True)[1]]] = True
    return shown
