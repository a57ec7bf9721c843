from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kuavi.domain.cutting import (
    CutFold,
    CutRule,
    Hsv,
    colour_change,
    fold_picture,
    fold_rest,
    hsv_of,
)
from kuavi.domain.media import Pixels
from kuavi.domain.shots import Cut

COLOURS = {
    "red": (200, 30, 20),
    "green": (20, 160, 40),
    "blue": (30, 40, 210),
    "black": (0, 0, 0),
    "white": (250, 250, 250),
}

rules = st.builds(
    CutRule,
    threshold=st.floats(5, 40),
    around=st.integers(1, 5),
    ratio=st.floats(0, 4),
    lasting=st.floats(0, 1),
)
pictures = arrays(np.uint8, (6, 8, 3)).map(hsv_of)


def flat(colour: str) -> Hsv:
    return hsv_of(np.full((6, 8, 3), COLOURS[colour], dtype=np.uint8))


@st.composite
def films(draw: st.DrawFn) -> list[Hsv]:
    """Pictures that often stay, and sometimes change to any other."""
    known = draw(st.lists(pictures, min_size=1, max_size=4))
    return [known[i] for i in draw(st.lists(st.integers(0, len(known) - 1), max_size=40))]


@st.composite
def edits(draw: st.DrawFn) -> tuple[list[str], list[int]]:
    """Colours of shots, neighbours different, and lengths beyond what is taken for a flash."""
    names, lengths = [draw(st.sampled_from(sorted(COLOURS)))], [draw(st.integers(4, 12))]
    for _ in range(draw(st.integers(0, 5))):
        others = sorted(set(COLOURS) - {names[-1]})
        names.append(draw(st.sampled_from(others)))
        lengths.append(draw(st.integers(4, 12)))
    return names, lengths


def pushed(film: list[Hsv], rule: CutRule) -> list[Cut]:
    """Frame by frame, frame i at time i."""
    fold, cuts = CutFold(rule), list[Cut]()
    for time_s, picture in enumerate(film):
        fold, certain = fold_picture(fold, float(time_s), picture)
        cuts += certain
        assert len(fold.pictures) <= 2 * rule.around
    return cuts + list(fold_rest(fold))


def by_definition(film: list[Hsv], rule: CutRule) -> list[int]:
    """The docstring's rule over a whole film at once."""
    n = len(film)
    change = [0.0] + [colour_change(a, b) for a, b in pairwise(film)]
    cuts = list[int]()
    for i in range(1, n):
        first, last = max(i - rule.around, 0), min(i + rule.around, n - 1)
        earlier, later = change[first:i], change[i + 1 : last + 1]
        others = earlier + later
        largest = change[i] > max(earlier) and change[i] >= max(later, default=0)
        stands_out = change[i] * len(others) >= rule.ratio * sum(others)
        lasts = colour_change(film[first], film[last]) >= rule.lasting * rule.threshold
        if change[i] >= rule.threshold and largest and stands_out and lasts:
            cuts.append(i)
    return cuts


@given(films(), rules)
def test_frame_by_frame_equals_the_whole_film_at_once(film: list[Hsv], rule: CutRule) -> None:
    assert [cut.time_s for cut in pushed(film, rule)] == by_definition(film, rule)


@given(films(), rules)
def test_cuts_ascend_and_never_fall_on_the_first_frame(film: list[Hsv], rule: CutRule) -> None:
    times = [cut.time_s for cut in pushed(film, rule)]
    assert times == sorted(set(times))
    assert all(1 <= time_s < len(film) for time_s in times)


@given(films(), rules, st.floats(1, 3))
def test_a_higher_threshold_never_gives_more_cuts(
    film: list[Hsv], rule: CutRule, times: float
) -> None:
    higher = CutRule(rule.threshold * times, rule.around, rule.ratio, rule.lasting)
    assert {cut.time_s for cut in pushed(film, higher)} <= {
        cut.time_s for cut in pushed(film, rule)
    }


@given(edits())
def test_every_cut_between_colours_is_at_the_new_shots_first_frame(
    edit: tuple[list[str], list[int]],
) -> None:
    names, lengths = edit
    film = [flat(name) for name, n in zip(names, lengths, strict=True) for _ in range(n)]
    starts = np.cumsum(lengths)[:-1].tolist()
    assert [cut.time_s for cut in pushed(film, CutRule())] == starts


@given(pictures, st.integers(0, 30), rules)
def test_a_film_that_stands_still_has_no_cut(picture: Hsv, n: int, rule: CutRule) -> None:
    assert pushed([picture] * n, rule) == []


@pytest.mark.parametrize("n_flash", [1, 2, 3])
def test_a_flash_is_no_cut(n_flash: int) -> None:
    film = [flat("blue")] * 10 + [flat("white")] * n_flash + [flat("blue")] * 10
    assert pushed(film, CutRule()) == []


def test_where_everything_changes_always_nothing_is_a_cut() -> None:
    rng = np.random.default_rng(1)
    film = [hsv_of(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)) for _ in range(60)]
    assert pushed(film, CutRule(ratio=0)) != []
    assert pushed(film, CutRule()) == []


@given(arrays(np.uint8, (3, 4, 3)))
def test_hue_saturation_and_value_are_those_of_the_standard_library(pixels: Pixels) -> None:
    from colorsys import rgb_to_hsv

    found = hsv_of(pixels).reshape(-1, 3)
    expected = np.array([rgb_to_hsv(*(rgb / 255)) for rgb in pixels.reshape(-1, 3)]) * 255
    np.testing.assert_allclose(found, expected, atol=1e-3)


@given(pictures, pictures)
def test_change_is_symmetric_zero_for_the_same_and_at_most_full(one: Hsv, other: Hsv) -> None:
    assert colour_change(one, one) == 0
    assert colour_change(one, other) == pytest.approx(colour_change(other, one))
    assert 0 <= colour_change(one, other) <= 255


def test_hue_is_a_circle() -> None:
    """Two reds on either side of hue 0 are close."""
    pink_red = np.full((4, 4, 3), (200, 20, 24), dtype=np.uint8)
    warm_red = np.full((4, 4, 3), (200, 24, 20), dtype=np.uint8)
    assert colour_change(hsv_of(pink_red), hsv_of(warm_red)) < 2


def test_a_change_of_frame_size_alone_is_no_cut() -> None:
    small = flat("green")
    large = hsv_of(np.full((12, 10, 3), COLOURS["green"], dtype=np.uint8))
    assert pushed([small] * 8 + [large] * 8, CutRule()) == []


def test_time_that_does_not_advance_is_refused() -> None:
    fold, _ = fold_picture(CutFold(CutRule()), 1.0, flat("red"))
    with pytest.raises(ValueError, match="ascend"):
        fold_picture(fold, 1.0, flat("red"))
