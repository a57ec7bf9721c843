"""The engine that becomes fast: who asks never waits and never sees a difference."""

import importlib.util
from threading import Event

import numpy as np
import pytest

from kuavi.apps.wiring.warming import Warming, compiled
from kuavi.domain.sketch import IN_NUMPY, Engine, asked, scanned, sketch_of
from kuavi.domain.space import unit

ROWS = unit(np.random.default_rng(0).standard_normal((50, 70)).astype(np.float32))
SKETCH = sketch_of(ROWS)
QUESTION = asked(SKETCH, ROWS[3])
READ = scanned(SKETCH, QUESTION)


def test_it_loads_once_from_the_wanted_scan_on_and_answers_meanwhile() -> None:
    begun, free = Event(), Event()

    def load() -> Engine | None:
        assert not begun.is_set()
        begun.set()
        assert free.wait(10)
        return None

    engine = Warming(load, after=3)
    wanted = IN_NUMPY.scan(SKETCH, QUESTION)
    for turn in range(8):
        found = engine.scan(SKETCH, QUESTION)
        assert [part.tolist() for part in found] == [part.tolist() for part in wanted]
        if turn < 2:
            assert not begun.is_set()
    assert begun.wait(10)
    free.set()
    engine.wait()


@pytest.mark.skipif(not importlib.util.find_spec("numba"), reason="numba is not installed")
def test_what_is_compiled_answers_the_same() -> None:
    engine = Warming(compiled, after=1)
    before = engine.scan(SKETCH, QUESTION)
    engine.wait()
    after = engine.scan(SKETCH, QUESTION)
    assert [part.tolist() for part in after] == [part.tolist() for part in before]
    rows = np.arange(0, 50, 3)
    assert (
        engine.finer(SKETCH, QUESTION, rows, READ).tolist()
        == IN_NUMPY.finer(SKETCH, QUESTION, rows, READ).tolist()
    )
