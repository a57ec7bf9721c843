"""What only a library on disk promises: to outlive processes, however they end."""

import fcntl
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import lancedb
import pytest
from attrs import evolve
from lancedb.db import LanceDBConnection
from lancedb.table import LanceTable
from returns.result import Failure, Success

from kuavi.adapters.libraries import lance
from kuavi.domain.layers import Layer
from kuavi.domain.manifest import Stage, VideoRecord
from kuavi.ports.health import Health
from kuavi.ports.library import (
    SCHEMA_VERSION,
    Library,
    LibraryView,
    Locked,
    NoLibrary,
    StorageFailed,
    UnknownSchema,
)
from kuavi.ports.parts import (
    Keyframes,
)
from tests import indexed
from tests.contract.library_writer import State, after
from tests.indexed import JOINT, frozen_form, id_of, record_of, shown, whole

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "library"


def opened(path: Path, create: bool = False) -> Library:
    return lance.build(str(path), create=create).unwrap()


def view_of(path: Path) -> LibraryView:
    return opened(path).view().unwrap()


def made(path: Path, *names: str) -> Library:
    library = opened(path, create=True)
    for name in names:
        library.commit(*whole(name)).unwrap()
    return library


def problems(health: Health) -> list[str]:
    return [finding.problem for finding in health.findings]


# Opening


def test_what_was_committed_is_there_when_the_library_is_opened_again(path: Path) -> None:
    library = made(path, "a", "b")
    version = library.view().unwrap().version
    del library
    view = view_of(path)
    assert view.version == version
    for name in ("a", "b"):
        assert view.video(id_of(name)).unwrap() == whole(name)[0]
        assert frozen_form(shown(view, id_of(name))) == frozen_form(whole(name)[1])
    assert len(view.full_text(Layer.SUMMARY, "summaries", 3).unwrap()) == 2
    assert len(view.full_text(Layer.ACTION, "stirring", 3).unwrap()) == 2


def test_a_library_opens_whether_or_not_it_may_be_made(path: Path) -> None:
    made(path, "a")
    for create in (True, False):
        library = opened(path, create)
        assert library.path == str(path)
        assert len(library.view().unwrap().videos().unwrap()) == 1


def test_two_objects_of_one_library_see_each_others_commits(path: Path) -> None:
    writer, reader = made(path), opened(path)
    before = reader.view().unwrap()
    writer.commit(*whole("a")).unwrap()
    assert before.videos().unwrap() == ()
    assert frozen_form(shown(reader.view().unwrap(), id_of("a"))) == frozen_form(whole("a")[1])


def rewrite_info(path: Path, name: str, change: Callable[[dict[str, Any]], object]) -> None:
    """Change what a stored record says of the container."""
    videos = lancedb.connect(path / "tables").open_table("videos")
    (row,) = videos.search().where(f"id = '{id_of(name)}'").to_list()
    record = json.loads(row["manifest"])
    change(record["info"])
    videos.update(where=f"id = '{id_of(name)}'", values={"manifest": json.dumps(record)})


def test_a_record_from_before_unread_pictures_were_told_has_none(path: Path) -> None:
    record, parts = whole("a")
    told = evolve(record, info=evolve(record.info, unread="a second video track"))
    opened(path, create=True).commit(told, parts).unwrap()
    assert view_of(path).video(id_of("a")) == Success(told)
    rewrite_info(path, "a", lambda info: info.pop("unread"))
    library = opened(path)
    view = library.view().unwrap()
    assert view.video(id_of("a")) == Success(record)
    assert frozen_form(shown(view, id_of("a"))) == frozen_form(parts)
    assert problems(library.doctor(repair=False).unwrap()) == []


def test_a_record_without_what_was_always_told_is_damaged(path: Path) -> None:
    made(path, "a")
    rewrite_info(path, "a", lambda info: info.pop("duration_s"))
    assert "duration_s" in str(opened(path).view().failure())


