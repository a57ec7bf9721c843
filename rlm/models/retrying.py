"""More tries where trouble may pass: exponential back-off with full jitter.

Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015): the n-th pause is uniform
between 0 and min(cap, base * 2^n).  Where the server says how long to wait, that is waited, and the
jitter on top.
"""

import logging
import random
import time
from collections.abc import Callable

from attrs import evolve, field, frozen
from attrs.validators import ge
from returns.result import Failure

from rlm.models.messages import Price, Reply, Request
from rlm.models.port import LanguageModel
from rlm.models.trouble import (
    ModelTrouble,
    Passing,
    RateLimited,
    ServerFailed,
)
from rlm.outcome import Outcome

log = logging.getLogger(__name__)

MOST_DOUBLINGS = 60
"""Far beyond any cap, and within what a float holds."""


@frozen
class Patience:
    """How often and how long.  A server that asks for more than `longest_s` is not waited for."""

    tries: int = field(default=5, validator=ge(1))
    base_s: float = field(default=0.5, validator=ge(0.0))
    cap_s: float = field(default=20.0, validator=ge(0.0))
    longest_s: float = field(default=60.0, validator=ge(0.0))


def pause_s(patience: Patience, tried: int, asked_s: float | None, chance: float) -> float | None:
    """Seconds before the next try after `tried` of them; None: give up.  `chance` is in [0, 1)."""
    if tried >= patience.tries or (asked_s is not None and asked_s > patience.longest_s):
        return None
    jitter = chance * min(patience.cap_s, patience.base_s * 2.0 ** min(tried - 1, MOST_DOUBLINGS))
    return (asked_s or 0.0) + jitter


@frozen
class Retrying:
    inner: LanguageModel
    patience: Patience
    sleep: Callable[[float], None]
    chance: Callable[[], float]

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
        tried = 0
        while True:
            outcome = self.inner.complete(request)
            tried += 1
            if not isinstance(outcome, Failure):
                return outcome
            trouble = outcome.failure()
            if not isinstance(trouble, Passing):
                return outcome
            pause = pause_s(self.patience, tried, _asked_s(trouble), self.chance())
            if pause is None:
                return Failure(evolve(trouble, tries=tried))
            log.info("%s; again in %.1f s", trouble, pause)
            self.sleep(pause)


def _asked_s(trouble: Passing) -> float | None:
    return trouble.retry_after_s if isinstance(trouble, RateLimited | ServerFailed) else None


def retrying(
    model: LanguageModel,
    patience: Patience = Patience(),
    sleep: Callable[[float], None] = time.sleep,
    chance: Callable[[], float] = random.random,
) -> LanguageModel:
    """Tries again what is passing (`trouble.is_passing`) and nothing else."""
    return Retrying(model, patience, sleep, chance)
