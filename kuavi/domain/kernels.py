"""The numba engine of the chain agglomeration (see `chain`); imported only where numba is.

One merge is one pass over at most four rows: it reads both halves and both neighbours, writes the
sum over the left half, and gives the distances for the two boundaries that changed.  The cheapest
boundary is kept by a tournament of blocks of FAN, so a merge costs O(dim + log n) and nothing is
allocated.  Memory is the limit: while one merge is computed, the rows of the boundary that is best
without it are already asked for (LAG columns behind, when their places are known).
"""

from collections.abc import Callable
from math import inf
from typing import Any

import numpy as np
from numba import njit

from kuavi.domain.chain import AFTER, BEFORE, LANES, LARGEST, NODE, SIZE, Chain
from kuavi.domain.prefetch import prefetch

f4, f8 = np.float32, np.float64
FAN = 32
LINE = 64
"""Bytes of a cache line."""
NEVER = np.float64(inf).view(np.int64)
"""Keys are costs read as integers: none is negative, so both sort alike, and integers are compared
in vector code."""


def _compiled(function: Callable[..., Any]) -> Any:
    """Compiled on first use; kept on disk where some cache directory is writable."""
    try:
        return njit(cache=True, error_model="numpy")(function)
    except RuntimeError:  # numba found no place for its cache, as on a read-only install
        return njit(error_model="numpy")(function)


@_compiled
def _earlier(clusters, a, b):  # type: ignore[no-untyped-def]
    """Whether boundary a merges before b, both costing the same: larger node, then smaller node.

    The order of scikit-learn's heap of (inertia, larger, smaller), so exact ties agree too.
    """
    a_left, a_right = clusters[a, NODE], clusters[clusters[a, AFTER], NODE]
    b_left, b_right = clusters[b, NODE], clusters[clusters[b, AFTER], NODE]
    if max(a_left, a_right) != max(b_left, b_right):
        return max(a_left, a_right) < max(b_left, b_right)
    return min(a_left, a_right) < min(b_left, b_right)


@_compiled
def _best(keys, winners, clusters, first, gone):  # type: ignore[no-untyped-def]
    """Key and boundary of the best of FAN entries from `first`, but for the places in `gone`.

    Two loops of constant length, so vector code: what is lowest, and where and how often.
    """
    x, y, z = gone
    low = NEVER
    for k in range(FAN):
        low = min(low, NEVER if (k == x) | (k == y) | (k == z) else keys[first + k])
    place, times = np.int32(FAN), np.int32(0)
    for k in range(FAN):
        here = keys[first + k] == low and not ((k == x) | (k == y) | (k == z))
        place = min(place, np.int32(k) if here else np.int32(FAN))
        times += np.int32(here)
    won = winners[first + place]
    if times > 1 and low != NEVER:
        for k in range(place + 1, FAN):
            here = keys[first + k] == low and not ((k == x) | (k == y) | (k == z))
            if here and _earlier(clusters, winners[first + k], won):
                won = winners[first + k]
    return low, won


@_compiled
def _take_out(keys, winners, levels, clusters, out):  # type: ignore[no-untyped-def]
    """Three boundaries leave; the blocks over the first of them are decided anew.

    A block is read before its changed entry is written: a wide load right after a narrow store to
    the same bytes would have to wait for it.
    """
    a, b, c = out
    entry = a // FAN
    first = entry * FAN
    low, won = _best(keys, winners, clusters, first, (a - first, b - first, c - first))
    keys[a] = NEVER
    keys[b] = NEVER
    keys[c] = NEVER
    for level in range(1, len(levels) - 1):
        first = levels[level] + entry // FAN * FAN
        at = levels[level] + entry
        gone = (at - first, at - first, at - first)
        key, boundary = _best(keys, winners, clusters, first, gone)
        keys[at], winners[at] = low, won
        if key < low or (key == low and low != NEVER and _earlier(clusters, boundary, won)):
            low, won = key, boundary
        entry //= FAN
    keys[levels[-1]], winners[levels[-1]] = low, won


