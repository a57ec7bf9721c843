"""Plots as plain bars: a column of pixels is as high as the first curve's value.  For tests.

Shaded stretches have a yellow ground, the threshold is a red row, ticks are dark at the bottom;
words are not drawn.
"""

import struct
import zlib

import numpy as np
from returns.result import Success

from kuavi.domain.media import Pixels
from kuavi.domain.outcome import Outcome
from kuavi.ports.plots import Chart, PlotFailed, Plots

PAPER, SHADED, BAR, LEVEL, TICK = (
    (255, 255, 255),
    (250, 225, 150),
    (31, 78, 121),
    (179, 38, 30),
    (40, 40, 40),
)
TICK_HEIGHT = 8


class FakePlots:
    """Follows kuavi.ports.plots.Plots."""

    def draw(self, chart: Chart) -> Outcome[bytes, PlotFailed]:
        page: Pixels = np.full((chart.height, chart.width, 3), PAPER, dtype=np.uint8)
        for shade in chart.shades:
            page[:, _column(chart, shade.span.start_s) : _column(chart, shade.span.end_s)] = SHADED
        curve = chart.curves[0]
        top = max(float(curve.values.max(initial=0.0)), chart.threshold or 0.0, 1e-9)
        for time_s, value in zip(curve.times_s.tolist(), curve.values.tolist(), strict=True):
            height = _height(chart, value, top)
            page[chart.height - height :, _column(chart, time_s)] = BAR
        if chart.threshold is not None:
            page[chart.height - 1 - _height(chart, chart.threshold, top)] = LEVEL
        for time_s in chart.ticks_s:
            page[-TICK_HEIGHT:, _column(chart, time_s)] = TICK
        return Success(_png(page))


def build() -> Plots:
    return FakePlots()


def _column(chart: Chart, time_s: float) -> int:
    part = (time_s - chart.span.start_s) / chart.span.duration_s
    return min(max(int(part * chart.width), 0), chart.width - 1)


def _height(chart: Chart, value: float, top: float) -> int:
    return round(max(value, 0.0) / top * (chart.height - 20))


def _png(pixels: Pixels) -> bytes:
    """An uncompressed-filter RGB PNG (W3C PNG, sections 11.2 and 9)."""
    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + width * 3), dtype=np.uint8)  # filter type 0 before each row
    rows[:, 1:] = pixels.reshape(height, -1)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b"")]
    packed = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)
