"""Published videos as JSON: an object, an array, JSON lines, or columns as in the published sample.

Written is an array, or, where the file's name ends in `.jsonl`, an object a line.  JSON lines are
read line by line; anything else is read whole.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from attrs import frozen
from returns.result import Failure, Success

from kuavi.adapters.exchange._files import checked, refused, write_whole
from kuavi.domain.action100m import VIDEO, PublishedVideo, as_json
from kuavi.domain.outcome import Outcome
from kuavi.ports.exchange import NotTrees, RawVideo, TreeFiles, TreesFailure

F = TypeVar("F")

LINES = (".jsonl", ".ndjson")


@frozen
class JsonTrees:
    """Follows kuavi.ports.exchange.TreeFiles."""

    suffixes: tuple[str, ...] = (".json", *LINES)

    def read(self, path: str) -> Iterator[Outcome[RawVideo, TreesFailure]]:
        try:
            place = checked(path)
            if place.suffix.lower() in LINES:
                yield from _lines(place)
            else:
                yield from _whole(place)
        except (OSError, ValueError) as error:
            yield Failure(refused(path, error))

    def write(
        self, path: str, videos: Iterable[Outcome[PublishedVideo, F]]
    ) -> Outcome[str, TreesFailure | F]:
        lines = Path(path).suffix.lower() in LINES
        return write_whole(path, videos, _write_lines if lines else _write_array)


def build() -> TreeFiles:
    return JsonTrees()


def _lines(place: Path) -> Iterator[Outcome[RawVideo, TreesFailure]]:
    with place.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                raw = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield Failure(NotTrees(str(place), f"line {number} is not JSON: {error}"))
                continue
            yield _record(place, raw, f"line {number}")


def _whole(place: Path) -> Iterator[Outcome[RawVideo, TreesFailure]]:
    try:
        raw = json.loads(place.read_bytes())
    except (ValueError, RecursionError) as error:
        if not _begins_with_a_record(place):
            raise ValueError(f"not JSON: {error}") from error
        yield from _lines(place)  # named .json, but an object a line
        return
    if _are_columns(raw):
        names = list(raw)
        raw = [dict(zip(names, row, strict=True)) for row in zip(*raw.values(), strict=True)]
    for place_in, record in enumerate(raw if isinstance(raw, list) else [raw], 1):
        yield _record(place, record, f"record {place_in}")


def _begins_with_a_record(place: Path) -> bool:
    with place.open("rb") as file:
        first = next((line for line in file if line.strip()), b"")
    try:
        return isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        return False


def _are_columns(raw: Any) -> bool:
    """Each field a list of as many values: nodes are then lists of lists."""
    if not isinstance(raw, dict) or not all(isinstance(column, list) for column in raw.values()):
        return False
    return set(raw) == set(VIDEO) and len({len(column) for column in raw.values()}) == 1


def _record(place: Path, raw: Any, where: str) -> Outcome[RawVideo, TreesFailure]:
    if isinstance(raw, dict):
        return Success(raw)
    return Failure(NotTrees(str(place), f"{where} is no object"))


def _write_lines(place: Path, videos: Iterator[PublishedVideo]) -> None:
    with place.open("x", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{_told(video)}\n" for video in videos)


def _write_array(place: Path, videos: Iterator[PublishedVideo]) -> None:
    with place.open("x", encoding="utf-8", newline="\n") as file:
        before = "[\n"
        for video in videos:
            file.write(before + _told(video))
            before = ",\n"
        file.write("[]\n" if before == "[\n" else "\n]\n")


def _told(video: PublishedVideo) -> str:
    return json.dumps(as_json(video), ensure_ascii=False, allow_nan=False)
