"""Pairs of unit vectors that are nearly the same: exactly where rows are few, else through cells.

Where rows are many they are split into cells by k-means (see `cells`), and each row is compared
with the rows of the cells nearest to it, as in an inverted file (Jegou, Douze and Schmid, PAMI
2011).  What is lost lies in cells beyond those that both rows look into.  What is found is always
alike: every pair's cosine is computed from its two rows.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from attrs import field, frozen

from kuavi.domain.cells import Cells, cells_of, looks
from kuavi.domain.layers import Indices
from kuavi.domain.space import Matrix

Cosines: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float32]]

FEW = 8_000
"""Up to so many rows each is compared with each."""
ROUNDING = 1e-5
"""Two ways to multiply two unit vectors differ by less."""
MOST_PAIRS = 32
"""So many pairs a row, on average, are kept at most, which is about as much as the row is."""

_BLOCK = 1024
_LOW = 256
_WIDE = 4096


@frozen(eq=False)
class Pairs:
    """Pairs of rows first[i] < second[i], each pair once, sorted, and their cosines."""

    first: Indices = field(repr=False)
    second: Indices = field(repr=False)
    cosine: Cosines = field(repr=False)

    def __len__(self) -> int:
        return len(self.first)


def alike(rows: Matrix, least: float, few: int = FEW) -> Pairs | None:
    """All pairs of unit rows (n, dim) with a cosine of at least `least`; None: far too many.

    `least` counts as reached within rounding, so equal rows are alike even at 1.  A zero row is
    like nothing.  Above `few` rows some pairs may be missing (see the module); equal rows are never
    missed.  More than `MOST_PAIRS` a row are not kept.
    """
    near = _all(rows, least) if len(rows) <= few else _probed(rows, cells_of(rows), least)
    found, n_found = [], 0
    for codes in near:
        found.append(codes)
        n_found += len(codes)
        if n_found > MOST_PAIRS * len(rows):
            return None
    codes = np.unique(np.concatenate(found)) if found else np.empty(0, dtype=np.int64)
    return _verified(rows, codes, least)


def dots(rows: Matrix, first: Indices, second: Indices) -> Cosines:
    """The product of rows first[i] and second[i]: equal rows give equal products, to the bit."""
    products = np.empty(len(first), dtype=np.float32)
    for start in range(0, len(first), _WIDE):
        part = slice(start, start + _WIDE)
        np.einsum("nd,nd->n", rows[first[part]], rows[second[part]], out=products[part])
    return products


def _verified(rows: Matrix, codes: Indices, least: float) -> Pairs:
    """The pairs in numerical order, each by one and the same sum of its products."""
    first, second = np.divmod(codes, max(len(rows), 1))
    cosine = np.clip(dots(rows, first, second), -1, 1)
    good = cosine >= least - ROUNDING
    return Pairs(first[good], second[good], cosine[good])


def _codes(first: Any, second: Any, n: int) -> Indices:
    """A pair as one number; the lower row counts n."""
    return np.minimum(first, second) * n + np.maximum(first, second)


def _where(true: Any) -> tuple[Indices, Indices]:
    """Where a mask (a, b) is true; sooner than `np.nonzero` for one that hardly is."""
    rows, columns = np.divmod(np.flatnonzero(true), true.shape[1])
    return rows, columns


def _all(rows: Matrix, least: float) -> Iterator[Indices]:
    """Block by block of the upper triangle."""
    n, edge = len(rows), np.float32(least - 2 * ROUNDING)
    for top in range(0, n, _LOW):
        block = rows[top : top + _LOW]
        for left in range(top, n, _WIDE):
            a, b = _where(block @ rows[left : left + _WIDE].T >= edge)
            a, b = a + top, b + left
            yield _codes(a[a < b], b[a < b], n)


def _probed(rows: Matrix, cells: Cells, least: float) -> Iterator[Indices]:
    """Cell by cell: its own rows against all rows that look into it."""
    n, edge = len(rows), np.float32(least - 2 * ROUNDING)
    own, looker, into = looks(rows, cells, least)
    members, ends = (
        np.argsort(own, kind="stable"),
        np.cumsum(np.bincount(own, minlength=len(cells))),
    )
    by_cell = np.argsort(into, kind="stable")
    asked = np.cumsum(np.bincount(into, minlength=len(cells)))
    for cell in range(len(cells)):
        inside = members[ends[cell - 1] if cell else 0 : ends[cell]]
        asking = looker[by_cell[asked[cell - 1] if cell else 0 : asked[cell]]]
        for left in range(0, len(inside), _WIDE):
            part = rows[inside[left : left + _WIDE]].T
            for top in range(0, len(asking), _BLOCK):
                some = asking[top : top + _BLOCK]
                a, b = _where(rows[some] @ part >= edge)
                one, other = some[a], inside[left + b]
                different = one != other
                yield _codes(one[different], other[different], n)
