"""`kuavi search`: moments by text, by picture, or by example."""

from typing import TYPE_CHECKING, Annotated

import typer

from kuavi.apps.cli.exits import Exit
from kuavi.apps.cli.options import FieldName, length_s, span
from kuavi.apps.cli.run import Shared, command
from kuavi.domain.spans import Span, clock

if TYPE_CHECKING:
    from kuavi.apps.toolbox.session import OpenLibrary
    from kuavi.apps.usecases.look import Sheet
    from kuavi.apps.usecases.queries import SearchResult


@command
def search(
    given: Shared,
    text: Annotated[
        str | None, typer.Argument(metavar="TEXT", help="What to look for.", show_default=False)
    ] = None,
    image: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Moments that look like this picture.", show_default=False
        ),
    ] = None,
    like: Annotated[
        str | None,
        typer.Option(
            metavar="VIDEO", help="Moments like one of this video: its --span.", show_default=False
        ),
    ] = None,
    like_span: Annotated[
        Span | None,
        typer.Option(
            "--span",
            parser=span,
            metavar="START-END",
            help="The example's time, like 0:10-0:25.",
            show_default=False,
        ),
    ] = None,
    field: Annotated[
        FieldName | None,
        typer.Option(
            help="Where to look; without it, among brief actions where there are some, else in "
            "all fields.",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many hits.")] = 10,
    video: Annotated[
        list[str] | None,
        typer.Option(metavar="VIDEO", help="Only in this video; may be repeated."),
    ] = None,
    within: Annotated[
        Span | None,
        typer.Option(
            parser=span, metavar="START-END", help="Only at these times.", show_default=False
        ),
    ] = None,
    scene_length: Annotated[
        float | None,
        typer.Option(
            parser=length_s,
            metavar="SECONDS",
            help="Typical length of a hit, instead of the video's own scenes.",
            show_default=False,
        ),
    ] = None,
    diverse: Annotated[
        bool, typer.Option("--diverse", help="Hits that differ from each other.")
    ] = False,
    duplicates: Annotated[
        bool,
        typer.Option("--duplicates", help="Show each of several nodes that say the same."),
    ] = False,
    sheet: Annotated[
        str | None,
        typer.Option(
            metavar="OUT.png",
            help="Write a contact sheet of the hits in the best hit's video.",
            show_default=False,
        ),
    ] = None,
) -> Exit:
    """Find moments by what is seen, said or written in them.

    Give a text, or --image FILE, or --like VIDEO --span START-END.
    """
    if (like is None) != (like_span is None):
        raise typer.BadParameter("--like and --span go together: a video and a time in it")
    library = given.open()
    result = library.search(
        text,
        image=image,
        like=None if like is None or like_span is None else (like, _seconds(like_span)),
        field=None if field is None else field.value,
        limit=limit,
        videos=video or [],
        within=None if within is None else _seconds(within),
        scene_s=scene_length,
        diverse=diverse,
        duplicates=duplicates,
    )
    written = None if sheet is None else _sheet(library, result, sheet)
    return _told(given, library, result, text or "", written)


def _seconds(time: Span) -> tuple[float, float]:
    return time.start_s, time.end_s


def _sheet(library: "OpenLibrary", result: "SearchResult", output: str) -> "Sheet | None":
    """The hits that are in the best hit's video; none without hits."""
    if not result.hits:
        return None
    video = result.hits[0].video
    moments = sorted({hit.moment.middle_s for hit in result.hits if hit.video == video})
    return library.sheet(video, output, times_s=moments, tiles=len(moments))


def _told(
    given: Shared,
    library: "OpenLibrary",
    result: "SearchResult",
    query: str,
    sheet: "Sheet | None",
) -> Exit:
    from kuavi.apps.cli import as_json, screen
    from kuavi.apps.cli.show_search import note_text, search_lines

    if given.as_json:
        screen.show_json(as_json.of_search(result, sheet))
        return Exit.OK
    screen.show(*search_lines(result, query, terminal=screen.is_terminal()))
    if result.notes:
        screen.aside(f"not searched: {note_text(result.notes)}")
    if sheet is not None:
        about = f"{len(sheet.times_s)} hits of {result.hits[0].title}"
        screen.aside(f"wrote {sheet.path}: {about}")
    if result.hits:
        screen.aside(f"look at it: {_next(given, library, result)}")
    return Exit.OK


def _next(given: Shared, library: "OpenLibrary", result: "SearchResult") -> str:
    """A command that shows the best hit."""
    hit = result.hits[0]
    alike = [video for video in library.videos() if video.title == hit.title]
    name = hit.title if len(alike) == 1 else hit.video
    return given.command_line("sheet", name, "--at", clock(hit.moment.middle_s))
