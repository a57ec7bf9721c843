"""No order of calls, and no number of threads, spends more than a limit allows."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock

import pytest
from attrs import define, field
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from returns.result import Failure, Success

from rlm.models.ledger import NOTHING, Amount, Ledger, Limits, Reservation, nano
from rlm.models.messages import Price, Reply, Request, Usage
from rlm.models.metered import metered
from rlm.models.trouble import (
    BadReply,
    Broke,
    ModelTrouble,
    OverBudget,
    RateLimited,
    Refused,
    ServerFailed,
    TimedOut,
    Unreachable,
)
from rlm.outcome import Outcome
from tests.asking import asking

PRICE = Price(1000.0, 4000.0)
AMOUNTS = st.builds(Amount, st.integers(0, 3), st.integers(0, 50), st.integers(0, 2_000_000_000))


def is_within(limits: Limits, amount: Amount) -> bool:
    return (
        (limits.calls is None or amount.calls <= limits.calls)
        and (limits.tokens is None or amount.tokens <= limits.tokens)
        and (limits.cost_usd is None or amount.cost_usd <= limits.cost_usd * (1 + 1e-12))
    )


class Accounts(RuleBasedStateMachine):
    """Any order of reserving, settling (by no more than was reserved) and giving back."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger(Limits(12, 200, 4.0))
        self.open: list[Reservation] = []
        self.spent = NOTHING

    @rule(worst=AMOUNTS)
    def reserve(self, worst: Amount) -> None:
        fits = is_within(self.ledger.limits, self.spent.plus(self.held()).plus(worst))
        outcome = self.ledger.reserve(worst)
        assert isinstance(outcome, Success) is fits
        if not isinstance(outcome, Failure):
            self.open.append(outcome.unwrap())

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        reservation = self.open.pop(data.draw(st.integers(0, len(self.open) - 1)))
        worst = reservation.amount
        used = Amount(
            data.draw(st.integers(0, worst.calls)),
            data.draw(st.integers(0, worst.tokens)),
            data.draw(st.integers(0, worst.nano_usd)),
        )
        self.ledger.settle(reservation, used)
        self.spent = self.spent.plus(used)

    @precondition(lambda self: self.open)
    @rule()
    def refund(self) -> None:
        reservation = self.open.pop()
        self.ledger.refund(reservation)
        with pytest.raises(KeyError):
            self.ledger.refund(reservation)

    def held(self) -> Amount:
        total = NOTHING
        for reservation in self.open:
            total = total.plus(reservation.amount)
        return total

    @invariant()
    def the_account_is_exact_and_within_its_limits(self) -> None:
        assert self.ledger.spent == self.spent
        assert self.ledger.held == self.held()
        assert is_within(self.ledger.limits, self.spent.plus(self.held()))


TestAccounts = Accounts.TestCase


@define(eq=False)
class Spender:
    """Books what it truly used, and does what its script says."""

    script: list[tuple[int, str]]
    price: Price | None = PRICE
    model_id: str = "spender"
    revision: str = "1"
    takes_images: bool = True
    used: Amount = NOTHING
    lock: Lock = field(factory=Lock)

    def complete(self, request: Request) -> Outcome[Reply, ModelTrouble]:
        number = int(request.messages[0].text.split()[0])
        share, way = self.script[number]
        sent, made = 3, min(share, request.max_tokens)
        outcome, charged = self.went(way, sent, made)
        if charged:
            assert self.price is not None
            amount = Amount(1, sent + made, nano(self.price.of(sent, made)))
            with self.lock:
                self.used = self.used.plus(amount)
        return outcome

    def went(self, way: str, sent: int, made: int) -> tuple[Outcome[Reply, ModelTrouble], bool]:
        usage = Usage(sent, made, None if self.price is None else self.price.of(sent, made))
        troubles: dict[str, tuple[ModelTrouble, bool]] = {
            "refused": (Refused("m", 401, "no"), False),
            "limited": (RateLimited("m", "slow"), False),
            "unreachable": (Unreachable("m", "u", "no"), False),
            "timed out": (TimedOut("m", 1.0), True),
            "failed": (ServerFailed("m", 500, "no"), True),
            "empty": (BadReply("m", "empty", usage), True),
            "odd": (BadReply("m", "odd"), True),
            "broke": (Broke("m", "memory"), True),
        }
        if way in troubles:
            trouble, charged = troubles[way]
            return Failure(trouble), charged
        return Success(Reply("yes", "m", usage, "stop")), True


WAYS = st.sampled_from(
    ["ok", "ok", "ok", "refused", "limited", "unreachable", "timed out", "failed", "empty", "odd"]
)


@given(
    script=st.lists(st.tuples(st.integers(0, 40), WAYS), min_size=1, max_size=24),
    limits=st.builds(
        Limits,
        st.none() | st.integers(0, 12),
        st.none() | st.integers(0, 900),
        st.none() | st.floats(0, 2),
    ),
    workers=st.integers(1, 8),
)
@settings(max_examples=60)
def test_under_any_concurrency_no_more_is_used_than_allowed(
    script: list[tuple[int, str]], limits: Limits, workers: int
) -> None:
    spender, ledger = Spender(script), Ledger(limits)
    model = metered(spender, ledger)
    requests = [asking(f"{i} x", max_tokens=40) for i in range(len(script))]
    with ThreadPoolExecutor(workers) as pool:
        outcomes = list(pool.map(model.complete, requests))
    assert is_within(limits, spender.used)
    assert ledger.held == NOTHING
    booked, used = ledger.spent, spender.used  # an unsure failure is booked at its worst
    assert (booked.calls, booked.tokens) >= (used.calls, used.tokens)
    assert booked.nano_usd >= used.nano_usd
    assert is_within(limits, booked)
    if limits == Limits():
        assert not any(
            isinstance(o, Failure) and isinstance(o.failure(), OverBudget) for o in outcomes
        )


def test_of_callers_at_the_same_moment_only_as_many_pass_as_fit() -> None:
    begin = Barrier(8)
    passed: list[Reservation] = []

    def call(_: int) -> None:
        begin.wait()
        for _ in range(50):
            outcome = ledger.reserve(Amount(1, 10))
            if not isinstance(outcome, Failure):
                passed.append(outcome.unwrap())

    ledger = Ledger(Limits(tokens=1005))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(call, range(8)))
    assert len(passed) == 100
    assert ledger.held == Amount(100, 1000)


@given(st.integers(0, 10**12))
def test_whole_nano_dollars_stay_what_they_are(count: int) -> None:
    assert nano(count / 1e9) == count


@given(st.floats(0, 1e3))
def test_money_is_never_rounded_down(cost: float) -> None:
    assert nano(cost) / 1e9 >= cost * (1 - 1e-12)
