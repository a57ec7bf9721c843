"""Spherical k-means: unit vectors split into cells around unit centres.

Dhillon and Modha, Machine Learning 42 (2001): a row belongs to the centre with which it has the
highest product, a centre is the direction of the sum of its rows.  Centres are learned from a
sample, in a few rounds: cells only say where to look, they need not be the best.  Nothing is drawn
at random: the sample and the first centres are taken at even steps, so equal rows in equal order
give equal cells.
"""

from typing import NamedTuple

import numpy as np
from attrs import frozen

from kuavi.domain.layers import Indices
from kuavi.domain.space import Matrix, unit

ROUNDS = 5
PER_CELL = 32
"""So many rows of the sample for a cell."""
SHARE = 1.5
"""Cells are this many times the square root of the number of rows."""
PROBES = 4
"""So many cells are looked into for a row: its own and the next."""

_BLOCK = 4096
_LOW = 1024
_ROUNDING = 1e-5


@frozen(eq=False)
class Cells:
    """Unit centres (k, dim)."""

    centres: Matrix

    def __len__(self) -> int:
        return len(self.centres)


class Looks(NamedTuple):
    """The own cell of each row (n,), and which row looks into which cell, its own included."""

    own: Indices
    row: Indices
    cell: Indices


def cells_of(rows: Matrix, n_cells: int | None = None, rounds: int = ROUNDS) -> Cells:
    """The cells of unit rows (n, dim), n >= 1; by default about `SHARE` sqrt(n) of them.

    Raises:
        ValueError: if there is no row, or n_cells is not in [1, n].
    """
    n = len(rows)
    k = max(1, round(SHARE * n**0.5)) if n_cells is None else n_cells
    if not 1 <= k <= n:
        raise ValueError(f"{n} rows make 1 to {n} cells, not {k}")
    sample = rows[_even(n, min(n, PER_CELL * k))]
    centres = sample[_even(len(sample), k)].copy()
    for _ in range(rounds):
        centres = _moved(sample, centres)
    return Cells(centres)


def _even(n: int, k: int) -> Indices:
    """k indices into n at even steps."""
    return np.arange(k, dtype=np.int64) * n // k


def _moved(sample: Matrix, centres: Matrix) -> Matrix:
    """Each centre in the direction of its rows' sum; one without rows stays."""
    sums = np.zeros_like(centres)
    for top in range(0, len(sample), _BLOCK):
        block = sample[top : top + _BLOCK]
        own = (block @ centres.T).argmax(axis=1)
        order = np.argsort(own, kind="stable")
        there, starts = np.unique(own[order], return_index=True)
        sums[there] += np.add.reduceat(block[order], starts, axis=0)
    moved = unit(sums)
    empty = ~np.any(moved, axis=1)
    moved[empty] = centres[empty]
    return moved


def looks(rows: Matrix, cells: Cells, least: float) -> Looks:
    """Where to look for what has a cosine of at least `least` with each of unit rows (n, dim).

    Row x and a row of cell C can be r apart only if x is no further than r from the half-space of
    what is nearer to C than to x's own centre A, so (x.A - x.C) / |A - C| <= r.  Cells that fail
    are left out, and nothing is lost by it; so are all but the best `PROBES`.
    """
    reach = float(np.sqrt(max(2 - 2 * least, 0))) + _ROUNDING
    apart = np.sqrt(np.maximum(2 - 2 * (cells.centres @ cells.centres.T), 0))
    slope = 1 / np.maximum(apart, np.float32(_ROUNDING))
    own = np.empty(len(rows), dtype=np.int64)
    lookers, into = [], []
    for top in range(0, len(rows), _LOW):
        products = rows[top : top + _LOW] @ cells.centres.T
        here = np.arange(len(products))
        best = products.argmax(axis=1)
        own[top : top + _LOW] = best
        lag = (products[here, best][:, None] - products) * slope[best]
        lag[here, best] = -1  # a row looks into its own cell first
        for _ in range(min(PROBES, len(cells))):
            next_one = lag.argmin(axis=1)
            able = np.flatnonzero(lag[here, next_one] <= reach)
            lookers.append(able + top)
            into.append(next_one[able])
            lag[here, next_one] = np.inf
    return Looks(own, np.concatenate(lookers), np.concatenate(into))
