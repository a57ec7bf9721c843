"""The command line: `kuavi`."""

from typing import Annotated

import typer

import kuavi
from kuavi.apps.cli.ask import actions, ask
from kuavi.apps.cli.audit import audit, repair
from kuavi.apps.cli.browse import scenes, sheet, transcript
from kuavi.apps.cli.enhance import enhance
from kuavi.apps.cli.exchange import export_trees, import_trees
from kuavi.apps.cli.exits import MEANING, Exit
from kuavi.apps.cli.foresee import anticipate, coherence, predict
from kuavi.apps.cli.index import index
from kuavi.apps.cli.manage import doctor, presets, remove, videos
from kuavi.apps.cli.options import (
    DebugOption,
    DownloadOption,
    JsonOption,
    LibraryOption,
    LicenceOption,
    ModelsOption,
    PresetOption,
    WeightsOption,
)
from kuavi.apps.cli.probes import classify, probe
from kuavi.apps.cli.run import shared
from kuavi.apps.cli.search import search

EPILOG = "\n".join(
    ["Exit codes:", *(f"{code.value:>3}  {meaning}" for code, meaning in MEANING.items())]
)

app = typer.Typer(
    name="kuavi",
    epilog=EPILOG,
    no_args_is_help=False,
    invoke_without_command=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"kuavi {kuavi.__version__}")
        raise typer.Exit(0)


@app.callback()
def kuavi_command(
    context: typer.Context,
    library: LibraryOption = None,
    preset: PresetOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
    model: ModelsOption = None,
    weights: WeightsOption = None,
    download: DownloadOption = False,
    accept_licence: LicenceOption = False,
    version: Annotated[  # noqa: ARG001  (its callback acts)
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Turn video files into an index you can search: by what is seen, said and written.

    Times are seconds or clock times (75.5, 1:15.5), spans are START-END (0:10-0:25).

    Options stand before or after the command.
    """
    context.obj = shared(
        context, library, preset, as_json, debug, model, weights, download, accept_licence
    )
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(int(Exit.USAGE))


PANELS = {
    "Index": {"index": index, "enhance": enhance, "repair": repair},
    "Find": {"search": search, "scenes": scenes, "transcript": transcript, "sheet": sheet},
    "Understand": {
        "ask": ask,
        "actions": actions,
        "audit": audit,
        "classify": classify,
        "anticipate": anticipate,
        "predict": predict,
        "coherence": coherence,
    },
    "Library": {
        "videos": videos,
        "remove": remove,
        "import": import_trees,
        "export": export_trees,
        "doctor": doctor,
        "presets": presets,
    },
}
for panel, commands in PANELS.items():
    for name, run in commands.items():
        app.command(name, rich_help_panel=panel)(run)
app.add_typer(probe, rich_help_panel="Understand")


def main() -> None:
    """The console script."""
    app(prog_name="kuavi")
