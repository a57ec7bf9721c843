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

from kuavi.domain.chain import LANES, LARGEST, Chain

f4, f8 = np.float32, np.float64


def _compiled(function: Callable[..., Any]) -> Any:
    """Compiled on first use; kept on disk where some cache directory is writable."""
    try:
        return njit(cache=True, error_model="numpy")(function)
    except RuntimeError:  # numba found no place for its cache, as on a read-only install
        return njit(error_model="numpy")(function)


@_compiled
def _wins(keys, nodes, after, a, b):  # type: ignore[no-untyped-def]
    """Whether boundary a merges before b: by inertia, then larger node, then smaller node.

    The order of scikit-learn's heap of (inertia, larger, smaller), so exact ties agree too.
    """
    if keys[a] != keys[b] or keys[a] == inf:
        return keys[a] < keys[b]
    a_left, a_right = nodes[a], nodes[after[a]]
    b_left, b_right = nodes[b], nodes[after[b]]
    if max(a_left, a_right) != max(b_left, b_right):
        return max(a_left, a_right) < max(b_left, b_right)
    return min(a_left, a_right) < min(b_left, b_right)


@_compiled
def _play(keys, winners, nodes, after, p):  # type: ignore[no-untyped-def]
    """Decide entry p of the tournament; entry m + b stands for boundary b itself."""
    m = len(keys)
    left, right = 2 * p, 2 * p + 1
    a = left - m if left >= m else winners[left]
    b = right - m if right >= m else winners[right]
    winners[p] = a if _wins(keys, nodes, after, a, b) else b


@_compiled
def _replay(chain, boundary):  # type: ignore[no-untyped-def]
    """The tournament again, after `boundary` changed."""
    p = (boundary + len(chain.keys)) >> 1
    while p >= 1:
        _play(chain.keys, chain.winners, chain.nodes, chain.after, p)
        p >>= 1


@_compiled
def _is_open(chain, left, right, grouped, short):  # type: ignore[no-untyped-def]
    if grouped and chain.groups[left] != chain.groups[right]:
        return False
    if short == inf:
        return True
    start, middle = chain.bounds[left], chain.bounds[right]
    return middle - start < short or chain.bounds[chain.after[right]] - middle < short


@_compiled
def _cost(sizes, left, right, squared):  # type: ignore[no-untyped-def]
    """Rise in inertia of a merge; `squared` is the squared distance of the means."""
    a, b = f8(sizes[left]), f8(sizes[right])
    cost = squared * ((a * b) / (a + b))
    return cost if cost <= LARGEST else LARGEST


@_compiled
def _halved(lanes):  # type: ignore[no-untyped-def]
    width = LANES // 2
    while width >= 1:
        for lane in range(width):
            lanes[lane] += lanes[lane + width]
        width //= 2
    return f8(lanes[0])


@_compiled
def _distance32(sums, sizes, a, b, lanes):  # type: ignore[no-untyped-def]
    """Squared distance of two means, float32."""
    left, right, dim = sums[a], sums[b], sums.shape[1]
    by_left, by_right = f4(1) / f4(sizes[a]), f4(1) / f4(sizes[b])
    lanes[:] = 0
    whole = dim // LANES * LANES
    for start in range(0, whole, LANES):
        for lane in range(LANES):
            d = left[start + lane] * by_left - right[start + lane] * by_right
            lanes[lane] += d * d
    for lane in range(dim - whole):
        d = left[whole + lane] * by_left - right[whole + lane] * by_right
        lanes[lane] += d * d
    return _halved(lanes)


@_compiled
def _fused32(sums, sizes, slots, scratch):  # type: ignore[no-untyped-def]
    """Add row j to row i; the squared distances of the mean of i to those of p and q, float32.

    `sizes[i]` is already the size of both.
    """
    p, i, j, q = slots
    at_p, at_i, at_j, at_q, dim = sums[p], sums[i], sums[j], sums[q], sums.shape[1]
    by_p, by_i, by_q = f4(1) / f4(sizes[p]), f4(1) / f4(sizes[i]), f4(1) / f4(sizes[q])
    to_p, to_q = scratch[0], scratch[1]
    to_p[:] = 0
    to_q[:] = 0
    whole = dim // LANES * LANES
    for start in range(0, whole, LANES):
        for lane in range(LANES):
            both = at_i[start + lane] + at_j[start + lane]
            at_i[start + lane] = both
            mean = both * by_i
            d_p = at_p[start + lane] * by_p - mean
            d_q = at_q[start + lane] * by_q - mean
            to_p[lane] += d_p * d_p
            to_q[lane] += d_q * d_q
    for lane in range(dim - whole):
        both = at_i[whole + lane] + at_j[whole + lane]
        at_i[whole + lane] = both
        mean = both * by_i
        d_p = at_p[whole + lane] * by_p - mean
        d_q = at_q[whole + lane] * by_q - mean
        to_p[lane] += d_p * d_p
        to_q[lane] += d_q * d_q
    return _halved(to_p), _halved(to_q)


