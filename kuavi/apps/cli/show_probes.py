"""Trained probes and their answers, for reading and as JSON."""

from rich.text import Text

from kuavi.apps.cli.as_json import Object, of_span
from kuavi.apps.cli.texts import Line, columns, counted, printable
from kuavi.apps.cli.times import span_text
from kuavi.apps.usecases.probes import Classified, Trained
from kuavi.domain.evidence import describe
from kuavi.domain.holdout import HeldOut

UNSEEN = "nothing to look at there"


def trained_lines(trained: Trained) -> list[Line]:
    """How well it does, label by label, and where it lies."""
    held_out = trained.held_out
    lines = [
        Line(Text(f"saved {printable(trained.path)}")),
        Line(
            Text(
                f"learned {counted(len(held_out.labels), 'label')} from "
                f"{counted(held_out.learned_from, 'span')}; {score_text(held_out)}"
            )
        ),
    ]
    return [*lines, *(Line(row) for row in _confusion(held_out))]


def score_text(held_out: HeldOut) -> str:
    right = round(held_out.accuracy * held_out.n)
    return (
        f"right on {right} of {held_out.n} held out (by {held_out.by}): "
        f"{held_out.accuracy:.0%}, chance {held_out.chance:.0%}"
    )


def _confusion(held_out: HeldOut) -> list[Text]:
    """A row a label: what its held-out spans were taken for."""
    rows = []
    for label, counts in zip(held_out.labels, held_out.counts.tolist(), strict=True):
        took = sorted(zip(counts, held_out.labels, strict=True), key=lambda one: -one[0])
        answers = ", ".join(f"{printable(name)} {n}" for n, name in took if n)
        rows.append([Text(printable(label), "bold"), Text(f"taken for {answers}")])
    return columns(rows)


def classified_lines(told: Classified, top: int) -> list[Line]:
    """A line a span: its likeliest labels; by what, below."""
    unseen = [Line(Text(f"{span_text(span)}  {UNSEEN}", "yellow")) for span in told.unseen]
    if not told.spans:
        return unseen or [Line(Text(UNSEEN))]
    rows = []
    for one in told.spans:
        labels = ", ".join(f"{printable(name)} {share:.0%}" for name, share in one.labels[:top])
        rows.append([Text(span_text(one.span), "bold green"), Text(labels)])
    by = describe(told.evidence)
    if told.held_out is not None:
        by += f", chance {told.held_out.chance:.2f}"
    made_by = Line(Text(f"by {by}; shares are not calibrated", "dim"))
    return [*map(Line, columns(rows)), *unseen, made_by]


def trained_json(trained: Trained) -> Object:
    return {
        "path": trained.path,
        "evidence": describe(trained.evidence),
        "held_out": _held_out(trained.held_out),
    }


def classified_json(told: Classified, top: int) -> Object:
    return {
        "video": told.video,
        "evidence": describe(told.evidence),
        "calibrated": False,
        "held_out": None if told.held_out is None else _held_out(told.held_out),
        "spans": [
            {
                "span": of_span(one.span),
                "labels": [{"label": name, "probability": p} for name, p in one.labels[:top]],
            }
            for one in told.spans
        ],
        "unseen": [of_span(span) for span in told.unseen],
    }


def _held_out(held_out: HeldOut) -> Object:
    return {
        "labels": list(held_out.labels),
        "confusion": held_out.counts.tolist(),
        "examples": held_out.n,
        "accuracy": held_out.accuracy,
        "chance": held_out.chance,
        "learned_from": held_out.learned_from,
        "by": held_out.by,
    }
