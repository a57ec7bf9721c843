"""Ctrl-C and SIGTERM during an index run: the first asks it to stop, the second ends it at once.

A Python signal handler waits for the interpreter, which may sit in a model's native code for
seconds.  So signals are also written to a pipe, and a thread that reads it acts at once.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from types import FrameType

from kuavi.apps.cli.exits import Exit

SIGNALS = (signal.SIGINT, signal.SIGTERM)
NOTE = b"\nstopping after this step; Ctrl-C again stops at once\n"
SHOW_CURSOR = b"\x1b[?25h"


@contextmanager
def stoppable() -> Iterator[Event]:
    """The event is set by the first signal; the second ends the process with code 130.

    That is safe: whatever the library has not committed by then is not there for anybody.
    """
    asked = Event()
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    watcher = Thread(target=_watch, args=(reader, asked), daemon=True)
    handlers = {number: signal.signal(number, _ignore) for number in SIGNALS}
    wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    watcher.start()
    try:
        yield asked
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        os.close(writer)
        watcher.join()
        os.close(reader)


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Some Python handler must be there for the signal to be written to the pipe."""


def _watch(reader: int, asked: Event) -> None:
    """Until the pipe's other end is closed."""
    while number := os.read(reader, 1):
        if number[0] not in SIGNALS:
            continue
        if asked.is_set():
            _end()
        asked.set()
        _tell(NOTE)


def _end() -> None:
    if sys.__stderr__ is not None and sys.__stderr__.isatty():
        _tell(SHOW_CURSOR)  # the bars hide it
    os._exit(Exit.STOPPED)


def _tell(note: bytes) -> None:
    """Straight to the terminal: the stream may be in use."""
    try:
        os.write(2, note)
    except OSError:
        return
