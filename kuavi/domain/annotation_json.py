"""An annotation as JSON: the schema, and reading what a model replied.

The schema is derived from the fields of `Annotation`, and a reply is read by walking the same
fields, so neither can ask for something the other does not know.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from attrs import asdict, fields, frozen, has
from returns.result import Failure, Success

from kuavi.domain.annotation import NOBODY, Annotation
from kuavi.domain.outcome import Outcome

LONGEST = 1 << 16
"""Characters of a reply; a longer one is not an annotation."""

ABSENT = re.compile(r"(?:n ?/ ?a|n\.a\.?|na|none|nobody|no one|no[ -]actor|no[ -]action)\.?", re.I)
"""How models write that nobody acts."""

NO_ACTOR_IN = "action"
"""The part in which such words stand for `NOBODY`."""

Fields: TypeAlias = dict[str, Any]


@frozen
class Malformed:
    """Why a reply is not an annotation."""

    reason: str

    def __str__(self) -> str:
        return f"not an annotation: {self.reason}"


class _RepeatedKeyError(ValueError):
    """An object names a key twice; caught where the object is read."""


def schema() -> Fields:
    """The strict JSON schema of an annotation: every field required, nothing else allowed."""
    return _schema_of(Annotation)


def schema_text() -> str:
    """The schema on indented lines, for a prompt."""
    return json.dumps(schema(), indent=2)


def to_json(annotation: Annotation) -> str:
    """The annotation on indented lines, fields in the order of the schema."""
    return json.dumps(asdict(annotation), indent=2, ensure_ascii=False)


def parse(text: str) -> Outcome[Annotation, Malformed]:
    """Read a model's reply.

    A reply is a bare object, or one in a code fence or between sentences if it is the only one
    there.  Fields are stripped of space around them; "n/a" and its like among the fields of the
    action become `NOBODY`.  Anything else is Malformed: another key, a missing, repeated, empty or
    non-text field, a list.
    """
    if len(text) > LONGEST:
        return Failure(Malformed(f"{len(text)} characters are too many"))
    found = _objects(text)
    if isinstance(found, Failure):
        return found
    objects = found.unwrap()
    if len(objects) != 1:
        return Failure(Malformed("no JSON object" if not objects else "several JSON objects"))
    return _read(Annotation, objects[0], "")


def _schema_of(kind: Any) -> Fields:
    if not has(kind):
        return {"type": "string"}
    properties = {field.name: _schema_of(field.type) for field in fields(kind)}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _objects(text: str) -> Outcome[list[Fields], Malformed]:
    """The objects that stand in a text, outermost only."""
    try:
        values = list(_values(text))
    except _RepeatedKeyError as error:
        return Failure(Malformed(str(error)))
    except RecursionError:
        return Failure(Malformed("nested too deeply"))
    if any(isinstance(value, list) and _holds_object(value) for value in values):
        return Failure(Malformed("a list instead of one object"))
    return Success([value for value in values if isinstance(value, dict)])


def _values(text: str) -> Iterator[Any]:
    """The objects and lists that can be read in a text, from left to right, none within another."""
    decoder, at = json.JSONDecoder(object_pairs_hook=_without_repeats), 0
    while opening := re.compile(r"[{\[]").search(text, at):
        try:
            value, at = decoder.raw_decode(text, opening.start())
        except _RepeatedKeyError:
            raise
        except ValueError:  # no JSON here, or a number of thousands of digits
            at = opening.start() + 1
            continue
        yield value


def _without_repeats(pairs: list[tuple[str, Any]]) -> Fields:
    whole = dict(pairs)
    if len(whole) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _RepeatedKeyError(f"{twice!r} is given twice")
    return whole


def _holds_object(values: list[Any]) -> bool:
    return any(
        isinstance(value, dict) or (isinstance(value, list) and _holds_object(value))
        for value in values
    )


def _read(kind: Any, value: Any, path: str) -> Outcome[Any, Malformed]:
    """A value of the class `kind`, whose fields are classes of fields or text."""
    if not has(kind):
        return _text(value, path)
    if not isinstance(value, Mapping):
        return Failure(Malformed(f"{path or 'the reply'} is not an object"))
    names = [field.name for field in fields(kind)]
    if wrong := sorted(set(names) ^ set(value)):
        how = "is missing" if wrong[0] in names else "is not a field"
        return Failure(Malformed(f"{_inside(path, wrong[0])} {how}"))
    parts = dict[str, Any]()
    for field in fields(kind):
        part = _read(field.type, value[field.name], _inside(path, field.name))
        if isinstance(part, Failure):
            return part
        parts[field.name] = part.unwrap()
    return Success(kind(**parts))


def _text(value: Any, path: str) -> Outcome[str, Malformed]:
    if not isinstance(value, str):
        return Failure(Malformed(f"{path} is not a text"))
    text = value.strip()
    if not text:
        return Failure(Malformed(f"{path} is empty"))
    if re.search("[\ud800-\udfff]", text):
        return Failure(Malformed(f"{path} has half of a surrogate pair"))
    if path.startswith(f"{NO_ACTOR_IN}.") and ABSENT.fullmatch(text):
        return Success(NOBODY)
    return Success(text)


def _inside(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
