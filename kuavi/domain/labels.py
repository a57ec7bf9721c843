"""Spans of video with a label given by a person, as read from a table."""

import csv
from collections.abc import Mapping, Sequence

from attrs import frozen
from returns.result import Failure, Success

from kuavi.domain.outcome import Outcome, collect
from kuavi.domain.spans import Span
from kuavi.domain.times import parse_time

COLUMNS = ("video", "start", "end", "label")


@frozen
class LabelledSpan:
    """`video` as written: an id, a path or a file name; `line` is its line in the table."""

    video: str
    span: Span
    label: str
    line: int


@frozen
class BadLabels:
    """The table can't be used as it is."""

    path: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.path}, line {self.line}: {self.reason}"


def read_labels(path: str, text: str) -> Outcome[tuple[LabelledSpan, ...], BadLabels]:
    """A CSV table with the columns video, start, end and label, in any order; others are ignored.

    Times are seconds or clock times.  `path` only names the table in a failure.
    """
    reader = csv.DictReader(text.removeprefix("\ufeff").splitlines(), skipinitialspace=True)
    names = [name.strip().lower() for name in reader.fieldnames or ()]
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        reason = f"no column {', '.join(missing)}; the first line must name {', '.join(COLUMNS)}"
        return Failure(BadLabels(path, 1, reason))
    reader.fieldnames = names
    rows = [_read(path, reader.line_num, row) for row in reader if any(_cells(row))]
    if not rows:
        return Failure(BadLabels(path, 2, "no labelled span in it"))
    return collect(rows)


def _cells(row: Mapping[str, str | None]) -> Sequence[str]:
    return [(row.get(name) or "").strip() for name in COLUMNS]


def _read(path: str, line: int, row: Mapping[str, str | None]) -> Outcome[LabelledSpan, BadLabels]:
    video, start, end, label = _cells(row)
    if not video or not label:
        return Failure(BadLabels(path, line, "the video or the label is empty"))
    try:
        span = Span(parse_time(start), parse_time(end))
    except ValueError as error:
        return Failure(BadLabels(path, line, str(error)))
    return Success(LabelledSpan(video, span, label, line))
