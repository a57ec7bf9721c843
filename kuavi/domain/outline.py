"""Sections of a tree as Markdown, depth first; and back.

The form has the structure of Action100M's tree of captions (arXiv 2601.10592): the node at the top
is a level-2 heading, the next two levels are numbered headings with rules between siblings, deeper
nodes are a bold range of time; a paragraph tells the clip, a quote the middle frame.

Reading back gives the same sections: levels, times to a hundredth of a second, texts to the letter.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import TypeAlias

from attrs import field, frozen
from attrs.validators import ge
from returns.result import Failure, Success

from kuavi.domain.markdown_text import decoded, encoded, goes_on
from kuavi.domain.outcome import Outcome

NUMBERED_LEVELS = 2
LEFT_OUT = "*Shorter segments are left out here.*"
"""The last line of an outline that does not show all; no text can forge it."""


class Label(StrEnum):
    """What a text tells of a node."""

    CLIP = "Clip"
    FRAME = "Middle frame"
    SEEN = "Seen action"
    SUMMARY = "Summary"
    DETAIL = "Summary in detail"
    ACTION = "Action"
    MANNER = "Action in detail"
    ACTOR = "Actor"


Texts: TypeAlias = tuple[tuple[Label, str], ...]


@frozen
class Section:
    """One node of an outline: its depth below the top, its place, its times and texts.

    `number` is the way from the top to a node of the levels that are numbered, (1, 2) the second
    part of the first part; it is () for others.  Times are whole hundredths of a second.  A clip's
    text is not empty.
    """

    level: int = field(validator=ge(0))
    number: tuple[int, ...]
    start_s: float
    end_s: float
    texts: Texts = ()

    def __attrs_post_init__(self) -> None:
        if len(self.number) != (self.level if self.level <= NUMBERED_LEVELS else 0):
            raise ValueError(f"level {self.level} has no number {self.number}")


@frozen
class NotAnOutline:
    """Why a text is no outline: what is wrong with a line, counted from 1."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line} of the outline: {self.reason}"


def in_hundredths(time_s: float) -> float:
    """A time as precise as an outline tells it."""
    return round(float(time_s) * 100) / 100


def stamp(time_s: float) -> str:
    """A time in an outline: `1:02:03.45`, `2:03.45`, before 0 with a minus."""
    hundredths = round(time_s * 100)
    minutes, rest = divmod(abs(hundredths), 6000)
    hours, minutes = divmod(minutes, 60)
    head = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{'-' * (hundredths < 0)}{head}:{rest // 100:02d}.{rest % 100:02d}"


def write(sections: Iterable[Section], complete: bool = True) -> str:
    """The outline of sections in depth-first order; `complete`: none is left out."""
    blocks = [section_text(section) for section in sections]
    return "\n\n".join(blocks if complete else [*blocks, LEFT_OUT])


def section_text(section: Section) -> str:
    """One section; a part that is not the first has a rule before it."""
    ruled = section.number[-1:] not in ((), (1,))
    items = [_item(label, text) for label, text in section.texts if label in _ITEMS]
    blocks = [
        *(["---"] if ruled else []),
        _heading(section),
        *(encoded(text) for label, text in section.texts if label == Label.CLIP),
        *(_quote(section, text) for label, text in section.texts if label == Label.FRAME),
        *(["\n".join(items)] if items else []),
    ]
    return "\n\n".join(blocks)


def parse_outline(text: str) -> Outcome[tuple[Section, ...], NotAnOutline]:
    """The sections of an outline; rules and the mark of what is left out are passed over."""
    lines = text.split("\n")
    read: list[tuple[tuple[int, tuple[int, ...], float, float], list[tuple[Label, str]]]] = []
    at = 0
    while at < len(lines):
        first, line = at + 1, lines[at]
        at += 1
        if line in ("", "---", LEFT_OUT):
            continue
        heading = _HEADING.fullmatch(line)
        if heading:
            place = _place(heading)
            if place is None:
                return Failure(NotAnOutline(first, "its number does not fit its depth"))
            read.append((place, []))
            continue
        if not read:
            return Failure(NotAnOutline(first, "a text before the first heading"))
        label, prefix, start = _opening(line)
        body = [line[start:]]
        while goes_on(body[-1]):
            if at == len(lines) or not lines[at].startswith(prefix):
                return Failure(NotAnOutline(at + 1, f"the text from line {first} breaks off"))
            body.append(lines[at][len(prefix) :])
            at += 1
        read[-1][1].append((label, decoded("\n".join(body))))
    return Success(tuple(Section(*place, tuple(texts)) for place, texts in read))


_TIME = r"-?(?:\d+:)?\d+:\d\d\.\d\d"
_HEADING = re.compile(
    r"(?P<marks>#{2,4} |\*\*)(?:Segment (?P<number>\d+(?:\.\d+)*): |Level (?P<level>\d+): )?"
    rf"(?P<start>{_TIME}) -> (?P<end>{_TIME}) \(-?\d+\.\d\d s\)(?:\*\*)?"
)
_QUOTE = re.compile(rf"> Middle frame at {_TIME}: ")
_ITEMS = tuple(label for label in Label if label not in (Label.CLIP, Label.FRAME))
_ITEM = re.compile(rf"- ({'|'.join(_ITEMS)}): ")


def _heading(section: Section) -> str:
    start, end = round(section.start_s * 100), round(section.end_s * 100)
    times = f"{stamp(section.start_s)} -> {stamp(section.end_s)} ({(end - start) / 100:.2f} s)"
    if section.level > NUMBERED_LEVELS:
        return f"**Level {section.level}: {times}**"
    number = f"Segment {'.'.join(map(str, section.number))}: " if section.number else ""
    return f"##{'#' * section.level} {number}{times}"


def _quote(section: Section, text: str) -> str:
    middle = stamp((section.start_s + section.end_s) / 2)
    return f"> Middle frame at {middle}: " + encoded(text).replace("\n", "\n> ")


def _item(label: Label, text: str) -> str:
    return f"- {label}: " + encoded(text).replace("\n", "\n  ")


def _place(heading: re.Match[str]) -> tuple[int, tuple[int, ...], float, float] | None:
    """Level, number, start and end; None where they contradict each other."""
    number = tuple(map(int, heading["number"].split("."))) if heading["number"] else ()
    deep = heading["marks"] == "**"
    level = int(heading["level"] or 0) if deep else len(heading["marks"]) - 3
    if deep != (heading["level"] is not None) or deep != (level > NUMBERED_LEVELS):
        return None
    if len(number) != (0 if deep else level):
        return None
    return level, number, _seconds(heading["start"]), _seconds(heading["end"])


def _seconds(text: str) -> float:
    total = 0
    for part in text.lstrip("-").replace(".", "").split(":")[:-1]:
        total = total * 60 + int(part)
    hundredths = total * 6000 + int(text.rpartition(":")[2].replace(".", ""))
    return (-hundredths if text.startswith("-") else hundredths) / 100


def _opening(line: str) -> tuple[Label, str, int]:
    """What a line begins: the kind of text, what its other lines begin with, where it starts."""
    if quote := _QUOTE.match(line):
        return Label.FRAME, "> ", quote.end()
    if item := _ITEM.match(line):
        return Label(item[1]), "  ", item.end()
    return Label.CLIP, "", 0
