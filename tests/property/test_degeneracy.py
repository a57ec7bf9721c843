import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from kuavi.domain.annotation import NOBODY, Action, Annotation, Summary
from kuavi.domain.annotation_rules import guidelines
from kuavi.domain.degeneracy import degeneracy, shares
from kuavi.domain.quality_signal import Measure
from tests.strategies_annotation import annotations, good_annotations

FIELDS = [
    ("summary", "brief"),
    ("summary", "detailed"),
    ("action", "brief"),
    ("action", "detailed"),
    ("action", "actor"),
]
SENTENCES = [("summary", "brief"), ("summary", "detailed"), ("action", "detailed")]
ECHOED = guidelines().split()

QUIET = Annotation(
    Summary("A lake lies in the sun.", "A lake lies in the sun between tall trees."),
    Action(NOBODY, NOBODY, NOBODY),
)
acting = good_annotations().filter(lambda one: one.action.brief != NOBODY)


def replaced(annotation: Annotation, place: tuple[str, str], text: str) -> Annotation:
    part, name = place
    return evolve(annotation, **{part: evolve(getattr(annotation, part), **{name: text})})


def text_at(annotation: Annotation, place: tuple[str, str]) -> str:
    return str(getattr(getattr(annotation, place[0]), place[1]))


@given(annotation=annotations, share=st.floats(0, 1))
def test_it_is_a_share_with_a_reason(annotation: Annotation, share: float) -> None:
    signal = degeneracy(annotation, share)
    assert signal.name == Measure.DEGENERACY
    assert 0 <= signal.value <= 1
    assert (signal.value == 1) == (signal.reason == "")


@given(annotation=good_annotations())
def test_a_good_annotation_is_not_degenerate(annotation: Annotation) -> None:
    assert degeneracy(annotation).value == 1


@given(annotation=annotations, shares_=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_the_more_segments_say_the_same_the_lower(
    annotation: Annotation, shares_: tuple[float, float]
) -> None:
    less, more = sorted(shares_)
    assert degeneracy(annotation, more).value <= degeneracy(annotation, less).value


@given(annotation=good_annotations(), n=st.integers(5, 40), data=st.data())
def test_an_action_is_flagged_where_more_than_half_have_it(
    annotation: Annotation, n: int, data: st.DataObject
) -> None:
    same = data.draw(st.integers(0, n))
    others = [
        replaced(
            replaced(annotation, ("action", "brief"), f"cut {i}"), ("summary", "brief"), f"{i}."
        )
        for i in range(n - same)
    ]
    everyone = [replaced(annotation, ("action", "brief"), "stir sauce")] * same + others
    found = shares(everyone)
    assert found[:same] == pytest.approx(same / n)
    assert found[same:] == pytest.approx(1 / n)
    assert same == 0 or degeneracy(everyone[0], float(found[0])).low == (2 * same > n)


@given(annotation=annotations, n=st.integers(1, 4))
def test_few_segments_are_never_degenerate_for_being_alike(annotation: Annotation, n: int) -> None:
    assert (shares([annotation] * n) == 0).all()


@given(n=st.integers(5, 20))
def test_nobody_acting_is_no_action_that_is_repeated(n: int) -> None:
    quiet = [
        Annotation(evolve(one.summary, brief=f"View {i}."), one.action)
        for i, one in enumerate([QUIET] * n)
    ]
    assert shares(quiet) == pytest.approx(1 / n)
    assert shares([QUIET] * n) == pytest.approx(1.0)


@given(annotation=acting, space=st.sampled_from(["", " ", "...", "\n"]))
@pytest.mark.parametrize("place", FIELDS)
def test_an_empty_text_is_degenerate(
    annotation: Annotation, place: tuple[str, str], space: str
) -> None:
    signal = degeneracy(replaced(annotation, place, space))
    assert signal.value == 0
    assert f"{'.'.join(place)} is empty" in signal.reason


@given(annotation=acting)
@pytest.mark.parametrize("place", FIELDS)
@pytest.mark.parametrize(
    "text",
    [
        "I can't see what happens.",
        "I\u2019m sorry, but I cannot help with that.",
        "Sorry, there is nothing to describe.",
        "As an AI, I have no eyes.",
        "Unable to describe the segment.",
        "This is written by a language model.",
    ],
)
def test_a_refusal_is_degenerate(annotation: Annotation, place: tuple[str, str], text: str) -> None:
    assert degeneracy(replaced(annotation, place, text)).value == 0


@given(annotation=acting)
@pytest.mark.parametrize("place", SENTENCES)
@pytest.mark.parametrize(
    "text",
    ["The image shows a scene.", "Someone is doing something in the video.", "A video clip."],
)
def test_what_could_be_said_of_anything_is_degenerate(
    annotation: Annotation, place: tuple[str, str], text: str
) -> None:
    assert degeneracy(replaced(annotation, place, text)).low
    assert degeneracy(replaced(annotation, ("action", "actor"), "a person")).value == 1


def test_speech_in_a_description_is_no_refusal() -> None:
    said = "A sign reads \u201cI can\u2019t stop\u201d and a cook says she is sorry."
    assert degeneracy(replaced(QUIET, ("summary", "brief"), said)).value == 1


@given(annotation=acting, first=st.integers(0, len(ECHOED) - 25), counts=st.data())
@pytest.mark.parametrize("place", SENTENCES)
def test_the_more_of_the_prompt_comes_back_the_lower(
    annotation: Annotation, place: tuple[str, str], first: int, counts: st.DataObject
) -> None:
    """A text of 25 words of which the first n are the prompt's."""
    fewer, more = sorted(counts.draw(st.tuples(st.integers(0, 25), st.integers(0, 25))))
    own = [f"word{i}" for i in range(25)]

    def value(n: int) -> float:
        words = [*ECHOED[first : first + n], *own[n:]]
        return degeneracy(replaced(annotation, place, f"{' '.join(words)}.")).value

    assert value(more) <= value(fewer)
    assert value(0) == 1
    assert value(25) < 0.1


@given(annotation=acting, times=st.tuples(st.integers(1, 12), st.integers(1, 12)))
@pytest.mark.parametrize("place", SENTENCES)
def test_the_more_a_text_repeats_itself_the_lower(
    annotation: Annotation, place: tuple[str, str], times: tuple[int, int]
) -> None:
    fewer, more = sorted(times)

    def value(n: int) -> float:
        text = " and ".join(["a tall cook stirs red sauce"] * n)
        return degeneracy(replaced(annotation, place, f"{text}.")).value

    assert value(more) <= value(fewer)
    assert value(1) == 1
    assert value(12) < 0.1


@given(annotation=acting, part=st.floats(0.05, 0.999))
@pytest.mark.parametrize("place", SENTENCES)
def test_a_text_that_is_cut_off_is_low(
    annotation: Annotation, place: tuple[str, str], part: float
) -> None:
    """Anywhere but after a full stop."""
    text = text_at(annotation, place)
    short = text[: max(int(part * len(text)), 1)]
    signal = degeneracy(replaced(annotation, place, short))
    assert signal.low == (not short.rstrip().endswith("."))
    assert signal.low == (".".join(place) in signal.reason)


def test_cut_within_a_later_sentence_or_before_its_noun_is_sure() -> None:
    for text in ("It rains. A man", "A man walks to the", "A man walks,"):
        assert degeneracy(replaced(QUIET, ("summary", "brief"), text)).value < 0.1
    assert degeneracy(replaced(QUIET, ("summary", "brief"), "A man walks")).value == 0.3
