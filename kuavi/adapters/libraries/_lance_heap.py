"""What writing and reading leave in the heaps of Arrow and the C library goes to the system."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from kuavi.adapters._heap import trim

OFTEN_BYTES = 4 << 20
"""So much is written between two times, for a call takes milliseconds."""


def thrifty(batches: Iterator[Any]) -> Iterator[Any]:
    """The batches; what writing them left goes back after each `OFTEN_BYTES` of them."""
    written = 0
    for batch in batches:
        written += batch.nbytes
        yield batch
        if written >= OFTEN_BYTES:
            written = 0
            give_back()


def give_back() -> None:
    """Return freed memory of all threads to the system.

    Lance frees what it wrote in threads of its own, where it would stay: some 30 MB after an hour's
    keyframes.  Where the C library is not glibc, only Arrow's is returned.
    """
    pa.default_memory_pool().release_unused()
    trim()
