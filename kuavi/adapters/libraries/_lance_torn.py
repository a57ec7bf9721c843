"""Versions of a table that are torn: made, but with files that were not written to their end.

Lance publishes a version even where the disk refused the end of one of its files (a limit on a
file's size, a power cut before the disk had it), and then can't read the table.  The version before
is whole: dropping the torn one takes the table back to it.

Looked at are the manifest and the data and deletion files that it names, by the mark that ends such
a file.  Indexes are not looked at.  A torn deletion file may be there for a version that was never
made, or was dropped: the next version would have it in its name too, so it is dropped as well.
"""

import logging
import os
import re
from pathlib import Path

_DATA_FILE = re.compile(rb"[01]{24}[0-9a-f]{26}\.lance")  # so LanceDB 0.40 names them
_ENDS = {".manifest": b"LANC", ".lance": b"LANC", ".arrow": b"ARROW1"}
_DELETIONS = ("*.arrow", "*.bin")
_LARGEST = 2**64 - 1  # manifests are named by what is left to it, so that names count down

_log = logging.getLogger(__name__)


def torn(table: Path) -> list[Path]:
    """The manifests of a table's newest versions that are torn, if there is a whole one before."""
    newest_first = sorted((table / "_versions").glob("*.manifest"))
    for place, manifest in enumerate(newest_first):
        if _is_whole(manifest):
            return newest_first[:place]
    return []


def torn_in(tables: Path) -> list[Path]:
    """Those of all tables, and torn deletion files of versions that are not there."""
    every = sorted(tables.glob("*.lance"))
    return [path for table in every for path in (*torn(table), *_unnamed(table))]


def drop_torn(tables: Path) -> None:
    """Take tables back to their last whole version; only safe for the one writer."""
    for table in sorted(tables.glob("*.lance")):
        for manifest in torn(table):
            _log.warning("%s: not written to its end; the version before it counts", manifest)
            (manifest.parent / "latest_version_hint.json").unlink(missing_ok=True)
            manifest.unlink()
        for deletions in _unnamed(table):
            deletions.unlink()


def _unnamed(table: Path) -> list[Path]:
    """Torn deletion files for versions above the newest whole one."""
    whole = [m for m in (table / "_versions").glob("*.manifest") if m.stem.isdigit()]
    gone = {manifest.stem for manifest in torn(table)}
    newest = max((_LARGEST - int(m.stem) for m in whole if m.stem not in gone), default=0)
    files = [file for form in _DELETIONS for file in (table / "_deletions").glob(form)]
    return [file for file in files if _made_after(file) >= newest and not _has_end(file)]


def _made_after(deletions: Path) -> int:
    """The version that was current when a deletion file was made; -1 if its name says none."""
    parts = deletions.stem.split("-")
    return int(parts[1]) if len(parts) == 3 and parts[1].isdigit() else -1


def _is_whole(manifest: Path) -> bool:
    if not _has_end(manifest):
        return False
    table = manifest.parents[1]
    named = {name.decode() for name in _DATA_FILE.findall(manifest.read_bytes())}
    return all(_has_end(table / "data" / name) for name in named) and all(
        _has_end(file) for file in _deletions(table, manifest)
    )


def _deletions(table: Path, manifest: Path) -> list[Path]:
    """Deletion files made for a version: they are named by the version before it."""
    if not manifest.stem.isdigit():
        return []
    return list((table / "_deletions").glob(f"*-{_LARGEST - int(manifest.stem) - 1}-*"))


def _has_end(path: Path) -> bool:
    """Whether a file is there to its end; where a kind has no mark, whether anything is there."""
    if not path.is_file():
        return False
    end = _ENDS.get(path.suffix, b"")
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - len(end), 0))
        return size > 0 and file.read(len(end)) == end
