"""The numpy engine of the chain agglomeration (see `chain`), for where numba is not installed.

The same steps and the same results as `kernels`, with a binary heap in place of the tournament.
Stale heap entries are known by their node numbers: no number is given twice, and a slot that was
merged away has none.
"""

from heapq import heapify, heappop, heappush
from math import inf
from typing import TypeAlias

import numpy as np

from kuavi.domain.chain import LANES, LARGEST, Chain, Floats, Rows

Entry: TypeAlias = tuple[float, int, int, int]
"""Inertia, larger node, smaller node, boundary: compares as scikit-learn's heap does."""
GONE = -1
BLOCK = 1024


@np.errstate(over="ignore", invalid="ignore")
def run(chain: Chain, done: int, grouped: bool, short: float) -> int:
    """Merge the cheapest open boundary until none is open (see `chain`); returns merges done."""
    heap = _first_costs(chain, grouped, short)
    while heap:
        cost, larger, smaller, i = heappop(heap)
        j = int(chain.after[i])
        if j == len(chain.nodes) or {larger, smaller} != {chain.nodes[i], chain.nodes[j]}:
            continue
        _merge(chain, done, cost, i, short)
        done += 1
        for left in (int(chain.before[i]), i):
            if left < 0 or chain.after[left] == len(chain.nodes):
                continue
            if _is_open(chain, left, grouped, short):
                right = int(chain.after[left])
                squared = _distances(chain, np.array([left]), np.array([right]))
                heappush(heap, _entry(chain, left, squared[0]))
    return done


def _first_costs(chain: Chain, grouped: bool, short: float) -> list[Entry]:
    opened = []
    left, n = 0, len(chain.nodes)
    while chain.after[left] < n:
        if _is_open(chain, left, grouped, short):
            opened.append(left)
        left = int(chain.after[left])
    heap = []
    for start in range(0, len(opened), BLOCK):
        lefts = np.array(opened[start : start + BLOCK])
        squared = _distances(chain, lefts, chain.after[lefts])
        heap += [_entry(chain, int(i), d) for i, d in zip(lefts, squared, strict=True)]
    heapify(heap)
    return heap


def _entry(chain: Chain, left: int, squared: float) -> Entry:
    right = chain.after[left]
    a, b = float(chain.sizes[left]), float(chain.sizes[right])
    cost = float(squared) * ((a * b) / (a + b))
    nodes = int(chain.nodes[left]), int(chain.nodes[right])
    return (cost if cost <= LARGEST else LARGEST), max(nodes), min(nodes), left


def _is_open(chain: Chain, left: int, grouped: bool, short: float) -> bool:
    right = chain.after[left]
    if grouped and chain.groups[left] != chain.groups[right]:
        return False
    if short == inf:
        return True
    start, middle, end = chain.bounds[[left, right, chain.after[right]]]
    return bool(middle - start < short or end - middle < short)


def _merge(chain: Chain, done: int, cost: float, i: int, short: float) -> None:
    j = int(chain.after[i])
    q = int(chain.after[j])
    chain.children[done] = sorted((chain.nodes[i], chain.nodes[j]))
    chain.inertia[done], chain.splits[done] = cost, j
    if short < inf and chain.bounds[j] - chain.bounds[i] < chain.bounds[q] - chain.bounds[j]:
        chain.groups[i] = chain.groups[j]
    chain.after[i] = q
    if q < len(chain.nodes):
        chain.before[q] = i
    chain.sizes[i] += chain.sizes[j]
    chain.nodes[i], chain.nodes[j] = len(chain.nodes) + done, GONE
    chain.sums[i] += chain.sums[j]


def _distances(chain: Chain, lefts: np.ndarray, rights: np.ndarray) -> Floats:
    """Squared distances of the means of the clusters in slots `lefts` and `rights`, (k,)."""
    a, b = chain.sums[lefts], chain.sums[rights]
    a_sizes = chain.sizes[lefts, None].astype(a.dtype)
    b_sizes = chain.sizes[rights, None].astype(b.dtype)
    if a.dtype == np.float64:
        difference = a / a_sizes - b / b_sizes
        return np.add.accumulate(difference * difference, axis=1)[:, -1]
    one = np.float32(1)
    difference = a * (one / a_sizes) - b * (one / b_sizes)
    return _lane_sums(difference * difference)


def _lane_sums(squares: Rows) -> Floats:
    """Row sums (k, dim) -> (k,) in the order of `chain`: lanes first, then halving."""
    k, dim = squares.shape
    padded = np.zeros((k, -(-dim // LANES) * LANES), dtype=squares.dtype)
    padded[:, :dim] = squares
    lanes = np.add.accumulate(padded.reshape(k, -1, LANES), axis=1)[:, -1]
    while lanes.shape[1] > 1:
        half = lanes.shape[1] // 2
        lanes = lanes[:, :half] + lanes[:, half:]
    return lanes[:, 0].astype(np.float64)
