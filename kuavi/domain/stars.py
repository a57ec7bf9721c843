"""Clusters of a graph of likeness in which everything is like one centre: stars.

The star cover of Aslam, Pelekhov and Rus (Journal of Graph Algorithms and Applications 8, 2004):
nodes become centres by their rank, highest first, and take in their neighbours.  Two centres are
never alike, and every member is like its centre, so no chain of small steps joins what is far
apart, as single linkage would.  Here the rank is a node's likeness to its neighbourhood, summed
with weights: among nodes that are all alike, that one is nearest to their mean.  At the end each
member goes to the centre that it is most like.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from attrs import field, frozen

from kuavi.domain.alike import ROUNDING, Pairs
from kuavi.domain.cells import cells_of, looks
from kuavi.domain.layers import Indices
from kuavi.domain.ranking import Mask
from kuavi.domain.space import Matrix

Weights: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]
Apart: TypeAlias = Callable[[Indices, Indices], Any]

_BLOCK = 512


@frozen(eq=False)
class Stars:
    """Of n nodes: the centre (n,) of each (of a centre: itself), and which might be it (n,) too.

    A node might be the centre of its cluster if it is, or is as near to all of the others and like
    nothing outside of the cluster.
    """

    centre: Indices = field(repr=False)
    able: Mask = field(repr=False)


def stars(pairs: Pairs, weights: Weights) -> Stars:
    """The stars of n nodes with weights (n,) > 0.  Of equal ranks the lower node comes first."""
    n = len(weights)
    one = np.concatenate([pairs.first, pairs.second])
    other = np.concatenate([pairs.second, pairs.first])
    cosine = np.concatenate([pairs.cosine, pairs.cosine]).astype(np.float64)
    order = np.lexsort((other, one))
    one, other, cosine = one[order], other[order], cosine[order]
    rank = weights + np.bincount(one, weights[other] * cosine, n)
    leads = _leads(one, other, rank)
    centre = np.arange(n)
    to = ~leads[one] & leads[other]
    member, lead = one[to], other[to]
    nearest = np.lexsort((lead, -cosine[to], member))
    there, best = np.unique(member[nearest], return_index=True)
    centre[there] = lead[nearest[best]]
    outside = np.bincount(one, centre[one] != centre[other], n) > 0
    degree, size = np.bincount(one, minlength=n), np.bincount(centre, minlength=n)
    whole = ~outside & (degree == size[centre] - 1)
    return Stars(centre, leads | (whole & (rank >= rank[centre])))


def stars_by_weight(rows: Matrix, weights: Weights, least: float, how: tuple[Apart, int]) -> Stars:
    """Stars of unit rows (n, dim) without keeping pairs: cell by cell, in order of weight.

    For rows so many of which are alike that their pairs are too many.  `how` is first a function
    that tells of rows i (a,) and j (b,) which pairs (a, b) may not be joined whatever their
    cosine, then up to how many rows there is one cell.  Members are like their
    centre, which is the first of its cluster, not nearest to the mean.  Centres of one cell are not
    alike; those of different cells may be, where the later does not look into the other's.
    """
    apart, few = how
    n, nobody = len(rows), np.empty(0, dtype=np.int64)
    own, looker, into = looks(rows, cells_of(rows, 1 if n <= few else None), least)
    by_row, looked = into[np.argsort(looker, kind="stable")], np.cumsum(np.bincount(looker))
    order = np.lexsort((np.arange(n), -weights, own))
    centre, visitors = np.arange(n), dict[int, list[Indices]]()
    for inside in np.split(order, np.flatnonzero(np.diff(own[order])) + 1):
        leads = np.concatenate([nobody, *visitors.pop(int(own[inside[0]]), [])])
        for top in range(0, len(inside), _BLOCK):
            free = _led(rows, inside[top : top + _BLOCK], leads, (centre, apart, least))
            new = _free_leads(rows, free, least, apart)
            _led(rows, free, new, (centre, apart, least))
            leads = np.concatenate([leads, new])
            for lead in new.tolist():
                for cell in by_row[looked[lead - 1] if lead else 0 : looked[lead]].tolist():
                    visitors.setdefault(cell, []).append(np.array([lead]))
    return Stars(centre, centre == np.arange(n))


def _led(
    rows: Matrix, some: Indices, leads: Indices, told: tuple[Indices, Apart, float]
) -> Indices:
    """Rows that are like one of these centres go to the nearest; the others are returned."""
    centre, apart, least = told
    best = np.full(len(some), np.float32(-2))
    for left in range(0, len(leads), _BLOCK):
        part = leads[left : left + _BLOCK]
        products = np.where(apart(some, part), np.float32(-2), rows[some] @ rows[part].T)
        at = products.argmax(axis=1)
        highest = products[np.arange(len(some)), at]
        better = (highest > best) & (highest >= least - ROUNDING)
        centre[some[better]] = part[at[better]]
        best[better] = highest[better]
    return some[best < -1]


def _free_leads(rows: Matrix, free: Indices, least: float, apart: Apart) -> Indices:
    """Which of these rows are centres, first come first served."""
    near = (rows[free] @ rows[free].T >= least - ROUNDING) & ~apart(free, free)
    taken, leads = np.zeros(len(free), dtype=np.bool_), []
    for i in range(len(free)):
        if not taken[i]:
            leads.append(i)
            taken |= near[i]
    return free[np.array(leads, dtype=np.int64)]


def _leads(one: Indices, other: Indices, rank: Weights) -> Any:
    """Which nodes (n,) are centres; the edges are in both directions, sorted by `one`."""
    leads = np.ones(len(rank), dtype=np.bool_)
    nodes, starts = np.unique(one, return_index=True)
    ends = np.append(starts[1:], len(one))
    taken = np.zeros(len(rank), dtype=np.bool_)
    for k in np.lexsort((nodes, -rank[nodes])).tolist():
        if taken[nodes[k]]:
            leads[nodes[k]] = False
        else:
            taken[other[starts[k] : ends[k]]] = True
    return leads
