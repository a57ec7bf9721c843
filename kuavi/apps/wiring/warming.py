"""The compiled engine of sketches, loaded aside while queries are answered without it."""

import logging
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from threading import Lock, Thread

import numpy as np

from kuavi.domain.layers import Indices
from kuavi.domain.sketch import (
    IN_NUMPY,
    Asked,
    Counts,
    Engine,
    Scanned,
    Sketch,
    Vector,
    asked,
    rescanned,
    scanned,
    sketch_of,
)
from kuavi.domain.space import unit

AFTER = 4
"""Who has asked so often in one process will ask again: loading takes 0.7 s of CPU time, as long as
some 100 queries without it; compiling, where numba finds no cache of its own, twice that."""

_log = logging.getLogger(__name__)


def compiled() -> Engine | None:
    """The compiled engine, ready; None where numba is not installed or does not fit numpy."""
    if not find_spec("numba"):
        return None
    try:
        engine: Engine = import_module("kuavi.domain.sketch_kernel").Compiled()
    except ImportError as error:
        _log.warning("search goes on without numba: %s", error)
        return None
    rows = unit(np.eye(3, 130, dtype=np.float32) + np.float32(0.1))
    sketch = sketch_of(rows)
    query = asked(sketch, rows[0])
    read = rescanned(sketch, query, scanned(sketch, query, engine), engine)
    engine.finer(sketch, query, np.arange(3), read)
    return engine


class Warming:
    """An engine that is numpy's at first and, some queries later, what `load` gives.

    Loading is done by a thread of its own, begun by the scan number `after`; no query waits for it.
    """

    def __init__(self, load: Callable[[], Engine | None] = compiled, after: int = AFTER) -> None:
        self._load = load
        self._left = after
        self._engine: Engine = IN_NUMPY
        self._thread: Thread | None = None
        self._lock = Lock()

    def scan(self, sketch: Sketch, query: Asked) -> tuple[Counts, Vector]:
        if self._left:
            self._count()
        return self._engine.scan(sketch, query)

    def rest(self, sketch: Sketch, query: Asked, first: Counts) -> tuple[Counts, Vector]:
        return self._engine.rest(sketch, query, first)

    def finer(self, sketch: Sketch, query: Asked, rows: Indices, read: Scanned) -> Vector:
        return self._engine.finer(sketch, query, rows, read)

    def wait(self) -> None:
        """Until loading has ended, if it has begun."""
        if self._thread is not None:
            self._thread.join()

    def _count(self) -> None:
        with self._lock:
            self._left = max(self._left - 1, 0)
            if self._left or self._thread is not None:
                return
            self._thread = Thread(target=self._warm, name="kuavi-sketch-engine")
            self._thread.start()

    def _warm(self) -> None:
        loaded = self._load()
        if loaded is not None:
            self._engine = loaded
