"""Embedding spaces: which vectors may be compared with which.

A space is a model, its revision and its width.  An array of vectors never travels without its
space, and similarity exists only inside one.  The role (`Text`, `Joint`, `Motion`) states the same
to the type checker: a `Joint` query against `Motion` rows does not type-check.
"""

from collections.abc import Sequence
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

import numpy as np
from attrs import field, frozen
from attrs.validators import ge, min_len

Matrix: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.float32]]
"""(n, dim) float32."""


class Role:
    """What a space is for.  A marker, never instantiated."""


class Text(Role):
    """A sentence encoder: text with text."""


class Joint(Role):
    """Pictures and text in one space."""


class Motion(Role):
    """What happens over time: clips with clips."""


R = TypeVar("R", bound=Role)


class SpaceMismatchError(TypeError):
    """Vectors of different spaces met.  A wiring bug, so it is raised, not returned."""


@frozen
class Space(Generic[R]):
    """Identity of a space; vectors of equal spaces are comparable, all others are not.

    Pooling and normalisation variants belong in `revision`.
    """

    model_id: str = field(validator=min_len(1))
    revision: str = field(validator=min_len(1))
    dim: int = field(validator=ge(1))


@frozen(eq=False)
class Embeddings(Generic[R]):
    """Vectors of one space: rows (n, dim) float32, finite, made read-only."""

    space: Space[R]
    rows: Matrix

    def __attrs_post_init__(self) -> None:
        if self.rows.ndim != 2 or self.rows.shape[1] != self.space.dim:
            raise SpaceMismatchError(
                f"{self.space} holds (n, {self.space.dim}), got {self.rows.shape}"
            )
        if self.rows.dtype != np.float32:
            raise TypeError(f"{self.space}: rows must be float32, got {self.rows.dtype}")
        if not np.isfinite(self.rows).all():
            raise ValueError(f"{self.space}: vectors are not finite")
        self.rows.setflags(write=False)

    def __len__(self) -> int:
        return len(self.rows)

    def stretch(self, first: int, end: int) -> "Embeddings[R]":
        """Rows [first, end), not copied."""
        return Embeddings(self.space, self.rows[first:end])


class Vectors(Protocol):
    """Vectors of one space in order: `Embeddings`, or such as are not in memory.

    Those are read when they are taken (OSError if the disk refuses).
    """

    @property
    def space(self) -> Space[Any]: ...

    @property
    def rows(self) -> Matrix:
        """All, (n, dim), in memory."""
        ...

    def __len__(self) -> int: ...

    def stretch(self, first: int, end: int) -> Embeddings[Any]:
        """Rows [first, end)."""
        ...


def no_rows(space: Space[R]) -> Embeddings[R]:
    """An empty collection of the space."""
    return Embeddings(space, np.empty((0, space.dim), dtype=np.float32))


def joined(space: Space[R], parts: Sequence[Embeddings[R]]) -> Embeddings[R]:
    """All rows of the parts, in order; every part must be in `space`."""
    for part in parts:
        if part.space != space:
            raise SpaceMismatchError(f"cannot join {part.space} to {space}")
    if not parts:
        return no_rows(space)
    return Embeddings(space, np.concatenate([part.rows for part in parts]))


def unit(rows: Matrix) -> Matrix:
    """Rows scaled to length 1; a zero row stays zero.

    Lengths are taken in fp64: the squares of very small fp32 numbers vanish.
    """
    norms = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))[:, None]
    return np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)


def cosine(query: Embeddings[R], rows: Embeddings[R]) -> Matrix:
    """Cosine similarity (q, dim) x (n, dim) -> (q, n) in [-1, 1]; a zero vector scores 0."""
    if query.space != rows.space:
        raise SpaceMismatchError(f"query is in {query.space}, rows are in {rows.space}")
    return np.clip(unit(query.rows) @ unit(rows.rows).T, -1, 1)
