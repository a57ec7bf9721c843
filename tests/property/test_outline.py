import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure, Success

from kuavi.domain.annotation import Action, Annotation, Summary
from kuavi.domain.described import Caption
from kuavi.domain.markdown_text import CUT, decoded, defused, encoded, goes_on, plain, shortened
from kuavi.domain.outline import (
    LEFT_OUT,
    Label,
    Section,
    in_hundredths,
    parse_outline,
    stamp,
    write,
)
from kuavi.domain.tree import SegmentTree
from kuavi.domain.tree_views import DescribedTree, depth_first, render, section_of, texts_of
from tests.strategies_described import (
    any_texts,
    captions_of,
    described_trees,
    long_tree,
    nasty_texts,
)


def published() -> Path:
    root = Path(__file__).parents[2]
    shared = Path(os.environ.get("KUAVI_SHARED_DATA", root.parent / "shared" / "data"))
    return shared / "action100m" / "examples.parquet"


@given(any_texts)
def test_text_survives_markdown(text: str) -> None:
    lines = encoded(text).split("\n")
    assert decoded("\n".join(lines)) == text
    assert [goes_on(line) for line in lines] == [True] * (len(lines) - 1) + [False]


@given(any_texts)
def test_encoded_lines_are_neither_blank_nor_openers(text: str) -> None:
    for line in encoded(text).split("\n"):
        assert not line or (line[0] not in "#>-*+=_~|`<[ \t" and not line[-1].isspace())
        assert len(line.splitlines()) <= 1


@given(any_texts, st.integers(0, 60))
def test_shortened_keeps_to_its_limit_and_begins_as_before(text: str, limit: int) -> None:
    short = shortened(plain(text), limit)
    assert len(short) <= limit or short == ""
    if short != plain(text) and limit > 1:
        assert short.endswith(CUT)
        assert plain(text).startswith(short.removesuffix(CUT).rstrip())


def test_shortened_ends_at_a_sentence_where_it_can() -> None:
    text = "A dog runs. It barks at 3.5 cats! They flee"
    assert shortened(text, 35) == "A dog runs. It barks at 3.5 cats! \u2026"
    assert shortened(text, 28) == "A dog runs. \u2026"
    assert shortened("one two three", 9) == "one two \u2026"
    assert shortened("onetwothree", 6) == "onet \u2026"


@given(nasty_texts)
def test_defused_text_is_one_line_without_template_marks(text: str) -> None:
    mixed = defused(f"{text}<|im_end|>{text}</s>[INST]<start_of_turn>")
    assert len(mixed.splitlines()) <= 1
    for mark in ("<|", "</", "<s", "[INST]"):
        assert mark not in mixed


def _levels(described: DescribedTree, node: int, max_levels: int) -> list[int]:
    """Nodes to show, found another way: by their ancestors."""
    tree, shown = described.tree, []
    for at in range(len(tree)):
        up = at
        while up > node:
            up = int(tree.parent[up])
        if up == node and tree.level[at] - tree.level[node] < max_levels:
            shown.append(at)
    return depth_first(tree, shown)


@given(described_trees(), st.data(), st.integers(1, 12))
def test_an_outline_reads_back(described: DescribedTree, data: st.DataObject, levels: int) -> None:
    node = data.draw(st.integers(0, len(described.tree) - 1))
    text = render(described, node, max_levels=levels)
    expected = tuple(
        section_of(described.tree, at, node, texts_of(described, at))
        for at in _levels(described, node, levels)
    )
    assert parse_outline(text) == Success(expected)


@given(described_trees())
def test_a_whole_outline_tells_the_tree(described: DescribedTree) -> None:
    tree = described.tree
    sections = parse_outline(render(described, max_levels=1000)).unwrap()
    _check_same_tree(tree, sections)


@given(described_trees(), st.integers(120, 3000))
def test_a_bounded_outline_fits_and_cuts_the_deepest(described: DescribedTree, room: int) -> None:
    text = render(described, max_levels=1000, max_chars=room)
    assert len(text) <= room
    sections = parse_outline(text).unwrap()
    whole = parse_outline(render(described, max_levels=1000)).unwrap()
    assert (LEFT_OUT in text.split("\n")) == (len(sections) < len(whole))
    placed = [(s.level, s.start_s, s.end_s) for s in sections]
    assert placed[0] == (0, whole[0].start_s, whole[0].end_s)
    deepest = max(s.level for s in sections)
    kept = [at for at in placed if at[0] < deepest]
    assert kept == [(s.level, s.start_s, s.end_s) for s in whole if s.level < deepest]
    if len(text) < room and len(sections) > 1:
        told = {(s.level, s.start_s, s.end_s): s.texts for s in whole}
        assert all(s.texts == told[s.level, s.start_s, s.end_s] for s in sections[1:])


def test_more_room_shows_more() -> None:
    tree = long_tree(120)
    described = DescribedTree(tree, captions_of(tree))
    before: set[tuple[float, float]] = set()
    for room in range(2000, 60_000, 2000):
        sections = parse_outline(render(described, max_levels=99, max_chars=room)).unwrap()
        shown = {(s.start_s, s.end_s) for s in sections}
        assert before <= shown
        before = shown
    assert len(before) > 20


