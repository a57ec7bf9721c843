"""Any text as lines of Markdown that read back exactly, and texts made short and plain.

Line breaks become hard ones (a backslash before the line's end), characters that would start a
heading, quote, list, rule or fence are escaped, space at the ends of a line and control characters
become character references; all in CommonMark's own ways (spec.commonmark.org, 2.4, 2.5, 6.7).
"""

import re

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_OPENERS = "#>-*+=_~|`<["
_ITEM = re.compile(r"(\d+)([.)])")
_ESCAPED = re.compile(r"\\(.)|&#(\d+);", re.DOTALL)
_SENTENCE_END = re.compile(r"[.!?\u2026]['\")\]\u2019\u201d]*(?=\s)")
_UNSPEAKABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_TAGS = re.compile(r"<(?=[|/!?a-zA-Z_])|(?<=\[)(?=/?[A-Z_]+\])")

CUT = "\u2026"
"""Stands where something was left out."""


def encoded(text: str) -> str:
    """Lines of Markdown; every line but the last ends in an odd number of backslashes."""
    return "\\\n".join(map(_line, text.split("\n")))


def decoded(text: str) -> str:
    """What `encoded` was given."""
    return _ESCAPED.sub(lambda m: m[1] if m[1] is not None else chr(int(m[2])), text)


def goes_on(line: str) -> bool:
    """Whether a line of `encoded` text is followed by another of the same text."""
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def plain(text: str) -> str:
    """One line of words with single spaces, without control characters."""
    return " ".join(_UNSPEAKABLE.sub(" ", text).split())


def defused(text: str) -> str:
    """As `plain`, and with the marks of chat templates and of markup broken up.

    A model that runs locally would take a written `<|im_end|>` for the end of a message.
    """
    return _TAGS.sub(lambda m: f"{m[0]} ", plain(text))


def shortened(text: str, max_chars: int) -> str:
    """At most `max_chars` characters: cut after a sentence, else after a word, with an ellipsis."""
    if len(text) <= max_chars:
        return text
    if max_chars < 2:
        return CUT[:max_chars]
    room = max_chars - 2
    ends = [m.end() for m in _SENTENCE_END.finditer(text[: room + 1]) if m.end() <= room]
    end = ends[-1] if ends else text.rfind(" ", 1, room + 1)
    return f"{text[: end if end > 0 else room].rstrip()} {CUT}"


def _line(line: str) -> str:
    if not line:
        return line
    core = line.replace("\\", "\\\\").replace("&#", "\\&#")
    core = _CONTROLS.sub(lambda m: _reference(m[0]), core)
    if line[0].isspace() and core[0] == line[0]:
        core = _reference(core[0]) + core[1:]
    if core[-1].isspace():
        core = core[:-1] + _reference(core[-1])
    if core[0] in _OPENERS:
        return f"\\{core}"
    return _ITEM.sub(r"\1\\\2", core, count=1) if _ITEM.match(core) else core


def _reference(char: str) -> str:
    return f"&#{ord(char)};"
