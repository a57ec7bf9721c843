"""`kuavi index`: files in, a report a file out; the first Ctrl-C stops it with all kept."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kuavi.apps.cli.exits import Exit, Trouble, trouble_of
from kuavi.apps.cli.options import TierName
from kuavi.apps.cli.run import Shared, command, tell
from kuavi.apps.toolbox.errors import KuaviError

if TYPE_CHECKING:
    from kuavi.apps.cli.show_index import Content
    from kuavi.apps.toolbox.session import Indexed, OpenLibrary
    from kuavi.domain.plan import IndexPlan


@command
def index(
    given: Shared,
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH...", help="Video files, or folders with videos in them."),
    ],
    tier: Annotated[
        TierName, typer.Option(help="scan: what is seen; index: also what is said and written.")
    ] = TierName.INDEX,
    sample_fps: Annotated[
        float, typer.Option(help="Frames looked at in a second.", metavar="FPS")
    ] = 2.5,
    no_ocr: Annotated[bool, typer.Option("--no-ocr", help="Read no text on screen.")] = False,
    no_speech: Annotated[bool, typer.Option("--no-speech", help="Write no transcript.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Lines instead of bars.")] = False,
) -> Exit:
    """Index videos: make them searchable.

    What is up to date is kept, what was interrupted goes on, and a file that fails stops no other.
    Ctrl-C stops after the current step; what was finished is kept.
    """
    plan = _plan(given, tier, sample_fps, not no_ocr, not no_speech)
    library = given.open(create=True)
    results: list[Indexed] = []
    stopped = _run(library, paths, plan, given, plain, results)
    if given.as_json:
        return _end_json(results, stopped)
    return _end(library, given, results, stopped)


def _plan(given: Shared, tier: TierName, sample_fps: float, ocr: bool, speech: bool) -> "IndexPlan":
    from kuavi.domain.manifest import Tier
    from kuavi.domain.plan import IndexPlan

    if not 0 < sample_fps < float("inf"):
        raise typer.BadParameter("--sample-fps must be a number above 0")
    return IndexPlan(
        preset=given.preset or "embedded",
        tier=Tier(tier.value),
        sample_fps=sample_fps,
        ocr=ocr,
        speech=speech,
    )


def _run(
    library: "OpenLibrary",
    paths: list[str],
    plan: "IndexPlan",
    given: Shared,
    plain: bool,
    results: "list[Indexed]",
) -> bool:
    """Whether it was stopped; `results` has what was done until then."""
    from kuavi.apps.cli import as_json, screen
    from kuavi.ports.progress import Cancelled

    with _progress(given.as_json, plain) as progress:
        try:
            for one in library.indexing(*paths, plan=plan, progress=progress):
                results.append(one)
                if given.as_json:
                    result = {"event": "result", **as_json.of_indexed(one)}
                    screen.show_json(result, one_line=True)
        except KuaviError as error:
            if not isinstance(error.failure, Cancelled):
                raise
            return True
    return False


@contextmanager
def _progress(events: bool, plain: bool) -> Iterator[Any]:
    """The way to tell of progress, and to be stopped: the first signal asks, the second stops."""
    from kuavi.apps.wiring.registry import Family

    family, asked = Family("progress"), Event()

    def stop(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            signal.signal(number, signal.SIG_DFL)
            signal.default_int_handler(number, frame)
        asked.set()
        note = "\nstopping after this step; Ctrl-C again stops at once\n"
        os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, note.encode())

    adapter = "events" if events else "lines" if plain or not sys.stderr.isatty() else "rich_bars"
    told = family.builder(adapter)(sys.stdout if events else sys.stderr)
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with told:
            yield family.builder("cancellable")(told, asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(library: "OpenLibrary", given: Shared, results: "list[Indexed]", stopped: bool) -> Exit:
    from kuavi.apps.cli import screen
    from kuavi.apps.cli.show_index import indexed_lines, total_text

    for one in results:
        screen.show(*indexed_lines(one, _content(library, one)))
    if len(results) > 1:
        screen.aside(total_text(results))
    if stopped:
        return tell(_stopped(), given)
    if any(one.report for one in results):
        screen.aside("next: " + given.command_line("search", "what to look for"))
    return code_of(results)


def _end_json(results: "list[Indexed]", stopped: bool) -> Exit:
    from kuavi.apps.cli import screen

    code = Exit.STOPPED if stopped else code_of(results)
    end = {
        "event": "end",
        "ok": sum(one.ok for one in results),
        "failed": sum(not one.ok for one in results),
        "stopped": stopped,
        "exit_code": int(code),
    }
    screen.show_json(end, one_line=True)
    return code


def _stopped() -> Trouble:
    from kuavi.ports.progress import Cancelled

    return trouble_of(Cancelled())


def _content(library: "OpenLibrary", one: "Indexed") -> "Content":
    """What there is of a video now, counted."""
    from kuavi.apps.cli.show_index import Content
    from kuavi.apps.cli.show_video import words_of
    from kuavi.domain.manifest import Stage

    if one.report is None:
        return Content()
    video = one.report.video
    tree, said, written = map(video.record, (Stage.TREE, Stage.TRANSCRIPT, Stage.SCREEN))
    return Content(
        len(library.scenes(video.id)) if tree else None,
        words_of(library.transcript(video.id).utterances) if said else None,
        written.items if written else None,
    )


def code_of(results: "list[Indexed]") -> Exit:
    """0 if all went well; the code they share if nothing went well; else 1."""
    codes = {_code(one) for one in results}
    if not codes:
        return Exit.FAILED
    return codes.pop() if len(codes) == 1 else Exit.FAILED


def _code(one: "Indexed") -> Exit:
    if one.ok:
        return Exit.OK
    return Exit.FAILED if one.failure is None else trouble_of(one.failure).code
