"""The port of the reply cache, and a store in memory."""

from threading import Lock
from typing import Protocol

from attrs import define, field, frozen
from returns.result import Success

from rlm.models.messages import Reply
from rlm.outcome import Outcome


@frozen
class StoreFailed:
    """The store can't be read or written."""

    place: str
    reason: str

    def __str__(self) -> str:
        return f"reply cache {self.place}: {self.reason}"


class ReplyStore(Protocol):
    """Replies by key (64 hex digits), for several threads and processes at a time."""

    def get(self, key: str) -> Outcome[Reply | None, StoreFailed]:
        """The reply as it was put; None: there is none that is whole."""
        ...

    def put(self, key: str, reply: Reply) -> Outcome[None, StoreFailed]:
        """Keeps a reply in the place of any other under this key."""
        ...


@define(eq=False)
class MemoryStore:
    _replies: dict[str, Reply] = field(factory=dict, init=False, repr=False)
    _lock: Lock = field(factory=Lock, init=False, repr=False)

    def get(self, key: str) -> Outcome[Reply | None, StoreFailed]:
        with self._lock:
            return Success(self._replies.get(key))

    def put(self, key: str, reply: Reply) -> Outcome[None, StoreFailed]:
        with self._lock:
            self._replies[key] = reply
        return Success(None)
