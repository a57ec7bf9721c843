"""The pictures of nodes: each gets those on screen at its times, whatever the others want."""

from collections.abc import Mapping

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure, Success

from kuavi.adapters.readers.fake import FakeClip, FakeReader
from kuavi.apps.usecases.node_frames import node_frames
from kuavi.domain.media import Frame
from kuavi.ports.reader import Damaged, FileMissing, FrameReader

N, STEP_S = 12, 0.5


def clip(damaged_at_s: float | None = None) -> FrameReader:
    pictures = [(i * STEP_S, np.full((16, 16, 3), i, np.uint8)) for i in range(N)]
    return FakeReader({"a": FakeClip(tuple(pictures), N * STEP_S, None, damaged_at_s)})


def given_to(
    reader: FrameReader, wanted: Mapping[int, list[float]]
) -> tuple[dict[int, tuple[Frame, ...]], list[object]]:
    frames: dict[int, tuple[Frame, ...]] = {}
    failures: list[object] = []
    for item in node_frames("a", wanted, 16, reader):
        if isinstance(item, Success):
            node, mine = item.unwrap()
            assert node not in frames
            frames[node] = mine
        else:
            failures.append(item.failure())
    return frames, failures


TIMES = st.lists(st.floats(0, 8), min_size=1, max_size=6).map(sorted)


@given(st.dictionaries(st.integers(0, 20), TIMES, max_size=6))
def test_each_node_gets_the_pictures_of_its_times(wanted: dict[int, list[float]]) -> None:
    frames, failures = given_to(clip(), wanted)
    assert not failures
    assert set(frames) == set(wanted)
    for node, times in wanted.items():
        on = sorted({min(int((t + 1e-6) / STEP_S), N - 1) for t in times})
        assert [int(frame.pixels[0, 0, 0]) for frame in frames[node]] == on


def test_nodes_come_in_the_order_of_their_last_pictures() -> None:
    order = [item.unwrap()[0] for item in node_frames("a", {1: [0, 5], 2: [1], 3: [3]}, 16, clip())]
    assert order == [2, 3, 1]


def test_after_damage_the_others_have_none() -> None:
    frames, failures = given_to(clip(2.0), {1: [0.5], 2: [1.0, 4.0]})
    assert set(frames) == {1}
    assert isinstance(failures[0], Damaged)


def test_a_missing_file_is_told_and_nothing_wanted_reads_nothing() -> None:
    gone = list(node_frames("b", {1: [0.0]}, 16, clip()))
    assert gone == [Failure(FileMissing("b"))]
    assert list(node_frames("b", {}, 16, clip())) == []