@_compiled
def _enter(keys, winners, levels, clusters, b):  # type: ignore[no-untyped-def]
    """Boundary b, whose key has become finite, goes up as far as it wins."""
    key, entry = keys[b], np.int64(b)
    for level in range(1, len(levels)):
        entry //= FAN
        at = levels[level] + entry
        if key > keys[at] or (key == keys[at] and _earlier(clusters, winners[at], b)):
            break
        keys[at], winners[at] = key, b


@_compiled
def _row_ahead(clusters, ahead, k):  # type: ignore[no-untyped-def]
    """The k-th row that merging boundary `ahead` will read, nearest to know first."""
    last = len(clusters) - 1
    if k == 0:
        return np.int64(ahead)
    if k == 1:
        return np.int64(min(clusters[ahead, AFTER], last))
    if k == 2:
        return np.int64(min(clusters[min(clusters[ahead, AFTER], last), AFTER], last))
    return np.int64(max(clusters[ahead, BEFORE], 0))


@_compiled
def _cost(clusters, left, right, squared):  # type: ignore[no-untyped-def]
    """Rise in inertia of a merge; `squared` is the squared distance of the means."""
    a, b = f8(clusters[left, SIZE]), f8(clusters[right, SIZE])
    cost = squared * ((a * b) / (a + b))
    return cost if cost <= LARGEST else LARGEST


@_compiled
def _halved(scratch, k):  # type: ignore[no-untyped-def]
    """The sum of the lanes; loops of constant length, so vector code."""
    for lane in range(32):
        scratch[k, lane] += scratch[k, lane + 32]
    for lane in range(16):
        scratch[k, lane] += scratch[k, lane + 16]
    for lane in range(8):
        scratch[k, lane] += scratch[k, lane + 8]
    for lane in range(4):
        scratch[k, lane] += scratch[k, lane + 4]
    return f8((scratch[k, 0] + scratch[k, 2]) + (scratch[k, 1] + scratch[k, 3]))


@_compiled
def _distance32(sums, clusters, a, b, scratch):  # type: ignore[no-untyped-def]
    """Squared distance of two means, float32."""
    by_a, by_b = f4(1) / f4(clusters[a, SIZE]), f4(1) / f4(clusters[b, SIZE])
    scratch[0, :] = 0
    dim = sums.shape[1]
    whole = dim - dim % LANES
    for start in range(0, whole, LANES):
        for lane in range(LANES):
            d = sums[a, start + lane] * by_a - sums[b, start + lane] * by_b
            scratch[0, lane] += d * d
    for lane in range(dim - whole):
        d = sums[a, whole + lane] * by_a - sums[b, whole + lane] * by_b
        scratch[0, lane] += d * d
    return _halved(scratch, 0)


