"""A library in memory: forgets everything when the program ends.  For tests and for trying out.

It behaves as the library on disk does, with its own BM25, whose stemming knows plurals only.
"""

from collections.abc import Mapping, Sequence
from threading import RLock

from attrs import evolve
from returns.result import Failure, Success

from kuavi.adapters.libraries._memory_rows import (
    Entry,
    in_memory,
    key_of,
    tree_of,
)
from kuavi.adapters.libraries._memory_view import MemoryView
from kuavi.adapters.libraries._parts import (
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
    SCHEMA_VERSION,
    Library,
    LibraryFailure,
    LibraryView,
    NoLibrary,
    NoSuchVideo,
)
from kuavi.ports.parts import Part


class MemoryLibrary:
    """Safe to share between threads."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._view = MemoryView(path, 0, {})
        self._lock = RLock()

    @property
    def path(self) -> str:
        return self._path

    def view(self) -> Outcome[LibraryView, LibraryFailure]:
        return Success(self._view)

    def commit(
        self, record: VideoRecord, parts: Sequence[Part] = ()
    ) -> Outcome[None, LibraryFailure]:
        """As the port says.  A part that is there under the stage's key is not written again."""
        check_parts(record, parts)
        with self._lock:
            entry = self._view.entries.get(record.id)
            checked = continued(record, None if entry is None else entry.record, parts)
            if isinstance(checked, Failure):
                return checked
            record, before = checked.unwrap(), entry or Entry(record)
            kept = {
                name: part
                for name, part in before.parts.items()
                if key_of(record, part) == key_of(before.record, part)
            }
            new = {part_name(part): in_memory(part) for part in parts}
            after = Entry(record, {**new, **kept})
            tree = tree_of(after)
            check_nodes(parts, 0 if tree is None else len(tree))
            self._put(after)
        return Success(None)

    def claim(self, video: VideoId, path: str) -> Outcome[tuple[VideoId, ...], LibraryFailure]:
        with self._lock:
            entries = {**self._view.entries}
            lost = [v for v, entry in entries.items() if v != video and path in entry.record.paths]
            for other in lost:
                entry = entries.pop(other)
                record = without_path(entry.record, path)
                if record is not None:
                    entries[other] = evolve(entry, record=record)
            if lost:
                self._replace(entries)
        return Success(tuple(lost))

    def remove(self, video: VideoId) -> Outcome[None, LibraryFailure]:
        with self._lock:
            if video not in self._view.entries:
                return Failure(NoSuchVideo(video))
            self._replace({v: entry for v, entry in self._view.entries.items() if v != video})
        return Success(None)

    def doctor(self, repair: bool) -> Outcome[Health, LibraryFailure]:  # noqa: ARG002
        """There is nothing that could be broken: the findings are always empty."""
        entries = self._view.entries
        return Success(
            Health(self._path, SCHEMA_VERSION, len(entries), rows={"videos": len(entries)})
        )

    def _put(self, entry: Entry) -> None:
        self._replace({**self._view.entries, entry.record.id: entry})

    def _replace(self, entries: Mapping[VideoId, Entry]) -> None:
        self._view = MemoryView(self._path, self._view.version + 1, entries)


def build(path: str, create: bool) -> Outcome[Library, LibraryFailure]:
    """A new, empty library; `NoLibrary` without `create`, as none outlives its maker."""
    return Success(MemoryLibrary(path)) if create else Failure(NoLibrary(path))
