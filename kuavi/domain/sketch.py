"""Two bits of each rotated coordinate of vectors: bounds on products, read from few of the bytes.

RaBitQ (Gao and Long, SIGMOD 2024; two bits: Gao et al., SIGMOD 2025): rows are centred, turned by a
random rotation, and of each coordinate the sign is kept, and whether it is large.  A query is
turned too and rounded to four bits, not to one: its product with the signs tells far more than
their number of differences would.  Of wide rows only the first signs are read where they tell
enough: coordinates that were turned at random are worth the same.  How well a row is told by its
bits is known when they are made, so what is read from them is a bound that holds with high
probability, whatever the rows are; whoever scores the rest exactly misses next to nothing.

All sums over bits are of integers and the bounds follow from them by single IEEE operations, so an
`Engine` in numpy and one that is compiled (see `sketch_kernel`) give the same to the last bit.
"""

from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
from attrs import field, frozen

from kuavi.domain.layers import Indices
from kuavi.domain.rotation import Rotation, rotation_of
from kuavi.domain.space import Matrix

Z = 3.0
"""How many standard deviations a bound is wide: of rows at the very bound, 1 in 700 is lost."""

DIGITS = 4
"""Bits of a query's coordinate."""
TOP = 2**DIGITS - 1
"""The largest of its values; they are the odd numbers from -TOP to TOP."""

LARGE = 1.0
"""From so many standard deviations on a coordinate is large: about the least error of two bits."""

_BLOCK = 4096
_BITS = 128  # rows of bits are padded to two words, which a compiled loop takes together

HEAD = 6
"""So many words of signs are read of every row; of rows up to 384 wide that is all."""

FACTOR, NOISE, REACH = 0, 1, 2
"""Rows of a tier's `scales`: see `upper`."""

Words: TypeAlias = np.ndarray[tuple[Any, ...], np.dtype[np.uint64]]
Vector: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float32]]
Counts: TypeAlias = np.ndarray[tuple[int], np.dtype[np.int32]]
"""(n,) sums of the weights of the query's bits that differ from a row's."""


@frozen(eq=False)
class Sketch:
    """Of n unit rows: two bits of each coordinate, and what they are worth.

    `signs` is (words, n), word by word; `bits` (n, 2 words), row by row, has the signs once more
    and the sizes, so that those of one row lie together; `coarse`, `middle` and
    `fine` (3, n) are the scales of products with the first `HEAD` words of signs, with all signs
    and with both bits; `mean` (dim,) and `rotation` are what the rows were centred and turned with.
    """

    signs: Words = field(repr=False)
    bits: Words = field(repr=False)
    coarse: Matrix = field(repr=False)
    middle: Matrix = field(repr=False)
    fine: Matrix = field(repr=False)
    mean: Vector = field(repr=False)
    rotation: Rotation = field(repr=False)

    def __attrs_post_init__(self) -> None:
        dim, n = len(self.mean), self.coarse.shape[1]
        words = _words(dim)
        if (self.signs.shape, self.bits.shape) != ((words, n), (n, 2 * words)):
            raise ValueError(
                f"{n} rows of {dim}, but bits are {self.signs.shape}, {self.bits.shape}"
            )
        scales = (self.coarse, self.middle, self.fine)
        if any(tier.shape != (3, n) for tier in scales):
            raise ValueError(f"{n} rows, but scales are {[tier.shape for tier in scales]}")
        if self.rotation.dim != dim:
            raise ValueError(f"{dim} wide, but the rotation is of {self.rotation.dim}")
        if not self.signs.dtype == self.bits.dtype == np.uint64:
            raise ValueError(f"bits are {self.signs.dtype} and {self.bits.dtype}")
        for array in (self.signs, self.bits, *scales):
            array.setflags(write=False)

    def __len__(self) -> int:
        return self.coarse.shape[1]

    @property
    def head(self) -> int:
        """Of how many coordinates the first words tell the signs."""
        return min(HEAD * 64, len(self.mean))


