"""What runs in processes of its own: the operation that meets a fault, and the look after it.

Importing this module loads all that an operation needs, so that a server can load it once and fork
(nothing of a library is open by then).
"""

import errno
import os
import resource
import signal
import time
import warnings
from collections.abc import Callable
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path

from attrs import field, frozen
from lancedb.db import LanceDBConnection
from lancedb.table import LanceTable
from returns.result import Success

from bench.crash_cases import CASES, Place, opened, sound
from bench.crash_shown import Shown, shown
from kuavi.adapters.libraries import lance
from kuavi.adapters.progress import silent
from kuavi.apps.toolbox.session import KuaviError
from kuavi.domain.outcome import Outcome
from kuavi.ports.library import NoLibrary
from kuavi.ports.progress import Cancelled, Event, StageDone
from tests import worlds

NOBODY = 65534
CHANGES = ("add", "delete", "_do_merge", "optimize", "create_index")


@frozen
class Fault:
    """What goes wrong; `at` says when, in the kind's own unit.

    kill: SIGKILL after this part of the operation's usual CPU time; read-only: the same, but the
    library's directories refuse new files from then on.
    file size: no file may grow beyond so many bytes (EFBIG).
    full: so many bytes are left on the device (ENOSPC).
    refused: from the n-th change of a table on each fails with EIO.
    done but refused: the n-th change takes place, and EIO is told.
    """

    kind: str
    at: float


@frozen
class Ended:
    """An operation that came to its end; `problem` is what it told, and `left` what it showed."""

    problem: str | None
    left: Shown | str | None = None


@frozen
class Checked:
    """What a new process found.

    `seen` is what was there, or why it could not be read; `findings` are the doctor's, and
    `unrepaired` those that repair left; `resumed` is what the same operation made of it, or what it
    told; `last` are the doctor's findings after a repair at the very end.
    """

    seen: Shown | str
    findings: tuple[str, ...] = ()
    unrepaired: tuple[str, ...] = ()
    kept: bool = True
    resumed: Shown | str = ""
    leftovers: tuple[str, ...] = ()
    last: tuple[str, ...] = ()


@frozen
class Listening:
    """Takes down what the library shows after each stage."""

    library: Path
    states: list[Shown] = field(factory=list)

    def report(self, event: Event) -> Outcome[None, Cancelled]:
        if isinstance(event, StageDone):
            self.states.append(now_shown(self.library))
        return Success(None)


def now_shown(library: Path) -> Shown:
    """What the library shows to somebody who opens it now; nothing where there is none."""
    there = lance.build(str(library), create=False)
    if isinstance(there, Success):
        return shown(there.unwrap().view().unwrap())
    if isinstance(there.failure(), NoLibrary):
        return {}
    raise KuaviError(there.failure())


def undisturbed(pipe: Connection, place: Place, case: str, library: Path) -> None:
    """Send what the library shows at first, after each stage, and at the end."""
    states = [now_shown(library)]
    listening = Listening(library)
    CASES[case].opening(place, library)(listening)
    states += [*listening.states, now_shown(library)]
    pipe.send([state for i, state in enumerate(states) if i == 0 or state != states[i - 1]])


def perform(pipe: Connection, place: Place, case: str, library: Path, fault: Fault | None) -> None:
    """Open, wait for a word, do the operation under the fault, and tell how it ended.

    Sends the CPU seconds used so far, those of the operation, and `Ended`.
    """
    if fault is not None and fault.kind == "read-only" and os.getuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    run = CASES[case].opening(place, library)
    used_s = time.process_time()
    pipe.send(used_s)
    pipe.recv()
    if fault is not None:
        _arrange(fault)
    try:
        run(silent.build())
        problem = None
    except (KuaviError, RuntimeError) as error:
        problem = str(error)
    pipe.send(time.process_time() - used_s)
    left = None if fault is None else _left(library)
    pipe.send(Ended(problem, left))


def _left(library: Path) -> Shown | str:
    """What the process in trouble shows itself."""
    try:
        return now_shown(library)
    except (KuaviError, RuntimeError, ValueError) as error:
        return str(error) or repr(error)


def _arrange(fault: Fault) -> None:
    match fault.kind:
        case "file size":
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (int(fault.at), int(fault.at)))
        case "refused":
            _refuse(int(fault.at), first=True)
        case "done but refused":
            _refuse(int(fault.at), first=False)
        case _:
            pass  # comes from outside


def _refuse(nth: int, *, first: bool) -> None:
    """Make changes of tables fail: all from the `nth` on, or the `nth` after it took place."""
    numbers = count(1)

    def refusing(method: Callable[..., object]) -> Callable[..., object]:
        def change(*args: object, **options: object) -> object:
            number = next(numbers)
            if first and number >= nth:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            done = method(*args, **options)
            if number == nth:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return done

        return change

    for name in CHANGES:
        setattr(LanceTable, name, refusing(getattr(LanceTable, name)))
    LanceDBConnection.create_table = refusing(LanceDBConnection.create_table)


def check(pipe: Connection, place: Place, case: str, library: Path, repair: bool) -> None:
    """Send what is there, what the doctor says, and what resuming the operation makes of it."""
    try:
        pipe.send(_checked(place, case, library, repair))
    except (KuaviError, RuntimeError, ValueError) as error:
        pipe.send(Checked(f"{type(error).__name__}: {error}"))


def _checked(place: Place, case: str, library: Path, repair: bool) -> Checked:
    """With `repair` the doctor repairs before the operation is resumed."""
    seen = now_shown(library)
    findings: tuple[str, ...] = ()
    unrepaired: tuple[str, ...] = ()
    kept = True
    if (library / "library.json").exists():
        findings = _findings(library, repair=False)
        if repair and findings:
            _findings(library, repair=True)
            unrepaired = _findings(library, repair=False)
            kept = now_shown(library) == seen
    try:
        CASES[case].opening(place, library)(silent.build())
        resumed: Shown | str = now_shown(library)
    except (KuaviError, RuntimeError, ValueError) as error:
        resumed = f"{type(error).__name__}: {error}"
    leftovers = _findings(library, repair=False)
    last: tuple[str, ...] = ()
    if leftovers:
        _findings(library, repair=True)
        last = _findings(library, repair=False)
        if not isinstance(resumed, str) and now_shown(library) != resumed:
            resumed = "the last repair changed what is shown"
    return Checked(seen, findings, unrepaired, kept, resumed, leftovers, last)


def _findings(library: Path, *, repair: bool) -> tuple[str, ...]:
    health = opened(library).doctor(repair=repair)
    if repair:
        sound(health, repaired=True)
    return tuple(finding.problem for finding in health.findings)


def load() -> None:
    """Import and compile what an operation needs, on films in memory."""
    warnings.filterwarnings("ignore", message="lancedb fork support")
    worlds.World().indexed()


load()
