"""Published videos: read and told, as trees, and through what a library holds of them."""

import json
import uuid
from typing import Any

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Success

from kuavi.domain.action100m import (
    Gpt,
    GptAction,
    GptSummary,
    Line,
    NotPublished,
    PublishedNode,
    PublishedVideo,
    as_json,
    parse_video,
)
from kuavi.domain.action100m_exchange import (
    node_id,
    origin_of,
    published,
    published_own,
    told_of,
)
from kuavi.domain.action100m_speech import seconds_of, utterances_of
from kuavi.domain.action100m_tree import BadTree, grow, to_tree
from kuavi.domain.annotation import Action, Annotation, Summary
from kuavi.domain.cuts import scene_cut
from kuavi.domain.described import Caption
from kuavi.domain.tree import NONE, SegmentTree
from tests.indexed import content_of, record_of, tree_of
from tests.strategies_action100m import node_lists, published_videos, times, words


@given(published_videos())
def test_a_video_told_as_json_is_read_as_itself(video: PublishedVideo) -> None:
    raw = as_json(video)
    assert parse_video(raw) == Success(video)
    assert parse_video(json.loads(json.dumps(raw))) == Success(video)


@given(published_videos(), st.data())
def test_what_the_schema_has_not_is_refused_by_name(
    video: PublishedVideo, data: st.DataObject
) -> None:
    raw = as_json(video)
    node = raw["nodes"][data.draw(st.integers(0, len(raw["nodes"]) - 1))]
    places: list[dict[str, Any]] = [raw, node, *([node["gpt"]] if node["gpt"] else [])]
    data.draw(st.sampled_from(places))["colour"] = "red"
    refused = parse_video(raw).failure()
    assert isinstance(refused, NotPublished)
    assert refused.uid == video.video_uid
    assert "colour" in str(refused)


PLAIN: dict[str, Any] = {
    "video_uid": "u",
    "nodes": [{"node_id": "a", "level": 0, "start": 0, "end": 2.5}],
}


def test_fields_that_are_missing_are_null() -> None:
    node = PublishedNode("a", None, 0, 0.0, 2.5)
    assert parse_video(PLAIN) == Success(PublishedVideo("u", None, (node,)))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"video_uid": None}, "video_uid is not a text"),
        ({"video_uid": 7}, "video_uid is not a text: '7'"),
        ({"video_uid": "\ud800"}, "video_uid is not a text"),
        ({"nodes": None}, "nodes is not a list"),
        ({"nodes": [None]}, "nodes[0] is null"),
        ({"nodes": [{"node_id": "a", "level": 0.5, "start": 0, "end": 1}]}, "nodes[0].level"),
        ({"nodes": [{"node_id": "a", "level": 1 << 15, "start": 0, "end": 1}]}, "16 bits"),
        ({"nodes": [{"node_id": "a", "level": 0, "start": "0", "end": 1}]}, "start is not a num"),
        ({"nodes": [{"node_id": "a", "level": 0, "start": 0}]}, "nodes[0].end is not a number"),
        ({"metadata": {"duration": True}}, "metadata.duration is not a whole number of 64 bits"),
        ({"metadata": {"view_count": 1 << 63}}, "metadata.view_count"),
        ({"metadata": {"transcript": [{"time": 1.5, "text": ""}]}}, "metadata.transcript[0].time"),
        ({"metadata": []}, "metadata is not a record"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, Any], told: str) -> None:
    assert told in str(parse_video({**PLAIN, **change}).failure())


def test_a_record_is_an_object() -> None:
    assert "it is null" in str(parse_video(None).failure())
    assert "it is not a record" in str(parse_video([PLAIN]).failure())


@given(node_lists(), st.randoms(use_true_random=False))
def test_a_tree_is_that_of_the_nodes_in_any_order(nodes: list[PublishedNode], random: Any) -> None:
    mixed = list(nodes)
    random.shuffle(mixed)
    grown = grow(mixed).unwrap()
    tree = grown.tree
    assert [mixed[place] for place in grown.order] == nodes
    assert tree.start_s.tolist() == [node.start for node in nodes]
    assert tree.end_s.tolist() == [node.end for node in nodes]
    assert tree.level.tolist() == [node.level for node in nodes]
    ids = [node.node_id for node in nodes]
    parents = [None if p == NONE else ids[p] for p in tree.parent.tolist()]
    assert parents == [node.parent_id for node in nodes]
    assert tree.last_frame[0] == tree.n_leaves
    assert np.flatnonzero(tree.is_shot).tolist() == [0]


@given(node_lists())
def test_scenes_are_no_longer_than_asked_where_leaves_are_not(nodes: list[PublishedNode]) -> None:
    tree = to_tree(nodes).unwrap()
    scenes = scene_cut(tree, 30.0)
    assert (tree.end_s[scenes] - tree.start_s[scenes]).max() <= 30.0
    assert tree.start_s[scenes][0] == 0.0
    assert tree.end_s[scenes][-1] == tree.end_s[0]