class Asked(NamedTuple):
    """A query, turned and rounded (a tuple because numba takes tuples).

    Its coordinates are about `step` times odd numbers whose binary digits (1 or -1) are `digits`
    (DIGITS, words); `rounded` is the squared length of what is lost; `mean` is its product with the
    rows' mean.
    """

    digits: Words
    dim: int
    step: np.float32
    rounded: np.float32
    mean: np.float32


@frozen(eq=False)
class Scanned:
    """What was read of every row: by how much its first `words` of signs differ, and `upper`."""

    differ: Counts
    bounds: Vector
    words: int

    def whole(self, sketch: Sketch) -> bool:
        return self.words == len(sketch.signs)


class Engine(Protocol):
    """How bits are counted; all engines give the same."""

    def scan(self, sketch: Sketch, query: Asked) -> tuple[Counts, Vector]:
        """Of every row: the weights of first signs that differ (n,), and `upper` by those."""
        ...

    def rest(self, sketch: Sketch, query: Asked, first: Counts) -> tuple[Counts, Vector]:
        """Of every row, from those of its first signs: the weights of all, and `upper` by all."""
        ...

    def finer(self, sketch: Sketch, query: Asked, rows: Indices, read: Scanned) -> Vector:
        """Of these rows: `upper` by both their bits; what was not read yet is read of them alone.

        A coordinate is told to be sign + size / 2, so products are counted in halves.
        """
        ...


@frozen
class InNumpy:
    """The engine that is always there."""

    def scan(self, sketch: Sketch, query: Asked) -> tuple[Counts, Vector]:
        differ = _differ(sketch.signs[:HEAD], query.digits[:, :HEAD])
        return differ, upper(sketch.coarse, query, TOP * sketch.head - 2 * differ)

    def rest(self, sketch: Sketch, query: Asked, first: Counts) -> tuple[Counts, Vector]:
        differ = first + _differ(sketch.signs[HEAD:], query.digits[:, HEAD:])
        return differ, upper(sketch.middle, query, TOP * query.dim - 2 * differ)

    def finer(self, sketch: Sketch, query: Asked, rows: Indices, read: Scanned) -> Vector:
        words, mine = len(sketch.signs), sketch.bits[rows].T
        unread = _differ(mine[read.words : words], query.digits[:, read.words :])
        differ, sizes = read.differ[rows] + unread, _differ(mine[words:], query.digits)
        half, most = halved(query)
        return upper(sketch.fine[:, rows], half, most - 4 * differ - 2 * sizes)


def _differ(signs: Words, digits: Words) -> Counts:
    """The weights (n,) by which bits (words, n) differ from those of a query (DIGITS, words)."""
    n = signs.shape[1]
    differ = np.zeros(n, dtype=np.int32)
    other, ones = np.empty(n, dtype=np.uint64), np.empty(n, dtype=np.uint8)
    for digit, words in enumerate(digits):
        for word, mine in zip(words, signs, strict=True):
            np.bitwise_xor(mine, word, out=other)
            np.bitwise_count(other, out=ones)
            differ += ones.astype(np.int32) << digit
    return differ


IN_NUMPY = InNumpy()


def sketch_of(rows: Matrix) -> Sketch:
    """The sketch of unit rows (n, dim), n > 0."""
    n, dim = rows.shape
    mean = rows.mean(axis=0, dtype=np.float64).astype(np.float32)
    rotation, head = rotation_of(dim), HEAD * 64
    signs = np.empty((n, _words(dim)), dtype=np.uint64)
    bits = np.empty((n, 2 * _words(dim)), dtype=np.uint64)
    coarse, middle, fine = (np.empty((3, n), dtype=np.float32) for _ in range(3))
    for first in range(0, n, _BLOCK):
        part = slice(first, first + _BLOCK)
        turned = rotation.turned(rows[part] - mean)
        lengths = np.linalg.norm(turned, axis=1)
        positive = turned > 0
        large = np.abs(turned) > LARGE / np.sqrt(dim) * lengths[:, None]
        signs[part] = _packed(positive)
        bits[part] = np.hstack([signs[part], _packed(positive == large)])
        ones = np.where(positive, np.float32(1), np.float32(-1))
        coarse[:, part] = _scales(turned, ones[:, :head], lengths)
        middle[:, part] = _scales(turned, ones, lengths)
        fine[:, part] = _scales(turned, ones * np.where(large, 1.5, 0.5), lengths)
    return Sketch(np.ascontiguousarray(signs.T), bits, coarse, middle, fine, mean, rotation)


