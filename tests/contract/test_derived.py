"""What views derive: computed once, kept on disk for later processes, never a second truth."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from returns.result import Failure, Success

from kuavi.adapters.libraries import lance, memory
from kuavi.ports.derived import Arrays, Derivation
from kuavi.ports.library import Library, LibraryFailure, LibraryView, StorageFailed
from tests import indexed

ADAPTERS: dict[str, Callable[[Path], Library]] = {
    "memory": lambda path: memory.build(str(path), create=True).unwrap(),
    "lance": lambda path: lance.build(str(path / "library"), create=True).unwrap(),
}


@pytest.fixture(params=ADAPTERS)
def library(request: pytest.FixtureRequest, tmp_path: Path) -> Library:
    return ADAPTERS[request.param](tmp_path)


def counted(
    view: LibraryView, calls: list[int], n: int = 50_000, lasting: bool = True
) -> Derivation[Any, LibraryFailure]:
    """The videos' ids, and numbers enough to be worth a file."""

    def compute() -> Success[Arrays]:
        calls.append(1)
        ids = [record.id for record in view.videos().unwrap()]
        return Success({"ids": np.array(ids, dtype=np.str_), "n": np.arange(n)})

    def load(arrays: Arrays) -> Any:
        if len(arrays["n"]) != n:
            raise ValueError("too few")
        return arrays["ids"].tolist(), arrays["n"]

    return Derivation("counted", compute, load, lasting)


def test_it_is_computed_once_and_anew_after_each_change(library: Library) -> None:
    calls: list[int] = []
    library.commit(*indexed.whole("a")).unwrap()
    view = library.view().unwrap()
    first = view.derived(counted(view, calls)).unwrap()
    assert first is view.derived(counted(view, calls)).unwrap()
    assert first[0] == [indexed.id_of("a")]
    library.commit(*indexed.whole("b")).unwrap()
    later = library.view().unwrap()
    assert set(later.derived(counted(later, calls)).unwrap()[0]) == {
        indexed.id_of("a"),
        indexed.id_of("b"),
    }
    library.remove(indexed.id_of("a")).unwrap()
    last = library.view().unwrap()
    assert last.derived(counted(last, calls)).unwrap()[0] == [indexed.id_of("b")]
    assert len(calls) == 3


def test_what_fails_is_not_remembered(library: Library) -> None:
    view = library.view().unwrap()
    failing = Derivation[Any, LibraryFailure](
        "sometimes", lambda: Failure(StorageFailed("x", "gone")), lambda arrays: arrays
    )
    assert isinstance(view.derived(failing), Failure)
    well = Derivation[Any, LibraryFailure](
        "sometimes", lambda: Success({"n": np.arange(3)}), lambda arrays: arrays["n"].tolist()
    )
    assert view.derived(well).unwrap() == [0, 1, 2]


def test_outlines_are_what_single_reads_say(library: Library) -> None:
    for name in ("a", "b"):
        library.commit(*indexed.whole(name, take=len(name))).unwrap()
    library.commit(indexed.record_of("empty", {})).unwrap()
    view = library.view().unwrap()
    outlines = view.outlines().unwrap()
    assert [o.video for o in outlines] == [r.id for r in view.videos().unwrap()]
    for outline in outlines:
        assert indexed.frozen_form(outline.tree) == indexed.frozen_form(
            view.tree(outline.video).unwrap()
        )
        assert outline.tags == view.tags(outline.video).unwrap()
        times = view.keyframe_times(outline.video).unwrap()
        assert outline.keyframe_times.tolist() == times.tolist()


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A library that has kept something."""
    path = tmp_path / "library"
    library = lance.build(str(path), create=True).unwrap()
    library.commit(*indexed.whole("a")).unwrap()
    view = library.view().unwrap()
    view.derived(counted(view, [])).unwrap()
    return path


def again(path: Path) -> tuple[list[int], Any]:
    """Derive in another library object, as another process would."""
    calls: list[int] = []
    view = lance.build(str(path), create=False).unwrap().view().unwrap()
    return calls, view.derived(counted(view, calls)).unwrap()


def test_another_process_finds_it_on_disk(kept: Path) -> None:
    calls, (ids, numbers) = again(kept)
    assert not calls
    assert ids == [indexed.id_of("a")]
    assert numbers.tolist() == list(range(50_000))
    assert not numbers.flags.writeable


def test_what_was_kept_of_other_content_is_not_used(kept: Path) -> None:
    lance.build(str(kept), create=False).unwrap().commit(*indexed.whole("b")).unwrap()
    calls, (ids, _) = again(kept)
    assert calls
    assert len(ids) == 2
    assert not again(kept)[0]  # and is replaced


@pytest.mark.parametrize(
    "harm",
    [
        lambda raw: raw[: len(raw) // 2],
        lambda raw: raw[:0],
        lambda raw: b"nonsense\n" + raw,
        lambda raw: raw[:-5] + b"\xff" * 5,
        lambda raw: raw.replace(b"kuavi derived 1", b"kuavi derived 0"),
        lambda raw: raw.replace(b'"<i8"', b'"|O8"'),
    ],
    ids=["torn", "empty", "nonsense", "flipped", "another format", "objects"],
)
def test_a_damaged_file_is_made_anew(kept: Path, harm: Callable[[bytes], bytes]) -> None:
    file = kept / "cache" / "counted"
    file.write_bytes(harm(file.read_bytes()))
    calls, (ids, numbers) = again(kept)
    assert calls
    assert ids == [indexed.id_of("a")]
    assert len(numbers) == 50_000
    assert not again(kept)[0]


def test_where_nothing_can_be_kept_it_works_all_the_same(kept: Path) -> None:
    (kept / "cache" / "counted").unlink()
    (kept / "cache").rmdir()
    (kept / "cache").write_text("in the way")
    calls, (ids, _) = again(kept)
    assert calls
    assert ids == [indexed.id_of("a")]


def test_doctor_tells_the_size_of_what_is_kept(kept: Path) -> None:
    health = lance.build(str(kept), create=False).unwrap().doctor(repair=False).unwrap()
    assert health.cache_bytes == (kept / "cache" / "counted").stat().st_size
    assert not health.findings


WRITER = """
import sys
from pathlib import Path
from tests.contract.test_derived import again
for _ in range(5):
    (Path(sys.argv[1]) / "cache" / "counted").unlink(missing_ok=True)
    calls, (ids, numbers) = again(Path(sys.argv[1]))
    assert len(ids) == 1 and numbers.tolist() == list(range(50_000))
"""


def test_processes_that_write_at_once_do_not_harm_each_other(kept: Path) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", WRITER, str(kept)]
    writers = [subprocess.Popen(command, cwd=root) for _ in range(2)]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0]
    assert not again(kept)[0]
    assert [file.name for file in (kept / "cache").iterdir()] == ["counted"]
