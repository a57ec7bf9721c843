"""What the doctor says of a sketch: measured on the library's own vectors."""

import numpy as np
from attrs import evolve, frozen
from returns.result import Success

from kuavi.apps.usecases.check_sketch import sketch_recall, sketch_recalls
from kuavi.domain.layers import Indices, Layer
from kuavi.domain.sketch import IN_NUMPY, Asked, Counts, Scanned, Sketch, Vector
from tests.usecases.test_search import TWO
from tests.worlds import World


@frozen
class Blind:
    """Takes every row to be far away."""

    def scan(self, sketch: Sketch, query: Asked) -> tuple[Counts, Vector]:
        differ, bounds = IN_NUMPY.scan(sketch, query)
        return differ, bounds - np.float32(10)

    def rest(self, sketch: Sketch, query: Asked, first: Counts) -> tuple[Counts, Vector]:
        differ, bounds = IN_NUMPY.rest(sketch, query, first)
        return differ, bounds - np.float32(10)

    def finer(self, sketch: Sketch, query: Asked, rows: Indices, read: Scanned) -> Vector:
        return IN_NUMPY.finer(sketch, query, rows, read)


def made() -> World:
    world = World(films=TWO)
    for path in TWO:
        world.indexed(path)
    return world


def test_every_sketched_layer_is_measured() -> None:
    told = sketch_recalls(made().search_ports, many=1).unwrap()
    layers = [one.layer for one in told]
    assert layers[0] == Layer.VISUAL
    assert Layer.TRANSCRIPT in layers
    for one in told:
        assert one.queries == min(one.rows, 100)
        assert one.recall >= 0.99
        assert one.same >= 0.9 * one.queries


def test_what_a_sketch_loses_is_told() -> None:
    world = made()
    good = sketch_recalls(world.search_ports, many=1).unwrap()[0]
    bad = sketch_recalls(evolve(world.search_ports, engine=Blind()), many=1).unwrap()[0]
    assert (bad.rows, bad.queries) == (good.rows, good.queries)
    assert bad.recall < good.recall
    assert bad.same < good.same


def test_where_no_sketch_is_in_use_nothing_is_measured() -> None:
    world = made()
    assert sketch_recalls(world.search_ports).unwrap() == ()
    view, space = world.library.view().unwrap(), world.scan.joint.space
    assert sketch_recall(view, Layer.VISUAL, space, many=10**9) == Success(None)
