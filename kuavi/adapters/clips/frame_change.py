"""Clips as what their frames look like and how that changes: no motion model, and named so.

A row is one frame's features beside their change.  The features come from EfficientNet-Lite0: their
square roots, since a few strong activations would else outweigh all others (the Hellinger kernel of
"RootSIFT", Arandjelovic & Zisserman 2012), projected to fewer dimensions by a fixed random
orthogonal map, which keeps angles within some hundredths (Johnson & Lindenstrauss 1984).  The
change at a frame is the smaller of the steps to its two neighbours, as slope limiters take it
(van Leer 1979): a cut is a large step on one side only, so it leaves no trace in the change, and
the rows on its two sides stay as far apart as the pictures.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from attrs import frozen
from returns.result import Failure, Success

from kuavi.adapters._cache_dir import cached
from kuavi.adapters._lite0 import N_FEATURES, Lite0, lite0_for
from kuavi.adapters._onnx import GRAPH_REVISIONS
from kuavi.adapters._weights import needed, verified
from kuavi.domain.evidence import Evidence, Heuristic, Model
from kuavi.domain.fingerprint import fingerprint_of
from kuavi.domain.media import Frame
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.domain.space import Embeddings, Matrix, Motion, Space, unit
from kuavi.ports.models import ModelFailure, ModelUnavailable

METHOD = "frame features and their change"
RECIPE = 1
"""Raise when vectors change for the same weights."""
HALF = 256
"""Dimensions of the features, and of their change."""
CHANGE_WEIGHT = 0.35
SEED = 20_260_101
"""Changing it changes the projection, and with it all vectors."""


@frozen(eq=False)
class FrameChange:
    space: Space[Motion]
    model: Model
    evidence: Evidence
    pictures: Lite0
    directions: Matrix

    @property
    def step(self) -> int:
        return 1

    def encode(
        self, windows: Sequence[Sequence[Frame]]
    ) -> Outcome[tuple[Embeddings[Motion], ...], ModelFailure]:
        rows: list[Embeddings[Motion]] = []
        for window in windows:
            looks = self.pictures.look(window)
            if isinstance(looks, Failure):
                return looks
            looked = unit(np.sqrt(looks.unwrap().features))
            rows.append(Embeddings(self.space, with_change(project(looked, self.directions))))
        return Success(tuple(rows))


def project(features: Matrix, directions: Matrix) -> Matrix:
    """(n, 1280) to (n, 256), row by row, so that a row is the same in any batch."""
    rows = [row @ directions for row in features]
    return np.stack(rows) if rows else np.empty((0, HALF), dtype=np.float32)


def with_change(looks: Matrix) -> Matrix:
    """Frames' features (n, d) in time order, to unit rows of features and change (n, 2 d)."""
    steps = np.diff(looks, axis=0)
    if len(steps):
        before, after = np.concatenate([steps[:1], steps]), np.concatenate([steps, steps[-1:]])
        smaller = np.linalg.norm(before, axis=1) <= np.linalg.norm(after, axis=1)
        change = np.where(smaller[:, None], before, after)
    else:
        change = np.zeros_like(looks)
    return unit(np.concatenate([looks, np.float32(CHANGE_WEIGHT) * change], axis=1))


def projection() -> Matrix:
    """A fixed map (1280, 256) onto random orthogonal directions that keeps lengths on average."""
    drawn = np.random.default_rng(SEED).standard_normal((N_FEATURES, HALF))
    directions, _ = np.linalg.qr(drawn)
    return (directions * np.sqrt(N_FEATURES / HALF)).astype(np.float32)


def cached_projection(spec: ModelSpec) -> Outcome[Matrix, ModelUnavailable]:
    """The projection, computed once on a machine: on a busy one that may take seconds."""
    name = fingerprint_of([RECIPE, SEED, N_FEATURES, HALF, np.__version__])
    path = cached(f"projection/{name[:32]}.npy", _write_projection)
    if isinstance(path, Failure):
        return Failure(ModelUnavailable(spec.model_id, path.failure(), "free the cache directory"))
    try:
        directions: Matrix = np.load(path.unwrap(), allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        reason = f"{path.unwrap()} can't be read ({error})"
        return Failure(ModelUnavailable(spec.model_id, reason, "delete it; it will be made anew"))
    return Success(directions)


def _write_projection(target: Path) -> None:
    np.save(target, projection())


def build(spec: ModelSpec) -> Outcome[FrameChange, ModelUnavailable]:
    """Needs the weights of EfficientNet-Lite0 (`.pth`)."""
    weights = verified(spec)
    if isinstance(weights, Failure):
        return weights
    named = needed(spec, weights.unwrap(), ".pth")
    if isinstance(named, Failure):
        return named
    pictures = lite0_for(spec, *named.unwrap())
    if isinstance(pictures, Failure):
        return pictures
    directions = cached_projection(spec)
    if isinstance(directions, Failure):
        return directions
    files = weights.unwrap().records
    made_of = [[file.name, file.sha256] for file in files]
    mark = fingerprint_of([RECIPE, GRAPH_REVISIONS["lite0"], HALF, CHANGE_WEIGHT, SEED, made_of])
    model = Model(spec.model_id, f"change{RECIPE}-{mark[:16]}", files)
    space = Space[Motion](model.model_id, model.revision, 2 * HALF)
    return Success(
        FrameChange(space, model, Heuristic(METHOD), pictures.unwrap(), directions.unwrap())
    )
