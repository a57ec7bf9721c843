"""Tables of labelled spans, and examples held out."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure

from kuavi.domain.holdout import BY_SPAN, BY_VIDEO, HeldOut, TooFewExamples, scored, split
from kuavi.domain.labels import read_labels
from kuavi.domain.spans import Span

EXAMPLES = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["v1", "v2", "v3", "v4"])),
    min_size=2,
    max_size=40,
)


def test_columns_stand_in_any_order_and_times_in_any_form() -> None:
    table = "label, end, video, start, note\nstir pot, 1:15.5, a.mp4, 70, x\n\n"
    (row,) = read_labels("t.csv", table).unwrap()
    assert (row.video, row.span, row.label, row.line) == ("a.mp4", Span(70, 75.5), "stir pot", 2)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("", "t.csv, line 1: no column video, start, end, label"),
        ("video,start,end\n", "t.csv, line 1: no column label"),
        ("video,start,end,label\n", "t.csv, line 2: no labelled span"),
        ("video,start,end,label\na,1,2,x\na,b,2,x\n", "t.csv, line 3: 'b' is no time"),
        ("video,start,end,label\na,2,1,x\n", "t.csv, line 2: a span must start before it ends"),
        ("video,start,end,label\na,1,2,\n", "t.csv, line 2: the video or the label is empty"),
        ("video,start,end,label\na,1\n", "t.csv, line 2: the video or the label is empty"),
    ],
)
def test_a_bad_table_is_told_by_file_and_line(table: str, told: str) -> None:
    outcome = read_labels("t.csv", table)
    assert isinstance(outcome, Failure)
    assert str(outcome.failure()).startswith(told)


@given(EXAMPLES, st.floats(0.1, 0.5))
def test_each_label_is_learned_and_scored(examples: list[tuple[str, str]], share: float) -> None:
    labels, videos = [e[0] for e in examples], [e[1] for e in examples]
    found = Counter(labels)
    outcome = split(labels, videos, share)
    if len(found) < 2 or min(found.values()) < 2:
        assert isinstance(outcome, Failure)
        return
    parted = outcome.unwrap()
    assert sorted(parted.train + parted.held_out) == list(range(len(labels)))
    for part in (parted.train, parted.held_out):
        assert {labels[i] for i in part} == set(labels)
    if parted.by == BY_VIDEO:
        assert not {videos[i] for i in parted.train} & {videos[i] for i in parted.held_out}


def test_whole_videos_are_held_out_where_there_are_enough() -> None:
    labels = ["run", "jump"] * 4
    videos = [f"v{i // 2}" for i in range(8)]
    parted = split(labels, videos, 0.25).unwrap()
    assert (parted.by, parted.held_out) == (BY_VIDEO, (0, 1))


def test_spans_are_held_out_where_a_label_is_in_one_video_only() -> None:
    parted = split(["run", "run", "jump", "jump"], ["v1"] * 4, 0.25).unwrap()
    assert parted.by == BY_SPAN


def test_too_few_examples_are_told_by_label() -> None:
    outcome = split(["run", "run", "jump"], ["v1", "v2", "v3"], 0.25)
    assert outcome == Failure(TooFewExamples("jump", 1))
    assert "'jump' is there only once" in str(outcome.failure())
    assert isinstance(split(["run", "run"], ["v1", "v2"], 0.25), Failure)


def test_a_score_counts_right_answers_and_chance() -> None:
    held_out = HeldOut(("a", "b"), scored(("a", "b"), [0, 0, 0, 1], [0, 0, 1, 1]), 12, BY_SPAN)
    assert held_out.counts.tolist() == [[2, 1], [0, 1]]
    assert (held_out.n, held_out.accuracy, held_out.chance) == (4, 0.75, 0.75)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1))
def test_the_confusion_table_holds_every_answer_once(answers: list[tuple[int, int]]) -> None:
    table = scored(("a", "b", "c"), [t for t, _ in answers], [a for _, a in answers])
    assert table.sum() == len(answers)
    assert np.trace(table) == sum(t == a for t, a in answers)
