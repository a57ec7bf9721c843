"""Surprise over time: how far each moment of a video is from what came before.

The error of a moment is the predictor's, or that of a named baseline on the sampled rows.  It is
judged within the video: by the robust z-score (median and MAD, Iglewicz & Hoaglin 1993), whose
scale has a floor, so that a still picture's rounding errors are no outliers.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from attrs import field, frozen
from attrs.validators import ge, gt

from kuavi.domain.layers import Times
from kuavi.domain.ranking import Mask
from kuavi.domain.space import Matrix, unit
from kuavi.domain.spans import Span

Errors: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]

PERSISTENCE = "persistence: the step before stays"
LINEAR = "linear continuation: the last change goes on"

LEVEL_OF = 9

_MAD_TO_SIGMA = 1.4826


@frozen
class SurpriseRule:
    """`threshold`: robust z-score from which a moment is surprising.

    `floor`: the least scale of an error, in its own unit; `share`: the least scale as a share of
    the median error.  Differences below either mean nothing.
    """

    threshold: float = field(default=6.0, validator=gt(0))
    floor: float = field(default=0.02, validator=gt(0))
    share: float = field(default=0.0, validator=ge(0))


@frozen(eq=False)
class Surprise:
    """Moments (n,) with their errors and robust z-scores; `start_s` ascends, `end_s` follows.

    A moment is compared with what was there `before_s`: where a change lies is between the two.
    """

    before_s: Times
    start_s: Times
    end_s: Times
    error: Errors
    z: Errors
    threshold: float

    def __attrs_post_init__(self) -> None:
        columns = (self.before_s, self.start_s, self.end_s, self.error, self.z)
        if any(column.shape != self.start_s.shape for column in columns):
            raise ValueError(f"columns of one length, got {[column.shape for column in columns]}")
        if not all(np.isfinite(column).all() for column in columns):
            raise ValueError("times and errors must be finite")
        for column in columns:
            column.setflags(write=False)

    def __len__(self) -> int:
        return len(self.start_s)

    @property
    def high(self) -> Mask:
        """The moments that are surprising."""
        return self.z >= self.threshold


def persistence(rows: Matrix) -> Errors:
    """1 - cosine of each row with the row before, (n - 1,) in [0, 2]."""
    looks = unit(rows)
    return _apart(looks[:-1], looks[1:])


def linear_continuation(rows: Matrix) -> Errors:
    """1 - cosine of each row with the last two's straight continuation, (n - 1,).

    The second row has only one before it, which is taken to stay.
    """
    looks = unit(rows)
    foreseen = looks[:-1].copy()
    if len(looks) > 2:
        foreseen[1:] = continued(looks[:-2], looks[1:-1], 1)
    return _apart(foreseen, looks[1:])


def continued(before: Matrix, last: Matrix, steps: int) -> Matrix:
    """Unit rows (n, dim): `steps` further along the line from `before` to `last`."""
    return unit(last + np.float32(steps) * (last - before))


def robust_z(error: Errors, rule: SurpriseRule) -> Errors:
    """(value - median) / scale, scale being 1.4826 MAD or the rule's least if that is more."""
    if not len(error):
        return error.copy()
    middle = float(np.median(error))
    spread = _MAD_TO_SIGMA * float(np.median(np.abs(error - middle)))
    scale = max(spread, rule.floor, rule.share * middle)
    return np.asarray((error - middle) / scale, dtype=np.float64)


def judged(
    before_s: Times, start_s: Times, end_s: Times, error: Errors, rule: SurpriseRule
) -> Surprise:
    """The errors of moments, judged among themselves."""
    return Surprise(before_s, start_s, end_s, error, robust_z(error, rule), rule.threshold)


def of_rows(
    rows: Matrix,
    start_s: Times,
    end_s: Times,
    errors_of: Callable[[Matrix], Errors] = persistence,
    rule: SurpriseRule | None = None,
) -> Surprise:
    """The surprise of a video's sampled rows (n, dim), from the second on, by a baseline.

    Raises:
        ValueError: if rows and times differ in number or times do not ascend.
    """
    if not len(rows) == len(start_s) == len(end_s) or (np.diff(start_s) <= 0).any():
        raise ValueError(f"need {len(rows)} ascending times, got {start_s.shape}")
    error = errors_of(rows) if len(rows) else np.empty(0)
    return judged(
        start_s[:-1].copy(), start_s[1:].copy(), end_s[1:].copy(), error, rule or SurpriseRule()
    )


def between(surprise: Surprise, span: Span) -> Surprise:
    """Only the moments that begin within a span; z-scores stay as they are."""
    kept = (surprise.start_s >= span.start_s) & (surprise.start_s < span.end_s)
    return Surprise(
        surprise.before_s[kept],
        surprise.start_s[kept],
        surprise.end_s[kept],
        surprise.error[kept],
        surprise.z[kept],
        surprise.threshold,
    )


def levelled(error: Errors, ahead: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Errors:
    """Errors of predictions some further ahead than others, (n,) each, made comparable.

    Each group's median becomes that of all; what lies further ahead is harder for every moment.
    A median of few is no level: if any group has fewer than `LEVEL_OF`, errors stay as they are.
    """
    groups, sizes = np.unique(ahead, return_counts=True)
    if not len(groups) or sizes.min() < LEVEL_OF:
        return error.copy()
    level, even = np.median(error), error.copy()
    for steps in groups.tolist():
        group = ahead == steps
        even[group] += level - np.median(error[group])
    return even


def _apart(a: Matrix, b: Matrix) -> Errors:
    together = np.einsum("nd,nd->n", a, b, dtype=np.float64)
    return np.asarray(np.clip(1 - together, 0, 2), dtype=np.float64)
