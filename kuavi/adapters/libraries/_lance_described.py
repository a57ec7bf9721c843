"""What is said of the nodes of a tree, as columns of tables, and back.

Captions and annotations have their node as `position`; descriptions are numbered.
"""

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias, TypeVar

from kuavi.domain.annotation import Action, Annotation, Summary
from kuavi.domain.described import Caption, Description
from kuavi.domain.spans import Span
from kuavi.ports.parts import Annotations, Captions, Descriptions

V = TypeVar("V")
Told: TypeAlias = Captions | Annotations | Descriptions

_AT_A_TIME = 256


def to_rows(part: Told) -> Iterator[dict[str, Any]]:
    """The part's columns but for `video` and `rev`, some rows at a time."""
    match part:
        case Captions(captions):
            yield from map(_captions, _some(sorted(captions.items())))
        case Annotations(annotations):
            yield from map(_annotations, _some(sorted(annotations.items(), key=_node)))
        case Descriptions(_, descriptions):
            yield from map(_descriptions, _some(descriptions))


def _node(item: tuple[int, Annotation]) -> int:
    return item[0]


def _some(items: Sequence[V]) -> Iterator[Sequence[V]]:
    for first in range(0, len(items), _AT_A_TIME):
        yield items[first : first + _AT_A_TIME]


def _captions(items: Sequence[tuple[int, Caption]]) -> dict[str, Any]:
    return {
        "position": [node for node, _ in items],
        "frame": [caption.frame for _, caption in items],
        "clip": [caption.clip for _, caption in items],
        "action": [caption.action for _, caption in items],
    }


def _annotations(items: Sequence[tuple[int, Annotation]]) -> dict[str, Any]:
    unused = [None] * len(items)
    return {
        "position": [node for node, _ in items],
        "start_s": unused,
        "end_s": unused,
        "text": unused,
        "brief": [told.summary.brief for _, told in items],
        "detailed": [told.summary.detailed for _, told in items],
        "action_brief": [told.action.brief for _, told in items],
        "action_detailed": [told.action.detailed for _, told in items],
        "actor": [told.action.actor for _, told in items],
    }


def _descriptions(items: Sequence[Description]) -> dict[str, Any]:
    return {
        "node": [one.node for one in items],
        "start_s": [one.span.start_s for one in items],
        "end_s": [one.span.end_s for one in items],
        "text": [one.text for one in items],
        "cluster": [one.cluster for one in items],
        "size": [one.size for one in items],
        "shown": [one.shown for one in items],
    }


def to_captions(table: Any) -> dict[int, Caption]:
    return {
        row["position"]: Caption(row["frame"], row["clip"], row["action"])
        for row in table.to_pylist()
    }


def to_annotations(table: Any) -> dict[int, Annotation]:
    return {
        row["position"]: Annotation(
            Summary(row["brief"], row["detailed"]),
            Action(row["action_brief"], row["action_detailed"], row["actor"]),
        )
        for row in table.to_pylist()
    }


def to_descriptions(table: Any) -> tuple[Description, ...]:
    return tuple(
        Description(
            row["node"],
            Span(row["start_s"], row["end_s"]),
            row["text"],
            row["cluster"],
            row["size"],
            row["shown"],
        )
        for row in table.to_pylist()
    )
