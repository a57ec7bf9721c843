"""Sign bits of vectors: bounds on cosines, read from a few of the bytes.

Random hyperplanes (Charikar, STOC 2002): two vectors at the angle a differ in a bit with
probability a / pi.  The rows are centred first, for real embeddings share a direction that would
waste the bits, and rotated at random.  What is read from the bits is no estimate but a bound that
holds with high probability, whatever the rows are, so that whoever scores the rest exactly misses
next to nothing.  It has two tiers: few bits of every row, and more of those that they leave.
"""

from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from attrs import field, frozen

from kuavi.domain.layers import Indices
from kuavi.domain.space import Matrix

COARSE, FINE = 384, 768
"""Bits in the two tiers."""

Z = 3.0
"""How many standard deviations a bound is wide: of the rows at the very bound, 1 in 700 is lost."""

_SEED = 20241
_BLOCK = 16384
_WORD = 64
_COUNTABLE = 3  # words whose bits can be counted in one byte: 3 * 64 < 256

Words: TypeAlias = np.ndarray[tuple[Any, ...], np.dtype[np.uint64]]
Vector: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float32]]
Counts: TypeAlias = np.ndarray[tuple[int], np.dtype[np.uint16]]
"""(n,) how many bits differ."""


@frozen(eq=False)
class Sketch:
    """Of n unit rows: bits of both tiers, `mean` (dim,), and the rows' `lengths` (n,) around it.

    `planes` (dim, COARSE + FINE) are what the bits are signs of products with.
    `coarse` is (COARSE / 64, n), word by word; `fine` is (n, FINE / 64), row by row.
    """

    coarse: Words = field(repr=False)
    fine: Words = field(repr=False)
    mean: Vector = field(repr=False)
    lengths: Vector = field(repr=False)
    planes: Matrix = field(repr=False)

    def __attrs_post_init__(self) -> None:
        n = len(self.lengths)
        shapes = self.coarse.shape, self.fine.shape
        if shapes != ((COARSE // _WORD, n), (n, FINE // _WORD)):
            raise ValueError(f"{n} rows, but bits are {shapes}")
        if self.planes.shape != (len(self.mean), COARSE + FINE):
            raise ValueError(f"{len(self.mean)} wide, but planes are {self.planes.shape}")
        if not self.coarse.dtype == self.fine.dtype == np.uint64:
            raise ValueError(f"bits are {self.coarse.dtype} and {self.fine.dtype}")

    def __len__(self) -> int:
        return len(self.lengths)

    @cached_property
    def longest(self) -> np.float32:
        return self.lengths.max()

    @cached_property
    def shortest(self) -> np.float32:
        return self.lengths.min()


@frozen(eq=False)
class Asked:
    """A query's bits, and its product with the rows' mean."""

    coarse: Words
    fine: Words
    mean: float


def sketch_of(rows: Matrix) -> Sketch:
    """The sketch of unit rows (n, dim), n > 0.  Costs one product with (dim, COARSE + FINE)."""
    mean = rows.mean(axis=0, dtype=np.float64).astype(np.float32)
    planes = _planes(rows.shape[1])
    bits = np.empty((len(rows), (COARSE + FINE) // _WORD), dtype=np.uint64)
    lengths = np.empty(len(rows), dtype=np.float32)
    for first in range(0, len(rows), _BLOCK):
        part = slice(first, first + _BLOCK)
        centred = rows[part] - mean
        lengths[part] = np.linalg.norm(centred, axis=1)
        bits[part] = _packed(centred @ planes)
    n_coarse = COARSE // _WORD
    return Sketch(
        np.ascontiguousarray(bits[:, :n_coarse].T),
        np.ascontiguousarray(bits[:, n_coarse:]),
        mean,
        lengths,
        planes,
    )


def asked(sketch: Sketch, query: Vector) -> Asked:
    """A unit query (dim,) to be compared with the sketch's rows."""
    bits = _packed((query @ sketch.planes)[None])[0]
    n_coarse = COARSE // _WORD
    return Asked(bits[:n_coarse], bits[n_coarse:], float(query @ sketch.mean))


def differing(sketch: Sketch, query: Asked) -> Counts:
    """In how many coarse bits each row differs from the query (n,)."""
    n = len(sketch)
    total = np.zeros(n, dtype=np.uint16)
    differ, ones = np.empty(n, dtype=np.uint64), np.empty(n, dtype=np.uint8)
    for first in range(0, len(sketch.coarse), _COUNTABLE):
        some = np.zeros(n, dtype=np.uint8)
        for i in range(first, min(first + _COUNTABLE, len(sketch.coarse))):
            np.bitwise_xor(sketch.coarse[i], query.coarse[i], out=differ)
            np.bitwise_count(differ, out=ones)
            some += ones
        total += some
    return total


def most_differing(sketch: Sketch, query: Asked, score: float) -> int:
    """A row that differs in more coarse bits than this has no product of `score` with the query."""
    at_most = np.maximum(_COARSE_COSINES * sketch.longest, _COARSE_COSINES * sketch.shortest)
    return int(np.count_nonzero(at_most + query.mean >= score)) - 1


def finer(sketch: Sketch, query: Asked, rows: Indices, differ: Counts) -> Counts:
    """In how many bits of both tiers these rows differ; `differ` says it for the coarse tier."""
    ones = np.bitwise_count(sketch.fine[rows] ^ query.fine)
    return differ + (ones.astype(np.float32) @ _EACH).astype(np.uint16)


def upper(sketch: Sketch, query: Asked, rows: Indices, differ: Counts, both: bool) -> Vector:
    """The highest products that rows which differ in so many bits are taken to have.

    Bits of `both` tiers, or of the coarse one.  q.x = q.mean + |x - mean| cos(q, x - mean), and the
    angle is at least what the lower end of Wilson's interval for the share of differing bits says.
    """
    cosines = _ALL_COSINES if both else _COARSE_COSINES
    return cosines[differ] * sketch.lengths[rows] + np.float32(query.mean)


def _cosines(n_bits: int) -> Vector:
    """The highest cosine for each number of differing bits (n_bits + 1,), descending."""
    share = np.arange(n_bits + 1) / n_bits
    middle = share + Z * Z / (2 * n_bits)
    spread = Z * np.sqrt(share * (1 - share) / n_bits + (Z / (2 * n_bits)) ** 2)
    lowest = np.maximum((middle - spread) / (1 + Z * Z / n_bits), 0)
    return np.cos(np.pi * lowest).astype(np.float32)


_EACH = np.ones(FINE // _WORD, dtype=np.float32)
_COARSE_COSINES = _cosines(COARSE)
_ALL_COSINES = _cosines(COARSE + FINE)


def _packed(projected: Matrix) -> Words:
    """The signs of (n, bits) as words (n, bits / 64)."""
    return np.packbits(projected > 0, axis=1, bitorder="little").view("<u8").astype(np.uint64)


def _planes(dim: int) -> Matrix:
    """(dim, COARSE + FINE): the orthonormal columns of as many random rotations as it takes."""
    draw = np.random.default_rng(_SEED)
    n_bits = COARSE + FINE
    blocks = [np.linalg.qr(draw.standard_normal((dim, dim)))[0] for _ in range(0, n_bits, dim)]
    return np.ascontiguousarray(np.concatenate(blocks, axis=1)[:, :n_bits], dtype=np.float32)
