"""How expected failure is written here: a value of a closed union, which mypy can exhaust."""

from typing import TypeAlias, TypeVar

from returns.result import Failure, Success

T = TypeVar("T")
E = TypeVar("E")

Outcome: TypeAlias = Success[T] | Failure[E]