@given(node_lists(rounded=True))
def test_what_rounding_parts_lies_side_by_side(nodes: list[PublishedNode]) -> None:
    tree = to_tree(nodes).unwrap()
    assert np.abs(tree.start_s - [node.start for node in nodes]).max() <= 0.0101
    assert np.abs(tree.end_s - [node.end for node in nodes]).max() <= 0.0101


def node(name: str, parent: str | None, level: int, start: float, end: float) -> PublishedNode:
    return PublishedNode(name, parent, level, start, end)


GOOD = (
    node("r", None, 0, 0.0, 9.0),
    node("a", "r", 1, 0.0, 4.0),
    node("b", "r", 1, 4.0, 9.0),
    node("c", "b", 2, 4.0, 5.0),
    node("d", "b", 2, 5.0, 9.0),
)


def test_the_good_tree_is_good() -> None:
    assert isinstance(to_tree(GOOD), Success)


@pytest.mark.parametrize(
    ("nodes", "blamed", "told"),
    [
        ((), "", "there are no nodes"),
        ((*GOOD[:4],), "b", "not binary: it has 1 children"),
        ((*GOOD, node("e", "b", 2, 9.0, 10.0)), "b", "not binary: it has 3 children"),
        ((*GOOD[:3], node("c", "b", 2, 4.0, 4.9), GOOD[4]), "b", "a gap between its children"),
        ((*GOOD[:3], node("c", "b", 2, 4.0, 5.2), GOOD[4]), "b", "an overlap"),
        ((*GOOD[:4], node("d", "b", 2, 5.0, 8.0)), "b", "a gap between the end of its last child"),
        ((*GOOD[:4], node("d", "x", 2, 5.0, 9.0)), "d", "an orphan: there is no node x"),
        ((*GOOD, node("s", None, 0, 0.0, 9.0)), "s", "a second root beside r"),
        ((evolve(GOOD[0], parent_id="b"), *GOOD[1:]), "r", "there is no root"),
        (
            (*GOOD, node("x", "y", 1, 0.0, 1.0), node("y", "x", 1, 0.0, 1.0)),
            "x",
            "not binary",
        ),
        ((*GOOD[:4], evolve(GOOD[4], node_id="c")), "c", "this id is there twice"),
        ((*GOOD[:4], node("d", "b", 2, float("nan"), 9.0)), "d", "no such times: nan"),
        ((*GOOD[:4], node("d", "b", 2, 5.0, float("inf"))), "d", "no such times"),
        ((node("r", None, 0, -1.0, 9.0), *GOOD[1:]), "r", "no such times: -1.0"),
        ((*GOOD[:4], node("d", "b", 2, 9.0, 9.0)), "d", "it ends at 9.0 s, before it has begun"),
        ((*GOOD[:4], node("d", "b", 3, 5.0, 9.0)), "d", "its level is 3, but it is 2 below"),
    ],
)
def test_a_bad_tree_says_which_node_and_what(
    nodes: tuple[PublishedNode, ...], blamed: str, told: str
) -> None:
    bad = to_tree(nodes).failure()
    assert isinstance(bad, BadTree)
    assert bad.node == blamed
    assert told in str(bad)


def ring(size: int) -> list[PublishedNode]:
    """Each the parent of two: the next of the ring, and a leaf."""
    inner = [node(f"x{i}", f"x{(i - 1) % size}", 1, 0.0, 9.0) for i in range(size)]
    return [*inner, *(node(f"y{i}", f"x{i}", 1, 4.0, 9.0) for i in range(size))]


def test_a_cycle_beside_the_root_is_no_part_of_the_tree() -> None:
    bad = to_tree([*GOOD, *ring(3)]).failure()
    assert (bad.node, "cycle" in bad.reason) == ("x0", True)


def test_leaves_shorter_than_rounding_are_refused() -> None:
    nodes = (
        node("r", None, 0, 0.0, 9.0),
        node("a", "r", 1, 0.0, 4.002),
        node("b", "r", 1, 4.001, 9.0),
        node("c", "b", 2, 4.001, 4.0011),
        node("d", "b", 2, 4.001, 9.0),
    )
    assert "no longer than rounding" in str(to_tree(nodes).failure())


@given(published_videos(), published_videos(rounded=True))
def test_what_is_held_of_a_video_gives_it_back_exactly(
    exact: PublishedVideo, rounded: PublishedVideo
) -> None:
    for video in (exact, rounded):
        grown = grow(video.nodes).unwrap()
        back = published(origin_of(video, grown), grown.tree, told_of(video, grown))
        assert back == video
        assert as_json(back) == as_json(video)


