"""A model that is asked the same thing once."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from attrs import define, evolve, field, frozen
from returns.result import Failure, Success

from rlm.models.canonical import key_of
from rlm.models.messages import NOTHING_USED, STOP, Price, Reply, Request
from rlm.models.port import LanguageModel
from rlm.models.store import ReplyStore
from rlm.models.trouble import ModelTrouble
from rlm.outcome import Outcome

log = logging.getLogger(__name__)


@define(eq=False)
class KeyLocks:
    """One lock a key, for as long as somebody holds it or waits for it."""

    _locks: dict[str, tuple[Lock, int]] = field(factory=dict, init=False)
    _guard: Lock = field(factory=Lock, init=False, repr=False)

    @contextmanager
    def holding(self, key: str) -> Iterator[None]:
        with self._guard:
            lock, users = self._locks.get(key, (Lock(), 0))
            self._locks[key] = (lock, users + 1)
        try:
            with lock:
                yield
        finally:
            with self._guard:
                lock, users = self._locks[key]
                if users == 1:
                    del self._locks[key]
                else:
                    self._locks[key] = (lock, users - 1)


@frozen
class Cached:
    """Wrap it *outside* of `metered`, so that a hit is not paid for.

    The key holds all of the request, so two samples at a temperature need two seeds.  Callers that
    ask the same at the same time make one call.
    """

    inner: LanguageModel
    store: ReplyStore
    locks: KeyLocks = field(factory=KeyLocks, init=False, repr=False)

    @property
    def model_id(self) -> str:
        return self.inner.model_id

    @property
    def revision(self) -> str:
        return self.inner.revision

    @property
    def takes_images(self) -> bool:
        return self.inner.takes_images

    @property
    def price(self) -> Price | None:
        return self.inner.price

    def complete(self, request: Request) -> Outcome[Reply, ModelTrouble]:
        key = key_of(self.model_id, self.revision, request)
        with self.locks.holding(key):
            known = self._known(key)
            if known is not None:
                return Success(evolve(known, usage=NOTHING_USED, cached=True))
            outcome = self.inner.complete(request)
            if not isinstance(outcome, Failure) and outcome.unwrap().finish == STOP:
                kept = self.store.put(key, outcome.unwrap())
                if isinstance(kept, Failure):
                    log.warning("%s; the reply is used, but not kept", kept.failure())
            return outcome

    def _known(self, key: str) -> Reply | None:
        found = self.store.get(key)
        if isinstance(found, Failure):
            log.warning("%s; the model is asked", found.failure())
            return None
        return found.unwrap()


def cached(model: LanguageModel, store: ReplyStore) -> LanguageModel:
    """Complete replies are kept and given again; failures and replies cut off are not."""
    return Cached(model, store)
