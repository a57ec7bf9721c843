"""The contract of kuavi.ports.files.Files."""

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from returns.result import Failure, Success

from kuavi.adapters.files import fake, local
from kuavi.ports.files import Files, NothingFound, PathMissing, PathUnreadable


def on_disk(folder: Path, contents: Mapping[str, bytes]) -> Files:
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return local.build()


def in_memory(folder: Path, contents: Mapping[str, bytes]) -> Files:
    return fake.build({str(folder / name): content for name, content in contents.items()})


ADAPTERS: dict[str, Callable[[Path, Mapping[str, bytes]], Files]] = {
    "fake": in_memory,
    "local": on_disk,
}
CONTENTS = {
    "b.mp4": b"bee",
    "a.MKV": b"ay",
    "notes.txt": b"words",
    "deep/er/c.webm": b"sea",
    ".hidden/d.mp4": b"no",
    "deep/.e.mp4": b"no",
    "texts/f.srt": b"1",
}


@pytest.fixture(params=ADAPTERS)
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    return ADAPTERS[request.param](tmp_path, CONTENTS)


def test_videos_below_a_folder_sorted(files: Files, tmp_path: Path) -> None:
    expected = [tmp_path / name for name in ("a.MKV", "b.mp4", "deep/er/c.webm")]
    assert files.find(str(tmp_path)) == Success(tuple(sorted(map(str, expected))))


def test_a_file_is_itself_whatever_its_name(files: Files, tmp_path: Path) -> None:
    for name in ("b.mp4", "notes.txt", ".hidden/d.mp4"):
        assert files.find(str(tmp_path / name)) == Success((str(tmp_path / name),))


def test_a_hidden_folder_may_be_named(files: Files, tmp_path: Path) -> None:
    hidden = tmp_path / ".hidden"
    assert files.find(str(hidden)) == Success((str(hidden / "d.mp4"),))


def test_nothing_is_there(files: Files, tmp_path: Path) -> None:
    missing, texts = str(tmp_path / "z.mp4"), str(tmp_path / "texts")
    assert files.find(missing) == Failure(PathMissing(missing))
    assert files.find("") == Failure(PathMissing(""))
    assert files.find(texts) == Failure(NothingFound(texts))
    assert files.fingerprint(missing) == Failure(PathMissing(missing))
    assert files.read(missing) == Failure(PathMissing(missing))
    below_a_file = str(tmp_path / "b.mp4" / "c.mp4")
    assert files.read(below_a_file) == Failure(PathMissing(below_a_file))


def test_fingerprints_are_of_the_content(files: Files, tmp_path: Path) -> None:
    found = files.fingerprint(str(tmp_path / "b.mp4"))
    assert found == Success(hashlib.sha256(b"bee").hexdigest())


def test_a_folder_has_no_content(files: Files, tmp_path: Path) -> None:
    for outcome in (
        files.read(str(tmp_path)),
        files.fingerprint(str(tmp_path)),
        files.write(str(tmp_path / "deep"), b"x"),
    ):
        assert isinstance(outcome.failure(), PathUnreadable)


def test_what_is_written_is_read(files: Files, tmp_path: Path) -> None:
    path = str(tmp_path / "new" / "folder" / "picture.jpg")
    assert files.write(path, b"one") == Success(path)
    assert files.write(path, b"two") == Success(path)
    assert files.read(path) == Success(b"two")
    assert files.find(str(tmp_path / "new")) == Failure(NothingFound(str(tmp_path / "new")))


def test_only_small_files_are_read_whole(files: Files, tmp_path: Path) -> None:
    path = str(tmp_path / "big.bin")
    assert isinstance(files.write(path, bytes((64 << 20) + 1)), Success)
    assert isinstance(files.read(path).failure(), PathUnreadable)
    assert isinstance(files.fingerprint(path), Success)


def test_relative_paths_become_absolute(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (written,) = [files.write("here.mp4", b"x").unwrap()]
    assert Path(written).is_absolute()
    assert files.find("here.mp4") == Success((written,))


def test_loops_of_links_end(tmp_path: Path) -> None:
    files = on_disk(tmp_path / "top", {"a/x.mp4": b"x", "b/y.mp4": b"y"})
    top, outside = tmp_path / "top", tmp_path / "outside"
    on_disk(outside, {"z.mp4": b"z"})
    for name, target in {
        "a/up": top,
        "a/0": top / "b",
        "b/0": top / "a",
        "far": outside,
        "gone": tmp_path / "nowhere",
        "gone.mp4": tmp_path / "nowhere.mp4",
    }.items():
        (top / name).symlink_to(target)
    expected = (top / "a/x.mp4", top / "b/y.mp4", top / "far/z.mp4")
    assert files.find(str(top)) == Success(tuple(map(str, expected)))


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = on_disk(tmp_path, {"a.jpg": b"old"})

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    failure = files.write(str(tmp_path / "a.jpg"), b"new").failure()
    assert "No space left" in str(failure)
    assert (tmp_path / "a.jpg").read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.jpg"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    files = on_disk(tmp_path, {})
    for outcome in (
        files.find(str(tmp_path / "pipe.mp4")),
        files.fingerprint(str(tmp_path / "pipe.mp4")),
        files.read(str(tmp_path / "pipe.mp4")),
    ):
        assert isinstance(outcome.failure(), PathUnreadable)
    assert files.find(str(tmp_path)) == Failure(NothingFound(str(tmp_path)))


@pytest.mark.parametrize("name", ["no\0name", "x" * 5000])
def test_impossible_names(tmp_path: Path, name: str) -> None:
    files = local.build()
    for outcome in (files.find(name), files.read(name), files.write(str(tmp_path / name), b"")):
        assert isinstance(outcome, Failure)
