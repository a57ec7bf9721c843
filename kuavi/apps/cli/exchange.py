"""`kuavi import` and `kuavi export`: Action100M's published schema, in and out."""

from typing import Annotated

import typer

from kuavi.apps.cli.exits import Exit, trouble_of
from kuavi.apps.cli.run import Shared, command


@command
def import_trees(
    given: Shared,
    paths: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="Files of Action100M's schema."),
    ],
) -> Exit:
    """Import videos as Action100M publishes them: .json, .jsonl, .parquet.

    Their trees, captions, annotations and transcripts can be searched; there are no pictures.
    """
    from kuavi.apps.cli import screen
    from kuavi.apps.cli.show_exchange import arrival_lines, import_code, of_arrived

    library = given.open(create=True)
    codes: list[Exit] = []
    arrived = 0
    for one in library.importing(*paths):
        codes.append(Exit.OK if one.failure is None else trouble_of(one.failure).code)
        arrived += one.failure is None
        if given.as_json:
            screen.show_json(of_arrived(one), one_line=True)
        elif one.failure is None:
            screen.show(*arrival_lines(one))
        if one.failure is not None:
            screen.problem(str(one.failure))
    if arrived and not given.as_json:
        screen.aside("find something: " + given.command_line("search", "WORDS"))
    return import_code(codes)


@command
def export_trees(
    given: Shared,
    output: Annotated[
        str,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Named .json, .jsonl (a line each) or .parquet."
        ),
    ],
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[VIDEO...]",
            help="Ids, starts of ids, paths or names (default: all).",
            show_default=False,
        ),
    ] = None,
) -> Exit:
    """Write videos as Action100M publishes them.

    Trees, captions, annotations and transcripts, in the format that the file is named for.
    """
    from kuavi.apps.cli import as_json, screen
    from kuavi.apps.cli.texts import counted, printable

    done = given.open().export_trees(output, names or ())
    for left in done.left_out:
        screen.problem(str(left))
    if given.as_json:
        videos = [as_json.of_named(video) for video in done.videos]
        left_out = [{"title": one.title, "missing": one.missing} for one in done.left_out]
        screen.show_json({"path": done.path, "videos": videos, "left_out": left_out})
    else:
        screen.show(printable(done.path) if screen.is_terminal() else done.path)
        screen.aside(counted(len(done.videos), "video"))
    return Exit.FAILED if done.left_out else Exit.OK
