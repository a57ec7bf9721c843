"""What breaks the flow of a video: cuts, foreign segments, and surprise without either.

A *foreign segment* differs from both its sides, while the sides resemble each other and nothing
else in the video resembles it: what an inserted piece does.  A pan's sides differ from each other
more than from what lies between; one side of a dialogue comes back later.  This is a rule, not a
model: a cutaway that is shown once is flagged as well.

Two nulls say how much a flag means, each drawn with a fixed seed.  Of a change: how often two
moments of this video taken at random differ as much.  Of a segment: how often a stretch of as many
moments, after the video's moments were put in random order, stands out from its sides as much.
"""

from enum import StrEnum

import numpy as np
from attrs import field, frozen
from attrs.validators import ge, gt

from kuavi.domain.space import Matrix
from kuavi.domain.spans import Span
from kuavi.domain.surprise import Surprise
from kuavi.domain.tree import Reals

SLACK_S = 1e-6
ROUNDING = 1e-5
MOST_COMPARED = 32
"""So many moments of a segment are compared, evenly taken, however long it is."""


class Kind(StrEnum):
    CUT = "cut"
    FOREIGN = "foreign segment"
    SURPRISE = "surprise"


@frozen
class ForeignRule:
    """`side_s` seconds on either side are compared; a segment lasts at most `longest_s` seconds.

    Its median distance (1 - cosine) from both sides is at least `apart`, that from its nearest
    look-alike elsewhere at least `alike`, each at least `ratio` times that between the sides, and
    its p-value is at most `most_p`.
    """

    side_s: float = field(default=2.0, validator=gt(0))
    longest_s: float = field(default=60.0, validator=gt(0))
    apart: float = field(default=0.3, validator=gt(0))
    alike: float = field(default=0.2, validator=gt(0))
    ratio: float = field(default=2.0, validator=ge(1))
    most_p: float = field(default=0.05, validator=gt(0))
    shuffles: int = field(default=199, validator=ge(1))
    seed: int = 20_260_102


@frozen
class Flag:
    """A stretch that breaks the flow, why, and how surprising its strongest moment is.

    `p` is the share of the null that is at least as extreme (see the module), never 0.
    """

    span: Span
    kind: Kind
    reason: str
    z: float
    p: float


@frozen(eq=False)
class Moments:
    """A video's sampled unit rows (n, dim) with their times (n,), and the cuts known in it."""

    rows: Matrix = field(repr=False)
    start_s: Reals = field(repr=False)
    end_s: Reals = field(repr=False)
    cuts_s: tuple[float, ...]

    @property
    def span(self) -> Span:
        return Span(float(self.start_s[0]), float(self.end_s[-1]))


@frozen
class _Segment:
    """Moments [first, last), their distance from their sides, and that between the sides."""

    first: int
    last: int
    apart: float
    sides_apart: float

    @property
    def contrast(self) -> float:
        return self.apart - self.sides_apart


def flags(moments: Moments, surprise: Surprise, rule: ForeignRule) -> tuple[Flag, ...]:
    """Everything that is flagged, in time order; the edges of a foreign segment are part of it."""
    if len(moments.rows) < 2:
        return ()
    rng = np.random.default_rng(rule.seed)
    jumps = _random_jumps(moments.rows, rng)
    foreign = _foreign(moments, surprise, rule, rng)
    found = [*foreign]
    for first, last in _runs(surprise):
        peak = first + int(surprise.z[first:last].argmax())
        if not any(_belongs(surprise, (first, last), flag.span) for flag in foreign):
            found.append(_flag(moments, surprise, (first, last, peak), jumps))
    return tuple(sorted(found, key=lambda flag: (flag.span, flag.kind)))


def _flag(moments: Moments, surprise: Surprise, run: tuple[int, int, int], jumps: Reals) -> Flag:
    """A run [first, last) of surprising moments with its peak: at a known cut, or unexplained."""
    first, last, peak = run
    start_s, end_s = float(surprise.start_s[first]), float(surprise.end_s[last - 1])
    cut = _cut_at(moments, surprise, peak)
    p = _share(jumps, _jump_at(moments, float(surprise.start_s[peak])))
    z = float(surprise.z[peak])
    if cut is None:
        return Flag(Span(start_s, end_s), Kind.SURPRISE, "a sudden change without a cut", z, p)
    return Flag(Span(cut, max(end_s, cut + 1e-3)), Kind.CUT, "the picture is cut here", z, p)


