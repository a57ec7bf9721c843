"""The end of an index run for reading."""

from collections.abc import Sequence

from attrs import frozen
from rich.text import Text

from kuavi.apps.cli.texts import Line, counted, printable
from kuavi.apps.cli.times import length_text, span_text
from kuavi.apps.toolbox.session import Indexed
from kuavi.apps.usecases.report import IndexReport
from kuavi.domain.manifest import Gap

INDENT = 2
NAMED = 4
"""Up to so many stages are named, more are counted."""
GAPS = 3
"""How many gaps are told of one video; `--json` has them all."""


@frozen
class Content:
    """How much there is in a video now; None where it was not looked for."""

    scenes: int | None = None
    words: int | None = None
    lines: int | None = None

    def __str__(self) -> str:
        told = []
        if self.scenes is not None:
            told.append(counted(self.scenes, "scene"))
        if self.words is not None:
            told.append(f"{counted(self.words, 'word')} said" if self.words else "nothing said")
        if self.lines is not None:
            told.append(
                f"{counted(self.lines, 'line')} on screen" if self.lines else "no text on screen"
            )
        return ", ".join(told) or "nothing yet"


def indexed_lines(report: IndexReport, content: Content) -> list[Line]:
    """A line for one file, and below it what it lacks and why."""
    mark = Text("!", "bold yellow") if report.failed else Text("+", "bold green")
    if not report.done and not report.failed:
        mark = Text("=", "dim")
    name = (printable(report.video.title), "bold")
    lines = [Line(Text.assemble(name, ": ", _amount(report, content)), INDENT, mark)]
    lines += [
        Line(Text(f"{trouble.stage.value} failed: {printable(trouble.reason)}", "red"), INDENT)
        for trouble in report.failed
    ]
    gaps = [gap_text(gap) for gap in report.video.gaps]
    shown = [*gaps[:GAPS], *([f"and {len(gaps) - GAPS} more gaps"] if len(gaps) > GAPS else [])]
    return [*lines, *(Line(Text(text, "yellow"), INDENT) for text in shown)]


def _amount(report: IndexReport, content: Content) -> str:
    span = report.video.span
    length = f"{length_text(span.duration_s)}, " if span else ""
    return f"{length}{content}; {_made(report)}"


def _made(report: IndexReport) -> str:
    if not report.done and not report.failed:
        return "nothing to do"
    if len(report.done) > NAMED:
        made = counted(len(report.done), "stage")
    else:
        made = ", ".join(stage.value for stage in report.done) or "nothing"
    return f"made {made}" + (f", kept {len(report.kept)}" if report.kept else "")


def gap_text(gap: Gap) -> str:
    """`gap in transcript: the file has no sound`."""
    where = f" at {span_text(gap.span)}" if gap.span else ""
    return f"gap in {gap.stage.value}{where}: {printable(gap.reason)}"


def total_text(results: Sequence[Indexed]) -> str:
    """One line over several files."""
    reports = [one.report for one in results if one.report]
    idle = sum(1 for report in reports if not report.done and not report.failed)
    partly = sum(1 for report in reports if report.failed)
    parts = [
        (len(reports) - idle - partly, "indexed"),
        (idle, "up to date"),
        (partly, "incomplete"),
        (len(results) - len(reports), "failed"),
    ]
    return ", ".join(f"{number} {what}" for number, what in parts if number)
