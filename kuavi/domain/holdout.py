"""Labelled examples kept apart to score a classifier, and that score."""

from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from attrs import field, frozen
from returns.result import Failure, Success

from kuavi.domain.outcome import Outcome

Counts: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.int64]]
"""(true label, answered label) int64."""
Places: TypeAlias = tuple[int, ...]
"""Ordinals of examples, ascending."""

BY_VIDEO, BY_SPAN = "video", "span"


@frozen
class TooFewExamples:
    """A label is too rare to be both learned and scored."""

    label: str
    found: int

    def __str__(self) -> str:
        times = "once" if self.found == 1 else f"{self.found} times"
        return (
            f"label {self.label!r} is there only {times}; each label needs at least two spans, one "
            "to learn from and one to score with, and a table needs at least two labels"
        )


@frozen
class Split:
    """Examples to learn from and examples to score with; `by` says what was kept whole."""

    train: Places
    held_out: Places
    by: str


def split(
    labels: Sequence[str], videos: Sequence[str], share: float
) -> Outcome[Split, TooFewExamples]:
    """About `share` of the examples of each label, held out; each label is on both sides.

    Whole videos are held out where each label occurs in several videos enough, since spans of one
    video look alike and flatter a score; else spans, spread evenly over each label's own.
    """
    found = Counter(labels)
    rare = min(found, key=lambda label: (found[label], label))
    if found[rare] < 2 or len(found) < 2:
        return Failure(TooFewExamples(rare, found[rare]))
    held = _whole_videos(labels, videos, share)
    by = BY_VIDEO if held else BY_SPAN
    held = held or _spread(labels, share)
    train = tuple(i for i in range(len(labels)) if i not in held)
    return Success(Split(train, tuple(sorted(held)), by))


def _whole_videos(labels: Sequence[str], videos: Sequence[str], share: float) -> set[int]:
    """Examples of held-out videos; none where that would take a label from either side."""
    wanted = {label: max(1, round(n * share)) for label, n in Counter(labels).items()}
    left, taken = Counter(labels), Counter[str]()
    held: set[int] = set()
    for video in sorted(set(videos)):
        own = [i for i, name in enumerate(videos) if name == video]
        here = Counter(labels[i] for i in own)
        useful = any(taken[label] < wanted[label] for label in here)
        if useful and all(left[label] > n for label, n in here.items()):
            held.update(own)
            left -= here
            taken += here
    return held if all(taken[label] for label in wanted) else set()


def _spread(labels: Sequence[str], share: float) -> set[int]:
    held: set[int] = set()
    for label in sorted(set(labels)):
        own = [i for i, name in enumerate(labels) if name == label]
        n = min(max(1, round(len(own) * share)), len(own) - 1)
        held.update(own[int((k + 0.5) * len(own) / n)] for k in range(n))
    return held


@frozen(eq=False)
class HeldOut:
    """How a classifier did on examples it had not seen: counts (labels, labels), true by answered.

    `learned_from` examples taught it; `by` is what was kept whole in holding out.
    """

    labels: tuple[str, ...]
    counts: Counts = field(repr=False)
    learned_from: int
    by: str

    @property
    def n(self) -> int:
        return int(self.counts.sum())

    @property
    def accuracy(self) -> float:
        """Share of right answers."""
        return float(np.trace(self.counts)) / max(self.n, 1)

    @property
    def chance(self) -> float:
        """Accuracy of always answering with the commonest label."""
        return float(self.counts.sum(axis=1).max()) / max(self.n, 1)


def scored(labels: tuple[str, ...], true: Sequence[int], answered: Sequence[int]) -> Counts:
    """The confusion table (labels, labels) of these answers."""
    counts = np.zeros((len(labels), len(labels)), dtype=np.int64)
    np.add.at(counts, (np.array(true, dtype=np.int64), np.array(answered, dtype=np.int64)), 1)
    return counts
