"""Videos put into words from the command line, and what came of it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kuavi.apps.cli.exits import Exit, trouble_of
from kuavi.apps.cli.progress import progress_of
from kuavi.apps.cli.run import Shared, tell
from kuavi.apps.toolbox.errors import KuaviError

if TYPE_CHECKING:
    from kuavi.apps.toolbox.session import OpenLibrary
    from kuavi.apps.toolbox.telling import Enhanced
    from kuavi.domain.budget import Budget
    from kuavi.domain.tell_plan import Mode, TellPlan


def describe_indexed(
    library: "OpenLibrary",
    given: Shared,
    videos: Sequence[str],
    mode: "Mode",
    allowed: "Budget",
    *,
    plain: bool,
) -> Exit:
    """Put videos into words that were indexed just now."""
    from kuavi.domain.tell_plan import TellPlan

    results, stopped = describe(library, given, videos, TellPlan(mode), allowed, plain=plain)
    return end(given, results, stopped)


def describe(
    library: "OpenLibrary",
    given: Shared,
    videos: Sequence[str],
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
