"""Scratch port: byte strings of one run that need not be in memory."""

from typing import Protocol

from attrs import frozen

from kuavi.domain.outcome import Outcome


@frozen
class ScratchFailed:
    """The disk refused."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: can't be written to or read from ({self.reason}); is the disk full?"


class Pile(Protocol):
    """Byte strings, numbered from 0 as they come; gone when nobody holds the pile any more."""

    def put(self, item: bytes) -> Outcome[int, ScratchFailed]:
        """Adds one; gives its number."""
        ...

    def get(self, number: int) -> Outcome[bytes, ScratchFailed]:
        """IndexError for a number that was not given."""
        ...


class Scratch(Protocol):
    """Contract: tests/contract/test_scratch.py."""

    def pile(self) -> Outcome[Pile, ScratchFailed]:
        """A new, empty one."""
        ...
