"""Small pieces of text: made printable, quoted, counted, laid out in lines and columns."""

from collections.abc import Iterator, Sequence

from attrs import frozen
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions
from rich.text import Text

BRIEF = 240
"""How much of a long text is shown at a terminal."""


def printable(text: str) -> str:
    """The text on one line, without anything that could steer a terminal."""
    return "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))


def shortened(text: str, longest: int | None = BRIEF) -> str:
    """Cut at a word, with `…`; None leaves it whole."""
    if longest is None or len(text) <= longest:
        return text
    head = text[: longest - 1]
    return (head.rpartition(" ")[0] or head).rstrip() + "…"


def quoted(text: str, longest: int | None = None) -> str:
    return f"“{shortened(printable(text), longest)}”"


def counted(number: int, thing: str) -> str:
    """`1 scene`, `12,345 scenes`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


@frozen
class Line:
    """A text that begins `indent` columns in and stays there where it is wrapped.

    `lead` stands before its first line, within the indentation.
    """

    text: Text
    indent: int = 0
    lead: Text | None = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        lead = self.lead or Text()
        for part in self.text.wrap(console, max(options.max_width - self.indent, 20)):
            part.rstrip()
            space = " " * (self.indent - cell_len(lead.plain))
            yield Text.assemble(lead, space, part)
            lead = Text()


def columns(rows: Sequence[Sequence[Text]], right: Sequence[int] = ()) -> list[Text]:
    """Each row as one text, cells under each other two apart; columns in `right` end flush."""
    widths = [max(cell_len(cell.plain) for cell in column) for column in zip(*rows, strict=True)]
    lines: list[Text] = []
    for row in rows:
        line = Text()
        for place, (cell, width) in enumerate(zip(row, widths, strict=True)):
            space = " " * (width - cell_len(cell.plain))
            line.append("  " if place else "")
            line.append_text(Text.assemble(space, cell) if place in right else cell + Text(space))
        line.rstrip()
        lines.append(line)
    return lines
