"""A library's videos, its health, and the presets, for reading."""

from collections.abc import Sequence

from rich.text import Text

from kuavi.apps.cli.texts import Line, columns, counted, printable
from kuavi.apps.cli.times import length_text
from kuavi.apps.toolbox.presets import CaptionStatus, PortStatus, PresetStatus
from kuavi.apps.usecases.check_sketch import SketchRecall
from kuavi.domain.choices import ALTERNATIVES
from kuavi.domain.manifest import TIERS, Stage, Tier, VideoRecord
from kuavi.domain.plan import Preset, Source, Weights
from kuavi.ports.health import Health

_UNITS = ("B", "kB", "MB", "GB", "TB")


def video_lines(videos: Sequence[VideoRecord]) -> list[Line]:
    """A table of the videos."""
    if not videos:
        return [Line(Text("no videos yet"))]
    head = [Text(name, "dim") for name in ("id", "length", "indexed", "tier", "video")]
    rows = [
        [
            Text(video.id, "cyan"),
            Text(length_text(_duration_s(video))),
            Text(_minute(video.indexed_at)),
            Text(stages_text(video), "yellow" if video.gaps else ""),
            Text(printable(video.title), "bold"),
        ]
        for video in videos
    ]
    return [Line(row) for row in columns([head, *rows], right=(1,))]


def _duration_s(video: VideoRecord) -> float:
    return video.info.duration_s if video.span is None else video.span.duration_s


def _minute(iso: str) -> str:
    """Of an ISO time, date and minute."""
    return iso[:16].replace("T", " ")


def stages_text(video: VideoRecord) -> str:
    """The highest tier that is complete and what is there besides; and how many gaps.

    An imported video has no tier: its form is told instead.
    """
    made = {record.stage for record in video.stages}
    full = [tier for tier, stages in TIERS.items() if made >= set(stages)]
    if video.origin is not None:
        told = f"imported ({video.origin.form})"
    elif full:
        more = [stage.value for stage in Stage if stage in made - set(TIERS[full[-1]])]
        told = " + ".join([full[-1].value, *more])
    else:
        told = f"{len(made)} of {len(TIERS[Tier.INDEX])} stages"
    gaps = len(video.gaps)
    return told + (f", {counted(gaps, 'gap')}" if gaps else "")


def health_lines(health: Health) -> list[Line]:
    """Findings, or that all is well; then sizes."""
    lines = [
        Line(
            Text(f"repaired: {printable(finding.problem)}", "green")
            if finding.repaired
            else Text(f"found: {printable(finding.problem)}", "yellow")
        )
        for finding in health.findings
    ] or [Line(Text("all is well", "bold green"))]
    lines.append(Line(Text(printable(health.path), "bold")))
    about = f"schema {health.schema}, {counted(health.videos, 'video')}"
    size = size_text(health.bytes_on_disk)
    if health.cache_bytes:
        size += f" ({size_text(health.cache_bytes)} of it cache)"
    lines.append(Line(Text(f"{about}, {size}"), 2))
    table = [
        [Text(name), Text(f"{rows:,}"), Text(f"{health.fragments.get(name, 0):,}")]
        for name, rows in sorted(health.rows.items())
    ]
    if table:
        head = [Text(name, "dim") for name in ("table", "rows", "fragments")]
        lines += [Line(row, 2) for row in columns([head, *table], right=(1, 2))]
    return lines


def recall_lines(recalls: Sequence[SketchRecall]) -> list[Line]:
    """What search through each sketch finds, as measured."""
    return [
        Line(
            Text(
                f"sketch of {told.layer.value}: {100 * told.recall:.1f} % of the {told.best} "
                f"nearest found, the very same for {told.same} of {told.queries} stored vectors"
            ),
            2,
        )
        for told in recalls
    ]


def size_text(n_bytes: float) -> str:
    """`999 B`, `12.3 MB`."""
    place = 0
    while n_bytes >= 999.5 and place < len(_UNITS) - 1:
        n_bytes, place = n_bytes / 1000, place + 1
    return f"{n_bytes:.1f} {_UNITS[place]}" if place else f"{n_bytes:.0f} B"


