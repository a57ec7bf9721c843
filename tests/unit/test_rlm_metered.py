"""What a ledger is told of: reserved before, settled after, by what was truly used."""

import pytest
from returns.result import Failure

from rlm.models import scripted
from rlm.models.assembly import assembled
from rlm.models.cached import cached
from rlm.models.ledger import NOTHING, Amount, Ledger, Limits
from rlm.models.messages import Price, Reply, Request, Usage
from rlm.models.metered import metered
from rlm.models.retrying import Patience, retrying
from rlm.models.store import MemoryStore
from rlm.models.trouble import BadReply, ModelTrouble, NoPrice, OverBudget, Refused, TimedOut
from rlm.outcome import Outcome
from tests.asking import PICTURE, asking

PRICE = Price(1.0, 10.0)


def yes(_: Request) -> str:
    return "yes"


def failing(trouble: ModelTrouble) -> scripted.Scripted:
    outcome: Outcome[Reply, ModelTrouble] = Failure(trouble)
    return scripted.build(lambda _: outcome, price=PRICE)


def worst_of(request: Request) -> Amount:
    """What is reserved, seen by a model that looks at the ledger while it is asked."""
    seen: list[Amount] = []
    ledger = Ledger()

    def look(_: Request) -> str:
        seen.append(ledger.held)
        return "yes"

    metered(scripted.build(look, price=PRICE), ledger).complete(request).unwrap()
    assert ledger.held == NOTHING
    return seen[0]


def test_the_worst_case_is_reserved_while_the_model_is_asked() -> None:
    request = asking("stir the soup", max_tokens=100)
    worst = worst_of(request)
    assert worst.calls == 1
    assert worst.tokens >= len(b"stir the soup") + 100
    assert worst.nano_usd == 1_000 * (worst.tokens - 100) + 10_000 * 100
    assert worst_of(asking("stir the soup", PICTURE)).tokens > worst.tokens + 1_000


def test_a_long_word_in_another_script_is_not_underestimated() -> None:
    assert worst_of(asking("ß€漢" * 40)).tokens >= (2 + 3 + 3) * 40


def test_what_was_used_is_booked() -> None:
    ledger = Ledger()
    reply = metered(scripted.build(yes, price=PRICE), ledger).complete(asking("a" * 40)).unwrap()
    assert reply.usage == Usage(10, 1, 20e-6, estimated=True)
    assert ledger.spent == Amount(1, 11, 20_000)
    assert ledger.spent.cost_usd == 20e-6


def test_a_call_that_does_not_fit_is_not_made() -> None:
    model, ledger = scripted.build(yes, price=PRICE), Ledger(Limits(cost_usd=0.001))
    trouble = metered(model, ledger).complete(asking("stir", max_tokens=200)).failure()
    assert isinstance(trouble, OverBudget)
    assert trouble.limit == "USD"
    assert model.record == ()
    assert ledger.spent == NOTHING
    assert str(trouble).startswith("over budget: 0.001 USD allowed, 0 spent or reserved, 0.002")


def test_the_last_call_that_fits_is_made() -> None:
    request = asking("stir", max_tokens=200)
    for spare, made in ((0, 1), (-1, 0)):
        model = scripted.build(yes)
        limits = Limits(tokens=worst_of(request).tokens + spare)
        metered(model, Ledger(limits)).complete(request)
        assert len(model.record) == made


def test_no_call_begins_after_the_time_is_over() -> None:
    times = iter([100.0, 104.9, 105.0])
    ledger = Ledger(Limits(seconds=5), clock=lambda: next(times))
    model = metered(scripted.build(yes), ledger)
    model.complete(asking("stir")).unwrap()
    trouble = model.complete(asking("stir")).failure()
    assert trouble == OverBudget("seconds", 5, 5.0, 0)


def test_a_limit_in_money_needs_a_price() -> None:
    model = scripted.build(yes)
    outcome = metered(model, Ledger(Limits(cost_usd=1))).complete(asking("stir"))
    assert outcome == Failure(NoPrice("scripted"))
    assert model.record == ()


