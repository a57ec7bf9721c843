"""Piles in memory, for tests.  With `room`, a pile is full after so many bytes."""

from attrs import Factory, frozen
from returns.result import Failure, Success

from kuavi.domain.outcome import Outcome
from kuavi.ports.scratch import Pile, Scratch, ScratchFailed


@frozen(eq=False)
class _ListPile:
    room: int | None
    items: list[bytes] = Factory(list)

    def put(self, item: bytes) -> Outcome[int, ScratchFailed]:
        if self.room is not None and sum(map(len, self.items)) + len(item) > self.room:
            return Failure(ScratchFailed("memory", f"{self.room} bytes are full"))
        self.items.append(item)
        return Success(len(self.items) - 1)

    def get(self, number: int) -> Outcome[bytes, ScratchFailed]:
        if not 0 <= number < len(self.items):
            raise IndexError(f"item {number} of {len(self.items)}")
        return Success(self.items[number])


@frozen
class FakeScratch:
    """Follows kuavi.ports.scratch.Scratch."""

    room: int | None = None

    def pile(self) -> Outcome[Pile, ScratchFailed]:
        return Success(_ListPile(self.room))


def build(room: int | None = None) -> Scratch:
    return FakeScratch(room)
