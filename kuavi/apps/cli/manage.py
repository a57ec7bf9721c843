"""`kuavi videos`, `remove`, `doctor`, `presets`: the library and what works on it."""

import sys
from typing import Annotated

import typer

from kuavi.apps.cli.exits import Exit
from kuavi.apps.cli.run import Shared, command


@command
def videos(given: Shared) -> Exit:
    """List the videos of the library."""
    from kuavi.apps.cli import as_json, screen
    from kuavi.apps.cli.show_library import video_lines

    library = given.open()
    known = library.videos()
    if given.as_json:
        screen.show_json(as_json.of_videos(library.path, known))
        return Exit.OK
    screen.show(*video_lines(known))
    if not known:
        screen.aside("add some: " + given.command_line("index", "VIDEO"))
    return Exit.OK


@command
def remove(
    given: Shared,
    names: Annotated[
        list[str],
        typer.Argument(metavar="VIDEO...", help="Ids, starts of ids, paths or file names."),
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
) -> Exit:
    """Forget videos.  The video files themselves are not touched."""
    from kuavi.apps.cli import as_json, screen
    from kuavi.apps.cli.texts import printable

    library = given.open()
    known = list({video.id: video for video in map(library.video, names)}.values())
    if not yes and not _agreed([f"{video.title} ({video.id})" for video in known], given):
        screen.aside("nothing removed")
        return Exit.FAILED
    gone = [library.remove(video.id) for video in known]
    if given.as_json:
        screen.show_json({"removed": [as_json.of_named(video) for video in gone]})
    else:
        screen.show(*(f"removed {printable(video.title)} ({video.id})" for video in gone))
    return Exit.OK


def _agreed(titles: list[str], given: Shared) -> bool:
    """Ask; where nobody can answer, --yes is needed."""
    from kuavi.apps.cli.texts import printable

    if given.as_json or not sys.stdin.isatty():
        raise typer.BadParameter("nobody is there to ask; say --yes")
    listed = printable(", ".join(titles))
    return typer.confirm(f"forget {listed}?", err=True)


@command
def doctor(
    given: Shared,
    repair: Annotated[
        bool, typer.Option("--repair", help="Clear what interrupted runs left, and compact.")
    ] = False,
    models: Annotated[
        bool,
        typer.Option(
            "--models", help="Check the preset's models instead: load each, and try it twice."
        ),
    ] = False,
) -> Exit:
    """Check the library, or with --models the models."""
    if models and repair:
        raise typer.BadParameter("--repair is for the library: leave out --models")
    return _check_models(given) if models else _check_library(given, repair)


def _check_library(given: Shared, repair: bool) -> Exit:
    from kuavi.apps.cli import as_json, screen
    from kuavi.apps.cli.show_library import health_lines, recall_lines
    from kuavi.apps.toolbox.errors import KuaviError

    library = given.open()
    health = library.doctor(repair=repair)
    try:
        recalls = library.sketch_recalls()
    except KuaviError as problem:  # no model: the rest is worth telling without it
        screen.aside(f"what the sketches find is not measured: {problem}")
        recalls = None
    ill = any(not finding.repaired for finding in health.findings)
    if given.as_json:
        screen.show_json(as_json.of_health(health, recalls))
    else:
        screen.show(*health_lines(health), *recall_lines(recalls or ()))
        if ill and not repair:
            screen.aside("put it right: " + given.command_line("doctor", "--repair"))
    return Exit.FAILED if ill else Exit.OK


def _check_models(given: Shared) -> Exit:
    from kuavi.apps.cli import screen
    from kuavi.apps.cli.show_models import check_lines, checks_json, code_of_checks
    from kuavi.apps.toolbox.models import ModelCheck, check_models

    checks: list[ModelCheck] = []
    for check in check_models(given.preset_name, given.choices()):
        checks.append(check)
        if not given.as_json:
            screen.show(*check_lines(check))
    if given.as_json:
        screen.show_json(checks_json(given.preset_name, checks))
    return code_of_checks(checks)


@command
def presets(given: Shared) -> Exit:
    """List each preset's models, and whether their weights are here."""
    from kuavi.apps.cli import as_json_presets, screen
    from kuavi.apps.cli.show_library import caption_preset_lines, preset_lines
    from kuavi.apps.toolbox.presets import caption_presets
    from kuavi.apps.toolbox.presets import presets as known

    listed, captions = known(given.choices()), caption_presets()
    if given.as_json:
        screen.show_json(as_json_presets.of_presets(listed, captions))
    else:
        screen.show(*preset_lines(listed), *caption_preset_lines(captions))
    return Exit.OK
