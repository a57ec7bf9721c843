"""The published probes of V-JEPA 2: for which tasks, on what input they were trained, their labels.

From the paper (arXiv 2506.09985) and the configurations in the original repository.
"""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from attrs import Factory, frozen
from returns.result import Failure, Success

from kuavi.domain.outcome import Outcome

EPIC_TRAIN = "EPIC_100_train.csv"
LABELS = "id2label.json"
HEADS = ("verb", "noun", "action")
"""Of the EK100 probe, in the order of its queries."""


@frozen
class Anticipation:
    """A probe that also sees predicted tokens: one step, so many steps after the clip."""

    after: int
    mask_index: int


@frozen
class Task:
    """`frames` and `levels` by the encoder's width and depth; levels are blocks, from 0.

    A clip is `segments` stretches of `frames` each, encoded apart and looked at together; answers
    are means over `views`, squares along the long side, in the evaluation of the original probes.
    """

    frames: Mapping[int, int] = Factory(dict)
    segments: int = 1
    levels: Mapping[int, tuple[int, ...]] = Factory(dict)
    anticipation: Anticipation | None = None
    views: int = 1


DEPTHS = {24: (17, 19, 21, 23), 40: (24, 29, 34, 39)}
RELEASED: Mapping[str, Task] = {
    "ssv2": Task({1024: 16, 1408: 64}, segments=2, views=3),
    "diving48": Task({1024: 32, 1408: 32}, segments=4, levels=DEPTHS, views=3),
    # 4 s at 8 frames a second, foreseeing 1 s; trained with the mask token that is all zero
    "ek100": Task({1024: 32, 1408: 32}, anticipation=Anticipation(after=4, mask_index=1)),
}
NOT_RELEASED = ("coin", "in1k", "jester", "k400")
"""Tasks of the paper whose probes were never published."""


def availability(task: str) -> str:
    """Why there is no probe for a task; empty if there is one."""
    if task in RELEASED:
        return ""
    known = ", ".join(RELEASED)
    if task in NOT_RELEASED:
        return f"weights not released: no probe for {task} was published, only for {known}"
    return f"no probe for {task or 'a task without a name'} is known, only for {known}"


Actions: TypeAlias = Mapping[str, Sequence[str]]


def numbered_labels(path: Path) -> Outcome[tuple[str, ...], str]:
    """Labels of a JSON file that maps numbers from 0 to names."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        labels = {int(number): str(name) for number, name in raw.items()}
    except (OSError, ValueError, AttributeError) as error:
        return Failure(f"{path} can't be read ({error})")
    if sorted(labels) != list(range(len(labels))):
        return Failure(f"{path} does not number its labels from 0")
    return Success(tuple(labels[number] for number in range(len(labels))))


def epic_labels(path: Path) -> Outcome[Actions, str]:
    """Labels of the EK100 probe's heads, from the annotations that it was trained with.

    The probe numbers its classes in the order in which Python iterates over a set of them, filled
    in the file's order; a set of numbers has the same order everywhere.  A class is named by the
    word that annotators used most for it.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [
                (int(row["verb_class"]), int(row["noun_class"]), row["verb"], row["noun"])
                for row in csv.DictReader(file)
            ]
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        return Failure(f"{path} can't be read ({error})")
    verbs = _most_used((verb, word) for verb, _, word, _ in rows)
    nouns = _most_used((noun, word) for _, noun, _, word in rows)
    actions = set([(verb, noun) for verb, noun, _, _ in rows])  # noqa: C403  (as it was trained)
    return Success(
        {
            "verb": [verbs[verb] for verb in set([verb for verb, _ in actions])],  # noqa: C403
            "noun": [nouns[noun] for noun in set([noun for _, noun in actions])],  # noqa: C403
            "action": [f"{verbs[verb]} {nouns[noun]}" for verb, noun in actions],
        }
    )


def _most_used(pairs: Iterable[tuple[int, str]]) -> dict[int, str]:
    counts: dict[int, Counter[str]] = {}
    for number, word in pairs:
        counts.setdefault(number, Counter())[word] += 1
    return {n: min(words, key=lambda w: (-words[w], w)) for n, words in counts.items()}
