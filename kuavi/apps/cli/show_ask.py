"""Answers to a question, and the actions of a library, for reading and as JSON."""

from rich.text import Text

from kuavi.apps.cli.as_json import Object, of_span
from kuavi.apps.cli.texts import Line, columns, counted, printable
from kuavi.apps.cli.times import span_text
from kuavi.apps.usecases.ask import Answered
from kuavi.apps.usecases.vocabulary import Vocabulary
from kuavi.domain.answering import Answer, Clue
from kuavi.domain.evidence import describe

INDENT = 4


def answered_lines(told: Answered) -> list[Line]:
    """Each candidate with its share, and below it what speaks for it in each source."""
    heads = columns(
        [
            [Text(f"{answer.share:.2f}", "bold"), Text(printable(answer.candidate))]
            for answer in told.answers
        ]
    )
    lines: list[Line] = []
    for head, answer in zip(heads, told.answers, strict=True):
        lines.append(Line(head))
        lines += [Line(row, INDENT) for row in columns([_clue(clue) for clue in answer.clues])]
    return lines


def _clue(clue: Clue) -> list[Text]:
    return [
        Text(clue.source, "cyan"),
        Text(f"{clue.lead:+.1f}"),
        Text(span_text(clue.moment), "green"),
        Text(printable(clue.text) or describe(clue.evidence), "dim"),
    ]


def answered_json(told: Answered) -> Object:
    question = told.question
    return {
        "video": question.video,
        "question": question.text,
        "span": None if question.within is None else of_span(question.within),
        "answers": [_answer(answer) for answer in told.answers],
        "calibrated": False,
        "notes": list(told.notes),
    }


def _answer(answer: Answer) -> Object:
    return {
        "candidate": answer.candidate,
        "share": answer.share,
        "clues": [
            {
                "source": clue.source,
                "score": clue.score,
                "lead": clue.lead,
                "evidence": describe(clue.evidence),
                "moment": of_span(clue.moment),
                "text": clue.text or None,
            }
            for clue in answer.clues
        ],
    }


def actions_lines(terms: Vocabulary, limit: int) -> list[Line]:
    """How often, in how many videos, and how it is called."""
    if not terms:
        return [Line(Text("no action was named in any video"))]
    rows = [
        [
            Text(str(term.count), "bold"),
            Text(f"in {counted(term.videos, 'video')}", "dim"),
            Text(printable(term.label)),
        ]
        for term in terms[:limit]
    ]
    more = len(terms) - limit
    rest = [Line(Text(f"and {counted(more, 'action')} more", "dim"))] if more > 0 else []
    return [*(Line(row) for row in columns(rows, right=(0,))), *rest]


def actions_json(terms: Vocabulary, limit: int) -> Object:
    return {
        "of": len(terms),
        "actions": [
            {
                "label": term.label,
                "count": term.count,
                "videos": term.videos,
                "places": [
                    {"video": place.video, "node": place.node, "span": of_span(place.span)}
                    for place in term.places
                ],
            }
            for term in terms[:limit]
        ],
    }