def test_a_failure_that_cost_nothing_is_given_back() -> None:
    ledger = Ledger()
    metered(failing(Refused("m", 401, "no")), ledger).complete(asking("stir"))
    assert ledger.spent == ledger.held == NOTHING


def test_a_failure_that_may_have_cost_is_booked_at_its_worst() -> None:
    ledger, request = Ledger(), asking("stir")
    metered(failing(TimedOut("m", 1.0)), ledger).complete(request)
    assert ledger.spent == worst_of(request)


def test_an_unusable_reply_that_tells_what_it_used_is_booked_so() -> None:
    ledger = Ledger()
    metered(failing(BadReply("m", "empty", Usage(5, 2))), ledger).complete(asking("stir"))
    assert ledger.spent == Amount(1, 7, 25_000)


def test_more_than_was_reserved_is_booked_as_it_was_and_stops_the_next() -> None:
    reply = Reply("yes", "m", Usage(5_000, 10), "stop")
    model = scripted.build(lambda _: Failure(BadReply("m", "odd", reply.usage)))
    ledger = Ledger(Limits(tokens=1_000))
    metered(model, ledger).complete(asking("stir"))
    assert ledger.spent.tokens == 5_010
    stopped = metered(model, ledger).complete(asking("stir", max_tokens=1))
    assert isinstance(stopped.failure(), OverBudget)


def test_a_model_that_raises_holds_nothing_back() -> None:
    def bug(_: Request) -> str:
        raise RuntimeError("a bug")

    ledger, request = Ledger(), asking("stir")
    with pytest.raises(RuntimeError, match="a bug"):
        metered(scripted.build(bug, price=PRICE), ledger).complete(request)
    assert ledger.held == NOTHING
    assert ledger.spent == worst_of(request)


def test_each_try_is_paid_for() -> None:
    ledger, request = Ledger(), asking("stir")
    model = metered(failing(TimedOut("m", 1.0)), ledger)
    retrying(model, Patience(tries=3), lambda _: None).complete(request)
    assert ledger.spent.calls == 3


def test_tries_end_where_the_budget_does() -> None:
    ledger = Ledger(Limits(calls=2))
    model = metered(failing(TimedOut("m", 1.0)), ledger)
    trouble = retrying(model, Patience(tries=9), lambda _: None).complete(asking("x")).failure()
    assert trouble == OverBudget("calls", 2, 2, 1)


def test_a_hit_costs_nothing_in_either_order() -> None:
    for order in ("cache outside", "cache inside"):
        store, ledger, model = MemoryStore(), Ledger(), scripted.build(yes, price=PRICE)
        wrapped = (
            cached(metered(model, ledger), store)
            if order == "cache outside"
            else metered(cached(model, store), ledger)
        )
        first = wrapped.complete(asking("stir")).unwrap()
        spent = ledger.spent
        second = wrapped.complete(asking("stir")).unwrap()
        assert (first.cached, second.cached) == (False, True)
        assert ledger.spent == spent
        assert second.usage == Usage(0, 0, 0.0)


def test_assembled_each_try_is_paid_for_and_a_hit_is_not() -> None:
    outcomes: list[str | Outcome[Reply, ModelTrouble]] = [Failure(TimedOut("m", 1.0)), "yes"]
    model, ledger = scripted.build(lambda _: outcomes.pop(0)), Ledger()
    whole = assembled(model, ledger, MemoryStore(), Patience(base_s=0))
    replies = [whole.complete(asking("stir")).unwrap() for _ in range(3)]
    assert [reply.cached for reply in replies] == [False, True, True]
    assert ledger.spent.calls == len(model.record) == 2


def test_assembled_of_nothing_is_the_model_itself() -> None:
    model = scripted.build(yes)
    assert assembled(model) is model


def test_one_account_serves_several_models() -> None:
    ledger = Ledger(Limits(calls=2))
    one, other = (metered(scripted.build(yes), ledger) for _ in range(2))
    one.complete(asking("a")).unwrap()
    other.complete(asking("b")).unwrap()
    assert isinstance(one.complete(asking("c")).failure(), OverBudget)
