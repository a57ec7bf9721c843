"""Where output goes: results to stdout, asides and problems to stderr, whole lines at a time."""

import json
import sys
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, TextIO

from rich.console import Console, RenderableType
from rich.text import Text

from kuavi.apps.cli.texts import printable

UNBOUNDED = 1_000_000
"""The width of what is no terminal: nothing is wrapped or cut in a pipe or a file."""


def is_terminal() -> bool:
    """Whether results are read by a person right now."""
    return sys.stdout.isatty()


def show(*results: RenderableType) -> None:
    """Results, on stdout."""
    _write(sys.stdout, results, wrap=sys.stdout.isatty())


def aside(text: str) -> None:
    """A dim line about the results, on stderr, so that a pipe holds results only."""
    _write(sys.stderr, [Text(text, "dim")], wrap=False)


def problem(text: str) -> None:
    """What went wrong, in one line on stderr."""
    _write(sys.stderr, [Text.assemble(("kuavi: ", "bold red"), printable(text))], wrap=False)


def show_text(text: str) -> None:
    """A text as it is, on stdout."""
    sys.stdout.write(text)
    sys.stdout.flush()


def show_json(value: Mapping[str, Any], *, one_line: bool = False) -> None:
    """One JSON object on stdout, ASCII only; what is no finite number is null."""
    text = json.dumps(finite(value), allow_nan=False, indent=None if one_line else 2)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def finite(value: Any) -> Any:
    """The same with null for infinities and NaN."""
    match value:
        case float():
            return value if isfinite(value) else None
        case Mapping():
            return {key: finite(item) for key, item in value.items()}
        case list() | tuple():
            return [finite(item) for item in value]
        case _:
            return value


def _write(stream: TextIO, results: Sequence[RenderableType], *, wrap: bool) -> None:
    """Without `wrap` long lines are left to the terminal, so that they can be copied whole."""
    console = Console(
        file=stream,
        width=None if stream.isatty() else UNBOUNDED,
        highlight=False,
        markup=False,
        emoji=False,
    )
    with console.capture() as written:
        for result in results:
            console.print(result, soft_wrap=not wrap)
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(written.get().encode(encoding, "replace").decode(encoding))
    stream.flush()