def _runs(surprise: Surprise) -> list[tuple[int, int]]:
    """[first, last) of each stretch of surprising moments."""
    padded = np.concatenate([[False], surprise.high, [False]]).astype(np.int8)
    edges = np.diff(padded)
    firsts, lasts = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return list(zip(firsts.tolist(), lasts.tolist(), strict=True))


def _belongs(surprise: Surprise, run: tuple[int, int], span: Span) -> bool:
    """Whether a run of surprising moments has an edge of a foreign segment, or is within it.

    A predictor is off for a while after an edge: its context is still that of the other side.
    """
    first, last = run
    starts_before_end = surprise.before_s[first] < span.end_s
    return bool(starts_before_end and surprise.start_s[last - 1] >= span.start_s - SLACK_S)


def _cut_at(moments: Moments, surprise: Surprise, at: int) -> float | None:
    """The known cut within one sampled moment of a surprising one, the nearest to its start."""
    step = float(surprise.start_s[at] - surprise.before_s[at])
    start = float(surprise.start_s[at])
    near = [cut for cut in moments.cuts_s if start - 2 * step < cut < start + step + 1e-6]
    return min(near, key=lambda cut: abs(cut - start), default=None)


def _jump_at(moments: Moments, time_s: float) -> float:
    """The largest change between neighbours around a moment."""
    at = int(np.searchsorted(moments.start_s, time_s, side="right")) - 1
    first, last = max(at - 1, 0), min(at + 2, len(moments.rows))
    near = moments.rows[first:last]
    return float((1 - np.einsum("nd,nd->n", near[:-1], near[1:])).max()) if len(near) > 1 else 0.0


def _random_jumps(rows: Matrix, rng: np.random.Generator, draws: int = 2000) -> Reals:
    a, b = rng.integers(0, len(rows), (2, draws))
    apart = a != b
    return np.sort(1 - np.einsum("nd,nd->n", rows[a[apart]], rows[b[apart]]).astype(np.float64))


def _share(null: Reals, value: float) -> float:
    """(1 + number at least as large, up to fp32 rounding) / (1 + number)."""
    reached = len(null) - int(np.searchsorted(null, value - ROUNDING, side="left"))
    return (1 + reached) / (1 + len(null))


def _foreign(
    moments: Moments, surprise: Surprise, rule: ForeignRule, rng: np.random.Generator
) -> list[Flag]:
    """Foreign segments, none within or over another: the one that stands out most first."""
    able = [
        one
        for one in _segments(moments, _edges(moments, surprise), rule)
        if one.apart >= max(rule.apart, rule.ratio * one.sides_apart)
        and _elsewhere(moments, one) >= max(rule.alike, rule.ratio * one.sides_apart)
    ]
    taken, found = list[_Segment](), list[Flag]()
    for one in sorted(able, key=lambda s: (-s.contrast, s.first)):
        if any(one.first < other.last and other.first < one.last for other in taken):
            continue
        p = _permuted(moments, one, rule, rng)
        if p <= rule.most_p:
            taken.append(one)
            found.append(_foreign_flag(moments, surprise, one, p))
    return found


def _foreign_flag(moments: Moments, surprise: Surprise, one: _Segment, p: float) -> Flag:
    span = Span(_edge_s(moments, one.first), _edge_s(moments, one.last))
    inside = (surprise.start_s >= span.start_s - SLACK_S) & (surprise.before_s < span.end_s)
    z = float(surprise.z[inside].max()) if inside.any() else 0.0
    reason = (
        f"unlike both sides (distance {one.apart:.2f}), which are alike ({one.sides_apart:.2f}), "
        "and unlike the rest of the video"
    )
    return Flag(span, Kind.FOREIGN, reason, z, p)


