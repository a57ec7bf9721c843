import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuavi.apps.cli.times import length_text, parse_length, parse_span, parse_time, span_text
from kuavi.domain.spans import Span, clock
from tests.strategies import spans

times = st.floats(0, 1e5)


@given(times)
def test_a_time_that_is_shown_can_be_given_back(time_s: float) -> None:
    assert parse_time(clock(time_s)) == pytest.approx(time_s, abs=0.0501)


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59_999))
def test_a_clock_time_is_its_parts(hours: int, minutes: int, thousandths: int) -> None:
    seconds = f"{thousandths // 1000:02d}.{thousandths % 1000:03d}"
    expected = hours * 3600 + minutes * 60 + thousandths / 1000
    assert parse_time(f"{hours}:{minutes:02d}:{seconds}") == pytest.approx(expected)
    assert parse_time(f"{60 * hours + minutes}:{seconds}") == pytest.approx(expected)
    assert parse_time(f"{expected:.3f}") == pytest.approx(expected, abs=0.001)


@given(spans())
def test_a_span_that_is_shown_can_be_given_back(span: Span) -> None:
    exact = parse_span(f"{span.start_s:.9f}-{span.end_s:.9f}")
    assert (exact.start_s, exact.end_s) == pytest.approx((span.start_s, span.end_s), abs=1e-8)
    if span.duration_s > 0.2:
        again = parse_span(span_text(span))
        assert again.start_s == pytest.approx(span.start_s, abs=0.0501)
        assert again.end_s == pytest.approx(span.end_s, abs=0.0501)


@given(st.text(max_size=12))
def test_what_is_no_time_is_refused_and_what_is_one_is_finite(text: str) -> None:
    if re.fullmatch(r"\s*(\d+:){0,2}\d+(\.\d+)?\s*", text):
        return
    with pytest.raises(ValueError, match="is no time"):
        parse_time(text)


@pytest.mark.parametrize(
    "text", ["", "-1", "1:60", "1:60:00", "1:2:3:4", "nan", "inf", "1e3", "1,5", ":30", "5s"]
)
def test_these_are_no_times(text: str) -> None:
    with pytest.raises(ValueError, match="is no time"):
        parse_time(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [("10", "give START-END"), ("5-2", "start before it ends"), ("5-5", "before"), ("a-b", "time")],
)
def test_these_are_no_spans(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_span(text)


def test_a_length_is_longer_than_none() -> None:
    assert parse_length("0:30") == 30
    with pytest.raises(ValueError, match="is no length"):
        parse_length("0")


@given(times)
def test_a_length_is_told_in_its_own_unit(time_s: float) -> None:
    told = length_text(time_s)
    numbers = [float(number) for number in re.findall(r"[\d.]+", told)]
    units = {"s": [1.0], "min": [60.0, 1.0], "h": [3600.0, 60.0]}
    weights = units["h" if " h" in told else "min" if "min" in told else "s"]
    total = sum(number * weight for number, weight in zip(numbers, weights, strict=True))
    assert total == pytest.approx(time_s, abs=60 if " h" in told else 0.51)
