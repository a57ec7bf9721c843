"""Outcomes as the toolbox hands them out: a value, or a `KuaviError`."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias, TypeVar

from returns.result import Success

from kuavi.apps.toolbox.errors import KuaviError
from kuavi.domain.outcome import Outcome

T = TypeVar("T")
PathLike: TypeAlias = str | os.PathLike[str]
Seconds: TypeAlias = tuple[float, float]


def absolute(path: PathLike) -> str:
    return str(Path(path).expanduser().absolute())


def ok(outcome: Outcome[T, object]) -> T:
    if isinstance(outcome, Success):
        return outcome.unwrap()
    raise KuaviError(outcome.failure())


def checked(make: Callable[[], T]) -> T:
    """A request made of what the caller gave; what doesn't fit is an expected failure."""
    try:
        return make()
    except ValueError as error:
        raise KuaviError(error) from error
