"""Search from what views derive: the same answers at first, again, later and from the disk."""

from pathlib import Path

import numpy as np
import pytest

from kuavi.adapters.libraries import lance, memory
from kuavi.apps.usecases.layer_rows import by_scene, layer_rows
from kuavi.apps.usecases.queries import BySpan, ByText, Field, Query, SearchRequest, SearchResult
from kuavi.apps.usecases.scene_table import scene_table
from kuavi.domain.layers import Layer
from kuavi.domain.nearest import nearest
from kuavi.domain.space import cosine
from kuavi.domain.spans import Span
from tests.usecases.test_search import TWO
from tests.worlds import World

ASKED = [("red", Field.VISUAL), ("the moon", Field.ALL), ("harbour", Field.SCREEN)]


def made(world: World) -> World:
    for path in TWO:
        world.indexed(path)
    return world


def answers(world: World) -> list[SearchResult]:
    day = next(r for r in world.library.view().unwrap().videos().unwrap() if r.title == "day.mp4")
    queries: list[tuple[Query, Field]] = [(ByText(text), field) for text, field in ASKED]
    queries.append((BySpan(day.id, Span(0, 3)), Field.ALL))
    return [
        world.found(SearchRequest(query, field, scene_s=scene_s, diverse=diverse))
        for query, field in queries
        for scene_s in (None, 2.0)
        for diverse in (False, True)
    ]


def test_the_disk_answers_as_memory_does(tmp_path: Path) -> None:
    def on_disk(create: bool) -> World:
        return World(films=TWO, library=lance.build(str(tmp_path / "l"), create).unwrap())

    first = answers(made(on_disk(True)))
    assert answers(on_disk(False)) == first  # derived anew, or from what the first has kept
    inside = answers(made(World(films=TWO)))
    for disk, inner in zip(first, inside, strict=True):
        if disk.searched == (Field.VISUAL,):  # full text scores differ a little
            assert disk == inner


def test_what_changes_is_seen_at_once() -> None:
    world = World(films=TWO)
    world.indexed("/films/day.mp4")
    red = SearchRequest(ByText("red"), Field.VISUAL)
    assert {hit.title for hit in world.found(red).hits} == {"day.mp4"}
    world.indexed("/films/night.mp4")
    assert {hit.title for hit in world.found(red).hits} == {"day.mp4", "night.mp4"}
    day = next(hit.video for hit in world.found(red).hits if hit.title == "day.mp4")
    world.library.remove(day).unwrap()
    assert {hit.title for hit in world.found(red).hits} == {"night.mp4"}


def test_a_lone_ranking_is_cut_where_the_answer_is() -> None:
    world = made(World(films=TWO))
    every = world.found(SearchRequest(ByText("red"), Field.VISUAL, 50)).hits
    for limit in range(1, len(every)):
        assert world.found(SearchRequest(ByText("red"), Field.VISUAL, limit)).hits == every[:limit]


@pytest.mark.parametrize("many", [1, 10**9], ids=["sketched", "plain"])
def test_rows_are_ranked_as_cosine_does(many: int) -> None:
    world = made(World(films=TWO, library=memory.build("m", create=True).unwrap()))
    view, space = world.library.view().unwrap(), world.scan.joint.space
    rows = layer_rows(view, Layer.VISUAL, space, many).unwrap()
    assert (rows.sketch is not None) == (many == 1)
    grouped = by_scene(view, Layer.VISUAL, rows, None).unwrap()
    query = world.scan.joint.encode_texts(["red"]).unwrap()
    found = nearest(query.rows[0], grouped, 5)
    located = view.visual(space).unwrap()
    scores = cosine(query, located.embeddings)[0]
    table = scene_table(view, None).unwrap()
    scene = table.of(located.videos, located.video, located.start_s)
    best = [scores[scene == number].max() for number in range(len(table))]
    assert found.scores == pytest.approx(np.sort(best)[::-1][:5], abs=1e-6)
