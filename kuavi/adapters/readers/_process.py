"""A decoding process as its caller sees it: started, asked, watched, ended and reaped."""

import fcntl
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock, Thread, Timer
from typing import Any

from attrs import asdict

from kuavi.adapters.readers._wire import ALIVE, BROKEN, END, LENGTHS, MAX_HEADER, Item, to_item
from kuavi.domain.limits import DecodeLimits

CHILD = "kuavi.adapters.readers._child"
START_S = 60.0
"""How long a process may take to start, on a busy machine."""

REAP_S = 2.0
SPARE_S = 5.0
"""How long a process that has answered waits for the next call for the same file."""

PIPE_BYTES = 1 << 20
BYTES_A_PIXEL = 3


class ChildError(Exception):
    """The process can't go on; its message is the reason, for a person."""


class Child:
    """One process.  `ask` it one thing at a time; `end` it in any case."""

    def __init__(self, inner: str, limits: DecodeLimits) -> None:
        self._limits = limits
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", CHILD],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                process_group=0,  # Ctrl-C is for the caller
            )
        except OSError as error:
            raise ChildError(f"no process for decoding could be started: {error}") from error
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError("Popen gave no pipes")
        self._in, self._out = self._process.stdin, self._process.stdout
        with suppress(OSError, AttributeError):  # smaller pipes are slower, no more
            fcntl.fcntl(self._out.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self._poll = select.poll()
        self._poll.register(self._out, select.POLLIN)
        self._wait_s = max(START_S, limits.stall_s)
        try:
            self._tell({"inner": inner, "limits": asdict(limits)})
        except ChildError:
            self.end()
            raise

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def ask(self, request: Mapping[str, Any]) -> Iterator[Item]:
        """The answer's items; ChildError if the process ends, stalls or says what can't be."""
        self._tell(request)
        while True:
            kind, values, payload = self._message()
            self._wait_s = self._limits.stall_s
            if kind == END:
                return
            if kind == BROKEN:
                raise ChildError(f"the decoder failed: {values['reason']}")
            if kind != ALIVE:
                try:
                    item = to_item(kind, values, payload)
                except (ValueError, KeyError, TypeError) as error:
                    raise ChildError(f"the decoder's answer makes no sense: {error}") from error
                yield item

    def end(self) -> None:
        """Kill the process, if it still runs, and reap it."""
        self._process.kill()
        for pipe in (self._in, self._out):
            with suppress(OSError):
                pipe.close()
        try:
            self._process.wait(REAP_S)
        except subprocess.TimeoutExpired:  # it hangs in the kernel: reaped when that lets go
            Thread(target=self._process.wait, daemon=True).start()

    def _tell(self, request: Mapping[str, Any]) -> None:
        try:
            self._in.write(json.dumps(request).encode() + b"\n")
            self._in.flush()
        except OSError as error:
            raise ChildError(self._how_it_ended()) from error

    def _message(self) -> tuple[str, Mapping[str, Any], bytearray]:
        header_size, payload_size = LENGTHS.unpack(self._read(LENGTHS.size))
        most = max(self._limits.max_pixels * BYTES_A_PIXEL, MAX_HEADER)
        if header_size > MAX_HEADER or payload_size > most:
            raise ChildError("the decoder's answer makes no sense: it is too long")
        try:
            kind, values = json.loads(self._read(header_size))
        except ValueError as error:
            raise ChildError(f"the decoder's answer makes no sense: {error}") from error
        return kind, values, self._read(payload_size)

    def _read(self, size: int) -> bytearray:
        content = bytearray(size)
        left = memoryview(content)
        while left:
            if not self._poll.poll(self._wait_s * 1000):
                raise ChildError(
                    f"the decoder gave no sign of life for {self._wait_s:g} s (--limit stall_s=N)"
                )
            count = os.readv(self._out.fileno(), [left])
            if count == 0:
                raise ChildError(self._how_it_ended())
            left = left[count:]
        return content

    def _how_it_ended(self) -> str:
        try:
            code = self._process.wait(REAP_S)
        except subprocess.TimeoutExpired:
            return "the decoder closed its side and hangs"
        if code == -signal.SIGXCPU:
            return (
                "decoding takes more CPU time than the limits cpu_floor_s = "
                f"{self._limits.cpu_floor_s:g} and cpu_s_per_media_s = "
                f"{self._limits.cpu_s_per_media_s:g} allow; raise them to read on "
                "(--limit cpu_floor_s=N, --limit cpu_s_per_media_s=N)"
            )
        if code < 0:
            return f"the decoder crashed ({_signal_name(-code)})"
        return f"the decoder ended by itself (exit code {code})"


class Spare:
    """At most one process that has answered, kept a little for the next call for its file."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: tuple[str, Child, Timer] | None = None

    def take(self, path: str) -> Child | None:
        with self._lock:
            kept, self._kept = self._kept, None
        if kept is None:
            return None
        of_path, child, timer = kept
        timer.cancel()
        if of_path == path and child.running:
            return child
        child.end()
        return None

    def keep(self, path: str, child: Child) -> None:
        timer = Timer(SPARE_S, self._expire, (child,))
        timer.daemon = True
        with self._lock:
            before, self._kept = self._kept, (path, child, timer)
        timer.start()
        if before is not None:
            before[2].cancel()
            before[1].end()

    def clear(self) -> None:
        """End what is kept."""
        with self._lock:
            kept, self._kept = self._kept, None
        if kept is not None:
            kept[2].cancel()
            kept[1].end()

    def _expire(self, child: Child) -> None:
        with self._lock:
            if self._kept is None or self._kept[1] is not child:
                return
            self._kept = None
        child.end()


def _environment() -> dict[str, str]:
    """The caller's, with this package found where the caller found it."""
    home = str(Path(__file__).parents[3])
    paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",  # each takes 64 MiB of address space
    }


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
