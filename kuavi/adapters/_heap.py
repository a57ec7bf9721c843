"""The C library's heap, which keeps what a library's threads have freed."""

import ctypes
from collections.abc import Callable
from contextlib import suppress
from functools import cache


def trim() -> None:
    """Return freed memory of all threads to the system; takes milliseconds.

    Nothing where the C library is not glibc.
    """
    _malloc_trim()(0)


@cache
def _malloc_trim() -> Callable[[int], int]:
    with suppress(OSError, AttributeError):
        found: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
        return found
    return int
