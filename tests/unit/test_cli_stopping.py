"""Signals act while the interpreter itself can't."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from kuavi.apps.cli.exits import Exit
from kuavi.apps.cli.stopping import stoppable

BUSY = """
import hashlib
from kuavi.apps.cli.stopping import stoppable
with stoppable():
    print("ready", flush=True)
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2_000_000_000)  # native code for many minutes
"""


@pytest.fixture
def busy() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", BUSY], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        yield running
        running.kill()


def test_the_first_signal_is_answered_and_the_second_ends_at_once(
    busy: subprocess.Popen[str],
) -> None:
    assert busy.stderr is not None
    busy.send_signal(signal.SIGINT)
    assert busy.stderr.readline() == "\n"
    assert "Ctrl-C again stops at once" in busy.stderr.readline()
    assert busy.poll() is None
    busy.send_signal(signal.SIGTERM)
    assert busy.wait(timeout=30) == Exit.STOPPED


def test_a_signal_asks_and_everything_is_put_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    threads = threading.active_count()
    with stoppable() as asked:
        assert not asked.is_set()
        signal.raise_signal(signal.SIGINT)
        assert asked.wait(30)
    assert signal.getsignal(signal.SIGINT) == before
    assert signal.set_wakeup_fd(-1) == -1
    assert threading.active_count() == threads
