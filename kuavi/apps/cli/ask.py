"""`kuavi ask` and `kuavi actions`: which candidate answer fits, and what is done at all."""

from typing import Annotated

import typer

from kuavi.apps.cli.exits import Exit
from kuavi.apps.cli.options import SpanOption, VideoArgument
from kuavi.apps.cli.run import Shared, command
from kuavi.domain.spans import clock


@command
def ask(
    given: Shared,
    video: VideoArgument,
    question: Annotated[
        str, typer.Argument(metavar="QUESTION", help="What is asked; it may be empty.")
    ],
    candidates: Annotated[
        list[str],
        typer.Option(
            "--candidates",
            "-c",
            metavar="TEXT",
            help="A possible answer; repeat for each, at least two.",
            show_default=False,
        ),
    ],
    span: SpanOption = None,
) -> Exit:
    """Weigh candidate answers to a question by what a video, or a --span of it, shows and says."""
    from kuavi.apps.cli import screen
    from kuavi.apps.cli.show_ask import answered_json, answered_lines

    within = None if span is None else (span.start_s, span.end_s)
    told = given.open().ask(video, question, candidates, within=within)
    if given.as_json:
        screen.show_json(answered_json(told))
        return Exit.OK
    screen.show(*answered_lines(told))
    for note in told.notes:
        screen.aside(note)
    if told.answers[0].clues:
        at = clock(told.answers[0].clues[0].moment.middle_s)
        screen.aside("look at it: " + given.command_line("sheet", video, "--at", at))
    return Exit.OK


@command
def actions(
    given: Shared,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many.")] = 50,
) -> Exit:
    """List the actions that were named in the library's videos, the commonest first."""
    from kuavi.apps.cli import screen
    from kuavi.apps.cli.show_ask import actions_json, actions_lines

    terms = given.open().actions()
    if given.as_json:
        screen.show_json(actions_json(terms, limit))
        return Exit.OK
    screen.show(*actions_lines(terms, limit))
    if not terms:
        screen.aside("name them: " + given.command_line("enhance", "--caption-preset", "NAME"))
    else:
        screen.aside("find one: " + given.command_line("search", terms[0].label))
    return Exit.OK