@_compiled
def _distance64(sums, sizes, a, b, lanes):  # type: ignore[no-untyped-def]
    """Squared distance of two means, float64, added left to right."""
    left, right, dim = sums[a], sums[b], sums.shape[1]
    n_left, n_right = f8(sizes[a]), f8(sizes[b])
    total = 0.0
    for start in range(0, dim, LANES):
        width = min(LANES, dim - start)
        for lane in range(width):
            d = left[start + lane] / n_left - right[start + lane] / n_right
            lanes[lane] = d * d
        for lane in range(width):
            total += lanes[lane]
    return total


@_compiled
def _fused64(sums, sizes, slots, scratch):  # type: ignore[no-untyped-def]
    """`_fused32` for float64: divisions instead of factors, sums left to right."""
    p, i, j, q = slots
    at_p, at_i, at_j, at_q, dim = sums[p], sums[i], sums[j], sums[q], sums.shape[1]
    n_p, n_i, n_q = f8(sizes[p]), f8(sizes[i]), f8(sizes[q])
    to_p, to_q = scratch[0], scratch[1]
    total_p = total_q = 0.0
    for start in range(0, dim, LANES):
        width = min(LANES, dim - start)
        for lane in range(width):
            both = at_i[start + lane] + at_j[start + lane]
            at_i[start + lane] = both
            mean = both / n_i
            d_p = at_p[start + lane] / n_p - mean
            d_q = at_q[start + lane] / n_q - mean
            to_p[lane] = d_p * d_p
            to_q[lane] = d_q * d_q
        for lane in range(width):
            total_p += to_p[lane]
            total_q += to_q[lane]
    return total_p, total_q


@_compiled
def _distance(sums, sizes, a, b, lanes):  # type: ignore[no-untyped-def]
    if sums.itemsize == 4:
        return _distance32(sums, sizes, a, b, lanes)
    return _distance64(sums, sizes, a, b, lanes)


@_compiled
def _fused(sums, sizes, slots, scratch):  # type: ignore[no-untyped-def]
    if sums.itemsize == 4:
        return _fused32(sums, sizes, slots, scratch)
    return _fused64(sums, sizes, slots, scratch)


@_compiled
def _start(chain, grouped, short):  # type: ignore[no-untyped-def]
    """Cost of every open boundary, and the tournament between them."""
    m = len(chain.keys)
    left = 0
    while chain.after[left] <= m:
        right = chain.after[left]
        chain.keys[left] = inf
        if _is_open(chain, left, right, grouped, short):
            squared = _distance(chain.sums, chain.sizes, left, right, chain.scratch[0])
            chain.keys[left] = _cost(chain.sizes, left, right, squared)
        left = right
    for p in range(m - 1, 0, -1):
        _play(chain.keys, chain.winners, chain.nodes, chain.after, p)


@_compiled
def _record(chain, done, i, j):  # type: ignore[no-untyped-def]
    chain.children[done, 0] = min(chain.nodes[i], chain.nodes[j])
    chain.children[done, 1] = max(chain.nodes[i], chain.nodes[j])
    chain.inertia[done] = chain.keys[i]
    chain.splits[done] = j


@_compiled
def _link(chain, done, i, j, short):  # type: ignore[no-untyped-def]
    """One cluster in slot i; the longer half gives its group."""
    q = chain.after[j]
    if short < inf and chain.bounds[j] - chain.bounds[i] < chain.bounds[q] - chain.bounds[j]:
        chain.groups[i] = chain.groups[j]
    chain.after[i] = q
    if q < len(chain.nodes):
        chain.before[q] = i
    chain.sizes[i] += chain.sizes[j]
    chain.nodes[i] = len(chain.nodes) + done
    if j < len(chain.keys):
        chain.keys[j] = inf
        _replay(chain, j)


@_compiled
def _merge(chain, done, i, grouped, short):  # type: ignore[no-untyped-def]
    """Merge boundary i; a neighbour that can't merge is not read."""
    j = chain.after[i]
    _record(chain, done, i, j)
    _link(chain, done, i, j, short)
    p, q, n = chain.before[i], chain.after[i], len(chain.nodes)
    left = p >= 0 and _is_open(chain, p, i, grouped, short)
    right = q < n and _is_open(chain, i, q, grouped, short)
    slots = (p if left else i, i, j, q if right else i)
    to_p, to_q = _fused(chain.sums, chain.sizes, slots, chain.scratch)
    if q < n or i < len(chain.keys):
        chain.keys[i] = _cost(chain.sizes, i, q, to_q) if right else inf
        _replay(chain, i)
    if p >= 0:
        chain.keys[p] = _cost(chain.sizes, p, i, to_p) if left else inf
        _replay(chain, p)


@_compiled
def _run(chain, done, grouped, short):  # type: ignore[no-untyped-def]
    m = len(chain.keys)
    _start(chain, grouped, short)
    while done < m:
        best = chain.winners[1] if m > 1 else 0
        if chain.keys[best] == inf:
            break
        _merge(chain, done, best, grouped, short)
        done += 1
    return done


def run(chain: Chain, done: int, grouped: bool, short: float) -> int:
    """Merge the cheapest open boundary until none is open (see `chain`); returns merges done."""
    return int(_run(chain, done, grouped, short)) if len(chain.keys) else done
