"""`kuavi anticipate`, `predict`, `coherence` from arguments to output, with the preset `fake`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from kuavi.apps.cli.exits import Exit
from kuavi.apps.cli.main import app
from tests.media import write_clip
from tests.worlds import DAY, FPS, Shot, film

Run = Callable[..., Result]
BASELINES = ["persistence", "nearest neighbour"]


def kuavi_run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments], prog_name="kuavi")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`day.mkv` (red, green, blue) and `odd.mkv`: red with two seconds of blue put in."""
    folder = tmp_path_factory.mktemp("foresight")
    odd = film(Shot("red", 6), Shot("blue", 2), Shot("red", 6))
    for name, clip in (("day", DAY), ("odd", odd)):
        write_clip(folder / f"{name}.mkv", [pixels for _, pixels in clip.frames], FPS)
    options = ("--preset", "fake", "-l", folder / "lib", "--tier", "scan")
    run = kuavi_run("index", folder / "day.mkv", folder / "odd.mkv", *options)
    assert run.exit_code == 0, run.output
    return folder


@pytest.fixture
def run(place: Path) -> Run:
    def on_library(command: str, *arguments: object) -> Result:
        return kuavi_run(command, *arguments, "-l", place / "lib", "--preset", "fake")

    return on_library


def value(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_coherence_tells_what_breaks_the_flow_and_by_what(run: Run) -> None:
    told = run("coherence", "odd")
    assert told.exit_code == 0
    assert "foreign segment" in told.stdout
    assert "0:06.0" in told.stdout
    assert "judged by heuristic (persistence: the step before stays)" in told.stdout
    assert "no predictor in this preset" in told.stderr
    assert "kuavi sheet odd --at 0:07.0" in told.stderr


def test_coherence_as_json_and_as_a_picture(run: Run, tmp_path: Path) -> None:
    told = value(run("coherence", "odd", "--plot", tmp_path / "curve.png", "--json"))
    (flag,) = told["flags"]
    assert flag["kind"] == "foreign segment"
    assert flag["span"] == pytest.approx([6, 8])
    assert 0 < flag["p"] <= 0.05
    assert told["method"] == "persistence"
    assert [one["method"] for one in told["baselines"]] == ["linear continuation"]
    assert len(told["moments"]) > 30
    assert told["plot"] == str(tmp_path / "curve.png")
    with Image.open(told["plot"]) as picture:
        assert picture.size == (1200, 420)


def test_coherence_of_a_stretch(run: Run) -> None:
    part = value(run("coherence", "odd", "--span", "0-5", "--json"))
    assert part["flags"] == []
    assert all(moment["at_s"] < 5 for moment in part["moments"])
    assert "nothing breaks the flow" in run("coherence", "odd", "--span", "0-5").stdout


def test_the_most_surprising_scenes_are_a_summary(run: Run) -> None:
    told = value(run("coherence", "odd", "--summary", "2", "--json"))
    assert told["of"] == 3
    assert [one["scene"][0] for one in told["scenes"]] == pytest.approx([6, 8], abs=0.4)
    assert all(one["z"] > 6 for one in told["scenes"])
    assert told["evidence"].startswith("heuristic (persistence")
    shown = run("coherence", "odd", "--summary", "1").stdout
    assert shown.startswith("1 of 3 scenes")
    assert "most surprising at 0:0" in shown
    refused = run("coherence", "odd", "--summary", "1", "--span", "0-5")
    assert refused.exit_code == Exit.USAGE
    assert "leave out --span" in refused.stderr


def test_anticipate_ranks_scenes_beside_baselines(run: Run) -> None:
    told = value(run("anticipate", "day", "--at", "0:02", "--horizon", "2", "--json"))
    assert [told["method"], *(one["method"] for one in told["baselines"])] == BASELINES
    assert told["evidence"].startswith("heuristic (persistence")
    assert told["extrapolated"] is False
    assert told["through"] is None
    scores = [one["score"] for one in told["candidates"]]
    assert scores == sorted(scores, reverse=True)
    assert all(c["title"] == "odd.mkv" or c["scene"][0] >= 2 for c in told["candidates"])
    shown = run("anticipate", "day", "--at", "0:02")
    assert "beside it, nearest neighbour  heuristic (what followed" in shown.stdout
    assert "kuavi predict day --at 0:02.0" in shown.stderr


def test_predict_tells_each_step(run: Run) -> None:
    told = value(run("predict", "day", "--at", "2", "--horizon", "1.2", "-n", "1", "--json"))
    assert [told["method"], *(one["method"] for one in told["baselines"])] == BASELINES
    assert [step["span"][0] for step in told["steps"]] == pytest.approx([2.0, 2.4, 2.8])
    assert all(step["alike"][0]["title"] == "odd.mkv" for step in told["steps"])
    shown = run("predict", "day", "--at", "2").stdout
    assert "came true" in shown
    assert "like odd.mkv" in shown


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("anticipate", "day", "--at", "2", "-c", "red"), Exit.FAILED, "40 pairs"),
        (("anticipate", "day", "--at", "99"), Exit.FAILED, "the video ends at 0:10.0"),
        (("predict", "day", "--at", "0"), Exit.USAGE, "must be > 0"),
        (("predict", "day", "--at", "2", "--horizon", "1:00:00"), Exit.USAGE, "must be <= 600"),
        (("coherence", "gone"), Exit.NOT_FOUND, "no such video"),
        (("coherence", "day", "--span", "50-60"), Exit.FAILED, "the video ends before it"),
        (("anticipate", "day"), Exit.USAGE, "--at"),
        (("predict", "day", "--at", "soon"), Exit.USAGE, "is no time"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(
    run: Run, arguments: tuple[str, ...], code: Exit, message: str
) -> None:
    told = run(*arguments)
    assert told.exit_code == code
    assert message in told.stderr
    assert "Traceback" not in told.stderr
