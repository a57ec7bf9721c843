"""`kuavi enhance`: captions, brief actions and annotations for videos that are indexed."""

from typing import TYPE_CHECKING, Annotated

import typer

from kuavi.apps.cli.caption_options import (
    CaptionPresetOption,
    CaptionServerOption,
    MaxCallsOption,
    MaxTokensOption,
    MaxUsdOption,
    ModeName,
    RoundsOption,
    budget,
)
from kuavi.apps.cli.exits import Exit, trouble_of
from kuavi.apps.cli.index import progress_of
from kuavi.apps.cli.options import SpanOption
from kuavi.apps.cli.run import Shared, command, tell
from kuavi.apps.toolbox.errors import KuaviError

if TYPE_CHECKING:
    from kuavi.apps.toolbox.session import OpenLibrary
    from kuavi.apps.toolbox.telling import Enhanced
    from kuavi.domain.budget import Budget
    from kuavi.domain.tell_plan import TellPlan


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

    library = given.open(captions=caption_preset, caption_server=caption_server)
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


def describe(
    library: "OpenLibrary",
    given: Shared,
    videos: list[str],
    plan: "TellPlan",
    allowed: "Budget",
    *,
    plain: bool,
) -> "tuple[list[Enhanced], bool]":
    """What came of each video; True: the user stopped it."""
    from kuavi.ports.progress import Cancelled

    results: list[Enhanced] = []
    with progress_of(given.as_json, plain) as progress:
        try:
            for one in library.enhancing(*videos, plan=plan, budget=allowed, progress=progress):
                results.append(one)
        except KuaviError as error:
            if not isinstance(error.failure, Cancelled):
                raise
            return results, True
    return results, False


def end(given: Shared, results: "list[Enhanced]", stopped: bool) -> Exit:
    """Tell what came of it."""
    from kuavi.apps.cli import screen
    from kuavi.apps.cli.show_enhance import enhanced_json, enhanced_lines
    from kuavi.ports.progress import Cancelled

    if given.as_json:
        for one in results:
            screen.show_json({"event": "result", **enhanced_json(one)}, one_line=True)
    else:
        for one in results:
            screen.show(*enhanced_lines(one))
    if stopped:
        return tell(trouble_of(Cancelled()), given)
    codes = {_code(one) for one in results}
    if not given.as_json and Exit.OK in codes:
        screen.aside("next: " + given.command_line("search", "what is done", "--field", "action"))
    return codes.pop() if len(codes) == 1 else (Exit.FAILED if codes else Exit.NOT_FOUND)


def _code(one: "Enhanced") -> Exit:
    if one.ok:
        return Exit.OK
    return Exit.FAILED if one.failure is None else trouble_of(one.failure).code
