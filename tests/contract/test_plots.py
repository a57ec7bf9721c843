"""The contract of kuavi.ports.plots.Plots."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from attrs import evolve
from PIL import Image

from kuavi.adapters.plots import fake, matplotlib
from kuavi.domain.media import Pixels
from kuavi.domain.spans import Span
from kuavi.ports.plots import Chart, Curve, Plots, Shade

ADAPTERS: dict[str, Callable[[], Plots]] = {"fake": fake.build, "matplotlib": matplotlib.build}
plots_of = pytest.mark.parametrize("build", ADAPTERS.values(), ids=ADAPTERS)
Build = Callable[[], Plots]

TIMES = np.arange(0.0, 60.0, 0.5)


def chart(peak_s: float = 30.0) -> Chart:
    """A quiet curve with one peak."""
    values = np.where(np.abs(TIMES - peak_s) < 0.3, 10.0, 1.0)
    return Chart("film.mp4", Span(0, 60), "surprise", (Curve("persistence", TIMES, values),), 6.0)


def pixels(build: Build, asked: Chart) -> Pixels:
    drawn = build().draw(asked).unwrap()
    opened = Image.open(io.BytesIO(drawn))
    assert opened.format == "PNG"
    return np.asarray(opened.convert("RGB"))


def columns_that_differ(a: Pixels, b: Pixels) -> tuple[float, float]:
    """From where to where, as shares of the width."""
    at = np.flatnonzero((a != b).any(axis=(0, 2)))
    return float(at[0]) / a.shape[1], float(at[-1]) / a.shape[1]


@plots_of
@pytest.mark.parametrize("size", [(1200, 420), (640, 300), (320, 200)])
def test_a_png_of_the_size_asked_for(build: Build, size: tuple[int, int]) -> None:
    page = pixels(build, evolve(chart(), width=size[0], height=size[1]))
    assert page.shape == (size[1], size[0], 3)
    assert page.std() > 5


@plots_of
def test_equal_charts_give_equal_bytes(build: Build) -> None:
    assert build().draw(chart()) == build().draw(chart())
    assert build().draw(chart(10)) != build().draw(chart(20))


@plots_of
def test_a_peak_is_where_its_time_is(build: Build) -> None:
    early, late = (
        columns_that_differ(pixels(build, chart(at)), pixels(build, chart(30))) for at in (6, 54)
    )
    assert early[0] < 0.25
    assert 0.4 < early[1] < 0.62
    assert 0.4 < late[0] < 0.62
    assert late[1] > 0.75


@plots_of
def test_shades_and_ticks_are_where_they_are_asked(build: Build) -> None:
    plain = evolve(chart(), tick_label="")
    shaded = evolve(plain, shades=(Shade(Span(40, 50), "foreign"),))
    from_, to = columns_that_differ(pixels(build, plain), pixels(build, shaded))
    assert 0.6 < from_ < 0.72
    assert 0.76 < to < 0.9
    ticked = evolve(plain, ticks_s=(12.0,))
    from_, to = columns_that_differ(pixels(build, plain), pixels(build, ticked))
    assert 0.1 < from_ <= to < 0.3


@plots_of
def test_the_threshold_is_drawn(build: Build) -> None:
    assert build().draw(chart()) != build().draw(evolve(chart(), threshold=None))


@plots_of
@pytest.mark.parametrize(
    "asked",
    [
        evolve(chart(), title="a $5 film_{x} \n\x1b[31m" * 20, value_label="$z$"),
        evolve(chart(), shades=(Shade(Span(-5, 200), r"\frac $"), Shade(Span(90, 91), "past"))),
        evolve(chart(), span=Span(0, 40_000)),
        evolve(chart(), span=Span(29.9, 30.1)),
        Chart("nothing", Span(0, 1), "z", (Curve("none", np.empty(0), np.empty(0)),)),
        Chart("flat", Span(0, 1), "z", (Curve("0", np.array([0.5]), np.zeros(1)),) * 3),
    ],
    ids=["names", "shades outside", "hours", "an instant", "empty", "flat"],
)
def test_odd_charts_are_drawn_too(build: Build, asked: Chart) -> None:
    assert pixels(build, asked).shape == (asked.height, asked.width, 3)


def test_curves_must_fit() -> None:
    with pytest.raises(ValueError, match="times"):
        Curve("x", np.zeros(2), np.zeros(3))
    with pytest.raises(ValueError, match="finite"):
        Curve("x", np.zeros(2), np.array([0, np.nan]))
    with pytest.raises(ValueError, match="curves"):
        Chart("x", Span(0, 1), "z", ())
