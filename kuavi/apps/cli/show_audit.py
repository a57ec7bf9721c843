"""What is said of a video, judged and mended, for reading and as JSON."""

from collections.abc import Sequence

from attrs import asdict
from rich.text import Text

from kuavi.apps.cli.as_json import Object, of_span
from kuavi.apps.cli.show_enhance import gap_json, spent_json, spent_text
from kuavi.apps.cli.show_index import GAPS, INDENT, gap_text
from kuavi.apps.cli.texts import Line, columns, counted, printable, quoted
from kuavi.apps.cli.times import span_text
from kuavi.apps.usecases.audit import Audit, Coverage
from kuavi.apps.usecases.mending import Attempt
from kuavi.apps.usecases.repair import RepairReport
from kuavi.apps.usecases.scoring import Judged, Told
from kuavi.domain.manifest import Gap

LONGEST = 80


def audit_lines(told: Audit, worst: int) -> list[Line]:
    """Counts, a table of signals for annotations and one for captions, the worst, gaps."""
    lines = [Line(Text.assemble((printable(told.video.title), "bold"), f": {_counts(told)}"))]
    for kind in Told:
        lines += _table(told, kind)
    for kind, most in told.dominant:
        what = f"{quoted(most.action)} is the action of {most.n} of {counted(most.of, kind)}"
        lines.append(Line(Text(what, "yellow")))
    for one in told.worst(worst):
        lines += _judged(one)
    return [*lines, *_gaps(told.gaps)]


def _counts(told: Audit) -> str:
    cover = told.coverage
    parts = [
        (cover.annotated, counted(cover.annotated, "annotation")),
        (cover.captioned, counted(cover.captioned, "caption")),
        (cover.dead, f"{cover.dead} show nothing"),
        (cover.undescribed, f"{cover.undescribed} of {cover.nodes} segments not described"),
        (cover.bare_scenes, f"among them {cover.bare_scenes} of {counted(cover.scenes, 'scene')}"),
    ]
    said = ", ".join(text for n, text in parts if n)
    return f"{said}; {counted(told.flags, 'low signal') if told.flags else 'no low signals'}"


def _table(told: Audit, kind: Told) -> list[Line]:
    figures = told.figures(kind)
    if not figures:
        return []
    n = counted(len(told.of(kind)), kind)
    head = [Text(f"of {n}", "dim"), *(Text(name, "dim") for name in ("measured", "mean", "low"))]
    rows = [
        [
            Text(one.name, "cyan"),
            Text(f"{one.measured:,}"),
            Text(f"{one.mean:.2f}"),
            Text(f"{one.low:,}", "bold yellow" if one.low else ""),
        ]
        for one in figures
    ]
    return [Line(row) for row in columns([head, *rows], right=(1, 2, 3))]


def _judged(one: Judged) -> list[Line]:
    head = Text.assemble(
        (f"{one.quality.total:.2f}", "bold yellow"),
        "  ",
        (span_text(one.span), "green"),
        f"  {one.told}  {quoted(one.text, LONGEST)}",
    )
    if one.action:
        head.append(f"  {printable(one.action)}", "dim")
    return [Line(head), *(Line(Text(printable(fault), "dim"), 6) for fault in one.faults)]


def _gaps(gaps: Sequence[Gap]) -> list[Line]:
    texts = [gap_text(gap) for gap in gaps]
    more = [f"and {len(texts) - GAPS} more gaps"] if len(texts) > GAPS else []
    return [Line(Text(text, "yellow")) for text in [*texts[:GAPS], *more]]


def audit_json(told: Audit, worst: int) -> Object:
    return {
        "video": told.video.id,
        "title": told.video.title,
        "coverage": _coverage(told.coverage),
        "flags": told.flags,
        "signals": {
            kind.value: [asdict(figure) for figure in told.figures(kind)]
            for kind in Told
            if told.of(kind)
        },
        "dominant": [{"told": kind.value, **asdict(most)} for kind, most in told.dominant],
        "judged": [_judged_json(one) for one in told.judged],
        "worst": [one.node for one in told.worst(worst)],
        "gaps": [gap_json(gap) for gap in told.gaps],
    }


def _coverage(cover: Coverage) -> Object:
    return asdict(cover)


def _judged_json(one: Judged) -> Object:
    return {
        "node": one.node,
        "span": of_span(one.span),
        "told": one.told.value,
        "text": one.text,
        "action": one.action or None,
        "total": one.quality.total,
        "signals": [
            {
                "name": signal.name.value,
                "value": signal.value,
                "low": signal.low,
                "reason": signal.reason or None,
            }
            for signal in one.quality.signals
        ],
    }


def repair_lines(report: RepairReport) -> list[Line]:
    """A line for each attempt, and one for them all."""
    lines = [
        Line(Text.assemble((span_text(one.span), "green"), _outcome(one)), INDENT, _mark(one))
        for one in report.attempts
    ]
    n = len(report.kept)
    what = f"{n} of {report.low} that are low mended" if report.low else "nothing is that low"
    title = (printable(report.video.title), "bold")
    lines.append(Line(Text.assemble(title, f": {what}; {spent_text(report.spent)}")))
    if report.stopped:
        lines.append(Line(Text(f"stopped: {printable(report.stopped)}", "red")))
    return [*lines, *_gaps(report.gaps)]


def _mark(one: Attempt) -> Text:
    return Text("+", "bold green") if one.kept else Text("=", "dim")


def _outcome(one: Attempt) -> str:
    after = "none" if one.after is None else f"{one.after:.2f}"
    reason = f": {one.reason}" if one.reason else ""
    return f"  {one.told}  {one.before:.2f} -> {after}{reason}"


def repair_json(report: RepairReport) -> Object:
    return {
        "video": report.video.id,
        "title": report.video.title,
        "low": report.low,
        "attempts": [
            {
                "node": one.node,
                "span": of_span(one.span),
                "told": one.told.value,
                "before": one.before,
                "after": one.after,
                "kept": one.kept,
                "reason": one.reason or None,
            }
            for one in report.attempts
        ],
        "gaps": [gap_json(gap) for gap in report.gaps],
        "stopped": report.stopped or None,
        "spent": spent_json(report.spent),
    }
