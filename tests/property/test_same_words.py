import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuavi.domain.same_words import OPPOSITES, contrary, key_of, sides_of


def are_contrary(one: str, other: str) -> bool:
    sides = sides_of([key_of(one), key_of(other)])
    return bool(contrary(sides, np.array([0]), np.array([1]))[0])


@given(st.text())
def test_a_key_is_its_own_key_whatever_its_case(text: str) -> None:
    key = key_of(text)
    assert key_of(key) == key
    assert (key == "") == (text == "")


@pytest.mark.parametrize(
    "text",
    [
        "Stir the pot",
        "  stir\tpot ",
        "STIR POT.",
        "stir, a pot!",
        "Stir: \u201cpot\u201d",
        "stîr pöt",
        "stir\u00a0pot",
        "\uff53\uff54\uff49\uff52 pot",
    ],
)
def test_spellings_of_one_action_have_one_key(text: str) -> None:
    assert key_of(text) == "stir pot"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("stir pot", "stirs pot"),
        ("カキ", "ガキ"),
        ("कि", "की"),
        ("add +5", "add -5"),
        ("!", "?"),
        ("a", "the"),
    ],
)
def test_different_words_have_different_keys(one: str, other: str) -> None:
    assert key_of(one) != key_of(other)


def test_a_key_keeps_what_tells_words_apart() -> None:
    assert key_of("Don't stir") == key_of("don\u2019t stir") == "dont stir"
    assert key_of("Straße") == "strasse"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Raise left arm", "Raise right arm"),
        ("open the door", "close door"),
        ("turn on light", "turn off light"),
        ("cut 2 onions", "cut three onions"),
        ("step 1", "step 2"),
        ("pour 5ml", "pour 10ml"),
        ("stir", "do not stir"),
        ("cut red wire", "cut blue wire"),
    ],
)
def test_opposites_numbers_and_negations_are_contrary(one: str, other: str) -> None:
    assert are_contrary(one, other)
    assert are_contrary(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("raise arm", "raise left arm"),
        ("open and close gate", "open gate"),
        ("cut 2 onions", "cut two onions"),
        ("cut onions", "cut 2 onions"),
        ("stir pot", "stir soup"),
        ("do not stir", "never stir"),
    ],
)
def test_what_may_say_the_same_is_not_contrary(one: str, other: str) -> None:
    assert not are_contrary(one, other)
    assert not are_contrary(other, one)


@given(st.lists(st.sampled_from([w for a, b in OPPOSITES for w in (*a.split(), *b.split())])))
def test_nothing_is_contrary_to_itself(words: list[str]) -> None:
    assert not are_contrary(" ".join(words), " ".join(words))


def test_there_is_room_for_the_opposites() -> None:
    assert len(OPPOSITES) <= 64
    for left, right in OPPOSITES:
        assert not set(left.split()) & set(right.split())
