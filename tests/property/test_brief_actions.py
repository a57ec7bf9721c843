import json
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure, Success

from kuavi.domain.annotation import NOBODY
from kuavi.domain.brief_actions import (
    MOST_CAPTION_CHARS,
    NotActions,
    actions_prompt,
    actions_schema,
    batches,
    normal_action,
    parse_actions,
)
from tests.strategies_described import any_texts, nasty_texts

words = st.sampled_from(["stir", "pot", "TV", "iPhone", "soft-boiled", "egg"])
actions = st.lists(words, min_size=2, max_size=5).map(" ".join) | st.just(NOBODY)


def _reply(values: list[str], first: int = 1) -> str:
    return json.dumps({str(i): value for i, value in enumerate(values, start=first)})


@given(st.lists(actions, min_size=1, max_size=50), st.data())
def test_actions_come_back_in_order_whatever_the_replys(
    values: list[str], data: st.DataObject
) -> None:
    pairs = data.draw(st.permutations([(str(i), v) for i, v in enumerate(values, start=1)]))
    text = f"Here they are:\n```json\n{json.dumps(dict(pairs), indent=1)}\n```\nDone."
    assert parse_actions(text, len(values)) == Success(tuple(values))


@given(st.integers(1, 60))
def test_the_schema_names_every_number_and_no_other(n: int) -> None:
    schema = actions_schema(n)
    assert schema["required"] == [str(i) for i in range(1, n + 1)]
    assert list(schema["properties"]) == schema["required"]  # type: ignore[arg-type]
    assert schema["additionalProperties"] is False


@given(st.lists(actions, min_size=1, max_size=9), st.data())
def test_a_number_too_few_or_too_many_spoils_the_reply(
    values: list[str], data: st.DataObject
) -> None:
    n = len(values)
    out = data.draw(st.integers(0, n - 1))
    one_less = {str(i + 1): v for i, v in enumerate(values) if i != out}
    for text in (
        json.dumps(one_less),
        json.dumps({**one_less, "0": "stir pot"}),
        _reply([*values, "stir pot"]),
        _reply(values)[:-1] + f', "{out + 1}": "stir pot"}}',
        _reply([*values[:out], "", *values[out + 1 :]]),
        json.dumps({**json.loads(_reply(values)), str(out + 1): ["stir pot"]}),
        _reply(values, first=0),
        json.dumps(values),
    ):
        assert isinstance(parse_actions(text, n), Failure), text


@pytest.mark.parametrize(
    "text", ["", "{", "}{", "{]}", '{"1": ' + "9" * 5000 + "}", "[" * 50_000 + "{}", "N/A", "{}"]
)
def test_what_is_no_answer(text: str) -> None:
    match parse_actions(text, 1):
        case Failure(NotActions() as why):
            assert str(why).startswith("not the actions asked for: ")
        case Success(read):
            pytest.fail(f"read {read}")


@given(any_texts, st.integers(1, 3))
def test_no_reply_breaks_the_parser(text: str, n: int) -> None:
    assert isinstance(parse_actions(text, n), Failure)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("Stir Pot.", "stir pot"),
        ('"Stir pot"', "stir pot"),
        ("turn on TV", "turn on TV"),
        (" N/a. ", NOBODY),
        ("none", NOBODY),
        ("No action", NOBODY),
        ("Chop  the\nonion!", "chop the onion"),
    ],
)
def test_actions_are_written_alike(written: str, normal: str) -> None:
    assert normal_action(written) == normal


@given(any_texts)
def test_normal_actions_stay(text: str) -> None:
    once = normal_action(text)
    assert len(once.splitlines()) <= 1
    if re.fullmatch(r"[\w ]*", once):
        assert normal_action(once) == once


@given(
    st.lists(any_texts | st.integers(0, 2000).map("x".__mul__), max_size=40),
    st.integers(0, 1500),
    st.integers(1, 7),
)
def test_batches_keep_order_and_limits(captions: list[str], max_chars: int, max_items: int) -> None:
    made = list(batches(captions, max_chars, max_items))
    assert [caption for batch in made for caption in batch] == captions
    assert all(0 < len(batch) <= max_items for batch in made)
    for batch in made:
        shown = max(max_chars, MOST_CAPTION_CHARS) + 5 * len(batch)
        assert len(actions_prompt(batch)) <= 2000 + shown


@given(st.lists(st.integers(1, 600), max_size=30), st.integers(1, 1500), st.integers(1, 7))
def test_batches_are_as_large_as_both_limits_allow(
    lengths: list[int], max_chars: int, max_items: int
) -> None:
    made = [[len(c) for c in b] for b in batches(["x" * n for n in lengths], max_chars, max_items)]
    for batch in made:
        assert sum(batch) <= max_chars or len(batch) == 1
    for before, after in pairwise(made):
        assert len(before) == max_items or sum(before) + after[0] > max_chars


@given(st.lists(nasty_texts, min_size=1, max_size=8))
def test_captions_stand_on_numbered_lines_of_their_own(captions: list[str]) -> None:
    lines = actions_prompt(captions).split("\n")
    numbered = [line for line in lines if re.match(r"\d+\. ?", line)]
    assert [int(line.split(".")[0]) for line in numbered][: len(captions)] == list(
        range(1, len(captions) + 1)
    )
    assert len(numbered) == len(captions)


def test_no_captions_are_no_question() -> None:
    with pytest.raises(ValueError, match="no captions"):
        actions_prompt([])
    with pytest.raises(ValueError, match="at least one"):
        list(batches(["a"], max_items=0))
