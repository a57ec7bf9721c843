"""The tournament that keeps the cheapest boundary of a chain, for the numba engine (see `kernels`).

Level 0 holds the keys of the boundaries themselves, every next level the best of each block of FAN
entries of the one before it, the last level one entry.  A removal reads one block a level.

Numba's cache on disk notices a change of the file of the function that was called, not of those it
calls: after a change here, touch `kernels` too.
"""

from collections.abc import Callable
from math import inf
from typing import Any

import numpy as np
from numba import njit

from kuavi.domain.chain import AFTER, NODE

FAN = 32
NEVER = np.float64(inf).view(np.int64)
"""Keys are costs read as integers: none is negative, so both sort alike, and integers are compared
in vector code."""


def compiled(function: Callable[..., Any]) -> Any:
    """Compiled on first use; kept on disk where some cache directory is writable."""
    try:
        return njit(cache=True, error_model="numpy")(function)
    except RuntimeError:  # numba found no place for its cache, as on a read-only install
        return njit(error_model="numpy")(function)


@compiled
def _earlier(clusters, a, b):  # type: ignore[no-untyped-def]
    """Whether boundary a merges before b, both costing the same: larger node, then smaller node.

    The order of scikit-learn's heap of (inertia, larger, smaller), so exact ties agree too.
    """
    a_left, a_right = clusters[a, NODE], clusters[clusters[a, AFTER], NODE]
    b_left, b_right = clusters[b, NODE], clusters[clusters[b, AFTER], NODE]
    if max(a_left, a_right) != max(b_left, b_right):
        return max(a_left, a_right) < max(b_left, b_right)
    return min(a_left, a_right) < min(b_left, b_right)


@compiled
def best(keys, winners, clusters, first, leaves, gone):  # type: ignore[no-untyped-def]
    """Key and boundary of the best of FAN entries from `first`, but for the places in `gone`.

    `leaves`: these entries are the boundaries themselves.  Two loops of constant length, so vector
    code: what is lowest, and where and how often.
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
    won = first + place if leaves else winners[first + place]
    if times > 1 and low != NEVER:
        for k in range(place + 1, FAN):
            here = keys[first + k] == low and not ((k == x) | (k == y) | (k == z))
            other = first + k if leaves else winners[first + k]
            if here and _earlier(clusters, other, won):
                won = other
    return low, won


@compiled
def take_out(keys, winners, levels, clusters, out):  # type: ignore[no-untyped-def]
    """Three boundaries leave; the blocks over the first of them are decided anew.

    A block is read before its changed entry is written: a wide load right after a narrow store to
    the same bytes would have to wait for it.
    """
    a, b, c = out
    entry = a // FAN
    first = entry * FAN
    low, won = best(keys, winners, clusters, first, True, (a - first, b - first, c - first))
    keys[a] = NEVER
    keys[b] = NEVER
    keys[c] = NEVER
    for level in range(1, len(levels) - 1):
        first = levels[level] + entry // FAN * FAN
        at = levels[level] + entry
        gone = (at - first, at - first, at - first)
        key, boundary = best(keys, winners, clusters, first, False, gone)
        keys[at], winners[at] = low, won
        if key < low or (key == low and low != NEVER and _earlier(clusters, boundary, won)):
            low, won = key, boundary
        entry //= FAN
    keys[levels[-1]], winners[levels[-1]] = low, won


@compiled
def enter(keys, winners, levels, clusters, b):  # type: ignore[no-untyped-def]
    """Boundary b, whose key has become finite, goes up as far as it wins."""
    key, entry = keys[b], np.int64(b)
    for level in range(1, len(levels)):
        entry //= FAN
        at = levels[level] + entry
        if key > keys[at] or (key == keys[at] and _earlier(clusters, winners[at], b)):
            break
        keys[at], winners[at] = key, b


def new_queue(n: int) -> tuple[Any, Any, Any]:
    """Keys and winners of all levels, none open, and where each level begins.

    Levels are filled up to whole blocks; level 0, with room for n, needs no winners.
    """
    sizes = [-(-n // FAN) * FAN]
    while sizes[-1] > FAN:
        sizes.append(-(-sizes[-1] // (FAN * FAN)) * FAN)
    levels = np.cumsum([0, *sizes])
    keys = np.full(levels[-1] + 1, NEVER)
    return keys, np.zeros(len(keys), dtype=np.int32), levels
