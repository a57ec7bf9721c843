"""Published annotations and their trees, and ways to damage them, for `bench.quality`."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from attrs import evolve, frozen
from pyarrow import parquet

from kuavi.domain.annotation import NOBODY, Action, Annotation, Summary
from kuavi.domain.annotation_rules import guidelines
from kuavi.domain.tree import NONE, SegmentTree

Annotations: TypeAlias = dict[int, Annotation]
VOWELS = "aeiou"
SENTENCES = (("summary", "brief"), ("summary", "detailed"), ("action", "detailed"))
REFUSALS = (
    "I'm sorry, but I can't describe this video.",
    "I cannot see the segment from the information given.",
    "As an AI language model, I am not able to watch videos.",
    "The image shows a scene.",
    "Something is happening in the video.",
)


@frozen(eq=False)
class Video:
    tree: SegmentTree
    annotations: Annotations


def published(folder: Path) -> list[Video]:
    """The videos of Action100M's examples, with what its large model wrote."""
    table = parquet.read_table(folder / "examples.parquet", columns=["nodes"])
    return [_video(records) for records in table["nodes"].to_pylist()]


def _video(records: Sequence[dict[str, Any]]) -> Video:
    annotations = {
        node: Annotation(Summary(**record["gpt"]["summary"]), Action(**record["gpt"]["action"]))
        for node, record in enumerate(records)
        if record["gpt"] is not None
    }
    return Video(_tree(records), annotations)


def _tree(records: Sequence[dict[str, Any]]) -> SegmentTree:
    """The published hierarchy; costs and the order of merges are not published, all is one shot."""
    n = len(records)
    number = {record["node_id"]: i for i, record in enumerate(records)}
    parent = np.array([number.get(record["parent_id"], NONE) for record in records])
    inner = np.unique(parent[1:])
    left = np.full(n, NONE)
    left[inner] = 1 + 2 * np.arange(len(inner))
    right = np.where(left == NONE, NONE, left + 1)
    start = np.array([record["start"] for record in records], dtype=np.float64)
    end = np.array([record["end"] for record in records], dtype=np.float64)
    level, rank = np.zeros(n, dtype=np.int64), np.full(n, NONE)
    for k, node in enumerate(inner.tolist()):  # a split is where the right child starts
        a, b = int(left[node]), int(right[node])
        start[a], end[a], end[b] = start[node], start[b], end[node]
        level[[a, b]] = level[node] + 1
        rank[node] = len(inner) - 1 - k
    bounds = np.append(np.sort(start[left == NONE]), end[0])
    first, last = np.searchsorted(bounds, start), np.searchsorted(bounds, end)
    whole = np.arange(n) == 0
    return SegmentTree(
        parent, left, right, level, start, end, first, last, np.zeros(n), rank, whole
    )


Damage: TypeAlias = Callable[[list[Video], int, np.ndarray, np.random.Generator], Annotations]
"""What stands at the chosen nodes of a video instead."""


def across(
    videos: list[Video], at: int, nodes: np.ndarray, rng: np.random.Generator
) -> Annotations:
    others = [one for i, v in enumerate(videos) if i != at for one in v.annotations.values()]
    picks = rng.choice(len(others), len(nodes), replace=False)
    return {node: others[pick] for node, pick in zip(nodes.tolist(), picks.tolist(), strict=True)}


def within(
    videos: list[Video], at: int, nodes: np.ndarray, rng: np.random.Generator
) -> Annotations:
    """Each chosen node has another chosen node's."""
    order = rng.permutation(nodes)
    mine = videos[at].annotations
    return {
        node: mine[other]
        for node, other in zip(order.tolist(), np.roll(order, 1).tolist(), strict=True)
    }


def actions_within(
    videos: list[Video], at: int, nodes: np.ndarray, rng: np.random.Generator
) -> Annotations:
    """Summaries stay, each chosen node has another's action."""
    mine = videos[at].annotations
    return {
        node: evolve(mine[node], action=one.action)
        for node, one in within(videos, at, nodes, rng).items()
    }


def repeated(
    videos: list[Video], at: int, nodes: np.ndarray, rng: np.random.Generator
) -> Annotations:
    mine = videos[at].annotations
    acting = [node for node, one in mine.items() if one.action.brief != NOBODY]
    return dict.fromkeys(nodes.tolist(), mine[int(rng.choice(acting))])


