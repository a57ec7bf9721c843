"""The options that commands share, and how their values are read."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Annotated, TypeAlias, TypeVar

import typer

from kuavi.apps.cli.times import parse_length, parse_span, parse_time
from kuavi.domain.spans import Span

T = TypeVar("T")

MODELS = "Models"
"""The panel of what is said about models."""


class FieldName(StrEnum):
    """The fields of search: those of the use-case, which is not loaded for `--help`."""

    VISUAL = "visual"
    TEMPORAL = "temporal"
    TRANSCRIPT = "transcript"
    SCREEN = "screen"
    SUMMARY = "summary"
    ACTION = "action"
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


class FeaturesName(StrEnum):
    """What a probe is trained on, likewise."""

    MOTION = "motion"
    MAPS = "maps"


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


def pairs(option: str, given: Sequence[str]) -> dict[str, str]:
    """NAME=VALUE options as a mapping; the last of a name wins."""
    for text in given:
        name, _, value = text.partition("=")
        if not (name and value):
            raise typer.BadParameter(f"{option} {text}: say {option} NAME=VALUE")
    return {text.partition("=")[0]: text.partition("=")[2] for text in given}


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
        "--scene-model-preset",
        "--preset",
        metavar="NAME",
        help="Which models (default: embedded; see kuavi presets).",
        show_default=False,
    ),
]
ModelsOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        metavar="PORT=NAME",
        help="Another model for a port: text, transcriber (see kuavi presets).",
        show_default=False,
        rich_help_panel=MODELS,
    ),
]
WeightsOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--weights",
        metavar="NAME=FOLDER",
        help="Where a model's files are (else: $KUAVI_WEIGHTS/NAME, the hub's cache).",
        show_default=False,
        rich_help_panel=MODELS,
    ),
]
DownloadOption: TypeAlias = Annotated[
    bool,
    typer.Option("--download", help="Fetch missing weights of the hub.", rich_help_panel=MODELS),
]
LicenceOption: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--accept-licence",
        help="Use weights that are gated or not for commercial use.",
        rich_help_panel=MODELS,
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
