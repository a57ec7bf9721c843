"""Foresight: what comes after a moment, by the predictor and beside it by named baselines.

Without a predictor the baselines answer alone, under their own names.  Only what was seen before
the moment counts; candidates and look-alikes are taken from other videos and, of the same one, from
what was not looked at.
"""

from typing import TypeAlias

import numpy as np
from attrs import field, frozen
from returns.result import Failure, Success

from kuavi.apps.usecases.layer_rows import LayerRows, by_scene, layer_rows
from kuavi.apps.usecases.observing import Ask, Observed, ObserveFailure, observe
from kuavi.apps.usecases.ports import ForesightPorts
from kuavi.domain.evidence import Evidence, Heuristic
from kuavi.domain.layers import Indices, Layer, Times
from kuavi.domain.nearest import Grouped
from kuavi.domain.outcome import Outcome
from kuavi.domain.ranking import Mask
from kuavi.domain.space import Embeddings, Motion, cosine, unit
from kuavi.domain.surprise import PERSISTENCE
from kuavi.ports.library import LibraryFailure, LibraryView
from kuavi.ports.predictors import PredictFailure

PREDICTOR = "predictor"
STAYS = "persistence"
FOLLOWED = "nearest neighbour"

ForeseeFailure: TypeAlias = ObserveFailure | PredictFailure


@frozen(eq=False)
class Answer:
    """What one method foresees: a unit row for each step ahead (steps, dim)."""

    method: str
    evidence: Evidence
    rows: Embeddings[Motion] = field(repr=False)


@frozen(eq=False)
class Foreseen:
    """The answers of all methods, the one that counts first; `notes` say which could not be.

    `extrapolated`: the first one's steps, seen and asked together, exceed what it was trained on.
    """

    ask: Ask
    observed: Observed
    answers: tuple[Answer, ...]
    extrapolated: bool
    notes: tuple[str, ...]


@frozen(eq=False)
class Shelf:
    """The library's motion rows by scene, for comparing."""

    rows: LayerRows[Motion]
    grouped: Grouped


def foresee(
    ask: Ask, view: LibraryView, ports: ForesightPorts
) -> Outcome[tuple[Foreseen, Shelf], ForeseeFailure]:
    """Observe, and let every method answer."""
    seen = observe(ask, view, ports)
    if isinstance(seen, Failure):
        return seen
    observed = seen.unwrap()
    shelved = shelf(view, ports)
    if isinstance(shelved, Failure):
        return shelved
    answers, notes = list[Answer](), list[str]()
    learned = _learned(observed, ports)
    if isinstance(learned, Failure):
        return learned
    answers += learned.unwrap()
    if not answers:
        notes.append("no predictor in this preset: baselines answer alone")
    answers.append(_stays(observed))
    followed = _followed(observed, shelved.unwrap())
    if followed is None:
        notes.append(f"{FOLLOWED}: the library shows nothing else that goes on as long")
    else:
        answers.append(followed)
    outcome = Foreseen(ask, observed, tuple(answers), _extrapolated(observed, ports), tuple(notes))
    return Success((outcome, shelved.unwrap()))


def shelf(view: LibraryView, ports: ForesightPorts) -> Outcome[Shelf, LibraryFailure]:
    read = layer_rows(view, Layer.MOTION, ports.clips.space)
    if isinstance(read, Failure):
        return read
    grouped = by_scene(view, Layer.MOTION, read.unwrap(), None)
    if isinstance(grouped, Failure):
        return grouped
    return Success(Shelf(read.unwrap(), grouped.unwrap()))


def _learned(
    observed: Observed, ports: ForesightPorts
) -> Outcome[tuple[Answer, ...], PredictFailure]:
    if ports.predictor is None:
        return Success(())
    predicted = ports.predictor.predict([observed.frames], observed.ahead)
    if isinstance(predicted, Failure):
        return predicted
    return Success((Answer(PREDICTOR, ports.predictor.evidence, predicted.unwrap()[0]),))


def _extrapolated(observed: Observed, ports: ForesightPorts) -> bool:
    if ports.predictor is None:
        return False
    seen = len(observed.frames) // ports.predictor.step
    return seen + len(observed.ahead) > ports.predictor.trained_steps


def _stays(observed: Observed) -> Answer:
    last = observed.rows.rows[-1:]
    rows = np.repeat(last, len(observed.ahead), axis=0)
    return Answer(STAYS, Heuristic(PERSISTENCE), Embeddings(observed.rows.space, rows))


def _followed(observed: Observed, shelved: Shelf) -> Answer | None:
    """What followed the library's moment most like the last observed step.

    A moment of the same video counts if all that followed lies before what was observed.  None
    where no moment is followed as long as was asked.
    """
    rows = shelved.rows
    ends_s = _followed_until(rows, observed)
    able = np.flatnonzero(np.isfinite(ends_s))
    if not len(able):
        return None
    last = Embeddings(observed.rows.space, observed.rows.rows[-1:])
    scores = cosine(last, Embeddings(rows.space, rows.rows[able]))[0]
    best = int(able[scores.argmax()])
    after = [_at(rows, best, (step + 1) * observed.step_s) for step in observed.ahead]
    video = rows.videos[rows.video[best]]
    evidence = Heuristic(
        f"what followed the most similar moment of the library: {video} at "
        f"{float(rows.start_s[best]):.1f} s, cosine {float(scores.max()):.2f}"
    )
    return Answer(FOLLOWED, evidence, Embeddings(rows.space, rows.rows[after]))


def _followed_until(rows: LayerRows[Motion], observed: Observed) -> Times:
    """(n,) when the steps after each row end, in seconds; inf where they reach too far."""
    until_s = rows.end_s + len(observed.ahead) * observed.step_s
    _, firsts = np.unique(rows.video, return_index=True)
    lasts = np.append(firsts[1:], len(rows)) - 1
    reach_s = np.zeros(len(rows))
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        mine = rows.videos[rows.video[first]] == observed.record.id
        limit_s = observed.span.start_s if mine else float(rows.end_s[last])
        reach_s[first : last + 1] = limit_s
    return np.asarray(np.where(until_s <= reach_s + 1e-6, until_s, np.inf), dtype=np.float64)


def _at(rows: LayerRows[Motion], row: int, later_s: float) -> int:
    """The row of the same video that is on so many seconds later."""
    last = int(np.searchsorted(rows.video, rows.video[row], side="right"))
    wanted = rows.start_s[row] + later_s
    at = row + int(np.searchsorted(rows.start_s[row:last], wanted + 1e-6, side="right")) - 1
    return min(at, last - 1)


def actual(foreseen: Foreseen, shelved: Shelf, step: int) -> Embeddings[Motion] | None:
    """What the library's rows show of a step that was foreseen: one unit row, or None."""
    rows, span = shelved.rows, foreseen.observed.ahead_span(step)
    part = rows.of_video(foreseen.observed.record.id)
    start_s = rows.start_s[part]
    inside = np.flatnonzero((start_s >= span.start_s - 1e-6) & (start_s < span.end_s - 1e-6))
    if not len(inside):
        return None
    mean = rows.rows[part][inside].mean(axis=0, keepdims=True)
    return Embeddings(rows.space, unit(np.asarray(mean, dtype=np.float32)))


def scenes_apart(scene: Indices, mine: Mask, start_s: Times, at_s: float) -> Mask:
    """(n,) of these scenes: those of other videos, and those that start at a moment or later."""
    return ~mine[scene] | (start_s[scene] >= at_s - 1e-6)
