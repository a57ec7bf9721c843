"""One trial: an operation on a copy of a library, a fault, and what is left: see `bench.crash`."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from attrs import frozen
from returns.result import Success

from bench import crash_jobs as jobs
from bench.crash_cases import Case, Place, prepared
from bench.crash_jobs import NOBODY, Checked, Ended, Fault
from bench.crash_shown import Shown, shown
from kuavi.adapters.libraries import lance

PATIENCE_S = 120.0
POLL_S = 0.0005
SERVER = get_context("forkserver")
SERVER.set_forkserver_preload(["bench.crash_jobs"])


@frozen
class Known:
    """A case as it goes undisturbed: the states it passes through, and its CPU seconds."""

    case: Case
    states: tuple[Shown, ...]
    took_s: float


@frozen
class Trial:
    """How a trial ended.

    `verdict` is consistent, repaired or lost; `why` says what was lost.  `stages` is how many of
    the operation's steps were seen; `met` whether the fault came before the operation's end.
    `leftovers` says that the doctor still found some after the resumed operation.
    """

    case: str
    fault: Fault
    verdict: str
    why: str
    stages: int
    met: bool
    leftovers: bool


@contextmanager
def _process(job: Callable[..., None], *arguments: Any) -> Iterator[tuple[Any, Connection]]:
    ours, theirs = SERVER.Pipe()
    process = SERVER.Process(target=job, args=(theirs, *arguments))
    process.start()
    theirs.close()
    try:
        yield process, ours
    finally:
        process.kill()
        process.join()
        ours.close()


def _answer(pipe: Connection, patience_s: float = PATIENCE_S) -> Any:
    if not pipe.poll(patience_s):
        raise TimeoutError(f"no answer within {patience_s} s")
    return pipe.recv()


def known(place: Place, case: Case, repeats: int = 2) -> Known:
    """Do the operation undisturbed: once watched, then to see how long it takes."""
    case.template(place)
    library = place.root / "undisturbed"
    times: list[float] = []
    states: list[Shown] = []
    for repeat in range(repeats + 1):
        prepared(place, case, library)
        if repeat == 0:
            with _process(jobs.undisturbed, place, case.name, library) as (_, pipe):
                states = _answer(pipe)
        else:
            with _process(jobs.perform, place, case.name, library, None) as (_, pipe):
                _begun(pipe)
                times.append(_answer(pipe))
        shutil.rmtree(library)
    return Known(case, tuple(states), min(times))


def _begun(pipe: Connection) -> float:
    """Let the operation begin; gives the CPU seconds of its process so far."""
    used_s: float = _answer(pipe)
    pipe.send("go")
    return used_s


def _wait(pid: int, pipe: Connection, until_s: float) -> bool:
    """Until a process has used so much CPU time, or has told something: whether it has.

    The CPU time of the operation depends less than its duration on what else the machine does.
    """
    clock = (~pid << 3) | 2  # Linux: the clock of another process, as clock_getcpuclockid gives it
    while not pipe.poll(POLL_S):
        if time.clock_gettime(clock) >= until_s:
            return pipe.poll(0.0)
    return True


def tried(place: Place, known_case: Known, fault: Fault, *, repair: bool) -> Trial:
    """Do a trial.  With `repair`, the doctor repairs before the operation is resumed."""
    library = place.root / "trial"
    with _device(library, fault, known_case.case, place):
        before = _reader(library)
        ended = _disturbed(place, known_case, library, fault)
        with _process(jobs.check, place, known_case.case.name, library, repair) as (_, pipe):
            checked: Checked = _answer(pipe)
        old = None if before is None else shown(before)
    return _judged(known_case, fault, ended, checked, old)


@contextmanager
def _device(library: Path, fault: Fault, case: Case, place: Place) -> Iterator[None]:
    """The library, on a small device of its own where the fault asks for one."""
    if fault.kind != "full":
        prepared(place, case, library)
        try:
            yield
        finally:
            shutil.rmtree(library, ignore_errors=True)
        return
    device = place.root / "device"
    device.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256m", "tmpfs", device], check=True)
    try:
        inside = device / "trial"
        library.symlink_to(inside)
        inside.mkdir()
        inside.rmdir()
        prepared(place, case, inside)
        inside.mkdir(exist_ok=True)  # the link must lead somewhere where there is no library yet
        _fill(device, int(fault.at))
        yield
    finally:
        library.unlink()
        subprocess.run(["umount", device], check=True)


def _fill(device: Path, left: int) -> None:
    """Leave so many bytes on the device."""
    space = os.statvfs(device)
    with (device / "ballast").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, space.f_bavail * space.f_frsize - left)


def _reader(library: Path) -> Any:
    """A view from before the operation, or None where there is no library yet."""
    opened = lance.build(str(library), create=False)
    return opened.unwrap().view().unwrap() if isinstance(opened, Success) else None


def _disturbed(place: Place, known_case: Known, library: Path, fault: Fault) -> Ended | None:
    """Do the operation under the fault; None where it was killed."""
    if fault.kind == "read-only":
        library.mkdir(exist_ok=True)  # where the operation makes the first library
        _owned(library, NOBODY)
    with _process(jobs.perform, place, known_case.case.name, library, fault) as (process, pipe):
        used_s = _begun(pipe)
        if fault.kind in ("kill", "read-only"):
            ended = _wait(process.pid, pipe, used_s + fault.at * known_case.took_s)
            if fault.kind == "kill":
                process.kill()
                process.join()
                return Ended(None) if ended else None
            _permit(library, 0o555)
        _answer(pipe)
        told: Ended = _answer(pipe)
    (library.resolve().parent / "ballast").unlink(missing_ok=True)
    if fault.kind == "read-only":
        _permit(library, 0o755)
        _owned(library, os.getuid())
    return told


def _owned(library: Path, user: int) -> None:
    """Give the library to a user, if that is ours to do."""
    if os.getuid() == 0:
        for path in (library, *library.rglob("*")):
            os.chown(path, user, user)


def _permit(library: Path, mode: int) -> None:
    for folder, _, _ in os.walk(library):
        Path(folder).chmod(mode)


def _judged(
    known_case: Known, fault: Fault, ended: Ended | None, checked: Checked, old: Shown | None
) -> Trial:
    states = known_case.states
    at = states.index(checked.seen) if checked.seen in states else -1
    wrong = [
        why
        for why, is_so in {
            f"shows {differences(checked.seen, states)}": at < 0,
            "an open reader sees something else": old is not None and old != states[0],
            f"not repaired: {checked.unrepaired}": bool(checked.unrepaired),
            "repair changed what is shown": not checked.kept,
            f"resumed to {differences(checked.resumed, states[-1:])}": checked.resumed
            != states[-1],
            f"in the end: {checked.last}": bool(checked.last),
            "told success, but is not there": _is_false(ended, at, len(states)),
            "shows itself something else": _differs(ended, checked),
        }.items()
        if is_so
    ]
    verdict = "lost" if wrong else "repaired" if checked.findings else "consistent"
    met = ended is None or ended.problem is not None
    left = bool(checked.leftovers)
    return Trial(known_case.case.name, fault, verdict, "; ".join(wrong), at, met, left)


def differences(seen: Shown | str, states: Sequence[Shown]) -> str:
    """How what was seen differs from the nearest of some states."""
    if isinstance(seen, str):
        return seen
    seen_parts = {(v, part, digest) for v, of in seen.items() for part, digest in of.items()}
    told = []
    for state in states:
        parts = {(v, part, digest) for v, of in state.items() for part, digest in of.items()}
        told.append(sorted({f"{part} of {v}" for v, part, _ in parts ^ seen_parts}))
    return ", ".join(sorted(told, key=len)[0])


def _is_false(ended: Ended | None, at: int, n_states: int) -> bool:
    """An operation told that it was done, and what it did is not there."""
    return ended is not None and ended.problem is None and at != n_states - 1


def _differs(ended: Ended | None, checked: Checked) -> bool:
    """The process in trouble showed something else than what a new one finds."""
    return ended is not None and ended.left is not None and ended.left != checked.seen