@given(published_videos(), st.data())
def test_what_was_changed_since_is_told_as_it_is_now(
    video: PublishedVideo, data: st.DataObject
) -> None:
    grown = grow(video.nodes).unwrap()
    origin, told = origin_of(video, grown), told_of(video, grown)
    changed = data.draw(st.integers(0, len(grown.tree) - 1))
    new = Annotation(Summary("new", "and new"), Action("renew", "N/A", "x"))
    told = evolve(
        told,
        captions={**told.captions, changed: Caption("pixels", "frames", "act")},
        annotations={**told.annotations, changed: new},
    )
    back = published(origin, grown.tree, told)
    place = grown.order[changed]
    assert back.nodes[place] == evolve(
        video.nodes[place],
        plm_action="act",
        plm_caption="frames",
        llama3_caption="pixels",
        gpt=Gpt(GptSummary("new", "and new"), GptAction("renew", "N/A", "x")),
    )
    others = [n for i, n in enumerate(back.nodes) if i != place]
    assert others == [n for i, n in enumerate(video.nodes) if i != place]


def test_origins_are_small_beside_what_they_are_of() -> None:
    video = PublishedVideo("u", None, tuple(evolve(n, gpt=FULL) for n in GOOD))
    text = origin_of(video, grow(video.nodes).unwrap()).text
    assert json.loads(text) == {"metadata": None, "ids": list("rabcd"), "given": {}}


FULL = Gpt(GptSummary("a", "b"), GptAction("c", "d", "N/A"))


@given(st.integers(2, 40))
def test_own_videos_become_trees_with_ids_of_their_content(n_frames: int) -> None:
    tree: SegmentTree = tree_of(n_frames)
    record = record_of("cat", {})
    grown = grow(GOOD).unwrap()
    told = told_of(PublishedVideo("u", None, GOOD), grown)
    video = published_own(record, tree, told, ())
    assert video == published_own(record, tree, told, ())
    assert parse_video(as_json(video)) == Success(video)
    again = to_tree(video.nodes).unwrap()
    assert again.start_s.tolist() == tree.start_s.tolist()
    assert again.parent.tolist() == tree.parent.tolist()
    ids = [uuid.UUID(one.node_id) for one in video.nodes]
    assert {one.version for one in ids} == {5}
    assert len(set(ids)) == len(tree)


def test_ids_are_uuids_of_version_5_as_the_standard_library_makes_them() -> None:
    content = content_of("cat")
    first = uuid.UUID(node_id(content, 0))
    assert first.variant == uuid.RFC_4122
    assert str(first) == node_id(content, 0) != node_id(content_of("dog"), 0)


def said(*lines: tuple[str | None, str | None]) -> list[Line]:
    return [Line(time, text) for time, text in lines]


def test_lines_last_until_the_next_and_the_last_until_the_end() -> None:
    told, lost = utterances_of(said(("1.92", "a  b"), ("4.08", "c"), ("0", " ")), 9.0)
    assert lost == ()
    spans = [(u.span.start_s, u.span.end_s, u.text) for u in told]
    assert spans == [(1.92, 4.08, "a b"), (4.08, 9.0, "c")]


@given(st.lists(st.builds(Line, times, words), max_size=6))
def test_what_is_said_is_in_order_and_in_the_video(lines: list[Line]) -> None:
    told, lost = utterances_of(lines, 9.0)
    edges = [edge for u in told for edge in (u.span.start_s, u.span.end_s)]
    assert edges == sorted(edges)
    assert all(0 <= edge <= 9.0 for edge in edges)
    assert len(told) <= len(lines)
    untimed = [line for line in lines if seconds_of(line.time) is None]
    assert any("no time that can be read" in one for one in lost) == bool(untimed)


def test_lines_that_begin_together_are_one() -> None:
    told, lost = utterances_of(said(("1", "a"), ("1.0", "b"), ("3", "c")), 9.0)
    assert [(u.span.end_s, u.text) for u in told] == [(3.0, "a b"), (9.0, "c")]
    assert lost == ()


def test_what_is_lost_of_a_transcript_is_told() -> None:
    told, lost = utterances_of(said(("later", "a"), (None, "b"), ("9", "c"), ("2", "d")), 9.0)
    assert [u.text for u in told] == ["d"]
    assert lost == (
        "2 of 4 lines have no time that can be read, the first 'later'",
        "1 of 4 lines begin after the video's end, the first at 9 s",
    )


@given(st.floats(0, 1e6))
def test_times_are_read_as_python_writes_them(seconds: float) -> None:
    assert seconds_of(str(seconds)) == seconds
    assert seconds_of(f"-{seconds}") is None


@pytest.mark.parametrize("text", ["nan", "inf", "1e999", "1_0", "٣", "1:02", "0x1", ""])
def test_what_is_no_time(text: str) -> None:
    assert seconds_of(text) is None
