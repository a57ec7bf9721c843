"""`kuavi index`: files in, a report a file out; the first Ctrl-C stops it with all kept."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kuavi.apps.cli.caption_options import (
    CaptionPresetOption,
    CaptionPriceOption,
    CaptionServerOption,
    MaxCallsOption,
    MaxTokensOption,
    MaxUsdOption,
    ModeName,
    budget,
)
from kuavi.apps.cli.caption_options import price as price_of
from kuavi.apps.cli.exits import Exit, Trouble, trouble_of
from kuavi.apps.cli.maps import tell_size, with_maps
from kuavi.apps.cli.options import MapsName, TierName
from kuavi.apps.cli.progress import progress_of
from kuavi.apps.cli.run import Shared, command, tell
from kuavi.apps.toolbox.errors import KuaviError

if TYPE_CHECKING:
    from kuavi.apps.cli.show_index import Content
    from kuavi.apps.toolbox.session import Indexed, OpenLibrary
    from kuavi.apps.usecases.report import IndexReport
    from kuavi.domain.limits import DecodeLimits
    from kuavi.domain.plan import IndexPlan


@command
def index(
    given: Shared,
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH...", help="Video files, or folders with videos in them."),
    ],
    tier: Annotated[
        TierName,
        typer.Option(
            help="scan: what is seen; index: also what is said and written; "
            "deep: also feature maps."
        ),
    ] = TierName.INDEX,
    mode: Annotated[
        ModeName | None,
        typer.Option(help="fast: tier index; full: tier deep.", show_default=False),
    ] = None,
    maps: Annotated[
        MapsName | None,
        typer.Option(
            help="What tier deep keeps of feature maps: means over a coarse grid (the default), "
            "all (large: the size is told first), or nothing.",
            show_default=False,
        ),
    ] = None,
    sample_fps: Annotated[
        float | None,
        typer.Option(
            help="Frames looked at in a second (default: the preset's).",
            metavar="FPS",
            show_default=False,
        ),
    ] = None,
    windowing: Annotated[
        str | None,
        typer.Option(
            help="Frames that the motion model sees at once, and moves by (default: the preset's).",
            metavar="NAME|SIZE/STRIDE[:centre]",
            show_default=False,
        ),
    ] = None,
    no_ocr: Annotated[bool, typer.Option("--no-ocr", help="Read no text on screen.")] = False,
    no_speech: Annotated[bool, typer.Option("--no-speech", help="Write no transcript.")] = False,
    jobs: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            help="Videos at a time (default: 2 where there are 2 cores); 0: one a core, at most 4.",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=N", help="What decoding a file may take; docs/cli.md names all."
        ),
    ] = None,
    profile: Annotated[
        bool, typer.Option("--profile", help="Tell where time and memory went; one job.")
    ] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Lines instead of bars.")] = False,
    caption_preset: CaptionPresetOption = None,
    caption_server: CaptionServerOption = None,
    price: CaptionPriceOption = None,
    max_calls: MaxCallsOption = None,
    max_tokens: MaxTokensOption = None,
    max_usd: MaxUsdOption = None,
) -> Exit:
    """Index videos: make them searchable.

    With --caption-preset they are put into words besides, as `kuavi enhance` does.  What is up to
    date is kept, what was interrupted goes on, and a file that fails stops no other.
    Ctrl-C stops after the current step; what was finished is kept.
    """
    from attrs import evolve

    from kuavi.domain.manifest import Tier

    if not all(paths):
        raise typer.BadParameter("an empty path; name a file or a folder")
    if profile and jobs is not None and jobs > 1:
        raise typer.BadParameter("--profile books time on one video after the other: use --jobs 1")
    if mode is not None:
        tier = TierName.DEEP if mode is ModeName.FULL else TierName.INDEX
    plan = evolve(
        _plan(given, sample_fps, windowing),
        tier=Tier(tier.value),
        ocr=not no_ocr,
        speech=not no_speech,
    )
    plan = with_maps(plan, tier, maps)
    library = given.open(
        create=True,
        limits=_limits(limit or []),
        captions=caption_preset,
        caption_server=caption_server,
        price=price_of(price),
    )
    tell_size(library, paths, plan)
    run = _Run(given, paths, plan, 1 if profile else jobs)
    with progress_of(given.as_json, plain) as progress:
        told = _profiled(progress) if profile else progress
        run.go(library, told)
    if profile:
        _show_profile(told.ledger, given)
    ended = _end_json if given.as_json else _end
    videos = [one.report.video.id for one in run.results if one.report is not None]
    described = library.captions_at(plan.tier) if videos and not run.stopped else None
    if described is None:
        return ended(library, given, run.results, run.stopped)
    from kuavi.apps.cli.describing import describe_indexed

    allowed = budget(max_calls, max_tokens, max_usd)
    told = describe_indexed(library, given, videos, described, allowed, plain=plain)
    code = ended(library, given, run.results, run.stopped)
    return told if code is Exit.OK else code


def _plan(given: Shared, sample_fps: float | None, windowing: str | None) -> "IndexPlan":
    """The preset's plan, with what is told otherwise."""
    from kuavi.apps.toolbox.presets import plan_of

    if sample_fps is not None and not 0 < sample_fps < float("inf"):
        raise typer.BadParameter("--sample-fps must be a number above 0")
    return plan_of(given.preset_name, sample_fps, windowing)


