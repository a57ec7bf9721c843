"""The numba engine of the chain agglomeration (see `chain`); imported only where numba is.

One merge is one pass over at most four rows: it reads both halves and both neighbours, writes the
sum over the left half, and gives the distances for the two boundaries that changed.  The cheapest
boundary is kept by a tournament of blocks of FAN, so a merge costs O(dim + log n) and nothing is
allocated.  Memory is the limit: while one merge is computed, the rows of the boundary that is best
without it are already asked for (float32 only: with float64 the ordered sums are the limit).
"""

from math import inf

import numpy as np

from kuavi.domain.chain import AFTER, BEFORE, LANES, LARGEST, NODE, SIZE, Chain
from kuavi.domain.prefetch import prefetch, prefetch_soon
from kuavi.domain.tournament import FAN, NEVER, best, compiled, enter, new_queue, take_out

f4, f8 = np.float32, np.float64
LINE = 64
"""Bytes of a cache line."""


@compiled
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


@compiled
def _cost(clusters, left, right, squared):  # type: ignore[no-untyped-def]
    """Rise in inertia of a merge; `squared` is the squared distance of the means."""
    a, b = f8(clusters[left, SIZE]), f8(clusters[right, SIZE])
    cost = squared * ((a * b) / (a + b))
    return cost if cost <= LARGEST else LARGEST


@compiled
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


@compiled
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


@compiled
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


@compiled
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


@compiled
def _fused64(sums, clusters, slots, scratch):  # type: ignore[no-untyped-def]
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


@compiled
def _distance(sums, clusters, a, b, scratch):  # type: ignore[no-untyped-def]
    if sums.itemsize == 4:
        return _distance32(sums, clusters, a, b, scratch)
    return _distance64(sums, clusters, a, b, scratch)


@compiled
def _fused(sums, clusters, slots, scratch, ahead):  # type: ignore[no-untyped-def]
    if sums.itemsize == 4:
        return _fused32(sums, clusters, slots, scratch, ahead)
    return _fused64(sums, clusters, slots, scratch)


@compiled
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


@compiled
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


@compiled
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
            keys[at], winners[at] = best(keys, winners, clusters, first, level == 0, (-1, -1, -1))


@compiled
def _nodes(clusters, i, j):  # type: ignore[no-untyped-def]
    a, b = clusters[i, NODE], clusters[j, NODE]
    return min(a, b), max(a, b)


@compiled
def _close(keys, winners, levels, clusters, three):  # type: ignore[no-untyped-def]
    """Three boundaries leave the tournament, the first of them its winner."""
    _, b, c = three
    take_out(keys, winners, levels, clusters, three)
    if winners[levels[1] + b // FAN] == b:
        take_out(keys, winners, levels, clusters, (b, b, b))
    if winners[levels[1] + c // FAN] == c:
        take_out(keys, winners, levels, clusters, (c, c, c))


@compiled
def _run(chain, done, rule, scratch, queue):  # type: ignore[no-untyped-def]
    """The arrays are taken out of the tuples once: each access counts references."""
    sums, clusters, groups, bounds = chain.sums, chain.clusters, chain.groups, chain.bounds
    children, inertia, splits = chain.children, chain.inertia, chain.splits
    keys, winners, levels = queue
    costs, blocks, root = keys.view(f8), keys[: levels[-1]].reshape(-1, FAN), levels[-1]
    while keys[root] != NEVER:
        i = winners[root]
        p, j = clusters[i, BEFORE], clusters[i, AFTER]
        children[done, 0], children[done, 1] = _nodes(clusters, i, j)
        inertia[done], splits[done] = costs[i], j
        _close(keys, winners, levels, clusters, (i, max(p, 0), j))
        ahead = winners[root]
        prefetch_soon(clusters, ahead, 0)
        for column in range(0, FAN, LINE // 8):
            prefetch_soon(blocks, ahead // FAN, column)
            prefetch_soon(blocks, levels[1] // FAN + ahead // FAN // FAN, column)
        _join(clusters, groups, bounds, i, len(clusters) + done)
        q = clusters[i, AFTER]
        left = p >= 0 and _is_open(clusters, groups, bounds, p, rule)
        right = _is_open(clusters, groups, bounds, i, rule)
        slots = (p if left else i, i, j, q if right else i)
        to_p, to_q = _fused(sums, clusters, slots, scratch, ahead)
        if left:
            costs[p] = _cost(clusters, p, i, to_p)
            enter(keys, winners, levels, clusters, p)
        if right:
            costs[i] = _cost(clusters, i, q, to_q)
            enter(keys, winners, levels, clusters, i)
        done += 1
    return done


def run(chain: Chain, done: int, grouped: bool, short: float) -> int:
    """Merge the cheapest open boundary until none is open (see `chain`); returns merges done."""
    scratch = np.zeros((2, LANES), dtype=chain.sums.dtype)
    queue = new_queue(len(chain.clusters))
    _start(chain, (grouped, short), scratch, queue)
    return int(_run(chain, done, (grouped, short), scratch, queue))
