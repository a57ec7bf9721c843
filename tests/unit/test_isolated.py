"""What a decoder does to its process never reaches the caller but as a value."""

import gc
import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from attrs import evolve
from returns.result import Failure, Success

from kuavi.adapters.readers import isolated, pyav
from kuavi.domain.limits import DecodeLimits
from kuavi.domain.media import ByRate, EveryFrame, Seen, View
from kuavi.ports.reader import Damaged, FrameReader, NotReadable, ReadFailure, TooLarge
from tests.media import grey_ramp, pictures_in, real_clip, tone, write_clip

FAILING = "tests.failing_reader"
TIGHT = DecodeLimits(memory_mb=256, cpu_floor_s=1, cpu_s_per_media_s=1, stall_s=1.0)
VIEWS = [View(EveryFrame(), 64)]
PROC = Path("/proc/self")


def children() -> set[int]:
    """Processes started by this one, dead and not reaped ones too."""
    return {
        int(pid)
        for task in (PROC / "task").iterdir()
        for pid in (task / "children").read_text(encoding="ascii").split()
    }


def fds() -> set[str]:
    return {fd.name for fd in (PROC / "fd").iterdir()}


@pytest.fixture
def tidy() -> Iterator[None]:
    """What runs within leaves no process and no open file."""
    if not (PROC / "task").is_dir():
        pytest.skip("needs /proc")
    gc.collect()
    before = children(), len(fds())
    yield
    gc.collect()
    until = time.monotonic() + 5
    while (children() - before[0] or len(fds()) > before[1]) and time.monotonic() < until:
        time.sleep(0.05)
    assert children() - before[0] == set()
    assert len(fds()) <= before[1]


def read(reader: FrameReader, path: str) -> tuple[list[Seen], list[ReadFailure]]:
    outcomes = list(reader.frames(path, VIEWS))
    assert all(isinstance(o, Success) for o in outcomes[:-1])
    return pictures_in(outcomes), [o.failure() for o in outcomes if isinstance(o, Failure)]


def tight(trouble: str) -> DecodeLimits:
    """The watchdog waits long but where it is what is asked for: a busy machine is slow."""
    return TIGHT if trouble == "hang" else evolve(TIGHT, stall_s=30.0)


REASONS = {
    "crash": "SIGSEGV",
    "hang": "no sign of life for 1 s (--limit stall_s=N)",
    "spin": "cpu_floor_s = 1",
    "fail": "ValueError: a bug in a decoder",
    "leave": "exit code 7",
    "write": "File too large",
    "open_many": "Too many open files",
    "eat": "memory_mb = 256",
}


@pytest.mark.usefixtures("tidy")
@pytest.mark.parametrize("trouble", REASONS)
def test_trouble_midway_keeps_what_came_before(trouble: str, tmp_path: Path) -> None:
    reader = isolated.build(tight(trouble), FAILING)
    here = Path.cwd()
    os.chdir(tmp_path)
    try:
        good, (failure,) = read(reader, f"3 {trouble}")
    finally:
        os.chdir(here)
    assert [s.frame.time_s for s in good] == [0.0, 0.1, 0.2]
    assert isinstance(failure, Damaged)
    assert failure.at_s == pytest.approx(0.3)
    assert REASONS[trouble] in failure.reason
    assert [p.stat().st_size for p in tmp_path.iterdir()] in ([], [0])


@pytest.mark.usefixtures("tidy")
@pytest.mark.parametrize("trouble", REASONS)
def test_trouble_at_once_is_a_refusal(trouble: str, tmp_path: Path) -> None:
    reader = isolated.build(tight(trouble), FAILING)
    here = Path.cwd()
    os.chdir(tmp_path)
    try:
        good, (failure,) = read(reader, f"0 {trouble}")
        refused = reader.info(f"0 {trouble}")
    finally:
        os.chdir(here)
    assert good == []
    assert refused == Failure(failure)
    assert isinstance(failure, TooLarge if trouble == "eat" else NotReadable)
    assert REASONS[trouble] in str(failure)
    assert f"0 {trouble}" in str(failure)


@pytest.mark.parametrize("harmless", ["nothing", "slow", "speak", "dump_core"])
def test_what_is_no_trouble(harmless: str) -> None:
    good, failures = read(isolated.build(TIGHT, FAILING), f"3 {harmless}")
    assert len(good) == 3
    assert failures == []


@pytest.mark.usefixtures("tidy")
def test_the_same_file_is_served_by_one_process() -> None:
    reader = isolated.build(inner=FAILING)
    first = reader.info("3 nothing").unwrap().start_s
    assert len(read(reader, "3 nothing")[0]) == 3
    assert list(reader.audio("3 nothing"))
    assert reader.info("3 nothing").unwrap().start_s == first
    assert reader.info("2 nothing").unwrap().start_s != first