@pytest.mark.parametrize("found", [SCHEMA_VERSION + 1, 0])
def test_another_schema_is_named(path: Path, found: int) -> None:
    made(path)
    marker = path / "library.json"
    marker.write_text(json.dumps({**json.loads(marker.read_text()), "schema": found}))
    for create in (True, False):
        assert lance.build(str(path), create) == Failure(UnknownSchema(str(path), found))
    newer = found > SCHEMA_VERSION
    assert ("a newer" if newer else "an older") in str(UnknownSchema(str(path), found))


@pytest.mark.parametrize("marker", ["", "[]", '{"format": "something"}', '{"schema": 1}', "\udcff"])
def test_a_marker_that_is_not_ours_is_no_library(path: Path, marker: str) -> None:
    path.mkdir()
    (path / "library.json").write_bytes(marker.encode("utf-8", "surrogateescape"))
    assert lance.build(str(path), create=False) == Failure(NoLibrary(str(path)))
    assert isinstance(lance.build(str(path), create=True).failure(), StorageFailed)


def test_a_directory_with_other_files_stays_as_it_is(path: Path) -> None:
    (path / "tables").mkdir(parents=True)
    (path / "notes.txt").write_text("mine")
    assert lance.build(str(path), create=False) == Failure(NoLibrary(str(path)))
    refused = lance.build(str(path), create=True)
    assert isinstance(refused.failure(), StorageFailed)
    assert "new or empty" in str(refused.failure())
    assert sorted(entry.name for entry in path.iterdir()) == ["notes.txt", "tables"]
    assert list((path / "tables").iterdir()) == []


def test_a_file_is_no_library(path: Path) -> None:
    path.write_text("mine")
    assert lance.build(str(path), create=False) == Failure(NoLibrary(str(path)))
    assert isinstance(lance.build(str(path), create=True).failure(), StorageFailed)
    assert isinstance(lance.build(str(path / "below"), create=True).failure(), StorageFailed)
    assert path.read_text() == "mine"


def test_an_empty_directory_becomes_a_library_only_with_create(path: Path) -> None:
    path.mkdir()
    assert lance.build(str(path), create=False) == Failure(NoLibrary(str(path)))
    assert list(path.iterdir()) == []
    assert isinstance(lance.build(str(path), create=True), Success)


def test_making_that_was_interrupted_is_finished(path: Path) -> None:
    made(path)
    (path / "library.json").rename(path / "library.json.new")
    shutil.rmtree(path / "tables" / "cuts.lance")
    assert lance.build(str(path), create=False) == Failure(NoLibrary(str(path)))
    library = opened(path, create=True)
    library.commit(*whole("a")).unwrap()
    assert frozen_form(shown(view_of(path), id_of("a"))) == frozen_form(whole("a")[1])


# The lock

