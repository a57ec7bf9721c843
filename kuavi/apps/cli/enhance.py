"""`kuavi enhance`: captions, brief actions and annotations for videos that are indexed."""

from typing import Annotated

import typer

from kuavi.apps.cli.caption_options import (
    CaptionPresetOption,
    CaptionPriceOption,
    CaptionServerOption,
    MaxCallsOption,
    MaxTokensOption,
    MaxUsdOption,
    ModeName,
    RoundsOption,
    budget,
)
from kuavi.apps.cli.caption_options import price as price_of
from kuavi.apps.cli.describing import describe, end
from kuavi.apps.cli.exits import Exit
from kuavi.apps.cli.options import SpanOption
from kuavi.apps.cli.run import Shared, command


@command
def enhance(
    given: Shared,
    videos: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[VIDEO]...", help="Ids, paths or names; without any, all.", show_default=False
        ),
    ] = None,
    mode: Annotated[
        ModeName,
        typer.Option(
            help="fast: a caption and a brief action for each scene; full: captions of all nodes, "
            "and annotations, drafted and revised."
        ),
    ] = ModeName.FAST,
    span: SpanOption = None,
    scene: Annotated[
        list[int] | None,
        typer.Option(
            min=1, metavar="N", help="Only this scene of the video; repeat.", show_default=False
        ),
    ] = None,
    rounds: RoundsOption = 3,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Tell what it would ask and cost; ask nothing.")
    ] = False,
    caption_preset: CaptionPresetOption = None,
    caption_server: CaptionServerOption = None,
    price: CaptionPriceOption = None,
    max_calls: MaxCallsOption = None,
    max_tokens: MaxTokensOption = None,
    max_usd: MaxUsdOption = None,
    plain: Annotated[bool, typer.Option("--plain", help="Lines instead of bars.")] = False,
) -> Exit:
    """Put indexed videos into words: only what is not there yet, or is out of date.

    Answers are kept, so that asking the same again costs nothing. Ctrl-C, or a budget that is used
    up, ends it with all kept.
    """
    from kuavi.apps.cli import screen
    from kuavi.apps.cli.show_enhance import estimate_json, estimate_lines

    library = given.open(
        captions=caption_preset, caption_server=caption_server, price=price_of(price)
    )
    within = None if span is None else (span.start_s, span.end_s)
    named = videos or []
    if estimate:
        told = library.estimate(
            *named, mode=mode.value, within=within, scenes=scene or (), rounds=rounds
        )
        if given.as_json:
            screen.show_json(estimate_json(told))
        else:
            screen.show(*estimate_lines(told))
        return Exit.OK
    plan = library.tell_plan(named, mode.value, within, scene or (), rounds)
    allowed = budget(max_calls, max_tokens, max_usd)
    results, stopped = describe(library, given, named, plan, allowed, plain=plain)
    return end(given, results, stopped)