@pytest.mark.usefixtures("tidy")
def test_a_process_that_has_worked_long_is_not_kept() -> None:
    for long_s, kept in ((0.0, 0), (60.0, 1)):
        before = children()
        reader = isolated.build(inner=FAILING, long_s=long_s)
        assert len(read(reader, "3 nothing")[0]) == 3
        assert len(children() - before) == kept
        del reader
        gc.collect()


@pytest.mark.usefixtures("tidy")
@pytest.mark.parametrize("leave", [Generator.close, lambda _: None], ids=["close", "drop"])
def test_stopping_early_ends_the_process_at_once(leave: Callable[[object], None]) -> None:
    reader = isolated.build(inner=FAILING)
    before = children()
    stream = reader.frames("1000000 nothing", VIEWS)
    assert isinstance(next(stream), Success)
    (pid,) = children() - before
    leave(stream)
    del stream
    gc.collect()
    assert pid not in children()


@pytest.mark.usefixtures("tidy")
def test_a_slow_caller_holds_the_decoder_back() -> None:
    reader = isolated.build(TIGHT, FAILING)
    stream = reader.frames("1000000 nothing", VIEWS)
    next(stream)
    time.sleep(1.5)  # longer than stall_s: the caller's time is not the decoder's
    used_s = time.process_time()
    assert all(isinstance(next(stream), Success) for _ in range(10_000))
    assert time.process_time() >= used_s
    assert isinstance(stream, Generator)
    stream.close()


@pytest.mark.usefixtures("tidy")
def test_many_at_once_from_threads(tmp_path: Path) -> None:
    paths = [
        str(write_clip(tmp_path / f"{i}.mkv", grey_ramp(20 + i), audio=tone(0.5))) for i in range(4)
    ]
    reader = isolated.build()
    expected = [read(pyav.build(), path) for path in paths]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda path: read(reader, path), paths * 2))
    for (good, failures), (wanted, _) in zip(found, expected * 2, strict=True):
        assert failures == []
        assert [s.frame.time_s for s in good] == [s.frame.time_s for s in wanted]


@pytest.mark.parametrize("name", ["bigbuckbunny", "carphone_pristine"])
def test_frames_and_sound_are_the_same_to_the_bit(name: str) -> None:
    path = str(real_clip(name))
    views = [View(ByRate(2.5), 640), View(EveryFrame(), 96)]
    near, far = pyav.build(), isolated.build()
    assert far.info(path) == near.info(path)
    pairs = zip(near.frames(path, views), far.frames(path, views), strict=True)
    for a, b in ((a.unwrap(), b.unwrap()) for a, b in pairs):
        if not isinstance(a, Seen) or not isinstance(b, Seen):
            assert a == b
            continue
        assert (a.view, a.frame.time_s, a.until_s) == (b.view, b.frame.time_s, b.until_s)
        assert np.array_equal(a.frame.pixels, b.frame.pixels)
        assert not b.frame.pixels.flags.writeable
    for heard, there in zip(near.audio(path), far.audio(path), strict=True):
        if isinstance(heard, Failure):
            assert heard == there
        else:
            assert heard.unwrap().start_s == there.unwrap().start_s
            assert np.array_equal(heard.unwrap().samples, there.unwrap().samples)


ABANDONED = """
import os, sys
from kuavi.adapters.readers import isolated
from kuavi.domain.media import EveryFrame, View
stream = isolated.build(inner="tests.failing_reader").frames(
    "1000000 nothing" if sys.argv[1] == "busy" else "1 hang", [View(EveryFrame(), 64)]
)
next(stream)
print(open(f"/proc/self/task/{os.getpid()}/children").read(), flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("state", ["busy", "hanging"])
def test_a_killed_caller_leaves_no_process(state: str) -> None:
    if not (PROC / "task").is_dir():
        pytest.skip("needs /proc")
    root = Path(isolated.__file__).parents[3]
    run = subprocess.run(
        [sys.executable, "-c", ABANDONED, state],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        cwd=root,
    )
    (pid,) = run.stdout.split()
    until = time.monotonic() + 5
    while runs(pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not runs(pid)


def runs(pid: str) -> bool:
    """Whether a process is there and not only waiting to be reaped."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] not in {"Z", "X"}


def test_the_process_loads_only_what_reading_needs() -> None:
    code = f"import sys, {isolated.PYAV}, kuavi.adapters.readers._child; print(*sys.modules)"
    root = Path(isolated.__file__).parents[3]
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root
    )
    loaded = {name.partition(".")[0] for name in run.stdout.split()}
    assert {"av", "numpy"} <= loaded
    assert loaded.isdisjoint({"lancedb", "onnxruntime", "torch", "PIL", "cv2", "typer", "rich"})