HOLD = """
import fcntl, os, sys
file = open(sys.argv[1], "r+")
fcntl.flock(file, fcntl.LOCK_EX)
file.truncate(0)
print(os.getpid(), file=file, flush=True)
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the writer's lock and does nothing."""
    command = [sys.executable, "-c", HOLD, str(path / "writer.lock")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_writer_is_told_who_writes_and_readers_do_not_wait(path: Path) -> None:
    made(path, "a")
    library = lance.build(str(path), create=False, patience_s=0.1).unwrap()
    with holder(path) as process:
        locked = Failure(Locked(str(path), f"process {process.pid}"))
        assert library.commit(*whole("b")) == locked
        assert library.remove(id_of("a")) == locked
        assert library.doctor(repair=False) == locked
        assert str(process.pid) in str(locked.failure())
        assert frozen_form(shown(view_of(path), id_of("a"))) == frozen_form(whole("a")[1])
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert library.commit(*whole("b")) == Success(None)


def test_a_writer_waits_for_its_turn(path: Path) -> None:
    library = made(path, "a")
    released = threading.Event()

    def release() -> None:
        released.set()
        os.close(lock)

    lock = os.open(path / "writer.lock", os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    threading.Timer(0.3, release).start()
    assert library.commit(*whole("b")) == Success(None)
    assert released.is_set()


# Death


@contextmanager
def writer(path: Path, first: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.contract.library_writer", str(path), str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        yield process
        process.kill()


def state_of(view: LibraryView) -> State | None:
    """The state a library shows, if each of its videos is whole; None if one is a mixture."""
    state: State = {}
    for record in view.videos().unwrap():
        name = record.title.removesuffix(".mp4")
        take, told_take = take_of(record, Stage.SHOTS), take_of(record, Stage.ANNOTATIONS)
        assert take is not None
        expected, parts = indexed.video(name, take, told_take)
        parts = (*parts, *indexed.UNTOLD) if told_take is None else parts
        if record != expected or frozen_form(shown(view, record.id)) != frozen_form(parts):
            return None
        state[name] = (take, told_take)
    return state


def take_of(record: VideoRecord, stage: Stage) -> int | None:
    """The take of a stage of a video of `indexed`; None where it was not made."""
    made, name = record.record(stage), record.title.removesuffix(".mp4")
    takes = (take for take in range(500) if made and indexed.key_of(name, stage, take) == made.key)
    return next(takes, None)


def test_killed_at_any_moment_a_library_shows_the_old_state_or_the_new(path: Path) -> None:
    draw = random.Random(20260101)
    state, number = State(), 0
    for _ in range(12):
        with writer(path, number) as process:
            assert process.stdout is not None
            done = [process.stdout.readline() for _ in range(draw.randint(1, 6))]
            time.sleep(draw.uniform(0.0, 0.2))
            process.send_signal(signal.SIGKILL)
            done += process.stdout.readlines()
        for _ in done[1:]:  # after "open"
            state, number = after(state, number), number + 1
        seen = state_of(view_of(path))
        assert seen is not None
        assert seen in (state, after(state, number))
        library = opened(path)
        found = problems(library.doctor(repair=False).unwrap())
        assert not any(problem.startswith("video") for problem in found)  # nothing is lost
        assert all(f.repaired for f in library.doctor(repair=True).unwrap().findings)
        assert problems(library.doctor(repair=False).unwrap()) == []
        assert state_of(view_of(path)) == seen
        if seen != state:
            state, number = seen, number + 1
    assert number > 12  # the writers got somewhere


class Killed(BaseException):
    """Ends a writer between two steps, as a kill would: nothing cleans up after it."""


OLD: State = {"a": (0, None), "b": (0, 0)}


def undescribed(path: Path) -> Library:
    """Two videos; of the nodes of the first nothing is said."""
    library = opened(path, create=True)
    library.commit(*indexed.untold("a")).unwrap()
    library.commit(*whole("b")).unwrap()
    return library


def replace(library: Library) -> object:
    return library.commit(*indexed.untold("a", take=1))


def describe(library: Library) -> object:
    return library.commit(whole("a")[0], indexed.told("a"))


def describe_anew(library: Library) -> object:
    return library.commit(indexed.video("b", 0, 1)[0], indexed.told("b", 1))


def remove(library: Library) -> object:
    return library.remove(id_of("a"))


@pytest.mark.parametrize("trouble", [Killed(), OSError(28, "No space left on device")])
@pytest.mark.parametrize(
    ("operate", "new"),
    [
        (replace, {"a": (1, None), "b": (0, 0)}),
        (describe, {"a": (0, 0), "b": (0, 0)}),
        (describe_anew, {"a": (0, None), "b": (0, 1)}),
        (remove, {"b": (0, 0)}),
    ],
)
def test_trouble_before_any_step_leaves_the_old_state_or_the_new(
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    trouble: BaseException,
    operate: Callable[[Library], object],
    new: State,
) -> None:
    """Every call that changes a table is a step; the n-th does not take place."""
    undescribed(path / "0")
    steps, shown_states = count(1), []
    for step in steps:
        shutil.copytree(path / "0", path / str(step))
        library = opened(path / str(step))
        with monkeypatch.context() as patch:
            left = fail_at(patch, step, trouble)
            with suppress(Killed):
                outcome = operate(library)
                seen = state_of(view_of(path / str(step)))
                assert seen == (new if isinstance(outcome, Success) else OLD)
        seen = state_of(view_of(path / str(step)))
        assert seen in (OLD, new)
        shown_states.append(seen)
        if isinstance(trouble, Killed):
            library.doctor(repair=True).unwrap()
            assert library.doctor(repair=False).unwrap().findings == ()
            assert state_of(view_of(path / str(step))) == seen
        if next(left) > 0:
            break
    assert shown_states == sorted(shown_states, key=lambda seen: seen == new)
    assert {seen == OLD for seen in shown_states} == {True, False}


def fail_at(patch: pytest.MonkeyPatch, step: int, trouble: BaseException) -> "count[int]":
    """Make the `step`-th change of a table fail; gives a count down to it, below 1 once met."""
    left = count(step, -1)

    def failing(method: Callable[..., object]) -> Callable[..., object]:
        def change(*args: object, **options: object) -> object:
            if next(left) == 1:
                raise trouble
            return method(*args, **options)

        return change

    for name in ("add", "delete", "_do_merge", "optimize"):
        patch.setattr(LanceTable, name, failing(getattr(LanceTable, name)))
    return left


class PowerCut:
    """Knows what has been synced; makes the copy of a library that a power cut would leave.

    In the worst case: of a file that was not synced nothing is there but its name, and if its
    folder was not synced either, not even that.
    """

    def __init__(self, path: Path, patch: pytest.MonkeyPatch) -> None:
        self._path = path
        self._before = set(path.rglob("*"))
        self._files: set[Path] = set()
        self._names: dict[Path, set[str]] = {}
        sync = os.fsync

        def fsync(file: int) -> None:
            sync(file)
            self._note(Path(f"/proc/self/fd/{file}").readlink())

        patch.setattr(os, "fsync", fsync)

    def _note(self, path: Path) -> None:
        if path.is_dir():
            self._names[path] = {entry.name for entry in path.iterdir()}
        else:
            self._files.add(path)

    def leaves(self, copy: Path) -> Path:
        shutil.copytree(self._path, copy)
        for file in self._path.rglob("*"):
            if file in self._before and file.suffix != ".json":
                continue
            left = copy / file.relative_to(self._path)
            if file.is_file() and file.name not in self._names.get(file.parent, set()):
                left.unlink()
            elif file.is_file() and file not in self._files:
                left.write_bytes(b"")
        shutil.copy(self._path / "library.json", copy)
        return copy


@pytest.mark.parametrize("table", ["videos", "cuts"])
@pytest.mark.parametrize("kind", ["data", "_versions"])
@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_version_that_was_not_written_to_its_end_gives_way_to_the_one_before(
    path: Path, table: str, kind: str, share: float
) -> None:
    made(path, "a", "b")
    folder = path / "tables" / f"{table}.lance" / kind
    files = [file for file in folder.iterdir() if file.suffix in (".lance", ".manifest")]
    newest = max(files, key=lambda file: file.stat().st_mtime_ns)
    os.truncate(newest, int(share * newest.stat().st_size))
    library = opened(path)
    library.doctor(repair=True).unwrap()
    assert library.doctor(repair=False).unwrap().findings == ()
    view = library.view().unwrap()
    assert frozen_form(shown(view, id_of("a"))) == frozen_form(whole("a")[1])
    library.commit(*whole("b")).unwrap()
    assert state_of(view_of(path)) == {"a": (0, 0), "b": (0, 0)}


def repair(library: Library) -> object:
    return library.doctor(repair=True)


@pytest.mark.parametrize(
    ("operate", "new"),
    [
        (replace, {"a": (1, None), "b": (0, 0)}),
        (describe, {"a": (0, 0), "b": (0, 0)}),
        (describe_anew, {"a": (0, None), "b": (0, 1)}),
        (remove, {"b": (0, 0)}),
        (repair, {"a": (0, None), "b": (0, 0)}),
    ],
)
def test_a_power_cut_between_two_changes_leaves_the_old_state_or_the_new(
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    operate: Callable[[Library], object],
    new: State,
) -> None:
    library = undescribed(path / "0")
    cut, copies = PowerCut(path / "0", monkeypatch), count(1)

    def cutting(method: Callable[..., object]) -> Callable[..., object]:
        def change(*args: object, **options: object) -> object:
            cut.leaves(path / str(next(copies)))
            return method(*args, **options)

        return change

    with monkeypatch.context() as patch:
        for name in ("add", "delete", "_do_merge", "optimize"):
            patch.setattr(LanceTable, name, cutting(getattr(LanceTable, name)))
        assert isinstance(operate(library), Success)
    end = next(copies)
    cut.leaves(path / str(end))
    seen = [state_of(view_of(path / str(copy))) for copy in range(1, end + 1)]
    assert all(state in (OLD, new) for state in seen)
    assert seen == sorted(seen, key=lambda state: state == new)
    assert seen[-1] == new
    assert end > 2


def test_a_commit_while_a_view_is_taken_is_not_half_in_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(path, "a")
    writer, reader = opened(path), opened(path)
    open_table, takes = LanceDBConnection.open_table, iter([1])

    def open_late(database: Any, name: str, *args: Any, **options: Any) -> Any:
        if name != "videos":
            for take in takes:
                writer.commit(*whole("a", take)).unwrap()
        return open_table(database, name, *args, **options)

    monkeypatch.setattr(LanceDBConnection, "open_table", open_late)
    assert state_of(reader.view().unwrap()) == {"a": (1, 1)}


def test_readers_see_whole_states_while_another_process_writes(path: Path) -> None:
    library = made(path)
    versions: list[int] = []
    with writer(path, 0) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        begun = time.monotonic()
        while time.monotonic() < begun + (60 if len(set(versions)) < 4 else 3):
            view = library.view().unwrap()
            assert state_of(view) is not None
            versions.append(view.version)
    assert versions == sorted(versions)
    assert len(set(versions)) > 3


def test_a_full_disk_is_a_failure_and_changes_nothing(path: Path) -> None:
    made(path, "a")
    script = (
        "import resource, signal, sys\n"
        "from kuavi.adapters.libraries import lance\n"
        "from tests import indexed\n"
        "from kuavi.domain.manifest import Stage\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "library = lance.build(sys.argv[1], create=False).unwrap()\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "record = indexed.record_of('a', {Stage.SHOTS: 1, Stage.KEYFRAMES: 1})\n"
        "large = indexed.keyframes('a', 1, size=100_000)\n"
        "outcome = library.commit(record, [indexed.cuts('a', 1), large])\n"
        "print(type(outcome.failure()).__name__)\n"
    )
    command = [sys.executable, "-c", script, str(path)]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert ran.stdout == "StorageFailed\n", ran.stderr
    view = view_of(path)
    assert view.video(id_of("a")).unwrap() == whole("a")[0]
    assert frozen_form(shown(view, id_of("a"))) == frozen_form(whole("a")[1])


# The doctor


def test_a_sound_library(path: Path) -> None:
    library = made(path, "a", "b")
    health = library.doctor(repair=False).unwrap()
    assert (health.path, health.schema, health.videos) == (str(path), SCHEMA_VERSION, 2)
    assert health.findings == ()
    assert health.rows["cuts"] == 6
    assert health.rows["videos"] == 2
    assert set(health.fragments) == set(health.rows)
    on_disk = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    assert health.bytes_on_disk == on_disk


def test_leftovers_are_invisible_found_and_dropped(path: Path) -> None:
    library = made(path, "a")
    table = lancedb.connect(path / "tables").open_table("utterances")
    leftover = table.to_arrow().to_pydict()
    leftover["rev"] = ["0" * 64] * 2
    leftover["text"] = ["water water water"] * 2
    table.add(table.to_arrow().from_pydict(leftover, schema=table.schema))
    library = opened(path)
    assert frozen_form(shown(library.view().unwrap(), id_of("a"))) == frozen_form(whole("a")[1])
    hits = library.view().unwrap().full_text(Layer.TRANSCRIPT, "water", 1).unwrap()
    assert [hit.text for hit in hits] == ["a glass of water"]
    expected = ["table utterances: 2 rows that belong to no video"]
    assert problems(library.doctor(repair=False).unwrap()) == expected
    repaired = library.doctor(repair=True).unwrap()
    assert problems(repaired) == expected
    assert all(finding.repaired for finding in repaired.findings)
    after_it = library.doctor(repair=False).unwrap()
    assert after_it.findings == ()
    assert after_it.rows["utterances"] == 2


def test_rows_that_a_killed_writer_left_under_the_same_key_are_not_shown_twice(
    path: Path,
) -> None:
    made(path, "a", "b")
    lancedb.connect(path / "tables").open_table("videos").delete(f"id = '{id_of('a')}'")
    library = opened(path)
    assert problems(library.doctor(repair=False).unwrap()) != []
    library.commit(*whole("a")).unwrap()
    assert frozen_form(shown(view_of(path), id_of("a"))) == frozen_form(whole("a")[1])
    assert library.doctor(repair=False).unwrap().findings == ()


def test_lost_rows_are_a_failure_and_repair_lets_the_stage_run_again(path: Path) -> None:
    library = made(path, "a", "b")
    vectors = next(name for name in library.doctor(False).unwrap().rows if "joint" in name)
    lancedb.connect(path / "tables").open_table("cuts").delete(f"video = '{id_of('a')}'")
    lancedb.connect(path / "tables").open_table(vectors).delete(
        f"video = '{id_of('a')}' AND position = 1"
    )
    library = opened(path)
    view = library.view().unwrap()
    for outcome in (view.cuts(id_of("a")), view.visual(JOINT)):
        assert isinstance(outcome.failure(), StorageFailed)
        assert "rows are there" in str(outcome.failure())
    assert len(view.cuts(id_of("b")).unwrap()) == 3
    assert problems(library.doctor(repair=True).unwrap()) == [
        f"video {id_of('a')}: 0 of 3 rows of cuts",
        f"video {id_of('a')}: 3 of 4 rows of vectors/visual",
    ]
    assert library.doctor(repair=False).unwrap().findings == ()
    record = library.view().unwrap().video(id_of("a")).unwrap()
    left = [made_by.stage for made_by in record.stages]
    assert left == [s for s in Stage if s not in (Stage.SHOTS, Stage.VISUAL)]
    assert library.view().unwrap().visual(JOINT).unwrap().videos == (id_of("b"),)
    library.commit(*whole("a")).unwrap()
    assert frozen_form(shown(view_of(path), id_of("a"))) == frozen_form(whole("a")[1])


def test_a_missing_table_is_named_and_made_again(path: Path) -> None:
    library = made(path, "a")
    shutil.rmtree(path / "tables" / "tags.lance")
    library = opened(path)
    view = library.view().unwrap()
    assert "tags is missing" in str(view.tags(id_of("a")).failure())
    assert len(view.cuts(id_of("a")).unwrap()) == 3
    found = problems(library.doctor(repair=True).unwrap())
    assert "table tags is missing" in found
    assert library.doctor(repair=False).unwrap().findings == ()
    assert library.view().unwrap().tags(id_of("a")).unwrap() == ()


def test_a_table_that_cannot_be_read_is_set_aside(path: Path) -> None:
    made(path, "a")
    for version in (path / "tables" / "tags.lance" / "_versions").iterdir():
        version.write_bytes(b"nonsense")
    (path / "tables" / "vectors_text_unfinished.lance").mkdir()
    library = opened(path)
    assert isinstance(library.view().failure(), StorageFailed)
    found = problems(library.doctor(repair=True).unwrap())
    assert [problem.split(":")[0] for problem in found] == [
        "table tags",
        "table vectors_text_unfinished",
        f"video {id_of('a')}",
    ]
    assert library.doctor(repair=False).unwrap().findings == ()
    assert (path / "tables" / "tags.damaged").is_dir()
    view = library.view().unwrap()
    assert view.tags(id_of("a")).unwrap() == ()
    assert len(view.cuts(id_of("a")).unwrap()) == 3
    library.commit(*whole("a")).unwrap()
    assert frozen_form(shown(view_of(path), id_of("a"))) == frozen_form(whole("a")[1])


def test_a_damaged_record_is_a_failure_and_repair_drops_it(path: Path) -> None:
    made(path, "a", "b")
    videos = lancedb.connect(path / "tables").open_table("videos")
    videos.update(where=f"id = '{id_of('a')}'", values={"manifest": '{"id": 3}'})
    library = opened(path)
    assert id_of("a") in str(library.view().failure())
    assert any("can't be read" in p for p in problems(library.doctor(repair=True).unwrap()))
    assert library.doctor(repair=False).unwrap().findings == ()
    assert [r.id for r in library.view().unwrap().videos().unwrap()] == [id_of("b")]


def test_a_lost_text_index_is_found_and_made_again(path: Path) -> None:
    made(path, "a")
    table = lancedb.connect(path / "tables").open_table("utterances")
    table.drop_index(table.list_indices()[0].name)
    library = opened(path)
    assert problems(library.doctor(repair=True).unwrap()) == [
        "table utterances: no full-text index"
    ]
    assert library.doctor(repair=False).unwrap().findings == ()
    assert len(library.view().unwrap().full_text(Layer.TRANSCRIPT, "glass", 5).unwrap()) == 1


def test_many_commits_leave_few_fragments(path: Path) -> None:
    library = made(path)
    for i in range(60):
        record = record_of(f"v{i}", {Stage.SHOTS: 0})
        library.commit(record, [indexed.cuts(f"v{i}")]).unwrap()
    health = library.doctor(repair=False).unwrap()
    assert health.findings == ()
    assert health.rows["cuts"] == 180
    assert health.fragments["cuts"] < 40
    assert health.fragments["videos"] < 40
    assert library.doctor(repair=True).unwrap().fragments["cuts"] == 1


def test_versions_that_nobody_can_want_are_collected(path: Path) -> None:
    library = lance.build(str(path), create=True, keep_s=0.0).unwrap()
    views = []
    for take in range(6):
        record = record_of("a", {Stage.KEYFRAMES: take})
        library.commit(record, [indexed.keyframes("a", take, size=100_000)]).unwrap()
        views.append(library.view().unwrap())
    before = library.doctor(repair=False).unwrap().bytes_on_disk
    after_it = library.doctor(repair=True).unwrap().bytes_on_disk
    assert before > 6 * 300_000
    assert after_it < 2.5 * 300_000  # the latest version and, compacted, the same again
    latest = Keyframes(library.view().unwrap().keyframes(id_of("a")).unwrap())
    assert frozen_form(latest) == frozen_form(indexed.keyframes("a", 5, size=100_000))
    assert isinstance(views[2].keyframes(id_of("a")).failure(), StorageFailed)


def test_a_view_is_kept_from_when_it_was_replaced_not_from_when_it_was_made(path: Path) -> None:
    library = lance.build(str(path), create=True, keep_s=6.0).unwrap()
    for name in ("a", "b"):
        library.commit(*whole(name)).unwrap()
    view = library.view().unwrap()
    time.sleep(6.5)
    library.remove(id_of("a")).unwrap()
    library.doctor(repair=True).unwrap()
    assert frozen_form(shown(view, id_of("a"))) == frozen_form(whole("a")[1])


def test_new_texts_are_found_whether_they_are_indexed_yet_or_not(path: Path) -> None:
    """More rows than are left outside the index, so both ways of finding are taken."""
    library = made(path)
    for i, name in enumerate("abc"):
        texts = [f"common word{k}x{i}" for k in range(1500)]
        library.commit(
            record_of(name, {Stage.TRANSCRIPT: 0}), [indexed.transcript(*texts)]
        ).unwrap()
        view = library.view().unwrap()
        hits = view.full_text(Layer.TRANSCRIPT, f"word700x{i}", 5).unwrap()
        assert [(hit.video, hit.position) for hit in hits] == [(id_of(name), 700)]
        assert len(view.full_text(Layer.TRANSCRIPT, "common", 9000).unwrap()) == 1500 * (i + 1)
    assert library.doctor(repair=False).unwrap().findings == ()


def test_the_port_loads_no_database() -> None:
    script = "import sys, kuavi.ports.library; assert 'lancedb' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)


def test_nothing_on_disk_can_run_code() -> None:
    for file in (ROOT / "kuavi" / "adapters" / "libraries").glob("*.py"):
        assert "pickle" not in file.read_text()
