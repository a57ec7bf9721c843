"""Derived values of a view: from the disk where an earlier process left them, else computed."""

from typing import TypeVar

from attrs import frozen
from returns.result import Failure, Success

from kuavi.adapters.libraries._derived_files import DerivedFiles
from kuavi.domain.outcome import Outcome
from kuavi.ports.derived import Derivation
from kuavi.ports.library import LibraryFailure

T = TypeVar("T")


@frozen
class Kept:
    """What is kept of a view: files that were computed from `content`."""

    files: DerivedFiles
    content: str


def derive(what: Derivation[T, LibraryFailure], kept: Kept) -> Outcome[T, LibraryFailure]:
    """The value; its arrays are those on disk afterwards, so that they need no memory twice."""
    before = _loaded(what, kept)
    if before is not None:
        return Success(before)
    computed = what.compute()
    if isinstance(computed, Failure):
        return computed
    if what.lasting:
        kept.files.write(what.name, kept.content, computed.unwrap())
    again = _loaded(what, kept)
    return Success(what.load(computed.unwrap()) if again is None else again)


def _loaded(what: Derivation[T, LibraryFailure], kept: Kept) -> T | None:
    arrays = kept.files.read(what.name, kept.content) if what.lasting else None
    if arrays is None:
        return None
    try:
        return what.load(arrays)
    except (ValueError, KeyError, TypeError):
        return None
