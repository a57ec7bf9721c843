"""`kuavi probe train` and `kuavi classify`: what spans of a video are."""

from typing import Annotated

import typer

from kuavi.apps.cli.exits import Exit
from kuavi.apps.cli.options import FeaturesName, SpanOption, VideoArgument, length_s
from kuavi.apps.cli.run import Shared, command

probe = typer.Typer(
    name="probe",
    no_args_is_help=True,
    help="Teach the index your own labels.",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@command
def train(
    given: Shared,
    labels: Annotated[
        str,
        typer.Argument(
            metavar="LABELS.csv",
            help="A table with the columns video, start, end and label.",
            show_default=False,
        ),
    ],
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="Where to save the probe.")
    ] = "probe.safetensors",
    held_out: Annotated[
        float,
        typer.Option(min=0.05, max=0.5, help="Share of the labelled spans kept to score with."),
    ] = 0.25,
    features: Annotated[
        FeaturesName,
        typer.Option(
            help="What it learns from: motion vectors, or the feature maps that "
            "index --tier deep keeps."
        ),
    ] = FeaturesName.MOTION,
) -> Exit:
    """Train a probe on labelled spans of indexed videos, and say how well it does.

    Its score is made on spans it has not learned from.
    """
    from kuavi.apps.cli import screen
    from kuavi.apps.cli.show_probes import trained_json, trained_lines

    trained = given.open().train_probe(labels, output, held_out=held_out, features=features.value)
    if given.as_json:
        screen.show_json(trained_json(trained))
        return Exit.OK
    screen.show(*trained_lines(trained))
    screen.aside("use it: " + given.command_line("classify", "VIDEO", "--probe", trained.path))
    return Exit.OK


@command
def classify(
    given: Shared,
    video: VideoArgument,
    probe_file: Annotated[
        str | None,
        typer.Option(
            "--probe",
            metavar="FILE",
            help="By a probe of your own (kuavi probe train).",
            show_default=False,
        ),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(
            metavar="TASK",
            help="By a released classifier of the preset: ssv2, diving48 or ek100.",
            show_default=False,
        ),
    ] = None,
    span: SpanOption = None,
    scene_length: Annotated[
        float | None,
        typer.Option(
            parser=length_s,
            metavar="SECONDS",
            help="Typical length of a span, instead of the video's own scenes.",
            show_default=False,
        ),
    ] = None,
    top: Annotated[int, typer.Option("--top", "-n", min=1, help="So many labels a span.")] = 3,
) -> Exit:
    """Say what each scene of a video is, or one --span.  Give --probe FILE or --task TASK."""
    from kuavi.apps.cli import screen
    from kuavi.apps.cli.show_probes import classified_json, classified_lines

    if (probe_file is None) == (task is None):
        raise typer.BadParameter("give --probe FILE or --task TASK")
    within = None if span is None else (span.start_s, span.end_s)
    told = given.open().classify(
        video, probe=probe_file, task=task, within=within, scene_s=scene_length
    )
    if given.as_json:
        screen.show_json(classified_json(told, top))
    else:
        screen.show(*classified_lines(told, top))
    return Exit.OK


probe.command("train")(train)
