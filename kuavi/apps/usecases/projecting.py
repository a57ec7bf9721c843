"""Text to motion: a map fitted on the library's own scenes, once for each of its versions."""

from collections.abc import Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np
from attrs import frozen
from returns.result import Failure, Success

from kuavi.apps.usecases.layer_rows import LayerRows, by_scene, layer_rows
from kuavi.apps.usecases.scene_table import scene_table
from kuavi.domain.evidence import Evidence, Fitted
from kuavi.domain.fingerprint import fingerprint_of
from kuavi.domain.layers import Indices, Layer
from kuavi.domain.nearest import Grouped
from kuavi.domain.outcome import Outcome
from kuavi.domain.projection import (
    HeldOut,
    NotAboveChance,
    Projection,
    Refusal,
    TooFewPairs,
    directions,
    fit,
)
from kuavi.domain.space import Embeddings, Joint, Matrix, Motion, Role, Space, unit
from kuavi.ports.derived import Arrays, Derivation
from kuavi.ports.encoders import JointEncoder
from kuavi.ports.library import LibraryFailure, LibraryView
from kuavi.ports.models import ModelFailure

R = TypeVar("R", bound=Role)
Fit: TypeAlias = Projection[Joint, Motion] | TooFewPairs | NotAboveChance

RECIPE = 1
"""Raise when the map changes for the same rows."""

EVERYDAY = (
    "a person walking",
    "people talking to each other",
    "someone opening a door",
    "a car driving along a road",
    "cooking food in a kitchen",
    "a dog running on grass",
    "a hand picking up a thing",
    "a crowd in a street",
    "someone writing at a desk",
    "playing a ball game",
    "water flowing",
    "a machine at work",
    "a landscape seen from above",
    "text on a screen",
    "a face close up",
    "children playing",
    "a boat on the sea",
    "trees in the wind",
    "a room at night",
    "putting things into a box",
)
"""Texts of many kinds.  What they have in common is what texts have in common, not their sense."""


@frozen(eq=False)
class SceneMeans:
    """The mean unit row of each scene that has rows: (n, dim), and the scenes' numbers (n,)."""

    rows: Matrix
    scene: Indices


@frozen(eq=False)
class Pointed:
    """Where texts point in the space of motion, through which map, and by what that was made."""

    rows: Embeddings[Motion]
    projection: Projection[Joint, Motion]
    evidence: Evidence


PointFailure: TypeAlias = TooFewPairs | NotAboveChance | LibraryFailure | ModelFailure


def pointed_at(
    view: LibraryView, joint: JointEncoder, motion: Space[Motion], texts: Sequence[str]
) -> Outcome[Pointed, PointFailure]:
    """Unit rows of motion that the texts ask for; a refusal where the map finds nothing."""
    made = projection_of(view, joint.space, motion)
    if isinstance(made, Failure):
        return made
    projection = made.unwrap()
    if not isinstance(projection, Projection):
        return Failure(projection)
    encoded = joint.encode_texts([*texts, *EVERYDAY])
    if isinstance(encoded, Failure):
        return encoded
    asked, common = np.split(unit(encoded.unwrap().rows), [len(texts)])
    mean = common.mean(axis=0, keepdims=True)
    rows = directions(projection, Embeddings(joint.space, asked), mean)
    return Success(Pointed(rows, projection, evidence_of(projection.held_out)))


def evidence_of(score: HeldOut) -> Fitted:
    return Fitted(
        f"{score.pairs} scenes' pictures and motion, asked by text",
        f"recall@{score.k} of pictures, chance {score.chance:.2f},",
        score.recall,
    )


def projection_of(
    view: LibraryView, joint: Space[Joint], motion: Space[Motion]
) -> Outcome[Fit, LibraryFailure]:
    """The map from pictures to motion, or why there is none; fitted once for a view."""
    mark = fingerprint_of(
        [RECIPE, joint.model_id, joint.revision, motion.model_id, motion.revision, motion.dim]
    )
    return view.derived(
        Derivation(
            f"projection.{mark[:16]}",
            lambda: _fitted(view, joint, motion),
            lambda arrays: _loaded(joint, motion, arrays),
        )
    )


def scene_means(rows: LayerRows[R], grouped: Grouped) -> SceneMeans:
    """Scenes in ascending order, whatever the order of the rows."""
    known = np.flatnonzero(grouped.known)
    known = known[np.argsort(grouped.group[known], kind="stable")]
    scenes, firsts = np.unique(grouped.group[known], return_index=True)
    if not len(scenes):
        return SceneMeans(np.empty((0, rows.space.dim), dtype=np.float32), scenes)
    means = [rows.rows[part].mean(axis=0) for part in np.split(known, firsts[1:])]
    return SceneMeans(unit(np.stack(means).astype(np.float32)), scenes)


def means_of(
    view: LibraryView, layer: Layer, space: Space[R]
) -> Outcome[SceneMeans, LibraryFailure]:
    """The means of every scene's rows in a layer."""
    read = layer_rows(view, layer, space)
    if isinstance(read, Failure):
        return read
    grouped = by_scene(view, layer, read.unwrap(), None)
    if isinstance(grouped, Failure):
        return grouped
    return Success(scene_means(read.unwrap(), grouped.unwrap()))


def _fitted(
    view: LibraryView, joint: Space[Joint], motion: Space[Motion]
) -> Outcome[Arrays, LibraryFailure]:
    listed = scene_table(view, None)
    if isinstance(listed, Failure):
        return listed
    seen, moved = means_of(view, Layer.VISUAL, joint), means_of(view, Layer.MOTION, motion)
    if isinstance(seen, Failure):
        return seen
    if isinstance(moved, Failure):
        return moved
    pictures, clips = seen.unwrap(), moved.unwrap()
    scenes, left, right = np.intersect1d(pictures.scene, clips.scene, return_indices=True)
    made = fit(
        Embeddings(joint, pictures.rows[left]),
        Embeddings(motion, clips.rows[right]),
        listed.unwrap().video[scenes],
    )
    return Success(_refused(made.failure()) if isinstance(made, Failure) else _kept(made.unwrap()))


def _kept(projection: Projection[Joint, Motion]) -> Arrays:
    return {
        "weights": projection.weights,
        "source_mean": projection.source_mean,
        "target_mean": projection.target_mean,
        **_score(projection.held_out),
    }


def _refused(refusal: Refusal) -> Arrays:
    match refusal:
        case TooFewPairs(pairs, needed):
            return {"too_few": np.array([pairs, needed], dtype=np.int64)}
        case NotAboveChance(held_out):
            return _score(held_out)


def _score(score: HeldOut) -> dict[str, np.ndarray[Any, Any]]:
    return {
        "counts": np.array([score.k, score.pairs, score.groups], dtype=np.int64),
        "recall": np.array([score.recall, score.chance], dtype=np.float64),
    }


def _loaded(joint: Space[Joint], motion: Space[Motion], arrays: Arrays) -> Fit:
    if "too_few" in arrays:
        return TooFewPairs(*arrays["too_few"].tolist())
    k, pairs, groups = arrays["counts"].tolist()
    recall, chance = arrays["recall"].tolist()
    score = HeldOut(k, recall, chance, pairs, groups)
    if "weights" not in arrays:
        return NotAboveChance(score)
    parts = (arrays[name] for name in ("weights", "source_mean", "target_mean"))
    weights, source_mean, target_mean = parts
    return Projection(joint, motion, weights, source_mean, target_mean, score)
