"""The C library's heap while videos are indexed."""

import ctypes
from contextlib import suppress

M_MMAP_THRESHOLD = -3
"""mallopt(3): an allocation from this size on is a mapping of its own."""
LARGE_BYTES = 1 << 20
"""Above a sampled picture: each of those as a mapping of its own would cost CPU time."""


def give_back_large() -> None:
    """Have glibc return large blocks to the system as soon as they are freed, in this process.

    Left alone it raises the size that counts as large up to 32 MB, and what was freed below that
    stays with the thread that had it: after writing an hour's keyframes, 60 MB.  Where the C
    library is another one, nothing changes.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)
