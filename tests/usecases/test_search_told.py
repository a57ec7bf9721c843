"""Searching what is said of nodes: what says the same counts once, whatever size a node has."""

from collections.abc import Mapping

import numpy as np
import pytest
from attrs import evolve

from kuavi.apps.usecases.describing import describe, record_of
from kuavi.apps.usecases.queries import ByText, Field, Hit, SearchRequest
from kuavi.apps.usecases.scene_table import scenes_of
from kuavi.apps.usecases.told_table import action_clusters, told_table
from kuavi.domain.annotation import NOBODY
from kuavi.domain.described import Caption
from kuavi.domain.evidence import Heuristic
from kuavi.domain.fingerprint import VideoId, fingerprint_of
from kuavi.domain.layers import Layer
from kuavi.domain.manifest import Stage, StageRecord, with_stage
from kuavi.domain.spans import Span
from kuavi.domain.tree import NONE, SegmentTree
from kuavi.ports.parts import Captions
from tests.worlds import Shot, World, film

COLOURS = ("red", "green", "blue", "white")
KITCHEN = "/films/kitchen.mp4"
STREET = "/films/street.mp4"
MUTE = "/films/mute.mp4"
OTHERS = ("chop onion", "pour milk", "peel carrot", "stir soup in pot", "wash pot")


def shots(n: int) -> list[Shot]:
    return [Shot(COLOURS[i % len(COLOURS)], 2.0) for i in range(n)]


def tree_of(world: World, video: VideoId) -> SegmentTree:
    tree = world.library.view().unwrap().tree(video).unwrap()
    assert tree is not None
    return tree


def scenes(world: World, video: VideoId) -> list[int]:
    return scenes_of(tree_of(world, video), None).tolist()


def say(world: World, path: str, captions: Mapping[int, Caption]) -> None:
    """Give an indexed film these captions, as a run would."""
    view = world.library.view().unwrap()
    record = next(one for one in view.videos().unwrap() if one.path == path)
    key = fingerprint_of([[node, repr(caption)] for node, caption in captions.items()])
    made = StageRecord(Stage.CAPTIONS, key, len(captions), Heuristic("by hand"))
    record = with_stage(record, made)
    world.library.commit(record, [Captions(dict(captions))]).unwrap()
    parts = describe(tree_of(world, record.id), captions, {}, world.words.text).unwrap()
    told = record_of(record, world.words.text, parts)
    world.library.commit(with_stage(record, told), parts).unwrap()


def did(action: str) -> Caption:
    return Caption(clip=f"Somebody is seen to {action}.", action=action)


