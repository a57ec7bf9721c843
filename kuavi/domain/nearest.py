"""The groups of rows nearest to a query: exactly, or through a sketch where rows are many."""

from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from attrs import frozen

from kuavi.domain import sketch as sketches
from kuavi.domain.layers import Indices
from kuavi.domain.ranking import Mask, Scores, max_per_group, top_k
from kuavi.domain.sketch import IN_NUMPY, Engine, Sketch, Vector
from kuavi.domain.space import Matrix

Numbers: TypeAlias = np.ndarray[tuple[int], np.dtype[Any]]

MANY = 20_000
"""From so many rows on a sketch is worth its while."""

_ROUNDING = 1e-5
"""By how much two ways to multiply two unit vectors may differ, and more."""
_SPARE = 4
"""So many times the rows that are wanted are scored to learn what score is reached."""
_SKETCHED = 16
"""So many times are compared by all their bits, to choose those."""
_FEW_BLOCKS = 256


@frozen(eq=False)
class Nearest:
    """Groups, best first: their number, the score of their best row, and which row that is."""

    groups: Indices
    scores: Scores
    rows: Indices

    def __len__(self) -> int:
        return len(self.groups)


@frozen(eq=False)
class Grouped:
    """Unit rows (n, dim), the group (n,) of each (-1: none), and a sketch of them or None.

    The sketch is used where at least `many` rows may be answers.
    """

    rows: Matrix
    group: Indices
    n_groups: int
    sketch: Sketch | None = None
    many: int = MANY

    @cached_property
    def known(self) -> Mask:
        """The rows that belong to a group."""
        return self.group >= 0


def nearest(
    query: Vector,
    grouped: Grouped,
    k: int,
    allowed: Mask | None = None,
    floor: float = -1.0,
    engine: Engine = IN_NUMPY,
) -> Nearest:
    """The k groups whose best rows have the highest product with a unit query (dim,).

    Ties go to the lower group, within a group to the lower row.  `allowed` (n_groups,) None: all.
    Groups whose best row is below `floor` are left out.  Without a sketch the answer is exact; with
    one each row of the answer is missed with a probability below 1 in 350, and what is found has
    its exact score.  Every `engine` gives the same answer.
    """
    usable = grouped.known if allowed is None else grouped.known & allowed[grouped.group]
    n_usable = int(np.count_nonzero(usable))
    if k < 1 or not n_usable:
        none = np.empty(0, dtype=np.int64)
        return Nearest(none, np.empty(0), none.copy())
    if grouped.sketch is None or n_usable < grouped.many:
        rows = np.flatnonzero(usable)
        bounds = grouped.rows @ query if n_usable == len(usable) else grouped.rows[rows] @ query
        return _settled(query, grouped, rows, bounds + np.float32(_ROUNDING), (k, floor))
    return _sketched(query, grouped, grouped.sketch, usable, (k, floor), engine)


def _settled(
    query: Vector, grouped: Grouped, rows: Indices, bounds: Vector, wanted: tuple[int, float]
) -> Nearest:
    """The best of `rows`, ascending, of which each scores at most its bound."""
    k, floor = wanted
    if len(rows) <= _SKETCHED * k:
        return _best(query, grouped, rows, wanted)
    few = _at_least(bounds, _SPARE * k)
    least = _kth(query, grouped, rows[few], k)
    while least is None and len(few) < len(rows):
        few = _at_least(bounds, _SPARE * len(few))
        least = _kth(query, grouped, rows[few], k)
    least = floor if least is None else max(least, floor)
    return _best(query, grouped, rows[bounds >= least], wanted)


def _sketched(
    query: Vector,
    grouped: Grouped,
    sketch: Sketch,
    usable: Mask,
    wanted: tuple[int, float],
    engine: Engine,
) -> Nearest:
    k, floor = wanted
    question = sketches.asked(sketch, query)
    differ, bounds = engine.scan(sketch, question)
    if not usable.all():
        bounds[~usable] = -np.inf
    near = _at_least(bounds, _SKETCHED * k)
    near = near[usable[near]]
    likely = sketches.finer(sketch, question, near, differ[near], engine)
    reached = _kth(query, grouped, near[_at_least(likely, _SPARE * k)], k)
    least = floor if reached is None else max(reached, floor)
    rows = np.flatnonzero(bounds >= np.float32(least - _ROUNDING))
    bounds = sketches.finer(sketch, question, rows, differ[rows], engine) + np.float32(_ROUNDING)
    able = bounds >= least
    return _settled(query, grouped, rows[able], bounds[able], wanted)


def _at_least(values: Numbers, k: int) -> Indices:
    """Indices, ascending, of at least min(k, n) highest values; of not many more."""
    n = len(values)
    if n <= k:
        return np.arange(n)
    size = max(1, n // max(_FEW_BLOCKS, 2 * k))
    n_blocks = n // size
    highest = values[: n_blocks * size].reshape(n_blocks, size).max(axis=1)
    edge = np.partition(highest, n_blocks - k)[n_blocks - k] if k < n_blocks else highest.min()
    return np.flatnonzero(values >= edge)


def _kth(query: Vector, grouped: Grouped, rows: Indices, k: int) -> float | None:
    """The score of the k-th best group among rows; None if there are fewer groups."""
    found = _best(query, grouped, rows, (k, -np.inf))
    return float(found.scores[-1]) if len(found) == k else None


def _best(query: Vector, grouped: Grouped, rows: Indices, wanted: tuple[int, float]) -> Nearest:
    """The best groups among these rows, by exact scores."""
    k, floor = wanted
    scores = np.clip(np.einsum("nd,d->n", grouped.rows[rows], query), -1, 1).astype(np.float64)
    good = np.flatnonzero(scores >= floor)
    rows, scores = rows[good], scores[good]
    groups, place = np.unique(grouped.group[rows], return_inverse=True)
    best, item = max_per_group(scores, place, len(groups))
    top = top_k(best, k)
    return Nearest(groups[top], best[top], rows[item[top]])
