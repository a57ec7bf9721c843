"""Where a run's time and memory go: another progress, and a ledger of what each part of it used.

What was used since the event before is booked on what the event tells of, so a ledger is of use
only for videos that are indexed one after the other.  CPU time and memory are of all threads and of
child processes; those that still run are counted on Linux only.
"""

import os
import resource
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter
from types import MappingProxyType
from typing import assert_never

from attrs import frozen

from kuavi.domain.manifest import LOOKED
from kuavi.domain.outcome import Outcome
from kuavi.ports.progress import (
    Advanced,
    Cancelled,
    Event,
    Progress,
    StageDone,
    StagesPlanned,
    VideoDone,
    VideoStarted,
)

START, OPEN, LOOK, REST = "start and load models", "open", "look at pictures", "rest"

PROCESS = Path("/proc/self")


@frozen
class Reading:
    """The process until now: CPU and wall seconds, and the most memory it ever held, in MB.

    Memory is the sum of its peak and of its present children's.
    """

    cpu_s: float
    wall_s: float
    peak_mb: float


@frozen
class Used:
    """What a part of a run used; `peak_mb` is the process's highest memory until its end."""

    cpu_s: float = 0.0
    wall_s: float = 0.0
    peak_mb: float = 0.0

    def more(self, before: Reading, now: Reading) -> "Used":
        return Used(
            self.cpu_s + now.cpu_s - before.cpu_s,
            self.wall_s + now.wall_s - before.wall_s,
            max(self.peak_mb, now.peak_mb),
        )


class Profiled:
    """Passes events on and keeps the ledger."""

    def __init__(self, inner: Progress, read: Callable[[], Reading]) -> None:
        self._inner, self._read = inner, read
        self._ledger: dict[str, Used] = {}
        self._last = Reading(0.0, read().wall_s, 0.0)

    def report(self, event: Event) -> Outcome[None, Cancelled]:
        now, part = self._read(), _part(event, first=not self._ledger)
        self._ledger[part] = self._ledger.get(part, Used()).more(self._last, now)
        self._last = now
        return self._inner.report(event)

    @property
    def ledger(self) -> Mapping[str, Used]:
        """By part, in the order of their first events."""
        return MappingProxyType(self._ledger)


def _part(event: Event, *, first: bool) -> str:
    match event:
        case VideoStarted():
            return START if first else REST
        case StagesPlanned():
            return OPEN
        case Advanced(_, stage) | StageDone(_, stage):
            return LOOK if stage in LOOKED else stage.value
        case VideoDone():
            return REST
        case _:
            assert_never(event)


def reading() -> Reading:
    """Of this process since it started, and of the child processes that it has and had."""
    times, children = os.times(), _children()
    ended_s = times.children_user + times.children_system
    cpu_s = times.user + times.system + ended_s + sum(_cpu_s(child) for child in children)
    return Reading(cpu_s, perf_counter(), peak_mb() + sum(map(_peak_mb, children)))


def peak_mb() -> float:
    """Peak resident memory.  On Linux getrusage's figure survives exec: the parent's may be it."""
    if PROCESS.is_dir():
        return _peak_mb(PROCESS)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 2**20 if sys.platform == "darwin" else most / 1024


def _children() -> list[Path]:
    """Folders of the child processes that live (where the system tells)."""
    numbers: list[str] = []
    for listed in PROCESS.glob("task/*/children"):
        numbers += _text(listed).split()
    return [PROCESS.parent / number for number in numbers]


def _peak_mb(process: Path) -> float:
    """0 for a process that has just ended."""
    found = (line for line in _text(process / "status").splitlines() if line.startswith("VmHWM:"))
    return int(next(found, "VmHWM: 0").split()[1]) / 1024


def _cpu_s(process: Path) -> float:
    """User and system time, from the fields after the name in parentheses (proc(5))."""
    fields = _text(process / "stat").rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def build(inner: Progress, read: Callable[[], Reading] = reading) -> Profiled:
    return Profiled(inner, read)
