from hypothesis import given
from hypothesis import strategies as st

from kuavi.domain.reading_order import reading_order
from kuavi.domain.words import TextBox

shares = st.floats(0, 1)


@st.composite
def boxes(draw: st.DrawFn) -> TextBox:
    (left, right), (top, bottom) = (sorted(draw(st.tuples(shares, shares))) for _ in range(2))
    return TextBox(draw(st.sampled_from("abc")), 1.0, (left, top, right, bottom))


@given(st.data(), st.lists(boxes(), max_size=8))
def test_all_boxes_whatever_their_order(data: st.DataObject, some: list[TextBox]) -> None:
    ordered = reading_order(some)
    assert sorted(map(repr, ordered)) == sorted(map(repr, some))
    assert reading_order(data.draw(st.permutations(some))) == ordered


@given(
    st.data(),
    st.lists(st.integers(1, 4), min_size=1, max_size=5),
    st.lists(st.floats(-0.2, 0.2), min_size=20, max_size=20),
)
def test_lines_from_the_top_and_words_from_the_left(
    data: st.DataObject, widths: list[int], wobble: list[float]
) -> None:
    """Lines of one height, 1.5 heights apart, each word a fifth of the height off at most."""
    height, shift = 0.1, iter(wobble)
    page = []
    for row, width in enumerate(widths):
        for column in range(width):
            top = 0.02 + 0.15 * row + height * next(shift)
            box = (0.2 * column, top, 0.2 * column + 0.1, top + height)
            page.append(TextBox(f"{row}.{column}", 1.0, box))
    assert reading_order(data.draw(st.permutations(page))) == tuple(page)