def _edges(moments: Moments, surprise: Surprise) -> list[int]:
    """First moments of what may be segments: after known cuts, and where surprise peaks."""
    cuts = np.searchsorted(moments.start_s, np.asarray(moments.cuts_s) - SLACK_S, side="left")
    z = np.concatenate([[-np.inf], surprise.z, [-np.inf]])
    peaks = surprise.high & (z[1:-1] >= z[:-2]) & (z[1:-1] > z[2:])
    peaked = np.searchsorted(moments.start_s, surprise.start_s[peaks] - SLACK_S, side="left")
    both = np.unique(np.concatenate([cuts, peaked]).astype(np.int64))
    return both[(both > 0) & (both < len(moments.rows))].tolist()


def _edge_s(moments: Moments, at: int) -> float:
    """When a segment starts whose first moment is `at`: at the cut, if one is known there."""
    low, high = float(moments.start_s[at - 1]), float(moments.start_s[at])
    cuts = [cut for cut in moments.cuts_s if low < cut <= high + SLACK_S]
    return min(cuts, key=lambda cut: abs(cut - (low + high) / 2), default=(low + high) / 2)


def _segments(moments: Moments, edges: list[int], rule: ForeignRule) -> list[_Segment]:
    """Each pair of edges not too far apart, compared with what lies on either side of it."""
    found = list[_Segment]()
    bounds = [0, *edges, len(moments.rows)]
    times = moments.start_s
    for i in range(1, len(bounds) - 1):
        first = bounds[i]
        near = np.searchsorted(times, times[first - 1] - rule.side_s, side="left")
        before = moments.rows[max(bounds[i - 1], int(near)) : first]
        for j in range(i + 1, len(bounds) - 1):
            last = bounds[j]
            if times[last] - times[first] > rule.longest_s:
                break
            far = int(np.searchsorted(times, times[last] + rule.side_s, side="right"))
            after = moments.rows[last : min(bounds[j + 1], far)]
            apart, sides_apart = _compared(_thinned(moments.rows[first:last]), before, after)
            found.append(_Segment(first, last, apart, sides_apart))
    return found


def _compared(segment: Matrix, before: Matrix, after: Matrix) -> tuple[float, float]:
    """Median distance of a segment from its nearer side, and of the sides from each other."""
    nearer = min(_distance(segment, before), _distance(segment, after))
    return nearer, _distance(before, after)


def _distance(a: Matrix, b: Matrix) -> float:
    return max(float(np.median(1 - a @ b.T)), 0.0)


def _thinned(rows: Matrix) -> Matrix:
    """At most so many rows, evenly taken."""
    if len(rows) <= MOST_COMPARED:
        return rows
    return rows[np.linspace(0, len(rows) - 1, MOST_COMPARED).astype(np.int64)]


def _elsewhere(moments: Moments, one: _Segment) -> float:
    """How far a typical moment of the segment is from its nearest look-alike outside."""
    segment = _thinned(moments.rows[one.first : one.last])
    outside = [moments.rows[: one.first], moments.rows[one.last :]]
    nearest = np.max([(segment @ rows.T).max(axis=1) for rows in outside], axis=0)
    return max(float(np.median(1 - nearest)), 0.0)


def _permuted(
    moments: Moments, one: _Segment, rule: ForeignRule, rng: np.random.Generator
) -> float:
    """The share of orders in which a stretch of as many moments contrasts as much."""
    n_segment = min(one.last - one.first, MOST_COMPARED)
    step_s = float(np.median(np.diff(moments.start_s)))
    n_side = max(min(round(rule.side_s / step_s), (len(moments.rows) - n_segment) // 2), 1)
    null = np.empty(rule.shuffles)
    for i in range(rule.shuffles):
        drawn = moments.rows[rng.permutation(len(moments.rows))[: n_segment + 2 * n_side]]
        parts = drawn[2 * n_side :], drawn[:n_side], drawn[n_side : 2 * n_side]
        apart, sides_apart = _compared(*parts)
        null[i] = apart - sides_apart
    return _share(np.sort(null), one.contrast)
