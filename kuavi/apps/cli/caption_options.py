"""What commands that put videos into words share: which models, and what they may cost."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from kuavi.apps.cli.options import MODELS

if TYPE_CHECKING:
    from kuavi.domain.budget import Budget, Price

COST = "Cost"
"""The panel of limits."""


class ModeName(StrEnum):
    """How far describing goes; the use-case is not loaded for `--help`."""

    FAST = "fast"
    FULL = "full"


CaptionPresetOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--caption-preset",
        metavar="NAME",
        help="Models that caption: none (the default), local-tiny, api, openai, local-full, "
        "local-efficient, local-minimal; `kuavi presets` tells of each.",
        show_default=False,
        rich_help_panel=MODELS,
    ),
]
CaptionServerOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--caption-server",
        metavar="URL",
        help="Where the server of --caption-preset openai is, as http://127.0.0.1:8000/v1 "
        "(default: $OPENAI_BASE_URL).",
        show_default=False,
        rich_help_panel=MODELS,
    ),
]
CaptionPriceOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--price",
        metavar="IN/OUT",
        help="US dollars for a million tokens, asked and answered, as 0.30/2.50; --max-usd and "
        "--estimate reckon with it.",
        show_default=False,
        rich_help_panel=COST,
    ),
]
MaxCallsOption: TypeAlias = Annotated[
    int | None,
    typer.Option("--max-calls", min=0, help="Ask models at most so often.", rich_help_panel=COST),
]
MaxTokensOption: TypeAlias = Annotated[
    int | None,
    typer.Option("--max-tokens", min=0, help="Use at most so many tokens.", rich_help_panel=COST),
]
MaxUsdOption: TypeAlias = Annotated[
    float | None,
    typer.Option("--max-usd", min=0, help="Spend at most so much.", rich_help_panel=COST),
]
RoundsOption: TypeAlias = Annotated[
    int,
    typer.Option(min=1, help="Rounds of an annotation: a draft, and revisions of it."),
]


def budget(calls: int | None, tokens: int | None, usd: float | None) -> "Budget":
    from kuavi.domain.budget import Budget

    return Budget(calls, tokens, usd)


def price(text: str | None) -> "Price | None":
    """`0.30/2.50` as a price."""
    from kuavi.domain.budget import Price

    if text is None:
        return None
    asked, slash, answered = text.partition("/")
    try:
        if slash:
            return Price(float(asked), float(answered))
    except ValueError:
        pass
    raise typer.BadParameter(f"--price {text}: say IN/OUT in US dollars, as 0.30/2.50")
