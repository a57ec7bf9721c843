"""The groups of rows nearest to a query: exactly, or through a sketch where rows are many."""

from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from attrs import frozen

from kuavi.domain import sketch as sketches
from kuavi.domain.layers import Indices
from kuavi.domain.ranking import Mask, Scores
from kuavi.domain.sketch import IN_NUMPY, Engine, Scanned, Sketch, Vector
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
_FEW = 1 / 12
"""Rows of this share are few enough to read the rest of their signs one by one."""
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
    question = sketches.asked(grouped.sketch, query)
    return _sketched(_Asked(query, grouped, grouped.sketch, usable, (k, floor), engine, question))


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


@frozen(eq=False)
class _Asked:
    """A query put to a sketch: the k best groups are `wanted`, at least at a floor."""

    query: Vector
    grouped: Grouped
    sketch: Sketch
    usable: Mask
    wanted: tuple[int, float]
    engine: Engine
    question: sketches.Asked

    def left(self, read: Scanned) -> tuple[Indices, float]:
        """The rows that may be in the answer, by what was read, and the score that is reached."""
        k, floor = self.wanted
        bounds = read.bounds if self.usable.all() else np.where(self.usable, read.bounds, -np.inf)
        near = _at_least(bounds, _SKETCHED * k)
        near = near[self.usable[near]]
        likely = self.finer(near, read)
        reached = _kth(self.query, self.grouped, near[_at_least(likely, _SPARE * k)], k)
        least = floor if reached is None else max(reached, floor)
        return np.flatnonzero(bounds >= np.float32(least - _ROUNDING)), least

    def finer(self, rows: Indices, read: Scanned) -> Vector:
        return self.engine.finer(self.sketch, self.question, rows, read)


def _sketched(asked: _Asked) -> Nearest:
    sketch, question, engine = asked.sketch, asked.question, asked.engine
    read = sketches.scanned(sketch, question, engine)
    rows, least = asked.left(read)
    if len(rows) > _FEW * len(sketch) and not read.whole(sketch):
        read = sketches.rescanned(sketch, question, read, engine)
        rows, again = asked.left(read)
        least = max(least, again)
    bounds = asked.finer(rows, read) + np.float32(_ROUNDING)
    able = bounds >= least
    return _settled(asked.query, asked.grouped, rows[able], bounds[able], asked.wanted)


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
    good = scores >= floor
    if not good.all():
        rows, scores = rows[good], scores[good]
    groups = grouped.group[rows]
    order = np.lexsort((rows, groups, -scores))
    first = np.unique(groups[order], return_index=True)[1]
    first.sort()
    top = order[first[:k]]
    return Nearest(groups[top], scores[top], rows[top])
