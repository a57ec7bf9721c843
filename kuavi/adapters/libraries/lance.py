"""Libraries on disk, in LanceDB.

One writer at a time (a lock held for the length of one commit), any number of readers, which wait
for nobody.  A commit writes its rows first and then, in one atomic step, the video's row that names
them; a process killed before that step has changed nothing that can be seen.  It survives the death
of the process at any moment.  Of a power cut it promises less: see `_lance_disk`.

A view stays readable for at least an hour after the commit that replaced it; later its files may be
collected, and it answers `StorageFailed`.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from threading import RLock
from typing import TypeVar

from attrs import evolve
from returns.result import Failure, Success

from kuavi.adapters.libraries import _lance_upkeep as upkeep
from kuavi.adapters.libraries._derived_files import DerivedFiles
from kuavi.adapters.libraries._lance_catalogue import Catalogue, Entry, Holding, entry_of, put
from kuavi.adapters.libraries._lance_derived import Kept
from kuavi.adapters.libraries._lance_doctor import examine
from kuavi.adapters.libraries._lance_files import (
    TABLES,
    exclusively,
    guarded,
    versions_changed,
)
from kuavi.adapters.libraries._lance_heap import give_back
from kuavi.adapters.libraries._lance_open import prepared
from kuavi.adapters.libraries._lance_schema import VIDEOS, literal
from kuavi.adapters.libraries._lance_tables import Tables, delete, write
from kuavi.adapters.libraries._lance_torn import drop_torn, torn_in
from kuavi.adapters.libraries._lance_vectors import VectorCache
from kuavi.adapters.libraries._lance_view import LanceView
from kuavi.adapters.libraries._parts import (
    NODES,
    check_nodes,
    check_parts,
    continued,
    part_name,
    without_path,
)
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.manifest import VideoRecord
from kuavi.domain.outcome import Outcome
from kuavi.ports.health import Health
from kuavi.ports.library import (
    Library,
    LibraryFailure,
    LibraryView,
    NoSuchVideo,
    StorageFailed,
)
from kuavi.ports.parts import Part, Tree

_log = logging.getLogger(__name__)
_TRIES = 50

T = TypeVar("T")


class LanceLibrary:
    """Safe to share between threads."""

    def __init__(self, path: Path, patience_s: float, keep_s: float) -> None:
        self._path = path
        self._tables = Tables(path)
        self._patience_s = patience_s
        self._keep = timedelta(seconds=keep_s)
        self._catalogue = Catalogue()
        self._cache = VectorCache()
        self._files = DerivedFiles(path)
        self._latest = self._tables.open(VIDEOS)
        self._view: LanceView | None = None
        self._versions = self._tables.versions(VIDEOS)
        self._changed: int | None = None
        self._lock = RLock()

    @property
    def path(self) -> str:
        return str(self._path)

    def view(self) -> Outcome[LibraryView, LibraryFailure]:
        with self._lock:
            changed = versions_changed(self._versions)
            if self._view is not None and changed is not None and changed == self._changed:
                return Success(self._view)
            for _ in range(_TRIES):
                outcome = guarded(self._path, self._snapshot)
                if isinstance(outcome, Failure):
                    return outcome
                view = outcome.unwrap()
                if view is not None:
                    self._view, self._changed = view, changed
                    return Success(view)
        return Failure(StorageFailed(self.path, f"changed {_TRIES} times while it was opened"))

    def commit(
        self, record: VideoRecord, parts: Sequence[Part] = ()
    ) -> Outcome[None, LibraryFailure]:
        """As the port says.  A part that is there under the stage's key is not written again."""
        check_parts(record, parts)
        return self._writing(lambda: self._commit(record, parts))

    def claim(self, video: VideoId, path: str) -> Outcome[tuple[VideoId, ...], LibraryFailure]:
        return self._writing(lambda: self._claim(video, path))

    def remove(self, video: VideoId) -> Outcome[None, LibraryFailure]:
        return self._writing(lambda: self._remove(video))

    def doctor(self, repair: bool) -> Outcome[Health, LibraryFailure]:
        """Waits for a writer to end: the rows it has not committed yet would look like leftovers.

        Repair deletes rows that no video names, drops stages whose rows are lost from their video's
        record (so that they can run again), makes missing tables and indexes, and compacts.
        """
        return self._writing(
            lambda: Success(examine(self._path, self._tables, self._keep if repair else None))
        )

    def _writing(
        self, work: Callable[[], Outcome[T, LibraryFailure]]
    ) -> Outcome[T, LibraryFailure]:
        def safely() -> Outcome[T, LibraryFailure]:
            done = guarded(self._path, work)
            if isinstance(done, Failure):
                guarded(self._path, lambda: drop_torn(self._path / TABLES))
                return done
            return done.unwrap()

        return exclusively(self._path, self._patience_s, safely)

    def _snapshot(self) -> LanceView | None:
        """A view of the latest version, or None if a writer came in between."""
        self._latest.checkout_latest()
        version = self._latest.version
        if self._view is not None and self._view.version == version:
            return self._view
        videos = self._tables.open(VIDEOS)
        videos.checkout(version)
        entries = self._catalogue.entries(videos)
        kept = Kept(self._files, self._catalogue.content())
        names = {h.table for entry in entries.values() for h in entry.holdings if h.rows}
        pinned = {name: self._tables.open(name) for name in names if self._tables.exists(name)}
        for table in pinned.values():
            table.checkout(table.version)
        self._latest.checkout_latest()
        if self._latest.version != version:
            return None
        return LanceView(self._path, version, entries, pinned, self._cache, kept)

    def _commit(self, record: VideoRecord, parts: Sequence[Part]) -> Outcome[None, LibraryFailure]:
        videos = self._tables.open(VIDEOS)
        before = entry_of(videos, record.id)
        checked = continued(record, None if before is None else before.record, parts)
        if isinstance(checked, Failure):
            return checked
        record = checked.unwrap()
        keys = {stage.stage: stage.key for stage in record.stages}
        old = () if before is None else before.holdings
        kept = tuple(held for held in old if keys.get(held.stage) == held.key)
        there = {held.part for held in kept}
        trees = [held.rows for held in kept if held.part == NODES]
        trees += [part.items for part in parts if isinstance(part, Tree)]
        check_nodes(parts, next(iter(trees), 0))
        new = tuple(
            holding
            for part in parts
            if part_name(part) not in there
            for holding in write(self._tables, record, part)
        )
        self._name(Entry(record, kept + new))
        self._clean(record.id, [held for held in old if held not in kept], new)
        return Success(None)

    def _claim(self, video: VideoId, path: str) -> Outcome[tuple[VideoId, ...], LibraryFailure]:
        listed = self.view().bind(lambda view: view.videos())
        if isinstance(listed, Failure):
            return listed
        lost = [old.id for old in listed.unwrap() if old.id != video and path in old.paths]
        for other in lost:
            entry = entry_of(self._tables.open(VIDEOS), other)
            record = None if entry is None else without_path(entry.record, path)
            if entry is None or record is None:
                self._remove(other)
            else:
                self._name(evolve(entry, record=record))
        return Success(tuple(lost))

    def _remove(self, video: VideoId) -> Outcome[None, LibraryFailure]:
        videos = self._tables.open(VIDEOS)
        entry = entry_of(videos, video)
        if entry is None:
            return Failure(NoSuchVideo(video))
        videos.delete(f"id = {literal(video)}")
        self._tables.settle(VIDEOS)
        self._clean(video, entry.holdings, ())
        return Success(None)

    def _name(self, entry: Entry) -> None:
        """The commit itself: the video's row names its rows, which the disk holds by now."""
        put(self._tables.open(VIDEOS), entry)
        self._tables.settle(VIDEOS)

    def _clean(self, video: VideoId, gone: Sequence[Holding], new: Sequence[Holding]) -> None:
        """Delete what a commit replaced and compact what it made ragged.

        The commit stands already: trouble here costs space, not content, so it is logged only, and
        `doctor` shows what is left.
        """

        def work() -> None:
            delete(self._tables, video, gone)
            n_videos = self._tables.open(VIDEOS).count_rows()
            names = {VIDEOS, *(held.table for held in (*gone, *new))}
            upkeep.tidy(self._tables, names, n_videos, self._keep)
            give_back()

        done = guarded(self._path, work)
        if isinstance(done, Failure):
            guarded(self._path, lambda: drop_torn(self._path / TABLES))
            _log.warning("committed, but not tidied up: %s", done.failure())


def build(
    path: str, create: bool, patience_s: float = 30.0, keep_s: float = 7200.0
) -> Outcome[Library, LibraryFailure]:
    """Open the library at `path`; with `create`, make it where nothing or an empty directory is.

    `patience_s` is how long a writer waits for another one before it answers `Locked`.  `keep_s` is
    how long at least a view stays readable after the commit that replaced it; half of the default
    is spare, because LanceDB tells the times of versions in local time, which may jump by an hour.
    """
    place = Path(path)
    ready = prepared(place, create, patience_s)
    if isinstance(ready, Failure):
        return ready
    found = guarded(place, lambda: torn_in(place / TABLES))
    if found != Success([]):
        exclusively(place, patience_s, lambda: guarded(place, lambda: drop_torn(place / TABLES)))
    return guarded(place, lambda: LanceLibrary(place, patience_s, keep_s))