def _edited(change: Callable[[Annotation, np.random.Generator], Annotation]) -> Damage:
    def damage(
        videos: list[Video], at: int, nodes: np.ndarray, rng: np.random.Generator
    ) -> Annotations:
        return {node: change(videos[at].annotations[node], rng) for node in nodes.tolist()}

    return damage


def _with(annotation: Annotation, place: tuple[str, str], text: str) -> Annotation:
    part, name = place
    return evolve(annotation, **{part: evolve(getattr(annotation, part), **{name: text})})


def _sentence(annotation: Annotation, rng: np.random.Generator) -> tuple[tuple[str, str], str]:
    """One of its sentences, at random; not one that says that nobody acts."""
    places = SENTENCES[: 2 if annotation.action.detailed == NOBODY else 3]
    place = places[int(rng.integers(len(places)))]
    return place, str(getattr(getattr(annotation, place[0]), place[1]))


def _truncate(annotation: Annotation, rng: np.random.Generator) -> Annotation:
    place, text = _sentence(annotation, rng)
    return _with(annotation, place, text[: int(len(text) * rng.uniform(0.3, 0.95))])


def _empty(annotation: Annotation, rng: np.random.Generator) -> Annotation:
    return _with(annotation, _sentence(annotation, rng)[0], "")


def _refuse(annotation: Annotation, rng: np.random.Generator) -> Annotation:
    return _with(annotation, _sentence(annotation, rng)[0], str(rng.choice(REFUSALS)))


def _echo(annotation: Annotation, rng: np.random.Generator) -> Annotation:
    words = guidelines().split()
    first, n = int(rng.integers(len(words) - 30)), int(rng.integers(10, 30))
    stretch = " ".join(words[first : first + n]).strip("- ").rstrip(".,;:")
    return _with(annotation, _sentence(annotation, rng)[0], f"{stretch.capitalize()}.")


def _stutter(annotation: Annotation, rng: np.random.Generator) -> Annotation:
    place, text = _sentence(annotation, rng)
    start = " ".join(text.split()[:6]).rstrip(".,")
    return _with(annotation, place, f"{' and '.join([start] * 5)}.")


def _gerund(annotation: Annotation, rng: np.random.Generator) -> Annotation:
    verb, _, rest = annotation.action.brief.partition(" ")
    article = "the " if rng.integers(2) and rest else ""
    return _with(annotation, ("action", "brief"), f"{in_ing(verb)} {article}{rest}".strip())


def in_ing(verb: str) -> str:
    """The -ing form of an English verb, by the usual spelling."""
    if verb.endswith("ie"):
        return f"{verb[:-2]}ying"
    if verb.endswith("e") and not verb.endswith("ee"):
        return f"{verb[:-1]}ing"
    short = len(verb) > 2 and sum(letter in VOWELS for letter in verb) == 1
    if short and verb[-1] not in f"{VOWELS}wxy" and verb[-2] in VOWELS:
        return f"{verb}{verb[-1]}ing"
    return f"{verb}ing"


@frozen
class Case:
    """A damage done to a share of each video's annotated nodes, of those where somebody acts."""

    damage: Damage
    share: float
    acting_only: bool = False


CASES: dict[str, Case] = {
    "shuffled across videos, all": Case(across, 1.0),
    "shuffled across videos, a tenth": Case(across, 0.1),
    "shuffled within the video, all": Case(within, 1.0),
    "shuffled within the video, a tenth": Case(within, 0.1),
    "another segment's action, a tenth": Case(actions_within, 0.1, acting_only=True),
    "one annotation on 55 %": Case(repeated, 0.55),
    "one annotation on 90 %": Case(repeated, 0.9),
    "a text empty": Case(_edited(_empty), 0.1),
    "a text a refusal or boiler-plate": Case(_edited(_refuse), 0.1),
    "a text from the prompt": Case(_edited(_echo), 0.1),
    "a text repeats itself": Case(_edited(_stutter), 0.1),
    "a text truncated": Case(_edited(_truncate), 0.1),
    "-ing form": Case(_edited(_gerund), 0.1, acting_only=True),
}


def damaged(
    videos: list[Video], at: int, case: Case, rng: np.random.Generator
) -> tuple[Annotations, list[int]]:
    """All annotations of a video after the damage, and which nodes it was done to."""
    mine = videos[at].annotations
    able = [n for n, one in mine.items() if not case.acting_only or one.action.brief != NOBODY]
    n = min(max(round(case.share * len(mine)), 2), len(able))
    nodes = rng.choice(able, n, replace=False)
    return mine | case.damage(videos, at, nodes, rng), nodes.tolist()
