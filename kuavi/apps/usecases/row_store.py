"""Parts of a decode pass that wait for their commit, rows of vectors outside memory."""

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

import numpy as np
from attrs import frozen
from returns.result import Failure, Success

from kuavi.domain.layers import Layer, Times
from kuavi.domain.outcome import Outcome
from kuavi.domain.space import Embeddings, Joint, Matrix, Motion, Role, Space
from kuavi.ports.parts import Part, Rows
from kuavi.ports.scratch import Pile, Scratch, ScratchFailed

_BLOCK = 256

R = TypeVar("R", bound=Role)


class Waiting(Protocol):
    """A part to be."""

    def part(self) -> Outcome[Part, ScratchFailed]:
        """The part, made anew each time."""
        ...


@frozen(eq=False)
class AtHand:
    """A small part, which waits in memory."""

    made: Part

    def part(self) -> Outcome[Part, ScratchFailed]:
        return Success(self.made)


@frozen(eq=False)
class StoredVectors(Generic[R]):
    """Vectors of which all but the last are read from a pile when they are taken.

    As `kuavi.domain.space.Vectors`; OSError if the disk refuses.
    """

    space: Space[R]
    blocks: Sequence[tuple[Pile, int]]
    last: Matrix

    def __len__(self) -> int:
        return len(self.blocks) * _BLOCK + len(self.last)

    @property
    def rows(self) -> Matrix:
        return self.stretch(0, len(self)).rows

    def stretch(self, first: int, end: int) -> Embeddings[R]:
        first, end, _ = slice(first, end).indices(len(self))
        n_rows = max(end - first, 0)
        rows = np.empty((n_rows, self.space.dim), dtype=np.float32)
        for number in range(first // _BLOCK, -(-(first + n_rows) // _BLOCK)):
            at = number * _BLOCK
            block = self._block(number)[max(first - at, 0) : first + n_rows - at]
            start = max(at - first, 0)
            rows[start : start + len(block)] = block
        return Embeddings(self.space, rows)

    def _block(self, number: int) -> Matrix:
        if number == len(self.blocks):
            return self.last
        pile, item = self.blocks[number]
        block = pile.get(item)
        if isinstance(block, Failure):
            raise OSError(str(block.failure()))
        return np.frombuffer(block.unwrap(), dtype=np.float32).reshape(_BLOCK, -1)


class RowStore(Generic[R]):
    """Rows of vectors as they come: full blocks on a pile, the last ones in memory.

    The block in memory is one array: thousands of small ones would lie scattered over the heap,
    and leave holes when they go.
    """

    def __init__(self, space: Space[R], scratch: Scratch) -> None:
        self._space = space
        self._scratch = scratch
        self._pile: Pile | None = None
        self._blocks: list[tuple[Pile, int]] = []
        self._n_last = 0
        self._last = np.empty((_BLOCK, space.dim), dtype=np.float32)

    def __len__(self) -> int:
        return len(self._blocks) * _BLOCK + self._n_last

    def add(self, rows: Matrix) -> Outcome[None, ScratchFailed]:
        """Rows (k, dim), copied."""
        while len(rows):
            if self._n_last == _BLOCK:
                put = self._put()
                if isinstance(put, Failure):
                    return put
            taken = rows[: _BLOCK - self._n_last]
            self._last[self._n_last : self._n_last + len(taken)] = taken
            self._n_last += len(taken)
            rows = rows[len(taken) :]
        return Success(None)

    def _put(self) -> Outcome[None, ScratchFailed]:
        if self._pile is None:
            made = self._scratch.pile()
            if isinstance(made, Failure):
                return made
            self._pile = made.unwrap()
        put = self._pile.put(self._last.tobytes())
        if isinstance(put, Failure):
            return put
        self._blocks.append((self._pile, put.unwrap()))
        self._n_last = 0
        return Success(None)

    def all(self) -> Outcome[StoredVectors[R], ScratchFailed]:
        """All rows (n, dim), a block of them in memory.

        Each block is read once now: what the disk has lost is told here, not in a commit.
        """
        for pile, number in self._blocks:
            block = pile.get(number)
            if isinstance(block, Failure):
                return block
        last = self._last[: self._n_last].copy()
        return Success(StoredVectors(self._space, tuple(self._blocks), last))


@frozen(eq=False)
class StoredRows:
    """Rows of a layer that wait in a store; row i speaks for [start_s[i], end_s[i])."""

    layer: Layer
    store: RowStore[Joint] | RowStore[Motion]
    start_s: Times
    end_s: Times

    def part(self) -> Outcome[Part, ScratchFailed]:
        rows = self.store.all()
        if isinstance(rows, Failure):
            return rows
        return Success(Rows(self.layer, rows.unwrap(), self.start_s, self.end_s))
