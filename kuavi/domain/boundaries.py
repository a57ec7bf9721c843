"""Boundaries that come gradually (dissolves, fades), from what sampled frames look like.

Differences of successive frames miss them.  Two tests of different kind agree instead:

- proposal: a boundary of Ward's tree on the time chain whose merge costs at least a threshold.
  Frames of one shot merge before shots do, so a hard cut does not hide what lies beside it.
- verification: the mean look some seconds before and after differs in direction.  Ward's cost
  grows with the size of the parts, so it splits long quiet shots; their looks don't differ.

This is a heuristic, measured in bench/scenes.py.
"""

from collections.abc import Sequence

import numpy as np
from attrs import field, frozen
from attrs.validators import ge, le

from kuavi.domain.shots import Cut
from kuavi.domain.space import Matrix
from kuavi.domain.tree import Reals
from kuavi.domain.ward import chain_ward


@frozen
class GradualRule:
    """What counts as a gradual boundary.

    `least_cost` is the Ward merge cost of unit rows that proposes; `least_turn` the 1 - cosine of
    the mean rows of `around_s` seconds before and after that verifies; boundaries nearer than
    `apart_s` to a hard cut, or to a clearer gradual one, are dropped.
    """

    least_cost: float = field(default=1.2, validator=ge(0))
    least_turn: float = field(default=0.25, validator=[ge(0), le(2)])
    around_s: float = field(default=2.0, validator=ge(0))
    apart_s: float = field(default=0.75, validator=ge(0))


def gradual_cuts(
    rows: Matrix, times_s: Reals, hard: Sequence[Cut], rule: GradualRule
) -> tuple[Cut, ...]:
    """Gradual boundaries beside the hard cuts, ascending, each midway between two samples.

    `rows` (n, dim) are of length 1; `times_s` (n,) ascend strictly.  The score is the turn halved.

    Raises:
        ValueError: if rows and times differ in number, or times do not ascend.
    """
    if times_s.shape != (len(rows),) or (np.diff(times_s) <= 0).any():
        raise ValueError(f"need {len(rows)} ascending times, got {times_s.shape}")
    if len(rows) < 2:
        return ()
    cuts_s = np.array([cut.time_s for cut in hard], dtype=np.float64)
    shots = np.searchsorted(cuts_s, times_s, side="right")
    tree = chain_ward(rows, shots)
    proposed = tree.splits[tree.costs >= rule.least_cost]
    proposed = proposed[shots[proposed] == shots[proposed - 1]]
    verified = _verified(rows, times_s, shots, proposed, rule)
    found = [Cut(time_s, turn / 2) for time_s, turn in verified]
    return _spaced(found, cuts_s, rule.apart_s)


def _verified(
    rows: Matrix, times_s: Reals, shots: np.ndarray, splits: np.ndarray, rule: GradualRule
) -> list[tuple[float, float]]:
    """(time, turn) of each split whose surroundings in its shot turn enough."""
    kept = list[tuple[float, float]]()
    for split in splits.tolist():
        middle_s = float(times_s[split - 1] + times_s[split]) / 2
        first = max(
            int(np.searchsorted(shots, shots[split])),
            int(np.searchsorted(times_s, middle_s - rule.around_s)),
        )
        last = min(
            int(np.searchsorted(shots, shots[split], side="right")),
            int(np.searchsorted(times_s, middle_s + rule.around_s, side="right")),
        )
        before = rows[min(first, split - 1) : split].sum(axis=0, dtype=np.float64)
        after = rows[split : max(last, split + 1)].sum(axis=0, dtype=np.float64)
        lengths = float(np.linalg.norm(before) * np.linalg.norm(after))
        turn = 1 - float(before @ after) / lengths if lengths > 0 else 0.0
        if turn >= rule.least_turn:
            kept.append((middle_s, min(max(turn, 0.0), 2.0)))
    return kept


def _spaced(found: Sequence[Cut], cuts_s: np.ndarray, apart_s: float) -> tuple[Cut, ...]:
    """The clearest ones, none nearer than `apart_s` to a cut or to one already taken."""
    taken, places = list[Cut](), cuts_s
    for cut in sorted(found, key=lambda cut: (-cut.score, cut.time_s)):
        if not (np.abs(places - cut.time_s) < apart_s).any():
            taken.append(cut)
            places = np.append(places, cut.time_s)
    return tuple(sorted(taken))
