"""The options that commands share, and how their values are read."""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, TypeAlias, TypeVar

import typer

from kuavi.apps.cli.times import parse_length, parse_span, parse_time
from kuavi.domain.spans import Span

T = TypeVar("T")


class FieldName(StrEnum):
    """The fields of search: those of the use-case, which is not loaded for `--help`."""

    VISUAL = "visual"
    TEMPORAL = "temporal"
    TRANSCRIPT = "transcript"
    SCREEN = "screen"
    SUMMARY = "summary"
    ALL = "all"


class TierName(StrEnum):
    """The tiers of an index run, likewise."""

    SCAN = "scan"
    INDEX = "index"
    DEEP = "deep"


class MapsName(StrEnum):
    """What tier deep keeps of feature maps, likewise."""

    NONE = "none"
    POOLED = "pooled"
    RAW = "raw"


def _read(parse: Callable[[str], T], text: str) -> T:
    try:
        return parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def time_s(text: str) -> float:
    return _read(parse_time, text)


def length_s(text: str) -> float:
    return _read(parse_length, text)


def span(text: str) -> Span:
    return _read(parse_span, text)


LibraryOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--library",
        "-l",
        metavar="PATH",
        help="The library (default: $KUAVI_LIBRARY, else the user's data folder).",
        show_default=False,
    ),
]
PresetOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Which models (default: embedded; see kuavi presets).",
        show_default=False,
    ),
]
JsonOption: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Machine-readable output on stdout.")
]
DebugOption: TypeAlias = Annotated[
    bool, typer.Option("--debug", help="Show tracebacks.", hidden=True)
]
VideoArgument: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="VIDEO",
        help="An id, the start of one, a path or a file name.",
        show_default=False,
    ),
]
SpanOption: TypeAlias = Annotated[
    Span | None,
    typer.Option(parser=span, metavar="START-END", help="Only this stretch.", show_default=False),
]
