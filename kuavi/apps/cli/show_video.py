"""Scenes and transcripts for reading."""

from collections.abc import Sequence

from rich.text import Text

from kuavi.apps.cli.show_search import INDENT, tags_text
from kuavi.apps.cli.texts import BRIEF, Line, columns, counted, printable, quoted, shortened
from kuavi.apps.cli.times import length_text, span_text
from kuavi.apps.usecases.scenes import Scene, Transcript
from kuavi.domain.annotation import NOBODY, Annotation
from kuavi.domain.manifest import Stage
from kuavi.domain.spans import clock
from kuavi.domain.words import Utterance


def scene_lines(scenes: Sequence[Scene], *, terminal: bool) -> list[Line]:
    """A line a scene, and what is said, written and seen in it below."""
    heads = columns(
        [
            [
                Text(str(number), "bold"),
                Text(span_text(scene.span), "bold green"),
                Text(length_text(scene.span.duration_s)),
            ]
            for number, scene in enumerate(scenes, 1)
        ],
        right=(0, 2),
    )
    longest = BRIEF if terminal else None
    lines: list[Line] = []
    for head, scene in zip(heads, scenes, strict=True):
        lines.append(Line(head))
        lines += [Line(text, INDENT) for text in _known(scene, longest)]
    return lines


def _known(scene: Scene, longest: int | None) -> list[Text]:
    known: list[Text] = []
    if isinstance(scene.described, Annotation):
        action = scene.described.action.brief
        known.append(Text(printable(scene.described.summary.brief)))
        if action != NOBODY:
            known.append(Text.assemble(("action ", "dim"), printable(action)))
    elif scene.caption is not None and scene.caption.text:
        known.append(Text(quoted(scene.caption.text, longest)))
        if scene.caption.action not in ("", NOBODY):
            known.append(Text.assemble(("action ", "dim"), printable(scene.caption.action)))
    if scene.spoken:
        known.append(Text.assemble(("said ", "dim"), quoted(scene.spoken, longest)))
    if scene.written:
        written = shortened(" · ".join(quoted(line) for line in scene.written), longest)
        known.append(Text.assemble(("written ", "dim"), written))
    if scene.tags:
        known.append(tags_text(scene.tags))
    return known


def transcript_lines(said: Transcript) -> list[Line]:
    """A line an utterance; of a video without speech the reason, where it is known."""
    if not said.utterances:
        gaps = [gap.reason for gap in said.video.gaps if gap.stage == Stage.TRANSCRIPT]
        return [Line(Text(f"nothing is said{_because(gaps)}"))]
    rows = [
        (Text(clock(utterance.span.start_s), "green"), Text(printable(utterance.text)))
        for utterance in said.utterances
    ]
    return _hanging(rows)


def _because(reasons: Sequence[str]) -> str:
    return f": {'; '.join(dict.fromkeys(reasons))}" if reasons else ""


def found_lines(said: Transcript, phrase: str) -> list[Line]:
    """A line a place where the phrase is said, with some words around it."""
    if not said.found:
        return [Line(Text("nothing found"))]
    rows = []
    for hit in said.found:
        snippet = Text(printable(hit.snippet))
        snippet.highlight_words([printable(hit.text)], "bold yellow", case_sensitive=False)
        rows.append((Text(span_text(hit.span), "green"), snippet))
    return [*_hanging(rows), Line(Text(f"{phrase!r} is said {counted(len(rows), 'time')}", "dim"))]


def _hanging(rows: Sequence[tuple[Text, Text]]) -> list[Line]:
    """Times, and words that stay beside them when they are wrapped."""
    width = max(len(time.plain) for time, _ in rows)
    return [
        Line(words, width + 2, Text(" " * (width - len(time.plain))) + time) for time, words in rows
    ]


def words_of(utterances: Sequence[Utterance]) -> int:
    """How many words are said."""
    return sum(len(utterance.text.split()) for utterance in utterances)
