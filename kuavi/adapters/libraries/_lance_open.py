"""Finding a library at a path, or making one there."""

from pathlib import Path

from returns.result import Failure, Success

from kuavi.adapters.libraries._lance_files import exclusively, guarded, mark, marked
from kuavi.adapters.libraries._lance_tables import Tables
from kuavi.domain.outcome import Outcome
from kuavi.ports.library import LibraryFailure, NoLibrary, StorageFailed


def prepared(place: Path, create: bool, patience_s: float) -> Outcome[None, LibraryFailure]:
    """A library is at `place`, made there with `create`; or why there is none."""
    checked = _marked(place)
    if isinstance(checked, Failure):
        match checked.failure():
            case NoLibrary() if create:
                reason = "is something else; give a directory that is new or empty"
                return Failure(StorageFailed(str(place), reason))
            case _:
                return checked
    if checked.unwrap():
        return Success(None)
    if not create:
        return Failure(NoLibrary(str(place)))
    made = guarded(place, lambda: place.mkdir(parents=True, exist_ok=True))
    if isinstance(made, Failure):
        return made
    return exclusively(place, patience_s, lambda: _make(place))


def _make(place: Path) -> Outcome[None, LibraryFailure]:
    """Make the tables, then the marker; another process may have done it while this one waited."""

    def work() -> None:
        Tables(place).make_all()
        mark(place)

    checked = _marked(place)
    if isinstance(checked, Failure):
        return checked
    return Success(None) if checked.unwrap() else guarded(place, work)


def _marked(place: Path) -> Outcome[bool, LibraryFailure]:
    checked = guarded(place, lambda: marked(place))
    return checked if isinstance(checked, Failure) else checked.unwrap()
