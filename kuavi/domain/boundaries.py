"""Boundaries that come gradually (dissolves, fades), from what sampled frames look like.

Differences of successive frames miss them.  Two tests of different kind agree instead:

- proposal: a boundary of Ward's tree on the time chain whose merge costs at least a threshold.
  Frames of one shot merge before shots do, so a hard cut does not hide what lies beside it.
- verification: the mean look some seconds before and after differs in direction.  Ward's cost
  grows with the size of the parts, so it splits long quiet shots; their looks don't differ.

This is a heuristic, measured in bench/scenes.py.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from attrs import field, frozen
from attrs.validators import ge, le

from kuavi.domain.shots import Cut
from kuavi.domain.space import Matrix, unit
from kuavi.domain.tree import Reals
from kuavi.domain.ward import chain_ward, precision_of

Vector: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float32]]


@frozen
class GradualRule:
    """What counts as a gradual boundary.

    `least_cost` is the Ward merge cost of unit rows that proposes; `least_turn` the 1 - cosine of
    the mean rows of `around_s` seconds before and after that verifies; boundaries nearer than
    `apart_s` to a hard cut, to a clearer gradual one or to an end of the video are dropped.
    """

    least_cost: float = field(default=1.3, validator=ge(0))
    least_turn: float = field(default=0.25, validator=[ge(0), le(2)])
    around_s: float = field(default=2.0, validator=ge(0))
    apart_s: float = field(default=0.75, validator=ge(0))


def gradual_cuts(
    rows: Matrix, times_s: Reals, hard: Sequence[Cut], rule: GradualRule
) -> tuple[Cut, ...]:
    """Gradual boundaries beside the hard cuts, ascending, each between two samples.

    `rows` (n, dim) count by their direction; `times_s` (n,) ascend strictly.  The score is the turn
    halved.
    The time is where the look is half way from that before to that after.

    Raises:
        ValueError: if rows and times differ in number, or times do not ascend.
    """
    if times_s.shape != (len(rows),) or (np.diff(times_s) <= 0).any():
        raise ValueError(f"need {len(rows)} ascending times, got {times_s.shape}")
    if len(rows) < 2:
        return ()
    cuts_s = np.array([cut.time_s for cut in hard], dtype=np.float64)
    shots = np.searchsorted(cuts_s, times_s, side="right")
    edges = [0, *np.flatnonzero(np.diff(shots)) + 1, len(rows)]
    # Shot by shot: one knows nothing of another, and the copies are one shot's, not the video's.
    found = [
        Cut(time_s, turn / 2)
        for first, end in pairwise(edges)
        for time_s, turn in _within(unit(rows[first:end]), times_s[first:end], rule)
    ]
    ends_s = times_s[[0, -1]]
    return _spaced(found, np.concatenate([cuts_s, ends_s]), rule.apart_s)


def _within(rows: Matrix, times_s: Reals, rule: GradualRule) -> Iterator[tuple[float, float]]:
    """(time, turn) of each proposed split of a shot whose surroundings in it turn enough."""
    tree = chain_ward(rows, precision=precision_of(rows))
    for split in tree.splits[tree.costs >= rule.least_cost].tolist():
        middle_s = float(times_s[split - 1] + times_s[split]) / 2
        near_from, near_to = np.searchsorted(
            times_s, [middle_s - rule.around_s, middle_s + rule.around_s]
        ).tolist()
        first, end = min(near_from, split - 1), max(near_to, split + 1)
        # The samples beside the split may show the transition itself: used if there is no other.
        before = rows[first : max(split - 1, first + 1)].mean(axis=0)
        after = rows[min(split + 1, end - 1) : end].mean(axis=0)
        turn = _turn(before, after)
        if turn >= rule.least_turn:
            at = slice(max(first, split - 2), min(end, split + 2))
            along = (rows[at] @ (after - before)).astype(np.float64)
            half_way = float((after - before) @ (after + before)) / 2
            yield _crossing(times_s[at], along, half_way, split - at.start), turn


def _turn(before: Vector, after: Vector) -> float:
    """1 - cosine, in [0, 2]; 0 where either is without signal."""
    lengths = float(np.linalg.norm(before) * np.linalg.norm(after))
    return min(max(1 - float(before @ after) / lengths, 0.0), 2.0) if lengths > 0 else 0.0


def _crossing(times_s: Reals, along: Reals, half_way: float, split: int) -> float:
    """When the look is half way: between the two samples beside the split, or one step beside.

    Looks change about linearly through a dissolve.  If they don't pass the half, it is the time
    midway between the two samples.
    """
    for i in (split, split - 1, split + 1):
        if 0 < i < len(along) and along[i - 1] <= half_way <= along[i] and along[i - 1] < along[i]:
            part = float((half_way - along[i - 1]) / (along[i] - along[i - 1]))
            return float(times_s[i - 1]) + part * float(times_s[i] - times_s[i - 1])
    return float(times_s[split - 1] + times_s[split]) / 2


def _spaced(found: Sequence[Cut], places: np.ndarray, apart_s: float) -> tuple[Cut, ...]:
    """The clearest ones, none nearer than `apart_s` to a place or to one already taken."""
    taken = list[Cut]()
    for cut in sorted(found, key=lambda cut: (-cut.score, cut.time_s)):
        if not (np.abs(places - cut.time_s) < apart_s).any():
            taken.append(cut)
            places = np.append(places, cut.time_s)
    return tuple(sorted(taken))
