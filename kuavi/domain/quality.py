"""How far an annotation can be trusted: five signals, each with a reason where it is low.

What cannot be measured is absent, never a guess: visual alignment without frames, coherence where
nobody acts, consistency where no segment above or below is annotated.
"""

from collections.abc import Container, Mapping, Sequence
from math import prod

import numpy as np
from attrs import frozen

from kuavi.domain.agreement import Spoken, agreements, belief, spoken, with_strangers
from kuavi.domain.annotation import NOBODY, Annotation
from kuavi.domain.annotation_rules import RULES, Rule, broken
from kuavi.domain.calibration import (
    FEWEST_STRANGERS,
    NONE,
    Grid,
    Scores,
    logistic,
    robust_z,
    strangers,
)
from kuavi.domain.degeneracy import INSTRUCTIONS, Grams, degeneracy, shares
from kuavi.domain.quality_signal import Measure, Signal
from kuavi.domain.space import Embeddings, Joint, SpaceMismatchError, Text, unit
from kuavi.domain.tree import Ids, Reals, SegmentTree

WEIGHTS: dict[Measure, float] = {
    Measure.VISUAL: 0.7,
    Measure.FORMAT: 0.5,
    Measure.COHERENCE: 0.5,
    Measure.TEMPORAL: 0.8,
    Measure.DEGENERACY: 1.0,
}
"""What share of the total a signal takes away when it is 0."""

ALIKE_FRAMES = 0.98
"""Frames nearer than this cosine are no other frames."""

LEAST_VISUAL_SIGMA = 0.01
"""Cosines between text and pictures lie closer to each other than those between texts."""


@frozen
class Quality:
    """An annotation's signals, as far as measured, their total in [0, 1], and which are low."""

    signals: tuple[Signal, ...]

    @property
    def total(self) -> float:
        """Each signal takes its weight's share of what the others left; degeneracy all of it."""
        return prod(1 - WEIGHTS[one.name] * (1 - one.value) for one in self.signals)

    @property
    def flags(self) -> tuple[Measure, ...]:
        return tuple(one.name for one in self.signals if one.low)

    def signal(self, name: Measure) -> Signal | None:
        """The signal of that name, None where it could not be measured."""
        return next((one for one in self.signals if one.name == name), None)

    def of(self, names: Container[Measure]) -> "Quality":
        """As far as these signals tell."""
        return Quality(tuple(one for one in self.signals if one.name in names))


def improves(after: Quality, before: Quality) -> bool:
    """Whether the total rises, and not merely because less can be measured now.

    By the signals that both have it has to rise as well: what says nothing about an action can't be
    wrong about it.
    """
    both = {one.name for one in after.signals} & {one.name for one in before.signals}
    least = 1e-9
    return (
        after.total > before.total + least and after.of(both).total > before.of(both).total + least
    )


@frozen(eq=False)
class TextRows:
    """Row i of both is of the i-th annotated node, by number; see `Spoken` for the floor."""

    summaries: Embeddings[Text]
    actions: Embeddings[Text]
    floor: float


@frozen(eq=False)
class JointRows:
    """Of those annotated nodes that have frames: the text's vector and the mean of the frames'."""

    nodes: Ids
    texts: Embeddings[Joint]
    frames: Embeddings[Joint]

    def __attrs_post_init__(self) -> None:
        if self.texts.space != self.frames.space:
            raise SpaceMismatchError(f"texts in {self.texts.space}, frames in {self.frames.space}")
        if not len(self.nodes) == len(self.texts) == len(self.frames):
            raise ValueError("need a node, a text and a frame for each pair")


def summary_text(annotation: Annotation) -> str:
    return f"{annotation.summary.brief} {annotation.summary.detailed}"


def action_text(annotation: Annotation) -> str:
    return f"{annotation.action.brief} {annotation.action.detailed}"


def score_video(
    annotations: Mapping[int, Annotation],
    tree: SegmentTree,
    rows: TextRows,
    joint: JointRows | None = None,
    instructions: Grams = INSTRUCTIONS,
) -> dict[int, Quality]:
    """The quality of each annotated node of a video.

    Time and memory grow with the number of nodes, not with its square: a node is compared with its
    relatives and with a fixed number of strangers.
    """
    nodes = np.array(sorted(annotations), dtype=np.int64)
    if not len(nodes):
        return {}
    ordered = [annotations[node] for node in nodes.tolist()]
    summaries = spoken([summary_text(one) for one in ordered], rows.summaries, rows.floor)
    actions = spoken([action_text(one) for one in ordered], rows.actions, rows.floor)
    grid = strangers(tree, nodes)
    acting = np.array([one.action.brief != NOBODY for one in ordered])
    columns = [
        _none(len(nodes)) if joint is None else visual_alignment(joint, tree, nodes),
        [format_compliance(one) for one in ordered],
        coherence(summaries, actions, acting, grid),
        temporal_consistency(summaries, relatives(tree, nodes), grid),
        [
            degeneracy(one, share, instructions)
            for one, share in zip(ordered, shares(ordered).tolist(), strict=True)
        ],
    ]
    measured = [
        tuple(one for one in column if one is not None) for column in zip(*columns, strict=True)
    ]
    return {node: Quality(one) for node, one in zip(nodes.tolist(), measured, strict=True)}


