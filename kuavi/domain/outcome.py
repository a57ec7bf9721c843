"""How expected failure is written: a closed union the type checker can exhaust.

An operation that may fail for reasons outside the program returns `Success(value)` or
`Failure(reason)`, where `reason` is a small frozen value naming what happened.  Bugs raise.
"""

from collections.abc import Iterable
from typing import TypeAlias, TypeVar

from returns.result import Failure, Success

T = TypeVar("T")
E = TypeVar("E")

Outcome: TypeAlias = Success[T] | Failure[E]


def collect(outcomes: Iterable[Outcome[T, E]]) -> Outcome[tuple[T, ...], E]:
    """All values in order, or the first failure."""
    values: list[T] = []
    for outcome in outcomes:
        if isinstance(outcome, Failure):
            return outcome
        values.append(outcome.unwrap())
    return Success(tuple(values))


def partition(outcomes: Iterable[Outcome[T, E]]) -> tuple[tuple[T, ...], tuple[E, ...]]:
    """Values and failures apart, each in order."""
    values: list[T] = []
    failures: list[E] = []
    for outcome in outcomes:
        match outcome:
            case Success(value):
                values.append(value)
            case Failure(reason):
                failures.append(reason)
    return tuple(values), tuple(failures)