def preset_lines(presets: Sequence[PresetStatus]) -> list[Line]:
    """Each preset with the model behind each port, and where the weights come from."""
    lines: list[Line] = []
    for status in presets:
        lines += [Line(_preset_head(status)), Line(Text(status.preset.summary), 2)]
        lines.append(Line(Text(_sampling_text(status.preset)), 2))
        ports = (*status.ports, *status.extras)
        lines += [Line(row, 4) for row in columns([_port_row(port) for port in ports])]
        if status.weights:
            lines.append(Line(Text("weights:"), 2))
            rows = [_weights_row(weights) for weights in status.weights]
            lines += [Line(row, 4) for row in columns(rows, right=(0,))]
        lines += [Line(Text(f"missing: {name}", "yellow"), 2) for name in status.missing]
        lines += [Line(Text(remedy, "yellow"), 2) for remedy in _remedies(status)]
        lines.append(Line(Text()))
    lines.append(Line(Text("other models, by --model PORT=NAME", "bold")))
    rows = [
        [Text(port, "cyan"), Text(name), Text(_licence_text(spec.weights))]
        for port, specs in ALTERNATIVES.items()
        for name, spec in specs.items()
    ]
    return lines + [Line(row, 4) for row in columns(rows)]


def caption_preset_lines(presets: Sequence[CaptionStatus]) -> list[Line]:
    """Each caption preset with its models, their licence and how much memory they take."""
    lines = [Line(Text()), Line(Text("caption presets, by --caption-preset NAME", "bold"))]
    for status in presets:
        preset = status.preset
        memory = f", about {preset.vram_gb:.0f} GB of GPU memory" if preset.vram_gb else ""
        licence = f"  {preset.licence}{memory}" if preset.licence else ""
        state = "  not here" if status.missing else ""
        head = Text.assemble((preset.name, "bold"), (licence, ""), (state, "yellow"))
        lines += [Line(head, 4), Line(Text(preset.summary, "dim"), 6)]
        lines += [Line(row, 8) for row in columns([_port_row(port) for port in status.ports])]
    return lines


def _remedies(status: PresetStatus) -> list[str]:
    """What to do about what is missing."""
    if not status.missing or not status.preset.extra:
        return []
    absent = [port for port in status.ports if port.missing]
    packages = [f"to install it: pip install 'kuavi[{status.preset.extra}]'"]
    if not any(weights.source == Source.HUB for port in absent for weights in port.weights):
        return packages
    told = f"kuavi doctor --models --scene-model-preset {status.preset.name}"
    return [*packages, f"to fetch and check it: {told} --download (without: how to by hand)"]


def _sampling_text(preset: Preset) -> str:
    windowing = preset.windowing
    named = "".join(f"; {name} {w}" for name, w in preset.windowings.items())
    memory = f", about {preset.memory_gb:.0f} GB of memory" if preset.memory_gb else ""
    return (
        f"{preset.sample_fps:g} frames a second, windows of {windowing.size} frames moved by "
        f"{windowing.stride}{named}{memory}"
    )


def _licence_text(weights: Weights) -> str:
    return f"{weights.licence} (--accept-licence)" if weights.terms else weights.licence


def _preset_head(status: PresetStatus) -> Text:
    size = f"{status.megabytes:.0f} MB of weights" if status.megabytes else "no weights"
    state = ("not installed", "yellow") if status.missing else ("installed", "green")
    return Text.assemble((status.preset.name, "bold"), "  ", state, f"  {size}")


def _port_row(port: PortStatus) -> list[Text]:
    return [Text(port.port, "cyan"), Text(port.spec.model_id)]


def _weights_row(weights: Weights) -> list[Text]:
    return [
        Text(f"{weights.megabytes:.1f} MB"),
        Text(_licence_text(weights)),
        Text(weights.origin or f"{weights.source.value} {weights.location}"),
    ]