def format_compliance(annotation: Annotation) -> Signal:
    """The share of the prompt's own rules that it keeps to."""
    return compliance(broken(annotation), len(RULES))


def compliance(wrong: Sequence[Rule], n_rules: int) -> Signal:
    """The share of so many rules that are kept, and which are not."""
    reason = "; ".join(f"{rule.path} is not {rule.text}" for rule in wrong)
    return Signal(Measure.FORMAT, 1 - len(wrong) / n_rules, reason)


def coherence(
    summaries: Spoken, actions: Spoken, acting: np.ndarray, grid: Grid
) -> list[Signal | None]:
    """Whether each summary speaks of its own action rather than of a stranger's; see `belief`."""
    own = np.arange(len(acting))
    agreement = agreements(summaries, actions, own, own)
    null = with_strangers(summaries, actions, grid)
    null[(grid != NONE) & ~acting[grid]] = np.nan
    what = "summary and action speak of different things"
    return _signals(Measure.COHERENCE, belief(agreement, null), agreement, acting, what)


def temporal_consistency(summaries: Spoken, edges: Grid, grid: Grid) -> list[Signal | None]:
    """Whether each summary agrees with those right above and below it more than with strangers'.

    `edges` (2, m): positions of a node and of its relative above.  Neighbours in time are not
    asked: they may differ, and they may be nearly equal.
    """
    n = len(summaries.stems)
    each = agreements(summaries, summaries, edges[0], edges[1])
    both = np.concatenate([edges[0], edges[1]])
    count = np.bincount(both, minlength=n)
    summed = np.bincount(both, weights=np.tile(each, 2), minlength=n)
    agreement = summed / np.maximum(count, 1)
    value = belief(agreement, with_strangers(summaries, summaries, grid))
    what = "contradicts the segments above and below it"
    return _signals(Measure.TEMPORAL, value, agreement, count > 0, what)


def relatives(tree: SegmentTree, nodes: Ids) -> Grid:
    """(2, m): for each that lies below another of `nodes`, its position and the nearest's above."""
    place = dict(zip(nodes.tolist(), range(len(nodes)), strict=True))
    nearest = [NONE] * len(tree)
    parents = tree.parent.tolist()
    for node in range(1, len(tree)):  # breadth-first: a parent comes before its children
        parent = parents[node]
        nearest[node] = place.get(parent, nearest[parent])
    below = [node for node in place if nearest[node] != NONE]
    pairs = [[place[node] for node in below], [nearest[node] for node in below]]
    return np.array(pairs, dtype=np.int64).reshape(2, len(below))


def visual_alignment(joint: JointRows, tree: SegmentTree, nodes: Ids) -> list[Signal | None]:
    """Whether each text fits its own frames rather than a stranger's, of those that look different.

    Cosines of the true pair against those of the node's text with strangers' frames and of its
    frames with strangers' texts; None where there are no frames, or too few that are different.
    """
    grid = strangers(tree, joint.nodes)
    texts, frames = unit(joint.texts.rows), unit(joint.frames.rows)
    true = np.einsum("nd,nd->n", texts, frames).astype(np.float64)
    null = np.full((len(grid), 2 * grid.shape[1]), np.nan)
    for i, row in enumerate(grid):
        chosen = row[row != NONE]
        others = chosen[frames[chosen] @ frames[i] < ALIKE_FRAMES]
        if len(others) < FEWEST_STRANGERS:
            continue
        null[i, : 2 * len(others)] = np.append(frames[others] @ texts[i], texts[others] @ frames[i])
    value = fit(true, null)
    what = "the words fit other frames of the video as well"
    found = _signals(Measure.VISUAL, np.nan_to_num(value), true, ~np.isnan(value), what)
    by_node = dict(zip(joint.nodes.tolist(), found, strict=True))
    return [by_node.get(node) for node in nodes.tolist()]


def fit(cosines: Reals, null: Scores) -> Reals:
    """How far each cosine (n,) stands out from its null (n, k), in [0, 1]: a half at one spread.

    NaN where the null has too few.  Nothing but the null tells how large a cosine should be.
    """
    return logistic(1.5 * (robust_z(cosines, null, LEAST_VISUAL_SIGMA) - 1))


def _signals(
    name: Measure, values: Reals, agreement: Reals, measured: np.ndarray, what: str
) -> list[Signal | None]:
    """A signal where measured; `what` is wrong, with the figure, where it is not quite good."""
    return [
        Signal(name, value, "" if value > 0.8 else f"{what} ({size:.2f})") if able else None
        for value, size, able in zip(
            values.tolist(), agreement.tolist(), measured.tolist(), strict=True
        )
    ]


def _none(n: int) -> Sequence[Signal | None]:
    return [None] * n