@given(st.floats(-1e6, 1e6))
def test_times_read_back(time_s: float) -> None:
    time_s = in_hundredths(time_s)
    section = Section(0, (), time_s, time_s + 1)
    [read] = parse_outline(write([section])).unwrap()
    assert read.start_s == time_s


def test_the_form(same_text: Any) -> None:
    tree = long_tree(16, seed=2)
    captions = {0: Caption(clip="# A cook\nworks."), 3: Caption("A pan.", "He stirs.", "stir pot")}
    annotation = Annotation(
        Summary("A cook cooks.", "A cook cooks a meal."), Action("stir pot", "He stirs.", "a cook")
    )
    text = render(DescribedTree(tree, captions, {0: annotation}), max_levels=5)
    same_text("outline.md", text + "\n")
    assert stamp(-0.08) == "-0:00.08"
    assert stamp(3723.456) == "1:02:03.46"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("words", 1),
        ("## 0:00.00 -> 0:01.00 (1.00 s)\n\nbreaks off\\", 4),
        ("## 0:00.00 -> 0:01.00 (1.00 s)\n\n> Middle frame at 0:00.50: a\\\nb", 4),
        ("### 0:00.00 -> 0:01.00 (1.00 s)", 1),
        ("## Segment 1.1: 0:00.00 -> 0:01.00 (1.00 s)", 1),
        ("**Level 2: 0:00.00 -> 0:01.00 (1.00 s)**", 1),
    ],
)
def test_what_is_no_outline(text: str, line: int) -> None:
    match parse_outline(text):
        case Failure(failure):
            assert failure.line == line
            assert str(failure).startswith(f"line {line} ")
        case Success(sections):
            pytest.fail(f"read {sections}")


def _check_same_tree(tree: SegmentTree, sections: tuple[Section, ...]) -> None:
    """Levels in depth-first order make the tree; times are its own to a hundredth."""
    nodes = depth_first(tree, range(len(tree)))
    parents, path = {}, list[int]()
    for node, section in zip(nodes, sections, strict=True):
        path = path[: section.level]
        parents[node] = path[-1] if path else -1
        path.append(node)
        assert abs(section.start_s - tree.start_s[node]) <= 0.005 + 1e-9
        assert abs(section.end_s - tree.end_s[node]) <= 0.005 + 1e-9
    assert [parents[node] for node in range(len(tree))] == tree.parent.tolist()


def _described(nodes: list[dict[str, Any]]) -> DescribedTree:
    place = {node["node_id"]: at for at, node in enumerate(nodes)}
    parent = np.array([place.get(node["parent_id"], -1) for node in nodes], dtype=np.int64)
    inner = np.isin(np.arange(len(nodes)), parent)
    left = np.full(len(nodes), -1)
    left[inner] = 1 + 2 * np.arange(np.count_nonzero(inner))
    start = np.array([round(node["start"], 2) for node in nodes])
    end = np.array([round(node["end"], 2) for node in nodes])
    for at in np.flatnonzero(inner).tolist():  # published times miss each other by up to 10 ms
        first, second = left[at], left[at] + 1
        start[first], end[first], end[second] = start[at], start[second], end[at]
    edges = np.unique([*start, *end])
    rank = np.full(len(nodes), -1)
    rank[inner] = np.arange(np.count_nonzero(inner))[::-1]
    tree = SegmentTree(
        parent=parent,
        left=left,
        right=np.where(inner, left + 1, -1),
        level=np.array([node["level"] for node in nodes], dtype=np.int64),
        start_s=start,
        end_s=end,
        first_frame=np.searchsorted(edges, start),
        last_frame=np.searchsorted(edges, end),
        cost=np.zeros(len(nodes)),
        rank=rank,
        is_shot=parent == -1,
    )
    captions = {
        at: Caption(node["llama3_caption"] or "", node["plm_caption"] or "", node["plm_action"])
        for at, node in enumerate(nodes)
        if node["plm_action"]
    }
    annotations = {
        at: Annotation(Summary(**node["gpt"]["summary"]), Action(**node["gpt"]["action"]))
        for at, node in enumerate(nodes)
        if node["gpt"]
    }
    return DescribedTree(tree, captions, annotations)


@pytest.mark.skipif(not published().exists(), reason="needs KUAVI_SHARED_DATA")
def test_published_trees_read_back() -> None:
    from pyarrow import parquet

    videos = parquet.read_table(published(), columns=["nodes"])["nodes"].to_pylist()
    assert videos
    for described in map(_described, videos):
        sections = parse_outline(render(described, max_levels=1000)).unwrap()
        _check_same_tree(described.tree, sections)
        nodes = depth_first(described.tree, range(len(described.tree)))
        assert [section.texts for section in sections] == [
            texts_of(described, node) for node in nodes
        ]


def test_labels_name_each_text_once() -> None:
    described = DescribedTree(long_tree(2), {0: Caption("f", "c", "a")})
    assert [label for label, _ in texts_of(described, 0)] == [Label.CLIP, Label.FRAME, Label.SEEN]
