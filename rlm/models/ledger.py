"""One account for all calls: reserve the worst case, call, settle by what was used.

Money is counted in whole nano-dollars, so that sums are exact and nothing drifts.
"""

import math
from collections.abc import Callable
from threading import Lock
from time import monotonic

from attrs import define, field, frozen
from attrs.validators import ge, optional
from returns.result import Failure, Success

from rlm.models.trouble import OverBudget
from rlm.outcome import Outcome

NANO = 1_000_000_000


@frozen
class Limits:
    """None is no limit.  `seconds` runs from the ledger's making; no call begins after it."""

    calls: int | None = field(default=None, validator=optional(ge(0)))
    tokens: int | None = field(default=None, validator=optional(ge(0)))
    cost_usd: float | None = field(default=None, validator=optional(ge(0.0)))
    seconds: float | None = field(default=None, validator=optional(ge(0.0)))


@frozen
class Amount:
    """What calls use.  `nano_usd` is rounded up, so that it is never less than the price."""

    calls: int = field(default=0, validator=ge(0))
    tokens: int = field(default=0, validator=ge(0))
    nano_usd: int = field(default=0, validator=ge(0))

    @property
    def cost_usd(self) -> float:
        return self.nano_usd / NANO

    def plus(self, other: "Amount") -> "Amount":
        return Amount(
            self.calls + other.calls, self.tokens + other.tokens, self.nano_usd + other.nano_usd
        )

    def minus(self, other: "Amount") -> "Amount":
        """Raises ValueError where it would go below nothing."""
        return Amount(
            self.calls - other.calls, self.tokens - other.tokens, self.nano_usd - other.nano_usd
        )


NOTHING = Amount()


def nano(cost_usd: float) -> int:
    """Whole nano-dollars, rounded up but for a float's own error."""
    exact = cost_usd * NANO
    return round(exact) if _is_whole(exact) else math.ceil(exact)


def _allowed(cost_usd: float) -> int:
    exact = cost_usd * NANO
    return round(exact) if _is_whole(exact) else math.floor(exact)


def _is_whole(number: float) -> bool:
    return math.isclose(number, round(number), rel_tol=1e-12)


@frozen(eq=False)
class Reservation:
    """A place in the ledger, to be settled or refunded exactly once."""

    amount: Amount


@define(eq=False)
class Ledger:
    """Shared by all callers and threads.  `spent` plus what is reserved never passes a limit,
    unless a call used more than was reserved for it; that is booked as it was, and stops the next.
    """

    limits: Limits = Limits()
    clock: Callable[[], float] = monotonic
    _spent: Amount = field(default=NOTHING, init=False)
    _open: set[Reservation] = field(factory=set, init=False)
    _held: Amount = field(default=NOTHING, init=False)
    _lock: Lock = field(factory=Lock, init=False, repr=False)
    _start: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._start = self.clock()

    @property
    def spent(self) -> Amount:
        """What is settled."""
        with self._lock:
            return self._spent

    @property
    def held(self) -> Amount:
        """What is reserved by calls under way."""
        with self._lock:
            return self._held

    def reserve(self, worst: Amount) -> Outcome[Reservation, OverBudget]:
        """Room for the worst case of one call, or the first limit that it does not fit into."""
        with self._lock:
            refusal = self._over(worst)
            if refusal is not None:
                return Failure(refusal)
            reservation = Reservation(worst)
            self._open.add(reservation)
            self._held = self._held.plus(worst)
            return Success(reservation)

    def settle(self, reservation: Reservation, used: Amount) -> None:
        """Books what a call used in the place of what was reserved.

        Raises:
            KeyError: the reservation was settled or refunded before.
        """
        with self._lock:
            self._open.remove(reservation)
            self._held = self._held.minus(reservation.amount)
            self._spent = self._spent.plus(used)

    def refund(self, reservation: Reservation) -> None:
        """Gives all of it back: the call cost nothing.  Raises as `settle` does."""
        self.settle(reservation, NOTHING)

    def _over(self, worst: Amount) -> OverBudget | None:
        so_far, limits = self._spent.plus(self._held), self.limits
        if limits.seconds is not None:
            passed = self.clock() - self._start
            if passed >= limits.seconds:
                return OverBudget("seconds", limits.seconds, passed, 0)
        if limits.calls is not None and so_far.calls + worst.calls > limits.calls:
            return OverBudget("calls", limits.calls, so_far.calls, worst.calls)
        if limits.tokens is not None and so_far.tokens + worst.tokens > limits.tokens:
            return OverBudget("tokens", limits.tokens, so_far.tokens, worst.tokens)
        cost = so_far.nano_usd + worst.nano_usd
        if limits.cost_usd is not None and cost > _allowed(limits.cost_usd):
            return OverBudget("USD", limits.cost_usd, so_far.cost_usd, worst.cost_usd)
        return None
