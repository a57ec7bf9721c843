import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure, Success

from kuavi.domain.annotation import NOBODY, Action, Annotation, Summary
from kuavi.domain.annotation_json import LONGEST, Malformed, parse, schema, schema_text, to_json
from tests.strategies_annotation import annotations

Path = tuple[str, ...]

ONE = Annotation(
    Summary("A man stirs sauce.", "A man stirs red sauce in a pan."),
    Action("stir sauce", "Stir the red sauce in the pan.", "a man"),
)
PATHS: list[Path] = [
    ("summary",),
    ("action",),
    ("summary", "brief"),
    ("summary", "detailed"),
    ("action", "brief"),
    ("action", "detailed"),
    ("action", "actor"),
]
FIELDS = [path for path in PATHS if len(path) == 2]


def fits(value: Any, rule: dict[str, Any]) -> bool:
    """Whether a value is of the schema; knows the few words of JSON schema that are used."""
    if rule["type"] == "string":
        return isinstance(value, str)
    assert set(rule) == {"type", "properties", "required", "additionalProperties"}
    assert rule["type"] == "object"
    assert rule["additionalProperties"] is False
    return (
        isinstance(value, dict)
        and set(rule["required"]) <= set(value) <= set(rule["properties"])
        and all(fits(value[name], rule["properties"][name]) for name in value)
    )


def changed(value: Any, path: Path, change: Callable[[dict[str, Any], str], None]) -> Any:
    """A copy in which the object that holds the last name of the path was changed."""
    copy = json.loads(json.dumps(value))
    holder = copy
    for name in path[:-1]:
        holder = holder[name]
    change(holder, path[-1])
    return copy


def drop(holder: dict[str, Any], name: str) -> None:
    del holder[name]


def rename(holder: dict[str, Any], name: str) -> None:
    holder[f"{name}s"] = holder.pop(name)


def add(holder: dict[str, Any], name: str) -> None:
    holder[f"{name} too"] = "more"


def reason(text: str) -> str:
    outcome = parse(text)
    assert isinstance(outcome, Failure), outcome
    assert isinstance(outcome.failure(), Malformed)
    return outcome.failure().reason


@given(annotation=annotations)
def test_what_is_written_is_read_back(annotation: Annotation) -> None:
    assert parse(to_json(annotation)) == Success(annotation)
    assert fits(json.loads(to_json(annotation)), schema())


@given(annotation=annotations, path=st.sampled_from(PATHS))
@pytest.mark.parametrize("change", [drop, rename, add])
def test_another_set_of_keys_is_malformed(
    annotation: Annotation, path: Path, change: Callable[[dict[str, Any], str], None]
) -> None:
    value = changed(json.loads(to_json(annotation)), path, change)
    assert not fits(value, schema())
    assert path[-1] in reason(json.dumps(value))


@given(value=st.sampled_from([None, 3, True, [], {}, ["stir"], {"brief": "stir"}]))
@pytest.mark.parametrize("path", PATHS)
def test_what_is_not_a_text_is_malformed(path: Path, value: Any) -> None:
    reply = changed(json.loads(to_json(ONE)), path, lambda o, name: o.update({name: value}))
    assert path[-1] in reason(json.dumps(reply))


@given(space=st.sampled_from(["", " ", "\n\t", "\u00a0"]))
@pytest.mark.parametrize("path", FIELDS)
def test_an_empty_field_is_malformed(path: Path, space: str) -> None:
    reply = changed(json.loads(to_json(ONE)), path, lambda o, name: o.update({name: space}))
    assert reason(json.dumps(reply)) == f"{'.'.join(path)} is empty"


@pytest.mark.parametrize("written", ["n/a", "N/A.", "None", "NONE", "nobody", "no one", " na "])
@pytest.mark.parametrize("path", FIELDS)
def test_nobody_is_one_word_in_the_action_only(path: Path, written: str) -> None:
    reply = changed(json.loads(to_json(ONE)), path, lambda o, name: o.update({name: written}))
    read = parse(json.dumps(reply)).unwrap()
    got = getattr(getattr(read, path[0]), path[1])
    assert got == (NOBODY if path[0] == "action" else written.strip())


@given(annotation=annotations, before=st.text(st.sampled_from("ab [](){}:,.\n")))
def test_an_object_is_found_between_sentences_and_in_a_fence(
    annotation: Annotation, before: str
) -> None:
    """No JSON value can be among what stands before: braces and brackets hold no quotes."""
    text = to_json(annotation)
    before = before.replace("{", "<").replace("[", "<")
    assert parse(f"```json\n{text}\n```") == Success(annotation)
    assert parse(f"{before}\n```\n{text}\n```\nThat is all.") == Success(annotation)
    assert parse(f"{before}{text}{before}") == Success(annotation)
    assert parse(f"As {{asked}} [1]: {text}") == Success(annotation)


@given(annotation=annotations)
def test_lists_and_several_objects_are_malformed(annotation: Annotation) -> None:
    text = to_json(annotation)
    assert reason(f"[{text}]") == "a list instead of one object"
    assert reason(f"Here: [[{text}]]") == "a list instead of one object"
    assert reason(f"{text}\nor\n{text}") == "several JSON objects"


@given(text=st.text() | st.text(st.sampled_from('{}[]":,\\ annotation')))
def test_any_text_is_answered(text: str) -> None:
    assert isinstance(parse(text), Failure)


@given(annotation=annotations, part=st.floats(0, 1, exclude_max=True))
def test_a_reply_that_was_cut_off_is_malformed(annotation: Annotation, part: float) -> None:
    text = to_json(annotation)
    reason(text[: int(part * len(text))])


def test_ugly_replies_are_malformed() -> None:
    whole = json.loads(to_json(ONE))
    assert reason("") == "no JSON object"
    assert reason("I can't see the video.") == "no JSON object"
    assert reason('"stir"') == reason("3") == reason("null") == "no JSON object"
    assert "too deeply" in reason("[" * 20_000)
    assert "too many" in reason(" " * (LONGEST + 1))
    assert "twice" in reason('{"summary": {}, "summary": {}, "action": {}}')
    whole["action"]["actor"] = "\ud800"
    assert "surrogate" in reason(json.dumps(whole))
    assert str(Malformed("no JSON object")) == "not an annotation: no JSON object"


def test_the_schema_is_strict_and_made_of_the_fields() -> None:
    assert json.loads(schema_text()) == schema()
    assert list(schema()["properties"]) == ["summary", "action"]
    assert schema()["properties"]["action"]["required"] == ["brief", "detailed", "actor"]