def _limits(given: list[str]) -> "DecodeLimits":
    from attrs import fields_dict

    from kuavi.domain.limits import DecodeLimits

    kinds: dict[str, Any] = {
        name: type(field.default) for name, field in fields_dict(DecodeLimits).items()
    }
    values: dict[str, Any] = {}
    for text in given:
        name, _, number = text.partition("=")
        if name not in kinds:
            raise typer.BadParameter(f"--limit {text}: one of {', '.join(kinds)}, as NAME=N")
        try:
            values[name] = kinds[name](number)
        except ValueError:
            raise typer.BadParameter(f"--limit {text}: {number!r} is no number") from None
    try:
        return DecodeLimits(**values)
    except ValueError as error:
        raise typer.BadParameter(f"--limit: {error.args[0]}") from None


class _Run:
    """A run, and what was done of it when it ended or was stopped."""

    def __init__(
        self, given: Shared, paths: list[str], plan: "IndexPlan", jobs: int | None
    ) -> None:
        self._given, self._paths, self._plan, self._jobs = given, paths, plan, jobs
        self.results: list[Indexed] = []
        self.stopped = False

    def go(self, library: "OpenLibrary", progress: Any) -> None:
        from kuavi.apps.cli import as_json, screen
        from kuavi.ports.progress import Cancelled

        try:
            for one in library.indexing(
                *self._paths, plan=self._plan, progress=progress, jobs=self._jobs
            ):
                self.results.append(one)
                if self._given.as_json:
                    result = {"event": "result", **as_json.of_indexed(one)}
                    screen.show_json(result, one_line=True)
        except KuaviError as error:
            if not isinstance(error.failure, Cancelled):
                raise
            self.stopped = True


def _profiled(progress: Any) -> Any:
    from kuavi.apps.wiring.registry import Family

    return Family("progress").builder("profiled")(progress)


def _show_profile(ledger: "Mapping[str, Any]", given: Shared) -> None:
    from kuavi.apps.cli import screen
    from kuavi.apps.cli.show_profile import profile_json, profile_lines

    if given.as_json:
        screen.show_json(profile_json(ledger), one_line=True)
    else:
        screen.show(*profile_lines(ledger))


def _end(library: "OpenLibrary", given: Shared, results: "list[Indexed]", stopped: bool) -> Exit:
    from kuavi.apps.cli import screen
    from kuavi.apps.cli.show_index import indexed_lines, total_text

    for one in results:
        if one.report is not None:  # else progress has told what the problem is
            screen.show(*indexed_lines(one.report, _content(library, one.report)))
    if len(results) > 1:
        screen.aside(total_text(results))
    if stopped:
        return tell(_stopped(), given)
    if any(one.report for one in results):
        screen.aside("next: " + given.command_line("search", "what to look for"))
    return code_of(results)


def _end_json(_: "OpenLibrary", __: Shared, results: "list[Indexed]", stopped: bool) -> Exit:
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


def _content(library: "OpenLibrary", report: "IndexReport") -> "Content":
    """What there is of a video now, counted."""
    from kuavi.apps.cli.show_index import Content
    from kuavi.apps.cli.show_video import words_of
    from kuavi.domain.manifest import Stage

    video = report.video
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
