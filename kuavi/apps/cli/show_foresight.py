"""Anticipation, prediction and coherence for reading."""

from collections.abc import Sequence

from rich.text import Text

from kuavi.apps.cli.texts import Line, columns, counted, printable
from kuavi.apps.cli.times import length_text, span_text
from kuavi.apps.usecases.anticipate import Anticipation, Candidate, Prediction, Ranked, Steps
from kuavi.apps.usecases.coherence import Coherence, Summary
from kuavi.domain.coherence import Flag, Kind
from kuavi.domain.evidence import Evidence, describe
from kuavi.domain.spans import Span, clock
from kuavi.domain.surprise import between

INDENT = 4
STYLES = {Kind.FOREIGN: "bold red", Kind.SURPRISE: "bold yellow", Kind.CUT: "cyan"}


def anticipation_lines(told: Anticipation) -> list[Line]:
    """Each method's ranking, the answer first."""
    lines = [_asked(told.at_s, told.horizon_s, told.observed)]
    for number, ranked in enumerate(told.answers):
        lines.append(_method(ranked.method, ranked.evidence, beside=number > 0))
        lines += [Line(row, INDENT) for row in _ranking(ranked)]
    if told.through is not None:
        lines.append(Line(Text(f"texts compared by a map {describe(told.through)}", "dim")))
    return lines


def _ranking(ranked: Ranked) -> list[Text]:
    if not ranked.candidates:
        return [Text("no candidates: no other scene is indexed", "dim")]
    rows = [
        [Text(str(rank), "bold"), Text(f"{one.score:.2f}"), *_named(one)]
        for rank, one in enumerate(ranked.candidates, 1)
    ]
    return columns(rows, right=(0, 1))


def _named(one: Candidate) -> list[Text]:
    if one.span is None:
        return [Text(printable(one.text))]
    return [Text(span_text(one.span), "green"), Text(printable(one.title), "bold")]


def prediction_lines(told: Prediction) -> list[Line]:
    """Each method's steps with the moments they resemble."""
    lines = [_asked(told.at_s, told.horizon_s, told.observed)]
    for number, answer in enumerate(told.answers):
        lines.append(_method(answer.method, answer.evidence, beside=number > 0))
        lines += [Line(row, INDENT) for row in _steps(answer)]
    return lines


def _steps(answer: Steps) -> list[Text]:
    rows = []
    for step in answer.steps:
        alike = ", ".join(
            f"{printable(one.title)} {clock(one.span.start_s)} ({one.similarity:.2f})"
            for one in step.alike
        )
        came = "" if step.came is None else f"came true {step.came:.2f}"
        rows.append(
            [
                Text(span_text(step.span), "green"),
                Text(came, "dim"),
                Text(f"like {alike}" if alike else "like nothing else that is indexed"),
            ]
        )
    return columns(rows)


def coherence_lines(told: Coherence) -> list[Line]:
    """What is flagged, in time order, then by what it was judged."""
    part = between(told.surprise, told.within)
    n_high = int(part.high.sum())
    summary = (
        f"{span_text(told.within)}: {counted(len(part), 'moment')} judged, {n_high} surprising "
        f"(robust z from {part.threshold:g} on), {counted(len(told.cuts_s), 'cut')}"
    )
    lines = [Line(Text(summary))]
    if not told.flags:
        lines.append(Line(Text("nothing breaks the flow", "green")))
    heads = columns([_flag_head(flag) for flag in told.flags]) if told.flags else []
    for head, flag in zip(heads, told.flags, strict=True):
        why = Text(f"{flag.reason}; z {flag.z:.1f}, p {flag.p:.3f}", "dim")
        lines += [Line(head), Line(why, INDENT)]
    beside = "; ".join(
        f"{one.method}: {counted(int(between(one.surprise, told.within).high.sum()), 'moment')} "
        "surprising"
        for one in told.judgements[1:]
    )
    lines.append(Line(Text(f"judged by {describe(told.evidence)}; beside it {beside}", "dim")))
    lines.append(Line(Text(NULLS, "dim")))
    return lines


def summary_lines(told: Summary) -> list[Line]:
    """The most surprising scenes in time order, each with its most surprising moment."""
    head = f"{len(told.scenes)} of {counted(told.of, 'scene')}, by their most surprising moments"
    rows = [
        [
            Text(span_text(one.span), "bold green"),
            Text(f"most surprising at {clock(one.at_s)}"),
            Text(f"robust z {one.z:.1f}", "dim"),
        ]
        for one in told.scenes
    ]
    scenes = [Line(row) for row in columns(rows)] if rows else []
    return [Line(Text(head)), *scenes, Line(Text(f"judged by {describe(told.evidence)}", "dim"))]


NULLS = (
    "p of a foreign segment: share of random orders of this video in which a stretch as long "
    "stands out as much; of a cut or change: share of random pairs of its moments as far apart"
)


def _flag_head(flag: Flag) -> list[Text]:
    return [
        Text(span_text(flag.span), "bold green"),
        Text(length_text(flag.span.duration_s)),
        Text(flag.kind.value, STYLES[flag.kind]),
    ]


def note_lines(notes: Sequence[str], *, extrapolated: bool) -> list[str]:
    """What could not be done, and a warning where a horizon exceeds what was trained."""
    far = ["extrapolated: further ahead than the predictor was trained for"] if extrapolated else []
    return [*notes, *far]


def _asked(at_s: float, horizon_s: float, observed: Span) -> Line:
    words = f"{length_text(horizon_s)} after {clock(at_s)}, seen: {span_text(observed)}"
    return Line(Text(words))


def _method(method: str, evidence: Evidence, *, beside: bool) -> Line:
    head = Text.assemble(("beside it, ", "dim") if beside else "", (method, "bold"))
    return Line(Text.assemble(head, (f"  {describe(evidence)}", "dim")))
