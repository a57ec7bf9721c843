"""Whole runs that are killed or that the disk refuses: a short crash table, see `bench.crash`."""

import tempfile
from pathlib import Path

import pytest

from bench.crash import trials
from bench.crash_cases import Place
from bench.crash_trial import Known, Trial

KILLS = 16
CASES = ("index", "settings", "remove", "compact")


@pytest.fixture(scope="module")
def done() -> list[tuple[Known, Trial]]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # one fault needs another user
        return list(trials(Place(Path(folder)), CASES, KILLS, faults=1, seed=20260101))


def test_nothing_is_lost(done: list[tuple[Known, Trial]]) -> None:
    assert [trial for _, trial in done if trial.verdict == "lost"] == []


def test_operations_were_interrupted_at_different_steps(done: list[tuple[Known, Trial]]) -> None:
    kills = [(known, t) for known, t in done if t.fault.kind == "kill" and t.met]
    assert len(kills) > KILLS / 2
    midway = {(t.case, t.stages) for known, t in kills if 0 < t.stages < len(known.states) - 1}
    assert len(midway) > 1


def test_faults_other_than_a_kill_were_met(done: list[tuple[Known, Trial]]) -> None:
    """Not each kind: one that comes while a commit is tidied up is logged, and costs nothing."""
    assert len({trial.fault.kind for _, trial in done if trial.met} - {"kill"}) >= 2
