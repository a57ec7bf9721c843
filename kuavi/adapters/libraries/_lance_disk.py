"""Ask the disk to keep what was written, in the order that a commit needs.

Lance and its object store never call fsync: after a power cut a version may be there whose files
are empty.  So each change of a table is settled before the next one is made: rows before `videos`
names them, `videos` before what it replaced is deleted, a compaction before the old files go.

What remains: between Lance's making of a version and its settling (milliseconds) a power cut may
still leave a version of a table that can't be read.
"""

import os
import time
from pathlib import Path
from threading import Lock

_SLACK_S = 60
_NOT_NEEDED = "_transactions"  # Lance reads a version without them


class Disk:
    """Remembers which files it has settled; those from long before it was made count as such."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._since_ns = time.time_ns() - _SLACK_S * 10**9
        self._settled: dict[str, frozenset[str]] = {}
        self._lock = Lock()

    def settle(self, table: str) -> None:
        """Return when the table's new files, and their names, will outlive a power cut."""
        with self._lock:
            for place, folders, names in os.walk(self._folder / f"{table}.lance", topdown=True):
                if _NOT_NEEDED in folders:
                    folders.remove(_NOT_NEEDED)
                self._settle(place, frozenset(names))

    def _settle(self, place: str, names: frozenset[str]) -> None:
        before = self._settled.get(place, frozenset())
        new = [name for name in names - before if self._is_new(Path(place, name))]
        for name in sorted(new):
            _sync(Path(place, name))
        if new or place not in self._settled:
            sync_names(Path(place))
        self._settled[place] = names

    def _is_new(self, path: Path) -> bool:
        return path.stat().st_ctime_ns >= self._since_ns


def sync_names(folder: Path) -> None:
    """Settle which files a folder has."""
    _sync(folder)


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
