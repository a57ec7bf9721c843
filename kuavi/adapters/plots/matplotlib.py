"""Plots through Matplotlib's Agg renderer, without a display and without its global state."""

import io

from attrs import frozen
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator
from returns.result import Failure, Success

from kuavi.domain.outcome import Outcome
from kuavi.ports.plots import Chart, PlotFailed, Plots

DPI = 100
STYLE = {"font.family": "DejaVu Sans", "font.size": 9.0, "axes.spines.top": False}
"""The font that Matplotlib ships: the same picture on every machine."""
STRONG, FAINT, LEVEL, SHADE, TICK = "#1f4e79", "#9aa5b1", "#b3261e", "#f2b705", "#4a4a4a"
STEPS_S = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
MOST_TICKS = 12
LONGEST_TITLE = 90


@frozen
class MatplotlibPlots:
    """Follows kuavi.ports.plots.Plots."""

    def draw(self, chart: Chart) -> Outcome[bytes, PlotFailed]:
        try:
            with rc_context(STYLE):
                return Success(_png(chart))
        except (ValueError, OSError, RuntimeError) as error:
            return Failure(PlotFailed(str(error)))


def build() -> Plots:
    return MatplotlibPlots()


def _png(chart: Chart) -> bytes:
    figure = Figure(figsize=(chart.width / DPI, chart.height / DPI), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for number, curve in enumerate(chart.curves):
        colour, width = (STRONG, 1.4) if number == 0 else (FAINT, 0.9)
        axes.plot(
            curve.times_s, curve.values, color=colour, lw=width, label=curve.name, zorder=3 - number
        )
    if chart.threshold is not None:
        label = f"threshold {chart.threshold:g}"
        axes.axhline(chart.threshold, color=LEVEL, lw=0.9, ls="--", label=label)
    axes.set_xlim(chart.span.start_s, chart.span.end_s)
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.16 * (high - low))  # room for the shades' names
    _shade(axes, chart)
    if chart.ticks_s:
        heights = axes.get_xaxis_transform()
        name = chart.tick_label or "_"  # not in the legend
        axes.vlines(list(chart.ticks_s), 0, 0.05, transform=heights, color=TICK, lw=1.2, label=name)
    axes.xaxis.set_major_locator(MultipleLocator(_step_s(chart)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda time_s, _: _clock(time_s, chart)))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.grid(axis="y", color="#e3e6ea", lw=0.6)
    axes.set_ylabel(_plain(chart.value_label))
    axes.set_title(_plain(_shortened(chart.title)), loc="left", fontsize=10)
    axes.spines["right"].set_visible(False)
    figure.legend(loc="outside lower right", ncols=4, frameon=False, fontsize=8)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()


def _shade(axes: Axes, chart: Chart) -> None:
    """Names stand at the top, on two lines in turn, so that neighbours don't cover each other."""
    for number, shade in enumerate(chart.shades):
        span = shade.span.overlap(chart.span)
        if span is None:
            continue
        axes.axvspan(span.start_s, span.end_s, color=SHADE, alpha=0.35, lw=0)
        axes.text(
            span.middle_s,
            0.985 - 0.065 * (number % 2),
            _plain(shade.label),
            transform=axes.get_xaxis_transform(),
            ha="center",
            va="top",
            fontsize=8,
            clip_on=True,
        )


def _step_s(chart: Chart) -> float:
    """The finest step of the time axis that has not too many ticks."""
    length_s = chart.span.duration_s
    longer = int(length_s / MOST_TICKS / 3600 + 1) * 3600.0
    return next((float(s) for s in STEPS_S if length_s / s <= MOST_TICKS), longer)


def _clock(time_s: float, chart: Chart) -> str:
    """`m:ss`, with tenths where ticks are closer than a second."""
    tenths = round(max(time_s, 0.0) * 10)
    minutes, rest = divmod(tenths, 600)
    part = f".{rest % 10}" if _step_s(chart) < 1 else ""
    return f"{minutes}:{rest // 10:02d}{part}"


def _plain(text: str) -> str:
    """A dollar sign would start a formula."""
    return text.replace("$", r"\$")


def _shortened(text: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= LONGEST_TITLE else line[: LONGEST_TITLE - 1] + "…"
