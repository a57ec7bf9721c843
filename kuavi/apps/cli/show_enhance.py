"""What describing did, and what it would cost, for reading and as JSON."""

from rich.text import Text

from kuavi.apps.cli.as_json import Object, of_span
from kuavi.apps.cli.show_index import GAPS, INDENT, gap_text
from kuavi.apps.cli.texts import Line, columns, counted, printable
from kuavi.apps.toolbox.telling import Enhanced
from kuavi.apps.usecases.estimate import Calls, Estimate
from kuavi.apps.usecases.telling import Counts, EnhanceReport
from kuavi.domain.budget import Spent
from kuavi.domain.manifest import Gap


def enhanced_lines(one: Enhanced) -> list[Line]:
    """A line for one video, and below it what it lacks and why."""
    report = one.report
    if report is None:
        return []  # progress has told what the problem is
    counts = report.counts
    mark = Text("+", "bold green") if counts.captioned + counts.annotated else Text("=", "dim")
    if not report.complete:
        mark = Text("!", "bold yellow")
    name = (printable(one.video.title), "bold")
    told = f": {counts_text(counts)}; {spent_text(report.spent)}"
    lines = [Line(Text.assemble(name, told), INDENT, mark)]
    if report.stopped:
        lines.append(Line(Text(f"stopped: {printable(report.stopped)}", "red"), INDENT))
    gaps = [gap_text(gap) for gap in report.gaps]
    shown = [*gaps[:GAPS], *([f"and {len(gaps) - GAPS} more gaps"] if len(gaps) > GAPS else [])]
    return [*lines, *(Line(Text(text, "yellow"), INDENT) for text in shown)]


def counts_text(counts: Counts) -> str:
    parts = [
        (counts.captioned, counted(counts.captioned, "caption")),
        (counts.annotated, counted(counts.annotated, "annotation")),
        (counts.kept, f"{counts.kept} kept"),
        (counts.alike, f"{counts.alike} look like another"),
        (counts.dead, f"{counts.dead} show nothing"),
    ]
    return ", ".join(text for n, text in parts if n) or "nothing to do"


def spent_text(spent: Spent) -> str:
    """`14 calls, 5 from earlier answers, 12,345 tokens, $0.02`."""
    tokens = spent.input_tokens + spent.output_tokens
    parts = [counted(spent.calls, "call")]
    if spent.cached:
        parts.append(f"{spent.cached} from earlier answers")
    if tokens:
        parts.append(f"{tokens:,} tokens")
    if spent.usd:
        parts.append(usd_text(spent.usd))
    if spent.usd is None:
        parts.append("price unknown")
    return ", ".join(parts)


def usd_text(usd: float) -> str:
    return f"${usd:.2f}" if usd >= 0.1 or usd == 0 else f"${usd:.4f}"


def estimate_lines(told: Estimate) -> list[Line]:
    """A line for each kind of call, and their sum."""
    kinds = (
        ("captions", told.captions),
        ("brief actions", told.actions),
        ("annotations", told.annotations),
    )
    rows = [
        [Text(name), Text(f"{c.calls:,}"), Text(f"{c.input_tokens + c.output_tokens:,}")]
        for name, c in kinds
        if c.calls
    ]
    head = [Text("", "dim"), Text("calls", "dim"), Text("tokens, about", "dim")]
    lines = [Line(row) for row in columns([head, *rows], right=(1, 2))] if rows else []
    total = "price unknown" if told.usd is None else f"about {usd_text(told.usd)}"
    return [*lines, Line(Text(f"at most {counted(told.calls, 'call')}, {total}", "bold"))]


def estimate_json(told: Estimate) -> Object:
    return {
        "calls": told.calls,
        "usd": told.usd,
        "captions": _calls(told.captions),
        "actions": _calls(told.actions),
        "annotations": _calls(told.annotations),
    }


def _calls(calls: Calls) -> Object:
    return {
        "calls": calls.calls,
        "input_tokens": calls.input_tokens,
        "output_tokens": calls.output_tokens,
    }


def enhanced_json(one: Enhanced) -> Object:
    report = one.report
    return {
        "video": one.video.id,
        "title": one.video.title,
        "path": one.video.path,
        "problem": one.problem,
        "report": None if report is None else _report(report),
    }


def _report(report: EnhanceReport) -> Object:
    counts = report.counts
    return {
        "captioned": counts.captioned,
        "annotated": counts.annotated,
        "kept": counts.kept,
        "alike": counts.alike,
        "dead": counts.dead,
        "gaps": [gap_json(gap) for gap in report.gaps],
        "stopped": report.stopped or None,
        "spent": spent_json(report.spent),
    }


def gap_json(gap: Gap) -> Object:
    return {
        "stage": gap.stage.value,
        "reason": gap.reason,
        "span": None if gap.span is None else of_span(gap.span),
    }


def spent_json(spent: Spent) -> Object:
    return {
        "calls": spent.calls,
        "cached": spent.cached,
        "input_tokens": spent.input_tokens,
        "output_tokens": spent.output_tokens,
        "usd": spent.usd,
    }
