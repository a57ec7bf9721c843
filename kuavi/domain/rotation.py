"""A random rotation that is cheap: signs and two small orthogonal matrices, twice.

A vector of a * b numbers, some of their signs changed, is laid out as (a, b) and multiplied from
both sides: with the Kronecker product of two random orthogonal matrices, which costs a + b
multiplications a coordinate in place of a * b.  Every number has its part in every other after one
round; a second one with signs of its own makes the parts alike, whatever the vector was.  Random
signs before a fast transform are those of Ailon and Chazelle (STOC 2006).
"""

from math import isqrt
from typing import Any, TypeAlias

import numpy as np
from attrs import field, frozen

from kuavi.domain.space import Matrix

Blocks: TypeAlias = np.ndarray[tuple[Any, ...], np.dtype[np.float32]]

_SEED = 20241


@frozen(eq=False)
class Rotation:
    """Of each round: `flips` (rounds, dim) signs, `left` (rounds, a, a) and `right` (.., b, b)."""

    flips: Matrix = field(repr=False)
    left: Blocks = field(repr=False)
    right: Blocks = field(repr=False)

    def __attrs_post_init__(self) -> None:
        rounds, dim = self.flips.shape
        a, b = self.left.shape[-1], self.right.shape[-1]
        if a * b != dim or self.left.shape != (rounds, a, a) or self.right.shape != (rounds, b, b):
            raise ValueError(
                f"{dim} wide, but the rotation is {self.left.shape} and {self.right.shape}"
            )

    @property
    def dim(self) -> int:
        return self.flips.shape[1]

    def turned(self, rows: Matrix) -> Matrix:
        """Rows (n, dim), turned: lengths and products stay as they are, but for rounding."""
        n, dim = rows.shape
        a, b = self.left.shape[-1], self.right.shape[-1]
        for flips, left, right in zip(self.flips, self.left, self.right, strict=True):
            wide = (rows * flips).reshape(n * a, b) @ right
            tall = wide.reshape(n, a, b).swapaxes(1, 2).reshape(n * b, a) @ left
            rows = tall.reshape(n, dim)
        return rows


def rotation_of(dim: int) -> Rotation:
    """A rotation of vectors (dim,), always the same.  Of a prime number it is one whole matrix."""
    a = next(a for a in range(isqrt(dim), 0, -1) if dim % a == 0)
    draw, rounds = np.random.default_rng(_SEED), 1 if a == 1 else 2
    flips = draw.choice(np.array([-1, 1], dtype=np.float32), (rounds, dim))
    left, right = (
        np.linalg.qr(draw.standard_normal((rounds, size, size)))[0].astype(np.float32)
        for size in (a, dim // a)
    )
    return Rotation(flips, left, right)
