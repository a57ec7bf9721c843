"""How much of an exact search the sketch of a library's own vectors finds."""

from typing import TypeVar

import numpy as np
from attrs import frozen
from returns.result import Failure, Success

from kuavi.apps.usecases.layer_rows import layer_rows
from kuavi.apps.usecases.ports import SearchPorts
from kuavi.domain.layers import Layer
from kuavi.domain.nearest import MANY, Grouped, nearest
from kuavi.domain.outcome import Outcome
from kuavi.domain.sketch import IN_NUMPY, Engine
from kuavi.domain.space import Role, Space
from kuavi.ports.library import LibraryFailure, LibraryView, OtherSpace

R = TypeVar("R", bound=Role)

BEST = 10
MOST, FEWEST = 100, 10
_PRODUCTS = 10_000_000


@frozen
class SketchRecall:
    """Of the `best` rows nearest to each of `queries` stored vectors, the share that is found.

    `same` of the queries get the very same rows in the same order.
    """

    layer: Layer
    rows: int
    queries: int
    best: int
    recall: float
    same: int


def sketch_recall(
    view: LibraryView,
    layer: Layer,
    space: Space[R],
    engine: Engine = IN_NUMPY,
    many: int = MANY,
) -> Outcome[SketchRecall | None, LibraryFailure]:
    """Measured with vectors of the layer itself as queries; None where no sketch is in use.

    The queries are spread evenly over the rows: up to 100, of a million rows and more only 10.  A
    query is no answer to itself.
    """
    read = layer_rows(view, layer, space, many)
    if isinstance(read, Failure):
        return read
    layered = read.unwrap()
    n = len(layered)
    if layered.sketch is None:
        return Success(None)
    own = np.arange(n)
    sketched = Grouped(layered.rows, own, n, layered.sketch, 1)
    exact = Grouped(layered.rows, own, n)
    wanted = min(max(_PRODUCTS // n, FEWEST), MOST, n)
    found = out_of = same = 0
    for number in np.linspace(0, n - 1, wanted).astype(np.int64).tolist():
        query, others = layered.rows[number], own != number
        through = nearest(query, sketched, BEST, others, engine=engine).rows.tolist()
        best = nearest(query, exact, BEST, others).rows.tolist()
        found += len(set(through) & set(best))
        out_of += len(best)
        same += through == best
    return Success(SketchRecall(layer, n, wanted, BEST, found / out_of if out_of else 1.0, same))


def sketch_recalls(
    ports: SearchPorts, many: int = MANY
) -> Outcome[tuple[SketchRecall, ...], LibraryFailure]:
    """Of every layer that search asks through a sketch.

    A layer whose vectors another model made is left out: search does not use it either.
    """
    opened = ports.library.view()
    if isinstance(opened, Failure):
        return opened
    view, engine = opened.unwrap(), ports.engine
    texts = ports.text.space
    told: list[SketchRecall] = []
    for measured in (
        sketch_recall(view, Layer.VISUAL, ports.joint.space, engine, many),
        sketch_recall(view, Layer.MOTION, ports.clips.space, engine, many),
        sketch_recall(view, Layer.TRANSCRIPT, texts, engine, many),
        sketch_recall(view, Layer.SCREEN, texts, engine, many),
    ):
        if isinstance(measured, Success):
            one = measured.unwrap()
            told += [] if one is None else [one]
        elif not isinstance(measured.failure(), OtherSpace):
            return measured
    return Success(tuple(told))
