"""The numpy engine of the chain agglomeration (see `chain`), for where numba is not installed.

The same steps and the same results as `kernels`, with a binary heap in place of the tournament.
Stale heap entries are known by their node numbers: no number is given twice, and a slot that was
merged away has none.
"""

from heapq import heapify, heappop, heappush
from math import inf
from typing import TypeAlias

import numpy as np

from kuavi.domain.chain import AFTER, BEFORE, LANES, LARGEST, NODE, SIZE, Chain, Floats, Rows

Entry: TypeAlias = tuple[float, int, int, int]
"""Inertia, larger node, smaller node, boundary: compares as scikit-learn's heap does."""
GONE = -1
BLOCK = 128


@np.errstate(over="ignore", invalid="ignore")
def run(chain: Chain, done: int, grouped: bool, short: float) -> int:
    """Merge the cheapest open boundary until none is open (see `chain`); returns merges done."""
    heap = _first_costs(chain, grouped, short)
    while heap:
        cost, larger, smaller, i = heappop(heap)
        j = int(chain.clusters[i, AFTER])
        if j == len(chain.clusters) or {larger, smaller} != {
            chain.clusters[i, NODE],
            chain.clusters[j, NODE],
        }:
            continue
        _merge(chain, done, cost, i)
        done += 1
        for left in (int(chain.clusters[i, BEFORE]), i):
            if left < 0 or chain.clusters[left, AFTER] == len(chain.clusters):
                continue
            if _is_open(chain, left, grouped, short):
                right = int(chain.clusters[left, AFTER])
                squared = _distances(chain, np.array([left]), np.array([right]))
                heappush(heap, _entry(chain, left, squared[0]))
    return done


def _first_costs(chain: Chain, grouped: bool, short: float) -> list[Entry]:
    opened = []
    left, n = 0, len(chain.clusters)
    while chain.clusters[left, AFTER] < n:
        if _is_open(chain, left, grouped, short):
            opened.append(left)
        left = int(chain.clusters[left, AFTER])
    heap = []
    for start in range(0, len(opened), BLOCK):
        lefts = np.array(opened[start : start + BLOCK])
        squared = _distances(chain, lefts, chain.clusters[lefts, AFTER])
        heap += [_entry(chain, int(i), d) for i, d in zip(lefts, squared, strict=True)]
    heapify(heap)
    return heap


def _entry(chain: Chain, left: int, squared: float) -> Entry:
    right = chain.clusters[left, AFTER]
    a, b = float(chain.clusters[left, SIZE]), float(chain.clusters[right, SIZE])
    cost = float(squared) * ((a * b) / (a + b))
    nodes = int(chain.clusters[left, NODE]), int(chain.clusters[right, NODE])
    return (cost if cost <= LARGEST else LARGEST), max(nodes), min(nodes), left


def _is_open(chain: Chain, left: int, grouped: bool, short: float) -> bool:
    right = chain.clusters[left, AFTER]
    if grouped and chain.groups[left] != chain.groups[right]:
        return False
    if short == inf:
        return True
    start, middle, end = chain.bounds[[left, right, chain.clusters[right, AFTER]]]
    return bool(middle - start < short or end - middle < short)


def _merge(chain: Chain, done: int, cost: float, i: int) -> None:
    j = int(chain.clusters[i, AFTER])
    q = int(chain.clusters[j, AFTER])
    chain.children[done] = sorted((chain.clusters[i, NODE], chain.clusters[j, NODE]))
    chain.inertia[done], chain.splits[done] = cost, j
    if len(chain.bounds) and chain.bounds[j] - chain.bounds[i] < chain.bounds[q] - chain.bounds[j]:
        chain.groups[i] = chain.groups[j]
    chain.clusters[i, AFTER] = q
    if q < len(chain.clusters):
        chain.clusters[q, BEFORE] = i
    chain.clusters[i, SIZE] += chain.clusters[j, SIZE]
    chain.clusters[i, NODE], chain.clusters[j, NODE] = len(chain.clusters) + done, GONE
    chain.sums[i] += chain.sums[j]


def _distances(chain: Chain, lefts: np.ndarray, rights: np.ndarray) -> Floats:
    """Squared distances of the means of the clusters in slots `lefts` and `rights`, (k,)."""
    a, b = chain.sums[lefts], chain.sums[rights]
    a_sizes = chain.clusters[lefts, SIZE, None].astype(a.dtype)
    b_sizes = chain.clusters[rights, SIZE, None].astype(b.dtype)
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
