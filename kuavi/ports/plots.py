"""Plots port: curves over a video's time, as a picture."""

from typing import Protocol, TypeAlias

import numpy as np
from attrs import field, frozen
from attrs.validators import ge, le, min_len

from kuavi.domain.layers import Times
from kuavi.domain.outcome import Outcome
from kuavi.domain.spans import Span

Values: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]


@frozen
class PlotFailed:
    reason: str

    def __str__(self) -> str:
        return f"the plot could not be drawn: {self.reason}"


@frozen(eq=False)
class Curve:
    """Values (n,) at times (n,) in seconds, all finite."""

    name: str
    times_s: Times
    values: Values

    def __attrs_post_init__(self) -> None:
        if self.times_s.shape != self.values.shape or self.times_s.ndim != 1:
            raise ValueError(f"{self.times_s.shape} times for {self.values.shape} values")
        if not (np.isfinite(self.times_s).all() and np.isfinite(self.values).all()):
            raise ValueError(f"{self.name}: a curve must be finite")


@frozen
class Shade:
    """A stretch that is set off, with its name."""

    span: Span
    label: str


@frozen(eq=False)
class Chart:
    """Curves over `span`, the first the one that counts.

    `threshold` is a level drawn across; `ticks_s` are moments marked along the time axis.
    """

    title: str
    span: Span
    value_label: str
    curves: tuple[Curve, ...] = field(validator=min_len(1))
    threshold: float | None = None
    ticks_s: tuple[float, ...] = ()
    tick_label: str = ""
    shades: tuple[Shade, ...] = ()
    width: int = field(default=1200, validator=[ge(320), le(4000)])
    height: int = field(default=420, validator=[ge(200), le(4000)])


class Plots(Protocol):
    """Contract: tests/contract/test_plots.py."""

    def draw(self, chart: Chart) -> Outcome[bytes, PlotFailed]:
        """A PNG file's bytes, `width` by `height` pixels; equal charts give equal bytes."""
        ...