def _scales(turned: Matrix, told: Matrix, lengths: Vector) -> Matrix:
    """(3, n): for rows that their bits tell to be in the direction `told` (0 beyond its width)."""
    dim, part = turned.shape[1], turned[:, : told.shape[1]]
    along = np.einsum("nd,nd->n", part, told, dtype=np.float64)  # |row| |told| cos
    own = lengths.astype(np.float64) ** 2
    size = np.einsum("nd,nd->n", told, told, dtype=np.float64)
    some = along > 0
    factor = np.divide(own, along, out=np.zeros_like(own), where=some)
    reach = factor**2 * size / max(dim - 1, 1)
    noise = np.maximum(reach - own / max(dim - 1, 1), 0)
    return np.stack([factor, noise, reach]).astype(np.float32)


def asked(sketch: Sketch, query: Vector) -> Asked:
    """A unit query (dim,) to be compared with the sketch's rows."""
    turned = sketch.rotation.turned(query[None])[0]
    step = np.float32(max(float(np.abs(turned).max()) / TOP, 1e-30))
    place = np.clip(np.rint((turned / step + TOP) / 2), 0, TOP).astype(np.uint8)
    lost = turned - (2 * place.astype(np.float32) - TOP) * step
    return Asked(
        _packed(place >> np.arange(DIGITS, dtype=np.uint8)[:, None] & 1),
        len(turned),
        step,
        np.float32(lost @ lost),
        np.float32(query @ sketch.mean),
    )


def upper(scales: Matrix, query: Asked, products: Counts) -> Vector:
    """The highest product that each row is taken to have; `scales` (3, n) are of one tier.

    `products` are those of the query's integers with the rows' ones.  q.x = q.mean + q.(x - mean);
    the bits give `FACTOR` times the product with what they tell, off by random parts of variance
    `NOISE` for what they don't tell and `REACH` times what rounding took from the query.
    """
    told = scales[FACTOR] * (products.astype(np.float32) * query.step)
    off = np.sqrt(scales[NOISE] + scales[REACH] * query.rounded)
    return query.mean + (told + np.float32(Z) * off)


def scanned(sketch: Sketch, query: Asked, engine: Engine = IN_NUMPY) -> Scanned:
    """The first signs of all rows."""
    return Scanned(*engine.scan(sketch, query), min(HEAD, len(sketch.signs)))


def rescanned(sketch: Sketch, query: Asked, first: Scanned, engine: Engine = IN_NUMPY) -> Scanned:
    """All signs of all rows, of which the first are read."""
    return Scanned(*engine.rest(sketch, query, first.differ), len(sketch.signs))


def halved(query: Asked) -> tuple[Asked, int]:
    """The query in halves of its step, and what its product is with a row that has all its bits."""
    return query._replace(step=query.step / np.float32(2)), 3 * TOP * query.dim


def _words(dim: int) -> int:
    return -(-dim // _BITS) * (_BITS // 64)


def _packed(bits: Any) -> Words:
    """Truth values, or zeros and ones, (n, dim) as words (n, words), padded with zeros."""
    whole = np.zeros((len(bits), _words(bits.shape[1]) * 8), dtype=np.uint8)
    packed = np.packbits(bits, axis=1, bitorder="little")
    whole[:, : packed.shape[1]] = packed
    return whole.view("<u8").astype(np.uint64)