@_compiled
def _fused32(sums, clusters, slots, scratch, ahead):  # type: ignore[no-untyped-def]
    """Add row j to row i; the squared distances of the mean of i to those of p and q, float32.

    The size in slot i is already that of both.  The loops over whole blocks and over the rest say
    the same: only a loop of constant length becomes vector code.
    """
    p, i, j, q = slots
    by_p, by_i = f4(1) / f4(clusters[p, SIZE]), f4(1) / f4(clusters[i, SIZE])
    by_q = f4(1) / f4(clusters[q, SIZE])
    scratch[:] = 0
    dim = sums.shape[1]
    whole = dim - dim % LANES
    row, column, rows = np.int64(ahead), 0, 0
    for start in range(0, whole, LANES):
        for line in range(0, 4 * LANES, LINE // 4):
            prefetch(sums, row, column + line)
        column += 4 * LANES
        if column >= dim:
            rows += 1
            row, column = _row_ahead(clusters, ahead, rows), 0
        for lane in range(LANES):
            both = sums[i, start + lane] + sums[j, start + lane]
            sums[i, start + lane] = both
            d_p = sums[p, start + lane] * by_p - both * by_i
            d_q = sums[q, start + lane] * by_q - both * by_i
            scratch[0, lane] += d_p * d_p
            scratch[1, lane] += d_q * d_q
    for lane in range(dim - whole):
        both = sums[i, whole + lane] + sums[j, whole + lane]
        sums[i, whole + lane] = both
        d_p = sums[p, whole + lane] * by_p - both * by_i
        d_q = sums[q, whole + lane] * by_q - both * by_i
        scratch[0, lane] += d_p * d_p
        scratch[1, lane] += d_q * d_q
    return _halved(scratch, 0), _halved(scratch, 1)


@_compiled
def _distance64(sums, clusters, a, b, scratch):  # type: ignore[no-untyped-def]
    """Squared distance of two means, float64, added left to right."""
    n_a, n_b = f8(clusters[a, SIZE]), f8(clusters[b, SIZE])
    total = 0.0
    for start in range(0, sums.shape[1], LANES):
        width = min(LANES, sums.shape[1] - start)
        for lane in range(width):
            d = sums[a, start + lane] / n_a - sums[b, start + lane] / n_b
            scratch[0, lane] = d * d
        for lane in range(width):
            total += scratch[0, lane]
    return total


@_compiled
def _fused64(sums, clusters, slots, scratch, ahead):  # type: ignore[no-untyped-def]
    """`_fused32` for float64: divisions instead of factors, sums left to right."""
    p, i, j, q = slots
    n_p, n_i, n_q = f8(clusters[p, SIZE]), f8(clusters[i, SIZE]), f8(clusters[q, SIZE])
    to_p = to_q = 0.0
    for start in range(0, sums.shape[1], LANES):
        width = min(LANES, sums.shape[1] - start)
        for lane in range(width):
            both = sums[i, start + lane] + sums[j, start + lane]
            sums[i, start + lane] = both
            mean = both / n_i
            d_p = sums[p, start + lane] / n_p - mean
            d_q = sums[q, start + lane] / n_q - mean
            scratch[0, lane] = d_p * d_p
            scratch[1, lane] = d_q * d_q
        for lane in range(width):
            to_p += scratch[0, lane]
            to_q += scratch[1, lane]
    return to_p, to_q


@_compiled
def _distance(sums, clusters, a, b, scratch):  # type: ignore[no-untyped-def]
    if sums.itemsize == 4:
        return _distance32(sums, clusters, a, b, scratch)
    return _distance64(sums, clusters, a, b, scratch)


@_compiled
def _fused(sums, clusters, slots, scratch, ahead):  # type: ignore[no-untyped-def]
    if sums.itemsize == 4:
        return _fused32(sums, clusters, slots, scratch, ahead)
    return _fused64(sums, clusters, slots, scratch, ahead)


@_compiled
def _is_open(clusters, groups, bounds, left, rule):  # type: ignore[no-untyped-def]
    """Whether the boundary between slot `left` and its right neighbour may be merged."""
    grouped, short = rule
    right = clusters[left, AFTER]
    if right == len(clusters):
        return False
    if grouped and groups[left] != groups[right]:
        return False
    if short == inf:
        return True
    start, middle, end = bounds[left], bounds[right], bounds[clusters[right, AFTER]]
    return middle - start < short or end - middle < short


@_compiled
def _join(clusters, groups, bounds, i, node):  # type: ignore[no-untyped-def]
    """Slot i takes in its right neighbour; the longer of the two gives the group."""
    j = clusters[i, AFTER]
    q = clusters[j, AFTER]
    if len(bounds) and bounds[j] - bounds[i] < bounds[q] - bounds[j]:
        groups[i] = groups[j]
    clusters[i, AFTER] = q
    if q < len(clusters):
        clusters[q, BEFORE] = i
    clusters[i, SIZE] += clusters[j, SIZE]
    clusters[i, NODE] = node


@_compiled
def _start(chain, rule, scratch, queue):  # type: ignore[no-untyped-def]
    """Cost of every open boundary, and the tournament between them."""
    sums, clusters, groups, bounds = chain.sums, chain.clusters, chain.groups, chain.bounds
    keys, winners, levels = queue
    costs = keys.view(f8)
    left = 0
    while clusters[left, AFTER] < len(clusters):
        right = clusters[left, AFTER]
        if _is_open(clusters, groups, bounds, left, rule):
            squared = _distance(sums, clusters, left, right, scratch)
            costs[left] = _cost(clusters, left, right, squared)
        left = right
    for level in range(len(levels) - 1):
        for first in range(levels[level], levels[level + 1], FAN):
            at = levels[level + 1] + (first - levels[level]) // FAN
            keys[at], winners[at] = _best(keys, winners, clusters, first, (-1, -1, -1))


@_compiled
def _run(chain, done, rule, scratch, queue):  # type: ignore[no-untyped-def]
    """The arrays are taken out of the tuples once: each access counts references."""
    sums, clusters, groups, bounds = chain.sums, chain.clusters, chain.groups, chain.bounds
    children, inertia, splits = chain.children, chain.inertia, chain.splits
    keys, winners, levels = queue
    costs, blocks, root = keys.view(f8), keys[: levels[-1]].reshape(-1, FAN), levels[-1]
    while keys[root] != NEVER:
        i = winners[root]
        p, j = clusters[i, BEFORE], clusters[i, AFTER]
        children[done, 0] = min(clusters[i, NODE], clusters[j, NODE])
        children[done, 1] = max(clusters[i, NODE], clusters[j, NODE])
        inertia[done], splits[done] = costs[i], j
        near = max(p, 0)
        _take_out(keys, winners, levels, clusters, (i, near, j))
        if winners[levels[1] + near // FAN] == near:
            _take_out(keys, winners, levels, clusters, (near, near, near))
        if winners[levels[1] + j // FAN] == j:
            _take_out(keys, winners, levels, clusters, (j, j, j))
        ahead = winners[root]
        prefetch(clusters, ahead, 0)
        for column in range(0, FAN, LINE // 8):
            prefetch(blocks, ahead // FAN, column)
            prefetch(blocks, levels[1] // FAN + ahead // FAN // FAN, column)
        _join(clusters, groups, bounds, i, len(clusters) + done)
        q = clusters[i, AFTER]
        left = p >= 0 and _is_open(clusters, groups, bounds, p, rule)
        right = _is_open(clusters, groups, bounds, i, rule)
        slots = (p if left else i, i, j, q if right else i)
        to_p, to_q = _fused(sums, clusters, slots, scratch, ahead)
        if left:
            costs[p] = _cost(clusters, p, i, to_p)
            _enter(keys, winners, levels, clusters, p)
        if right:
            costs[i] = _cost(clusters, i, q, to_q)
            _enter(keys, winners, levels, clusters, i)
        done += 1
    return done


def _new_queue(n: int) -> tuple[Any, Any, Any]:
    """Keys and winners of all levels of the tournament, and where each level begins.

    Level 0 holds the boundaries themselves, every next one the best of each block of FAN entries of
    the one before, the last one entry.  Levels are filled up to whole blocks.
    """
    sizes = [-(-n // FAN) * FAN]
    while sizes[-1] > FAN:
        sizes.append(-(-sizes[-1] // (FAN * FAN)) * FAN)
    levels = np.cumsum([0, *sizes])
    keys = np.full(levels[-1] + 1, NEVER)
    return keys, np.arange(len(keys), dtype=np.int32), levels


def run(chain: Chain, done: int, grouped: bool, short: float) -> int:
    """Merge the cheapest open boundary until none is open (see `chain`); returns merges done."""
    scratch = np.zeros((2, LANES), dtype=chain.sums.dtype)
    queue = _new_queue(len(chain.clusters))
    _start(chain, (grouped, short), scratch, queue)
    return int(_run(chain, done, (grouped, short), scratch, queue))
