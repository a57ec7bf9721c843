"""Many requests at a time: in order, with few of them in memory, ending where the budget does."""

from collections.abc import Iterator
from threading import Barrier, Lock
from time import sleep

import pytest
from returns.result import Failure, Success

from rlm.models import scripted
from rlm.models.ledger import Ledger, Limits
from rlm.models.messages import Reply, Request
from rlm.models.metered import metered
from rlm.models.parallel import complete_all
from rlm.models.trouble import ModelTrouble, OverBudget, Refused
from rlm.outcome import Outcome
from tests.asking import asking


class Pulled:
    """Requests that count how many were taken of them."""

    def __init__(self, total: int) -> None:
        self.total, self.taken = total, 0

    def __iter__(self) -> Iterator[Request]:
        for i in range(self.total):
            self.taken += 1
            yield asking(str(i))


def text(request: Request) -> str:
    return request.messages[0].text


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_answers_come_in_order_however_long_each_takes(workers: int) -> None:
    def slow_first(request: Request) -> str:
        sleep(0.02 if int(text(request)) % 3 == 0 else 0)
        return text(request)

    outcomes = list(complete_all(scripted.build(slow_first), Pulled(17), workers))
    assert [outcome.unwrap().text for outcome in outcomes] == [str(i) for i in range(17)]


def test_as_many_are_asked_at_a_time_as_there_are_workers() -> None:
    together = Barrier(3)

    def meet(request: Request) -> str:
        together.wait(timeout=30)  # breaks unless three are inside
        return text(request)

    assert len(list(complete_all(scripted.build(meet), Pulled(9), 3))) == 9


def test_no_more_are_pulled_than_twice_the_workers_ahead() -> None:
    pulled = Pulled(40)
    answers = complete_all(scripted.build(text), pulled, 3)
    assert pulled.taken == 0
    for given, _ in enumerate(answers, start=1):
        assert pulled.taken <= given + 2 * 3
    assert pulled.taken == 40


def test_one_failure_is_its_own_requests_alone() -> None:
    def odd_fails(request: Request) -> "str | Outcome[Reply, ModelTrouble]":
        return Failure(Refused("m", 400, "odd")) if int(text(request)) % 2 else text(request)

    outcomes = list(complete_all(scripted.build(odd_fails), Pulled(10), 4))
    assert [isinstance(outcome, Failure) for outcome in outcomes] == [False, True] * 5


def test_nothing_is_pulled_once_the_budget_is_over() -> None:
    pulled, ledger = Pulled(1000), Ledger(Limits(calls=5))
    model = scripted.build(text)
    outcomes = list(complete_all(metered(model, ledger), pulled, 2))
    assert len(model.record) == 5
    assert [isinstance(outcome, Success) for outcome in outcomes[:5]] == [True] * 5
    refused = outcomes[5:]
    assert refused
    assert all(isinstance(outcome.failure(), OverBudget) for outcome in refused)
    assert pulled.taken == len(outcomes) <= 5 + 2 * 2 + 1


def test_a_consumer_may_leave_early() -> None:
    pulled, lock, asked = Pulled(1000), Lock(), []

    def answer(request: Request) -> str:
        with lock:
            asked.append(text(request))
        return "yes"

    answers = complete_all(scripted.build(answer), pulled, 2)
    next(answers)
    del answers
    count = len(asked)
    sleep(0.05)
    assert len(asked) == count <= 5


def test_a_bug_in_the_requests_is_raised_after_those_under_way() -> None:
    def requests() -> Iterator[Request]:
        yield asking("0")
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        list(complete_all(scripted.build(text), requests(), 2))


def test_workers_are_at_least_one() -> None:
    with pytest.raises(ValueError, match="workers"):
        complete_all(scripted.build(text), [], 0)


def test_no_requests_no_answers() -> None:
    assert list(complete_all(scripted.build(text), [], 2)) == []
