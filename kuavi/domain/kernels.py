"""The numba engine of the chain agglomeration (see `chain`); imported only where numba is.

One merge is one pass over at most four rows: it reads both halves and both neighbours, writes the
sum over the left half, and gives the distances for the two boundaries that changed.  The cheapest
boundary is kept by a tournament, so a merge costs O(dim + log n) and nothing is allocated.
"""

from collections.abc import Callable
from math import inf
from typing import Any

import numpy as np
from numba import njit

from kuavi.domain.chain import AFTER, BEFORE, LANES, LARGEST, NODE, SIZE, Chain

f4, f8 = np.float32, np.float64


def _compiled(function: Callable[..., Any]) -> Any:
    """Compiled on first use; kept on disk where some cache directory is writable."""
    try:
        return njit(cache=True, error_model="numpy")(function)
    except RuntimeError:  # numba found no place for its cache, as on a read-only install
        return njit(error_model="numpy")(function)


@_compiled
def _wins(keys, clusters, a, b):  # type: ignore[no-untyped-def]
    """Whether boundary a merges before b: by inertia, then larger node, then smaller node.

    The order of scikit-learn's heap of (inertia, larger, smaller), so exact ties agree too.
    """
    if keys[a] != keys[b] or keys[a] == inf:
        return keys[a] < keys[b]
    a_left, a_right = clusters[a, NODE], clusters[clusters[a, AFTER], NODE]
    b_left, b_right = clusters[b, NODE], clusters[clusters[b, AFTER], NODE]
    if max(a_left, a_right) != max(b_left, b_right):
        return max(a_left, a_right) < max(b_left, b_right)
    return min(a_left, a_right) < min(b_left, b_right)


@_compiled
def _play(keys, winners, clusters, p):  # type: ignore[no-untyped-def]
    """Decide entry p of the tournament; entry m + b stands for boundary b itself."""
    m = len(keys)
    left, right = 2 * p, 2 * p + 1
    a = left - m if left >= m else winners[left]
    b = right - m if right >= m else winners[right]
    winners[p] = a if _wins(keys, clusters, a, b) else b


@_compiled
def _replay(keys, winners, clusters, changed):  # type: ignore[no-untyped-def]
    """The tournament again, after three boundaries changed, in order; shared entries once.

    Where two of them start at different depths, the deeper one comes last to what they share.
    """
    m = len(keys)
    a, b, c = (changed[0] + m) >> 1, (changed[1] + m) >> 1, (changed[2] + m) >> 1
    while c >= 1:
        _play(keys, winners, clusters, c)
        if b != c and b >= 1:
            _play(keys, winners, clusters, b)
        if a != b and a >= 1:
            _play(keys, winners, clusters, a)
        a, b, c = a >> 1, b >> 1, c >> 1


@_compiled
def _cost(clusters, left, right, squared):  # type: ignore[no-untyped-def]
    """Rise in inertia of a merge; `squared` is the squared distance of the means."""
    a, b = f8(clusters[left, SIZE]), f8(clusters[right, SIZE])
    cost = squared * ((a * b) / (a + b))
    return cost if cost <= LARGEST else LARGEST


@_compiled
def _halved(scratch, k):  # type: ignore[no-untyped-def]
    width = LANES // 2
    while width >= 1:
        for lane in range(width):
            scratch[k, lane] += scratch[k, lane + width]
        width //= 2
    return f8(scratch[k, 0])


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
def _fused32(sums, clusters, slots, scratch):  # type: ignore[no-untyped-def]
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
    for start in range(0, whole, LANES):
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


@_compiled
def _distance(sums, clusters, a, b, scratch):  # type: ignore[no-untyped-def]
    if sums.itemsize == 4:
        return _distance32(sums, clusters, a, b, scratch)
    return _distance64(sums, clusters, a, b, scratch)


@_compiled
def _fused(sums, clusters, slots, scratch):  # type: ignore[no-untyped-def]
    if sums.itemsize == 4:
        return _fused32(sums, clusters, slots, scratch)
    return _fused64(sums, clusters, slots, scratch)


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
def _start(chain, rule):  # type: ignore[no-untyped-def]
    """Cost of every open boundary, and the tournament between them."""
    sums, clusters, keys, scratch = chain.sums, chain.clusters, chain.keys, chain.scratch
    groups, bounds, winners = chain.groups, chain.bounds, chain.winners
    left = 0
    while clusters[left, AFTER] < len(clusters):
        right = clusters[left, AFTER]
        keys[left] = inf
        if _is_open(clusters, groups, bounds, left, rule):
            squared = _distance(sums, clusters, left, right, scratch)
            keys[left] = _cost(clusters, left, right, squared)
        left = right
    for p in range(len(keys) - 1, 0, -1):
        _play(keys, winners, clusters, p)


@_compiled
def _run(chain, done, rule):  # type: ignore[no-untyped-def]
    """The arrays are taken out of the tuple once: each access counts references."""
    sums, clusters, keys, scratch = chain.sums, chain.clusters, chain.keys, chain.scratch
    groups, bounds, winners = chain.groups, chain.bounds, chain.winners
    children, inertia, splits = chain.children, chain.inertia, chain.splits
    m = len(keys)
    while done < m:
        i = winners[1] if m > 1 else winners[0]
        if keys[i] == inf:
            break
        p, j = clusters[i, BEFORE], clusters[i, AFTER]
        children[done, 0] = min(clusters[i, NODE], clusters[j, NODE])
        children[done, 1] = max(clusters[i, NODE], clusters[j, NODE])
        inertia[done], splits[done] = keys[i], j
        _join(clusters, groups, bounds, i, m + 1 + done)
        q = clusters[i, AFTER]
        left = p >= 0 and _is_open(clusters, groups, bounds, p, rule)
        right = _is_open(clusters, groups, bounds, i, rule)
        slots = (p if left else i, i, j, q if right else i)
        to_p, to_q = _fused(sums, clusters, slots, scratch)
        if p >= 0:
            keys[p] = _cost(clusters, p, i, to_p) if left else inf
        if j < m:
            keys[j] = inf
        keys[i] = _cost(clusters, i, q, to_q) if right else inf
        _replay(keys, winners, clusters, (max(p, 0), i, min(j, m - 1)))
        done += 1
    return done


def run(chain: Chain, done: int, grouped: bool, short: float) -> int:
    """Merge the cheapest open boundary until none is open (see `chain`); returns merges done."""
    if len(chain.keys) == 0:
        return done
    _start(chain, (grouped, short))
    return int(_run(chain, done, (grouped, short)))
