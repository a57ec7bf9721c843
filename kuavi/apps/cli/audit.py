"""`kuavi audit` and `kuavi repair`: how far what is said of a video can be trusted, and mend it."""

from typing import Annotated

import typer

from kuavi.apps.cli.caption_options import (
    CaptionPresetOption,
    CaptionServerOption,
    MaxCallsOption,
    MaxTokensOption,
    MaxUsdOption,
    RoundsOption,
    budget,
)
from kuavi.apps.cli.exits import Exit
from kuavi.apps.cli.index import progress_of
from kuavi.apps.cli.options import VideoArgument
from kuavi.apps.cli.run import Shared, command


@command
def audit(
    given: Shared,
    video: VideoArgument,
    worst: Annotated[
        int, typer.Option(min=0, metavar="N", help="How many of the worst are shown.")
    ] = 5,
) -> Exit:
    """Judge what a video is described by: quality signals, the worst, what is missing.

    Signals are heuristics from 0 to 1 (1 is good). Nothing is asked of captioning models.
    """
    from kuavi.apps.cli import screen
    from kuavi.apps.cli.show_audit import audit_json, audit_lines

    told = given.open().audit(video)
    if given.as_json:
        screen.show_json(audit_json(told, worst))
        return Exit.OK
    screen.show(*audit_lines(told, worst))
    if told.flags:
        screen.aside("mend it: " + given.command_line("repair", video, "--caption-preset", "..."))
    return Exit.OK


@command
def repair(
    given: Shared,
    video: VideoArgument,
    worst: Annotated[
        int, typer.Option(min=1, metavar="N", help="Ask again for at most so many, the worst.")
    ] = 10,
    below: Annotated[
        float,
        typer.Option(metavar="X", help="Only for what has a total less than this, of at most 1."),
    ] = 0.5,
    rounds: RoundsOption = 3,
    caption_preset: CaptionPresetOption = None,
    caption_server: CaptionServerOption = None,
    max_calls: MaxCallsOption = None,
    max_tokens: MaxTokensOption = None,
    max_usd: MaxUsdOption = None,
    plain: Annotated[bool, typer.Option("--plain", help="Lines instead of bars.")] = False,
) -> Exit:
    """Ask again for the worst of a video's descriptions; keep what scores higher.

    Of captions and annotations. The questions name the faults; `kuavi audit` shows them.
    """
    from kuavi.apps.cli import screen
    from kuavi.apps.cli.show_audit import repair_json, repair_lines

    library = given.open(captions=caption_preset, caption_server=caption_server)
    allowed = budget(max_calls, max_tokens, max_usd)
    with progress_of(given.as_json, plain) as progress:
        report = library.repair(
            video, worst=worst, below=below, rounds=rounds, budget=allowed, progress=progress
        )
    if given.as_json:
        screen.show_json({"event": "result", **repair_json(report)}, one_line=True)
    else:
        screen.show(*repair_lines(report))
    return Exit.OK if report.complete else Exit.FAILED
