"""The ledger books what was used since the event before on what the event tells of."""

import subprocess
import sys

import pytest

from kuavi.adapters.progress import profiled
from kuavi.adapters.progress.memory import MemoryProgress
from kuavi.adapters.progress.profiled import LOOK, OPEN, REST, START, Reading, Used
from kuavi.domain.manifest import Stage
from kuavi.ports.progress import Advanced, Event, StageDone, StagesPlanned, VideoDone, VideoStarted

FILM = "/f/a.mp4"


def test_each_part_is_booked_and_everything_is_passed_on() -> None:
    readings = iter(
        [
            Reading(1.0, 10.0, 50),  # before the first event: only its clock counts
            Reading(3.0, 12.0, 100),
            Reading(3.5, 12.5, 100),
            Reading(7.5, 14.5, 300),
            Reading(8.0, 15.0, 300),
            Reading(14.0, 19.0, 280),
            Reading(14.25, 19.5, 280),
            Reading(15.25, 20.5, 280),
        ]
    )
    inner = MemoryProgress()
    progress = profiled.build(inner, lambda: next(readings))
    events: list[Event] = [
        VideoStarted(FILM, 1, 2),
        StagesPlanned(FILM, tuple(Stage), ()),
        Advanced(FILM, Stage.SHOTS, 1, 2),
        StageDone(FILM, Stage.MOTION, 3, 1.0, ()),
        StageDone(FILM, Stage.TRANSCRIPT, 3, 1.0, ()),
        VideoDone(FILM, None),
        VideoStarted("/f/b.mp4", 2, 2),
    ]
    for event in events:
        progress.report(event).unwrap()
    assert list(inner.events) == events
    assert progress.ledger == {
        START: Used(3.0, 2.0, 100),
        OPEN: Used(0.5, 0.5, 100),
        LOOK: Used(4.5, 2.5, 300),
        "transcript": Used(6.0, 4.0, 280),
        REST: Used(1.25, 1.5, 280),
    }


def test_work_and_memory_show_in_a_reading() -> None:
    before = profiled.reading()
    held = bytearray(400_000_000)
    held[::4096] = b"x" * len(held[::4096])
    after = profiled.reading()
    assert after.cpu_s > before.cpu_s
    assert after.wall_s > before.wall_s
    assert after.peak_mb == pytest.approx(max(before.peak_mb, after.peak_mb))
    assert after.peak_mb > 380


@pytest.mark.skipif(sys.platform != "linux", reason="children that run are counted on Linux only")
def test_children_count_while_they_run_and_after() -> None:
    code = (
        "import time; held = bytearray(150_000_000); held[::4096] = b'x' * len(held[::4096])\n"
        "while time.process_time() < 0.5: pass\n"
        "print(flush=True); input()"
    )
    before = profiled.reading()
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=-1)
    assert child.stdout is not None
    child.stdout.readline()
    during = profiled.reading()
    child.communicate(b"\n")
    after = profiled.reading()
    assert during.cpu_s - before.cpu_s > 0.4
    assert during.peak_mb - before.peak_mb > 140
    assert after.cpu_s >= during.cpu_s - 0.05
