"""The contract of kuavi.ports.exchange.TreeFiles."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure, Success

from kuavi.adapters.exchange import action100m_json, action100m_parquet, fake
from kuavi.adapters.exchange.action100m_parquet import SCHEMA
from kuavi.domain.action100m import (
    Gpt,
    GptAction,
    GptSummary,
    Line,
    Metadata,
    PublishedNode,
    PublishedVideo,
    as_json,
    parse_video,
)
from kuavi.domain.outcome import Outcome
from kuavi.ports.exchange import NotTrees, TreeFiles
from kuavi.ports.files import PathMissing, PathUnreadable
from tests.strategies_action100m import published_videos


@frozen
class Place:
    """An adapter, and a file name that it takes."""

    files: TreeFiles
    name: str


ADAPTERS: dict[str, Callable[[], Place]] = {
    "fake": lambda: Place(fake.build(), "trees.fake"),
    "action100m_json": lambda: Place(action100m_json.build(), "trees.json"),
    "action100m_json lines": lambda: Place(action100m_json.build(), "trees.jsonl"),
    "action100m_parquet": lambda: Place(action100m_parquet.build(), "trees.parquet"),
}
ON_DISK = [name for name in ADAPTERS if name != "fake"]


@pytest.fixture(params=ADAPTERS)
def place(request: pytest.FixtureRequest) -> Place:
    return ADAPTERS[request.param]()


@pytest.fixture(params=ON_DISK)
def on_disk(request: pytest.FixtureRequest) -> Place:
    return ADAPTERS[request.param]()


def video(uid: str, n: int = 1) -> PublishedVideo:
    """A video of a root and two leaves; `n` goes into its texts."""
    gpt = Gpt(GptSummary(f"brief {n}", None), GptAction("stir", "N/A", ""))
    nodes = (
        PublishedNode("r", None, 0, 0.0, 9.5, "stir pot", None, None, gpt),
        PublishedNode("a", "r", 1, 0.0, float(np.float32(4.23)), None, "", "x\ny"),
        PublishedNode("b", "r", 1, float(np.float32(4.23)), 9.5, None, "\u202f", None),
    )
    about = Metadata("Füße", "", 1 << 40, None, -n, "20190212", (Line("1.92", "hm  hm"),))
    return PublishedVideo(uid, about, nodes)


VIDEOS = (video("one"), evolve(video("two", 2), metadata=None), video("three", 3))


def written(videos: tuple[PublishedVideo, ...]) -> list[Outcome[PublishedVideo, str]]:
    return [Success(one) for one in videos]


def videos_in(files: TreeFiles, path: str) -> tuple[PublishedVideo, ...]:
    return tuple(parse_video(record.unwrap()).unwrap() for record in files.read(path))


@pytest.mark.parametrize("videos", [VIDEOS, VIDEOS[:1], ()], ids=len)
def test_what_is_written_is_read(
    place: Place, tmp_path: Path, videos: tuple[PublishedVideo, ...]
) -> None:
    path = str(tmp_path / "new" / place.name)
    assert place.files.write(path, written(VIDEOS[1:])) == Success(path)
    assert place.files.write(path, written(videos)) == Success(path)
    assert videos_in(place.files, path) == videos
    assert [record.unwrap() for record in place.files.read(path)] == [as_json(v) for v in videos]


@given(st.lists(published_videos(), max_size=3).map(tuple))
@pytest.mark.parametrize("adapter", ADAPTERS)
def test_any_videos_come_back_exactly(
    adapter: str, tmp_path_factory: pytest.TempPathFactory, videos: tuple[PublishedVideo, ...]
) -> None:
    place = ADAPTERS[adapter]()
    path = str(tmp_path_factory.getbasetemp() / f"any-{place.name}")
    assert isinstance(place.files.write(path, written(videos)), Success)
    assert videos_in(place.files, path) == videos


def test_a_file_that_is_not_there(place: Place, tmp_path: Path) -> None:
    for path in (str(tmp_path / place.name), ""):
        assert list(place.files.read(path)) == [Failure(PathMissing(path))]
    assert place.files.write("", written(VIDEOS)) == Failure(PathMissing(""))


def test_a_failure_among_the_videos_leaves_what_was_there(place: Place, tmp_path: Path) -> None:
    path = str(tmp_path / place.name)

    def broken() -> Iterator[Outcome[PublishedVideo, str]]:
        yield Success(VIDEOS[2])
        yield Failure("the library is gone")
        raise AssertionError("nothing is taken after a failure")

    assert place.files.write(path, broken()) == Failure("the library is gone")
    assert list(place.files.read(path)) == [Failure(PathMissing(path))]
    place.files.write(path, written(VIDEOS)).unwrap()
    assert place.files.write(path, broken()) == Failure("the library is gone")
    assert videos_in(place.files, path) == VIDEOS
    assert [one.name for one in tmp_path.iterdir()] in ([place.name], [])


def test_names_end_as_the_adapter_says(place: Place) -> None:
    assert place.name.endswith(place.files.suffixes)
    assert all(suffix == suffix.lower() for suffix in place.files.suffixes)


def test_folders_are_no_files(on_disk: Place, tmp_path: Path) -> None:
    (tmp_path / on_disk.name).mkdir()
    path = str(tmp_path / on_disk.name)
    (told,) = on_disk.files.read(path)
    assert isinstance(told.failure(), PathUnreadable)
    assert isinstance(on_disk.files.write(path, written(VIDEOS)).failure(), PathUnreadable)


def test_other_files_are_told_in_one_line(on_disk: Place, tmp_path: Path) -> None:
    for content in (b"", b"\x00\xff not it", b"PAR1PAR1", b"[" * 100_000):
        (tmp_path / on_disk.name).write_bytes(content)
        for told in on_disk.files.read(str(tmp_path / on_disk.name)):
            assert isinstance(told.failure(), NotTrees)
            assert "\n" not in str(told.failure())


def test_relative_paths_become_absolute(
    on_disk: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = on_disk.files.write(on_disk.name, written(VIDEOS)).unwrap()
    assert path == str(tmp_path / on_disk.name)
    assert videos_in(on_disk.files, on_disk.name) == VIDEOS


RAW = [as_json(one) for one in VIDEOS]
LINES = "\n\n".join(json.dumps(one) for one in RAW)
COLUMNS = {name: [one[name] for one in RAW] for name in RAW[0]}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", json.dumps(RAW)),
        ("a.json", json.dumps(RAW, indent=1)),
        ("a.json", LINES),
        ("a.jsonl", LINES),
        ("a.json", json.dumps(COLUMNS, indent=2)),
    ],
    ids=["array", "indented array", "lines named json", "lines", "columns"],
)
def test_json_in_all_its_forms(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert videos_in(action100m_json.build(), str(tmp_path / name)) == VIDEOS


def test_json_that_is_one_object(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(RAW[0], indent=1), encoding="utf-8")
    assert videos_in(action100m_json.build(), str(tmp_path / "a.json")) == VIDEOS[:1]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.jsonl", f"{json.dumps(RAW[0])}\n{{oops\n{json.dumps(RAW[1])}", "line 2 is not JSON"),
        ("a.json", json.dumps([RAW[0], 7, RAW[1]]), "record 2 is no object"),
    ],
)
def test_a_broken_record_leaves_the_others(tmp_path: Path, name: str, text: str, told: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    first, second, third = action100m_json.build().read(str(tmp_path / name))
    assert (first.unwrap(), third.unwrap()) == (RAW[0], RAW[1])
    assert told in str(second.failure())


def test_parquet_is_read_in_whatever_groups_and_types(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    many = [as_json(video(f"v{i}", i)) for i in range(70)]
    table = pa.Table.from_pylist(many, SCHEMA)
    large = table.set_column(0, "video_uid", table["video_uid"].cast(pa.large_string()))
    pq.write_table(large, path, row_group_size=33)
    found = videos_in(action100m_parquet.build(), str(path))
    assert [one.video_uid for one in found] == [f"v{i}" for i in range(70)]
    action100m_parquet.build().write(str(tmp_path / "b.parquet"), written(found)).unwrap()
    assert pq.read_table(tmp_path / "b.parquet").equals(table)


def test_parquet_with_columns_that_would_be_lost_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    more: list[dict[str, Any]] = [{**RAW[0], "colour": 1}]
    more[0]["nodes"] = [{**node, "mood": "", "gpt": {"x": 1}} for node in more[0]["nodes"]]
    pq.write_table(pa.Table.from_pylist(more), path)
    (told,) = action100m_parquet.build().read(str(path))
    assert "unknown columns colour, nodes.gpt.x, nodes.mood" in str(told.failure())
