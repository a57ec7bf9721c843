"""Search results for reading."""

from collections.abc import Sequence

from rich.text import Text

from kuavi.apps.cli.texts import BRIEF, Line, columns, printable, quoted
from kuavi.apps.cli.times import span_text
from kuavi.apps.usecases.queries import Field, FieldMatch, Hit, SearchResult
from kuavi.domain.evidence import describe
from kuavi.domain.spans import clock
from kuavi.domain.words import Tag

INDENT = 4
VERBS = {
    Field.TRANSCRIPT: "said",
    Field.SCREEN: "written",
    Field.SUMMARY: "described",
    Field.ACTION: "action",
}


def search_lines(result: SearchResult, query: str, *, terminal: bool) -> list[Line]:
    """Two to four lines a hit; at a terminal long texts are shortened."""
    if not result.hits:
        return [Line(Text("nothing found"))]
    longest = BRIEF if terminal else None
    heads = columns([_head(rank, hit) for rank, hit in enumerate(result.hits, 1)], right=(0,))
    lines: list[Line] = []
    for head, hit in zip(heads, result.hits, strict=True):
        lines.append(Line(head))
        lines += [Line(_quote(match, query, longest), INDENT) for match in _texts(hit)]
        lines.append(Line(_why(hit), INDENT))
        if hit.tags:
            lines.append(Line(tags_text(hit.tags), INDENT))
    return [*lines, Line(_evidence(result))]


def _head(rank: int, hit: Hit) -> list[Text]:
    return [
        Text(str(rank), "bold"),
        Text(span_text(hit.scene), "bold green"),
        Text(printable(hit.title), "bold"),
        Text(f"and {hit.alike} alike" if hit.alike else "", "dim"),
    ]


def _texts(hit: Hit) -> list[FieldMatch]:
    """The matches with words, each text once."""
    return list({match.text: match for match in reversed(hit.matches) if match.text}.values())[::-1]


def _quote(match: FieldMatch, query: str, longest: int | None) -> Text:
    words = Text(quoted(match.text, longest))
    words.highlight_words(
        [word for word in query.split() if len(word) > 1], "bold yellow", case_sensitive=False
    )
    return Text.assemble((f"{VERBS.get(match.field, match.field.value)} ", "dim"), words)


def _why(hit: Hit) -> Text:
    """`best at 0:12.4, score 0.98: visual #1, transcript words #2`."""
    ranks = ", ".join(f"{_name(match)} #{match.rank}" for match in hit.matches)
    return Text(f"best at {clock(hit.moment.middle_s)}, score {hit.score:.2f}: {ranks}", "dim")


def _name(match: FieldMatch) -> str:
    return match.field.value + ("" if match.method == "vectors" else f" {match.method}")


def tags_text(tags: Sequence[Tag]) -> Text:
    """Automatic tags, named for what they are."""
    labels = ", ".join(f"{printable(tag.label)} {tag.probability:.0%}" for tag in tags)
    return Text(f"auto-tags (low confidence): {labels}", "dim italic")


def note_text(notes: Sequence[str]) -> str:
    """What was not searched and why, without what to do about it."""
    return "; ".join(note.partition(";")[0].removeprefix("field ") for note in notes)


def _evidence(result: SearchResult) -> Text:
    """By what each ranking was made, once for all hits."""
    made = {_name(match): describe(match.evidence) for hit in result.hits for match in hit.matches}
    return Text("ranked by " + "; ".join(f"{name}: {by}" for name, by in made.items()), "dim")
