"""`kuavi anticipate`, `predict`, `coherence`: what comes next, and what breaks the flow."""

from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from kuavi.apps.cli.exits import Exit
from kuavi.apps.cli.options import SpanOption, VideoArgument, length_s, time_s
from kuavi.apps.cli.run import Shared, command
from kuavi.domain.spans import clock

if TYPE_CHECKING:
    from kuavi.apps.usecases.coherence import Summary

AtOption: TypeAlias = Annotated[
    float, typer.Option(parser=time_s, metavar="TIME", help="From this moment on.")
]
HorizonOption: TypeAlias = Annotated[
    float, typer.Option(parser=length_s, metavar="SECONDS", help="How far ahead.")
]


@command
def anticipate(
    given: Shared,
    video: VideoArgument,
    at: AtOption,
    horizon: HorizonOption = "4",  # type: ignore[assignment]  # read by its parser
    candidates: Annotated[
        list[str] | None,
        typer.Option(
            "--candidates",
            "-c",
            metavar="TEXT",
            help="What may come; repeat for each. Without: scenes of the library.",
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many scenes.")] = 5,
) -> Exit:
    """Rank what may come after a moment: texts, or scenes of the library."""
    from kuavi.apps.cli import as_json_foresight, screen
    from kuavi.apps.cli.show_foresight import anticipation_lines, note_lines

    library = given.open()
    told = library.anticipate(
        video, at, horizon_s=horizon, candidates=candidates or (), limit=limit
    )
    if given.as_json:
        screen.show_json(as_json_foresight.of_anticipation(told))
        return Exit.OK
    screen.show(*anticipation_lines(told))
    for note in note_lines(told.notes, extrapolated=told.extrapolated):
        screen.aside(note)
    screen.aside("step by step: " + given.command_line("predict", video, "--at", clock(at)))
    return Exit.OK


@command
def predict(
    given: Shared,
    video: VideoArgument,
    at: AtOption,
    horizon: HorizonOption = "4",  # type: ignore[assignment]
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, help="Look-alikes of each step.")
    ] = 3,
) -> Exit:
    """Show which moments of the library each step after a moment is foreseen to resemble."""
    from kuavi.apps.cli import as_json_foresight, screen
    from kuavi.apps.cli.show_foresight import note_lines, prediction_lines

    told = given.open().predict(video, at, horizon_s=horizon, limit=limit)
    if given.as_json:
        screen.show_json(as_json_foresight.of_prediction(told))
        return Exit.OK
    screen.show(*prediction_lines(told))
    for note in note_lines(told.notes, extrapolated=told.extrapolated):
        screen.aside(note)
    return Exit.OK


@command
def coherence(
    given: Shared,
    video: VideoArgument,
    span: SpanOption = None,
    plot: Annotated[
        str | None,
        typer.Option(metavar="OUT.png", help="Draw surprise over time as PNG.", show_default=False),
    ] = None,
    summary: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Tell instead the N scenes with the most surprising moments.",
            show_default=False,
        ),
    ] = None,
) -> Exit:
    """Find what breaks a video's flow: foreign segments, cuts, sudden changes."""
    from kuavi.apps.cli import as_json_foresight, screen
    from kuavi.apps.cli.show_foresight import coherence_lines, note_lines

    library = given.open()
    if summary is not None:
        if span is not None or plot is not None:
            raise typer.BadParameter("--summary is of the whole video; leave out --span and --plot")
        return _summary(given, library.surprising(video, summary))
    told = library.coherence(video, within=None if span is None else (span.start_s, span.end_s))
    drawn = None if plot is None else library.plot(told, plot)
    if given.as_json:
        screen.show_json(as_json_foresight.of_coherence(told, drawn))
        return Exit.OK
    screen.show(*coherence_lines(told))
    for note in note_lines(told.notes, extrapolated=False):
        screen.aside(note)
    if drawn is not None:
        screen.aside(f"wrote {drawn}")
    elif told.flags:
        strongest = max(told.flags, key=lambda flag: flag.z)
        at = clock(strongest.span.middle_s)
        screen.aside("look at it: " + given.command_line("sheet", video, "--at", at))
    return Exit.OK


def _summary(given: Shared, told: "Summary") -> Exit:
    from kuavi.apps.cli import as_json_foresight, screen
    from kuavi.apps.cli.show_foresight import summary_lines

    if given.as_json:
        screen.show_json(as_json_foresight.of_summary(told))
    else:
        screen.show(*summary_lines(told))
    return Exit.OK
