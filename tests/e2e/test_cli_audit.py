"""`kuavi audit` and `kuavi repair` from arguments to output, with models that name colours."""

import shutil
from pathlib import Path

import pytest
from typer.testing import Result

from kuavi.apps.cli.exits import Exit
from tests.e2e.test_cli import day, kuavi_run, lines, value


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library of `day.mkv`, put into words as far as the fakes can."""
    folder = tmp_path_factory.mktemp("audit")
    day(folder / "day.mkv")
    on = ("-l", folder / "lib", "--preset", "fake")
    assert kuavi_run("index", folder / "day.mkv", *on).exit_code == 0
    nothing = kuavi_run("audit", "day.mkv", *on)
    assert nothing.exit_code == Exit.FAILED
    assert "nothing is said of it yet" in nothing.stderr
    ran = kuavi_run("enhance", "day.mkv", *on, "--caption-preset", "fake", "--mode", "full")
    assert ran.exit_code == 0, ran.output
    return folder


def run(folder: Path, command: str, *options: object) -> Result:
    return kuavi_run(command, "day.mkv", "-l", folder / "lib", "--preset", "fake", *options)


def test_audit_shows_signals_the_worst_and_what_to_do(described: Path) -> None:
    shown = run(described, "audit", "--worst", 2)
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.startswith("day.mkv: 3 annotations, 14 captions, 7 show nothing; ")
    assert "of 3 annotations" in shown.stdout
    assert "of 11 captions" in shown.stdout
    assert "visual alignment" in shown.stdout
    assert shown.stdout.count("format compliance: ") == 2
    assert "kuavi repair day.mkv --caption-preset" in shown.stderr


def test_audit_as_json_has_every_value(described: Path) -> None:
    told = value(run(described, "audit", "--json", "--worst", 3))
    assert told["coverage"]["scenes"] == 3
    assert {one["told"] for one in told["judged"]} == {"annotation", "caption"}
    flags = sum(s["low"] for one in told["judged"] for s in one["signals"])
    assert told["flags"] == flags > 0
    lows = [s for one in told["judged"] for s in one["signals"] if s["low"]]
    assert all(signal["reason"] for signal in lows)
    totals = {one["node"]: one["total"] for one in told["judged"]}
    assert len(told["worst"]) == 3
    assert max(totals[node] for node in told["worst"]) <= sorted(totals.values())[3]
    for kind, figures in told["signals"].items():
        for figure in figures:
            mine = [one for one in told["judged"] if one["told"] == kind]
            values = [
                s["value"] for one in mine for s in one["signals"] if s["name"] == figure["name"]
            ]
            assert figure["measured"] == len(values)
            assert figure["mean"] == pytest.approx(sum(values) / len(values))


def test_repair_tells_what_it_tried_and_what_it_cost(described: Path, tmp_path: Path) -> None:
    shutil.copytree(described / "lib", tmp_path / "lib")
    options = ("--caption-preset", "fake", "--below", 0.9, "--worst", 3)
    before = value(run(tmp_path, "audit", "--json"))
    *_, told = lines(run(tmp_path, "repair", *options, "--json"))
    assert told["event"] == "result"
    assert 0 < len(told["attempts"]) <= 3
    assert told["spent"]["calls"] > 0
    after = value(run(tmp_path, "audit", "--json"))
    kept = {one["node"] for one in told["attempts"] if one["kept"]}
    texts = [
        {one["node"]: (one["text"], one["action"]) for one in each["judged"]}
        for each in (before, after)
    ]
    assert {node for node in texts[0] if texts[0][node] != texts[1][node]} <= kept
    again = run(tmp_path, "repair", *options)
    assert " -> " in again.stdout
    assert "day.mkv: " in again.stdout.splitlines()[-1]


def test_a_budget_of_nothing_asks_nothing(described: Path) -> None:
    options = ("--caption-preset", "fake", "--below", 0.9, "--max-calls", 0)
    stopped = run(described, "repair", *options)
    assert stopped.exit_code == Exit.FAILED
    assert "stopped: " in stopped.stdout
    assert "; 0 calls" in stopped.stdout


def test_repair_without_a_model_or_with_odd_numbers_is_wrong_usage(described: Path) -> None:
    none = run(described, "repair")
    assert none.exit_code == Exit.USAGE
    assert "--caption-preset" in none.stderr
    assert run(described, "repair", "--caption-preset", "fake", "--below", 2).exit_code == 2
    assert run(described, "repair", "--worst", 0).exit_code == 2
    missing = kuavi_run("audit", "none.mkv", "-l", described / "lib", "--preset", "fake")
    assert missing.exit_code == Exit.NOT_FOUND


def test_repair_of_what_is_not_low_does_nothing(described: Path) -> None:
    told = run(described, "repair", "--caption-preset", "fake", "--below", 0.001)
    assert told.exit_code == 0, told.output
    assert told.stdout == "day.mkv: nothing is that low; 0 calls\n"
