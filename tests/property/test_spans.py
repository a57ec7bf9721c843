import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuavi.domain.spans import Span, clock
from tests.strategies import spans


@given(spans(), spans())
def test_overlap_is_symmetric_and_inside_both(a: Span, b: Span) -> None:
    common = a.overlap(b)
    assert common == b.overlap(a)
    if common is None:
        assert a.end_s <= b.start_s or b.end_s <= a.start_s
    else:
        assert a.contains(common.start_s)
        assert b.contains(common.start_s)


@given(spans())
def test_half_open(span: Span) -> None:
    assert span.contains(span.start_s)
    assert not span.contains(span.end_s)


@pytest.mark.parametrize(("start", "end"), [(1.0, 1.0), (2.0, 1.0), (float("nan"), 1.0)])
def test_empty_backward_and_nan_spans_are_refused(start: float, end: float) -> None:
    with pytest.raises(ValueError, match=r"start|finite"):
        Span(start, end)


@given(st.floats(0, 1e6))
def test_clock_reads_back(time_s: float) -> None:
    total = 0.0
    for part in clock(time_s).split(":"):
        total = total * 60 + float(part)
    assert abs(total - time_s) <= 0.0501


def test_clock_examples() -> None:
    assert clock(3.04) == "0:03.0"
    assert clock(59.96) == "1:00.0"
    assert clock(3723.4) == "1:02:03.4"
