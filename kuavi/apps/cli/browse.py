"""`kuavi scenes`, `transcript`, `sheet`: what is in one video."""

from pathlib import PurePath
from typing import Annotated

import typer

from kuavi.apps.cli.exits import Exit
from kuavi.apps.cli.options import SpanOption, VideoArgument, length_s, time_s
from kuavi.apps.cli.run import Shared, command
from kuavi.domain.spans import clock


@command
def scenes(
    given: Shared,
    video: VideoArgument,
    count: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="About so many scenes.", show_default=False),
    ] = None,
    typical: Annotated[
        float | None,
        typer.Option(
            parser=length_s,
            metavar="SECONDS",
            help="Scenes of about this length.",
            show_default=False,
        ),
    ] = None,
) -> Exit:
    """List a video's scenes, coarse or fine."""
    from kuavi.apps.cli import as_json, screen
    from kuavi.apps.cli.show_video import scene_lines

    if count is not None and typical is not None:
        raise typer.BadParameter("give --count or --typical, not both")
    library = given.open()
    found = library.scenes(video, count=count, typical_s=typical)
    if given.as_json:
        screen.show_json(as_json.of_scenes(library.video(video), found))
        return Exit.OK
    screen.show(*scene_lines(found, terminal=screen.is_terminal()))
    screen.aside("see them: " + given.command_line("sheet", video))
    return Exit.OK


@command
def transcript(
    given: Shared,
    video: VideoArgument,
    find: Annotated[
        str | None,
        typer.Option(metavar="PHRASE", help="Where this is said.", show_default=False),
    ] = None,
    vtt: Annotated[bool, typer.Option("--vtt", help="As WebVTT subtitles.")] = False,
) -> Exit:
    """Show what is said in a video, or find where a phrase is said."""
    from kuavi.apps.cli import as_json, screen
    from kuavi.apps.cli.show_video import found_lines, transcript_lines
    from kuavi.domain.transcript import to_vtt

    if vtt and (find is not None or given.as_json):
        raise typer.BadParameter("--vtt goes with neither --find nor --json")
    said = given.open().transcript(video, find)
    if vtt:
        screen.show_text(to_vtt(said.utterances))
    elif given.as_json:
        screen.show_json(as_json.of_transcript(said))
    else:
        screen.show(*(transcript_lines(said) if find is None else found_lines(said, find)))
    return Exit.OK


@command
def sheet(
    given: Shared,
    video: VideoArgument,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="PNG or JPEG (default: VIDEO-sheet.jpg here).",
            show_default=False,
        ),
    ] = None,
    span: SpanOption = None,
    at: Annotated[
        list[float] | None,
        typer.Option(parser=time_s, metavar="TIME", help="This moment; may be repeated."),
    ] = None,
    tiles: Annotated[int, typer.Option(min=1, max=200, help="At most so many pictures.")] = 24,
    columns: Annotated[int, typer.Option(min=1, help="Pictures in a row.")] = 4,
) -> Exit:
    """Write a contact sheet: a picture a scene, or of the moments given, with their times."""
    from kuavi.apps.cli import as_json, screen

    if span is not None and at:
        raise typer.BadParameter("give --span or --at, not both")
    library = given.open()
    known = library.video(video)
    made = library.sheet(
        known.id,
        output or f"{PurePath(known.title).stem}-sheet.jpg",
        within=None if span is None else (span.start_s, span.end_s),
        times_s=at or [],
        tiles=tiles,
        columns=columns,
    )
    if given.as_json:
        screen.show_json({"video": as_json.of_named(known), **as_json.of_sheet(made)})
        return Exit.OK
    screen.show(made.path)
    screen.aside(f"{len(made.times_s)} pictures: {', '.join(clock(t) for t in made.times_s)}")
    return Exit.OK
