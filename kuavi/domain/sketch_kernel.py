"""The numba engine of sketches (see `sketch`); imported only where numba is.

Rows are taken in blocks that stay in the first-level cache, two words at a time: loops over rows
become vector code that counts the bits of eight words at once where the processor can.  The loops
are written for the four digits of `sketch`.  What compiled code takes from other modules comes as
an argument: numba's cache on disk does not notice when those change.
"""

from typing import Any

import numpy as np
from attrs import frozen
from numba import types
from numba.extending import intrinsic

from kuavi.domain.layers import Indices
from kuavi.domain.sketch import HEAD, TOP, Asked, Counts, Scanned, Sketch, Vector, Z, halved
from kuavi.domain.tournament import compiled

f4, u8 = np.float32, np.uint64
BLOCK = 1024


@intrinsic
def ones(_typing, _word):  # type: ignore[no-untyped-def]
    """How many bits of a uint64 are 1 (LLVM's `llvm.ctpop`)."""

    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.uint64(types.uint64), generate


@compiled
def _scan(signs, query, scales, constants, out):  # type: ignore[no-untyped-def]
    """Into `out`, what `Engine.scan` and `rest` say; bounds as `sketch.upper` has them to the bit.

    `constants` are TOP times the coordinates that are counted, Z, and whether differences of the
    signs before these are in `out`.
    """
    digits, _, step, rounded, mean = query
    most, wide, before = constants
    differ, bounds = out
    n = len(differ)
    sums = np.empty(BLOCK, np.uint64)
    for first in range(0, n, BLOCK):
        last = min(first + BLOCK, n)
        total = sums[: last - first]
        if before:
            total[:] = differ[first:last]
        else:
            total[:] = 0
        for w in range(0, len(signs), 2):
            a, b, c, d = digits[0, w], digits[1, w], digits[2, w], digits[3, w]
            e, f, g, h = digits[0, w + 1], digits[1, w + 1], digits[2, w + 1], digits[3, w + 1]
            some, more = signs[w, first:last], signs[w + 1, first:last]
            for i in range(len(total)):
                x, y = some[i], more[i]
                low = ones(x ^ a) + ones(y ^ e) + ((ones(x ^ b) + ones(y ^ f)) << u8(1))
                high = ones(x ^ c) + ones(y ^ g) + ((ones(x ^ d) + ones(y ^ h)) << u8(1))
                total[i] += low + (high << u8(2))
        factor, noise, reach = scales[0, first:last], scales[1, first:last], scales[2, first:last]
        counts, upper = differ[first:last], bounds[first:last]
        for i in range(len(total)):
            count = np.int32(total[i])
            counts[i] = count
            told = factor[i] * (f4(np.int32(most) - np.int32(2) * count) * step)
            off = np.sqrt(noise[i] + reach[i] * rounded)
            upper[i] = mean + (told + wide * off)


@compiled
def _finer(known, query, scales, constants, some):  # type: ignore[no-untyped-def]
    """Into the last of `some`, what `Engine.finer` says; before it, by how much first signs differ.

    `query` is halved; of `bits` the first `read` words of signs are in those differences.
    """
    bits, read = known
    digits, _, step, rounded, mean = query
    most, wide = constants
    rows, differ, bounds = some
    words = bits.shape[1] // 2
    for i in range(len(rows)):
        row = rows[i]
        sign, size = u8(differ[row]), u8(0)
        for w in range(read, words):
            word = bits[row, w]
            low = ones(word ^ digits[0, w]) + (ones(word ^ digits[1, w]) << u8(1))
            high = ones(word ^ digits[2, w]) + (ones(word ^ digits[3, w]) << u8(1))
            sign += low + (high << u8(2))
        for w in range(words):
            word = bits[row, words + w]
            low = ones(word ^ digits[0, w]) + (ones(word ^ digits[1, w]) << u8(1))
            high = ones(word ^ digits[2, w]) + (ones(word ^ digits[3, w]) << u8(1))
            size += low + (high << u8(2))
        count = np.int32(most) - np.int32(4) * np.int32(sign) - np.int32(2) * np.int32(size)
        told = scales[0, row] * (f4(np.int32(count)) * step)
        off = np.sqrt(scales[1, row] + scales[2, row] * rounded)
        bounds[i] = mean + (told + wide * off)


@frozen
class Compiled:
    """The engine that is fast once it is compiled or loaded, which is when it is first used."""

    def scan(self, sketch: Sketch, query: Asked) -> tuple[Counts, Vector]:
        first = query._replace(digits=np.ascontiguousarray(query.digits[:, :HEAD]))
        differ = np.empty(len(sketch), dtype=np.int32)
        bounds = np.empty(len(sketch), dtype=np.float32)
        constants = (TOP * sketch.head, f4(Z), False)
        _scan(sketch.signs[:HEAD], first, sketch.coarse, constants, (differ, bounds))
        return differ, bounds

    def rest(self, sketch: Sketch, query: Asked, first: Counts) -> tuple[Counts, Vector]:
        rest = query._replace(digits=np.ascontiguousarray(query.digits[:, HEAD:]))
        differ, bounds = first.copy(), np.empty(len(sketch), dtype=np.float32)
        constants = (TOP * query.dim, f4(Z), True)
        _scan(sketch.signs[HEAD:], rest, sketch.middle, constants, (differ, bounds))
        return differ, bounds

    def finer(self, sketch: Sketch, query: Asked, rows: Indices, read: Scanned) -> Vector:
        bounds = np.empty(len(rows), dtype=np.float32)
        known = (sketch.bits, read.words)
        half, most = halved(query)
        _finer(known, half, sketch.fine, (most, f4(Z)), (rows, read.differ, bounds))
        return bounds