@pytest.fixture
def world() -> World:
    """Fifteen scenes of the kitchen say the same, five do not; the mute film says nothing."""
    made = World(films={KITCHEN: film(*shots(20)), STREET: film(*shots(4)), MUTE: film(*shots(3))})
    for path in made.films:
        made.indexed(path)
    nodes = scenes(made, video(made, KITCHEN))
    assert len(nodes) == 20
    actions = ["stir pot" if i % 4 else OTHERS[i // 4] for i in range(20)]
    say(made, KITCHEN, {node: did(action) for node, action in zip(nodes, actions, strict=True)})
    street = scenes(made, video(made, STREET))
    walks = [Caption(clip="An empty street.", action=NOBODY), did("cross street")]
    walks += [did("ride bicycle"), did("stir pot")]
    say(made, STREET, dict(zip(street, walks, strict=True)))
    return made


def video(world: World, path: str) -> VideoId:
    listed = world.library.view().unwrap().videos().unwrap()
    return next(one.id for one in listed if one.path == path)


def asked(words: str, field: Field | None = Field.ACTION, limit: int = 5) -> SearchRequest:
    return SearchRequest(ByText(words), field, limit)


def texts(hits: tuple[Hit, ...]) -> list[str]:
    return [hit.text for hit in hits]


def test_fifteen_times_the_same_is_one_answer(world: World) -> None:
    hits = world.found(evolve(asked("stir pot"), videos=(video(world, KITCHEN),))).hits
    assert texts(hits)[0] == "stir pot"
    assert texts(hits).count("stir pot") == 1
    assert hits[0].alike == 14
    assert "stir soup in pot" in texts(hits)
    assert "wash pot" in texts(hits)
    assert all(hit.alike == 0 for hit in hits[1:])


def test_all_of_them_are_there_for_who_asks(world: World) -> None:
    kitchen = (video(world, KITCHEN),)
    request = evolve(asked("stir pot", limit=50), videos=kitchen, duplicates=True)
    hits = world.found(request).hits
    assert texts(hits).count("stir pot") == 15
    assert len({hit.node for hit in hits}) == len(hits)
    assert all(hit.alike == 0 for hit in hits)  # nothing is hidden
    assert texts(world.found(evolve(request, limit=5)).hits) == ["stir pot"] * 5


def test_a_duplicate_stands_in_where_the_one_shown_is_not_asked_about(world: World) -> None:
    kitchen = video(world, KITCHEN)
    (first, *_) = world.found(evolve(asked("stir pot"), videos=(kitchen,))).hits
    span = Span(30.0, 38.0) if first.scene.start_s < 30.0 else Span(2.0, 8.0)
    request = evolve(asked("stir pot"), videos=(kitchen,), within=span)
    hits = [hit for hit in world.found(request).hits if hit.text == "stir pot"]
    assert len(hits) == 1
    assert hits[0].node != first.node
    assert hits[0].scene.overlap(span) is not None


def test_each_video_answers_for_itself(world: World) -> None:
    hits = world.found(asked("stir pot", limit=10)).hits
    same = [hit for hit in hits if hit.text == "stir pot"]
    assert {hit.video for hit in same} == {video(world, KITCHEN), video(world, STREET)}
    assert sorted(hit.alike for hit in same) == [0, 14]
    assert {hit.text for hit in hits[:2]} == {"stir pot"}


def test_diverse_actions_are_of_different_clusters_of_the_library(world: World) -> None:
    plain = world.found(asked("stir pot", limit=3)).hits
    assert texts(plain)[:2] == ["stir pot", "stir pot"]
    diverse = world.found(evolve(asked("stir pot", limit=3), diverse=True)).hits
    assert texts(diverse)[0] == "stir pot"
    assert texts(diverse).count("stir pot") == 1
    assert len(set(texts(diverse))) == 3
    all_of_them = evolve(asked("stir pot", limit=4), diverse=True, duplicates=True)
    told = texts(world.found(all_of_them).hits)
    assert len(set(told[:3])) == 3
    assert told[3] == "stir pot"  # the second of its cluster comes after the first of each


def test_clusters_go_across_videos(world: World) -> None:
    view = world.library.view().unwrap()
    table = told_table(view, Layer.ACTION).unwrap()
    clusters = action_clusters(view, world.words.text.space).unwrap().cluster
    assert len(clusters) == len(table.nodes)
    said = [
        one.text for v in table.nodes.videos for one in view.descriptions(v, Layer.ACTION).unwrap()
    ]
    stirs = {int(clusters[i]) for i, words in enumerate(said) if words == "stir pot"}
    assert len(stirs) == 1
    assert len(np.unique(clusters)) == len(set(said))


def test_nobody_is_never_found(world: World) -> None:
    for words in (NOBODY, "n a", "nobody acts"):
        for field in (Field.ACTION, Field.ALL):
            hits = world.found(asked(words, field, 50)).hits
            assert NOBODY not in texts(hits)
            told = [match for hit in hits for match in hit.matches]
            assert not any(match.text == NOBODY for match in told)
    street = scenes(world, video(world, STREET))
    found = world.found(evolve(asked("street", limit=50), videos=(video(world, STREET),))).hits
    assert street[0] not in [hit.node for hit in found]
    summaries = world.found(asked("empty street", Field.SUMMARY)).hits
    assert summaries[0].node == street[0]


def test_the_default_is_what_is_done_where_something_is(world: World) -> None:
    result = world.found(asked("peel carrot", None))
    assert result.searched == (Field.ACTION,)
    assert result.hits[0].text == "peel carrot"
    alone = World(films={MUTE: film(*shots(3))})
    alone.indexed(MUTE)
    assert Field.ACTION not in alone.found(asked("red", None)).searched


def test_a_video_of_which_nothing_is_said_is_found_by_its_pictures_alone(world: World) -> None:
    mute = video(world, MUTE)
    assert mute not in {hit.video for hit in world.found(asked("stir pot", limit=50)).hits}
    assert world.found(evolve(asked("stir pot"), videos=(mute,))).hits == ()
    everywhere = world.found(asked("green", Field.ALL, 50)).hits
    assert mute in {hit.video for hit in everywhere}


def test_among_all_fields_scenes_answer_and_what_is_larger_does_not_count(world: World) -> None:
    street = video(world, STREET)
    tree, nodes = tree_of(world, street), scenes(world, street)
    larger = next(n for n in range(len(tree)) if n not in nodes and tree.left[n] in nodes)
    below = next(int(tree.left[n]) for n in nodes if tree.left[n] != NONE)
    scene = next(n for n in nodes if tree.left[n] == below)
    captions = {0: did("juggle torches"), larger: did("juggle knives"), below: did("juggle balls")}
    say(world, STREET, captions)
    only = (street,)
    alone = world.found(evolve(asked("juggle", Field.ACTION), videos=only)).hits
    assert {hit.node for hit in alone} == {0, larger, below}
    mixed = world.found(evolve(asked("juggle", Field.ALL, 50), videos=only))
    told = [hit for hit in mixed.hits if any(m.field is Field.ACTION for m in hit.matches)]
    assert [hit.node for hit in told] == [scene]
    assert told[0].scene == tree.span_of(scene)
    assert {hit.node for hit in mixed.hits} <= set(nodes)
    (match, *_) = [m for m in told[0].matches if m.field is Field.ACTION]
    assert match.text == "juggle balls"
    assert match.moment == tree.span_of(below)


def test_a_hit_is_the_node_that_it_is_said_of(world: World) -> None:
    street = video(world, STREET)
    tree = tree_of(world, street)
    say(world, STREET, {0: did("walk home"), scenes(world, street)[1]: did("cross street")})
    hit = world.found(evolve(asked("walk home"), videos=(street,))).hits[0]
    assert (hit.node, hit.scene) == (0, tree.span_of(0))
