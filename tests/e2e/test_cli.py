"""The command line from its arguments to its output, on a small video, with the preset `fake`."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import kuavi
from kuavi.apps.cli.exits import Exit
from kuavi.apps.cli.main import app
from tests.media import grey_ramp, real_clip, write_clip
from tests.worlds import DAY, FPS

ROOT = Path(kuavi.__file__).parents[1]
HEAVY = {"av", "lancedb", "numpy", "onnxruntime", "pyarrow", "sklearn", "torch", "transformers"}
MAIN = "from kuavi.apps.cli.main import main; main()"

Run = Callable[..., Result]


def kuavi_run(*arguments: object, given: str | None = None) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments], input=given, prog_name="kuavi")


def day(path: Path) -> Path:
    """The film `DAY` as a file: red (speech), green (EXIT 12), blue (speech, HARBOUR)."""
    return write_clip(path, [pixels for _, pixels in DAY.frames], FPS, DAY.samples)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `day.mkv` and the library `lib` that it is indexed in."""
    folder = tmp_path_factory.mktemp("cli")
    day(folder / "day.mkv")
    run = kuavi_run("--preset", "fake", "index", folder / "day.mkv", "-l", folder / "lib")
    assert run.exit_code == 0, run.output
    assert "+ day.mkv: 10.0 s, 3 scenes, 7 words said, 2 lines on screen; made 9" in run.stdout
    return folder


@pytest.fixture
def run(place: Path) -> Run:
    """Run on the indexed library."""

    def on_library(command: str, *arguments: object) -> Result:
        return kuavi_run(command, *arguments, "-l", place / "lib", "--preset", "fake")

    return on_library


@pytest.fixture
def own(place: Path, tmp_path: Path) -> Path:
    """A copy of the library that may be changed."""
    return shutil.copytree(place / "lib", tmp_path / "lib")


def value(result: Result) -> Any:
    """The one JSON value on stdout."""
    return json.loads(result.stdout)


def lines(result: Result) -> list[Any]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_probe_is_trained_and_used(run: Run, tmp_path: Path) -> None:
    spans = ["0,1.5,red", "1.5,3,red", "3,5,green", "5,7,green", "7,8.5,blue", "8.5,10,blue"]
    table = tmp_path / "labels.csv"
    table.write_text("\n".join(["video,start,end,label", *(f"day.mkv,{s}" for s in spans)]))
    probe = tmp_path / "colours.safetensors"
    trained = run("probe", "train", table, "--output", probe)
    assert trained.exit_code == 0, trained.output
    assert "learned 3 labels from 3 spans; right on 3 of 3 held out (by span)" in trained.stdout
    told = value(run("classify", "day.mkv", "--probe", probe, "--json", "--top", 1))
    named = [(one["span"], one["labels"][0]["label"]) for one in told["spans"]]
    assert named == [([0, 3], "red"), ([3, 7], "green"), ([7, 10], "blue")]
    assert told["calibrated"] is False
    shown = run("classify", "day.mkv", "--probe", probe, "--span", "3.5-6")
    assert shown.stdout.startswith("0:03.5\N{EN DASH}0:06.0  green ")


def test_what_cannot_be_classified_is_told(run: Run, tmp_path: Path) -> None:
    unreleased = run("classify", "day.mkv", "--task", "coin")
    assert unreleased.exit_code == Exit.NO_MODEL
    assert "train your own" in unreleased.stderr
    assert run("classify", "day.mkv", "--task", "nonsense").exit_code == Exit.USAGE
    assert run("classify", "day.mkv").exit_code == Exit.USAGE
    no_probe = run("classify", "day.mkv", "--probe", tmp_path / "none")
    assert no_probe.exit_code == Exit.NOT_FOUND
    assert run("probe", "train", tmp_path / "none.csv").exit_code == Exit.NOT_FOUND


def test_indexing_again_has_nothing_to_do(run: Run, place: Path) -> None:
    again = run("index", place / "day.mkv")
    assert again.exit_code == 0
    assert again.stdout.endswith("nothing to do\n")


def test_tier_deep_tells_the_size_of_feature_maps_and_keeps_them(own: Path, place: Path) -> None:
    options = (place / "day.mkv", "-l", own, "--preset", "fake")
    deep = kuavi_run("index", *options, "--tier", "deep")
    assert deep.exit_code == 0, deep.output
    assert "feature maps (pooled): 4 of 8 x 4 x 4 x 13, about 13.3 kB" in deep.stderr
    assert "made features, kept 9" in deep.stdout
    raw = kuavi_run("index", *options, "--tier", "deep", "--maps", "raw")
    assert "feature maps (raw): 4 of 8 x 6 x 6 x 13, about 30.0 kB" in raw.stderr
    assert "deep" in kuavi_run("videos", "-l", own).stdout
    assert kuavi_run("index", *options, "--maps", "raw").exit_code == Exit.USAGE


def test_index_events_are_one_json_object_a_line(own: Path, place: Path) -> None:
    shutil.copy(place / "day.mkv", own.parent / "again.mkv")
    text = own.parent / "text.mp4"
    text.write_text("no video")
    options = ("-l", own, "--preset", "fake", "--json")
    events = kuavi_run("index", own.parent / "again.mkv", text, "gone.mp4", *options)
    assert events.exit_code == Exit.FAILED
    told = lines(events)
    results = {Path(e["path"]).name: e for e in told if e["event"] == "result"}
    assert {name: result["ok"] for name, result in results.items()} == {
        "again.mkv": True,
        "text.mp4": False,
        "gone.mp4": False,
    }
    assert len(results["again.mkv"]["kept"]) == 9
    assert results["text.mp4"]["problem"].startswith(str(text))
    assert {"video_started", "stages_planned", "video_done"} <= {e["event"] for e in told}
    assert told[-1] == {"event": "end", "ok": 1, "failed": 2, "stopped": False, "exit_code": 1}


def test_a_file_that_fails_is_told_once_and_where_problems_are_told(own: Path, place: Path) -> None:
    text = own.parent / "text.mp4"
    text.write_text("no video")
    run = kuavi_run("index", place / "day.mkv", text, "gone.mp4", "-l", own, "--preset", "fake")
    assert run.exit_code == Exit.FAILED
    assert run.stdout.count("\n") == 1
    assert run.stdout.startswith("= day.mkv")
    for name in ("text.mp4", "gone.mp4"):
        assert sum(f"{name}: failed: " in line for line in run.stderr.splitlines()) == 1
    assert "1 up to date, 2 failed" in run.stderr


def test_the_events_of_a_real_clip_tell_how_far_it_is_and_never_go_back(tmp_path: Path) -> None:
    options = ("-l", tmp_path / "lib", "--preset", "fake", "--json")
    began_s = monotonic()
    scan = lines(kuavi_run("index", real_clip("bikes"), "--tier", "scan", *options))
    took_s = monotonic() - began_s
    rest = lines(kuavi_run("index", real_clip("bikes"), *options))
    for told in (scan, rest):
        fractions = [e["fraction"] for e in told if "fraction" in e]
        assert fractions == sorted(fractions)
        assert fractions[-1] == 1
        lefts = [e["left_s"] for e in told if e.get("left_s") is not None]
        assert all(left >= 0 for left in lefts)
        assert lefts[-1] == 0
    planned = [next(e for e in told if e["event"] == "stages_planned") for told in (scan, rest)]
    assert planned[0]["fraction"] == 0
    assert 0.3 < planned[1]["fraction"] < 0.9
    ticks = [e for e in scan if e["event"] == "advanced"]
    frames = [e["frames"] for e in ticks]
    assert frames == sorted(frames)
    assert 240 <= frames[-1] <= 250
    rates = [e["frames_per_s"] for e in ticks if e["frames_per_s"] is not None]
    assert all(rate >= 0.9 * frames[0] / took_s for rate in rates)
    assert all(e["left_s"] is None or e["left_s"] < 20 * took_s for e in ticks)


def test_a_profile_tells_where_time_and_memory_went(own: Path, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "short.mkv", [p for _, p in DAY.frames[:40]], FPS)
    options = ("-l", own, "--preset", "fake", "--profile")
    told = kuavi_run("index", clip, *options)
    assert told.exit_code == 0
    table = {row[:22].strip(): row[22:].split() for row in told.stdout.splitlines()[1:8]}
    assert list(table)[1:] == ["open", "look at pictures", "tree", "transcript", "screen", "text"]
    assert all(float(cpu_s) >= 0 and float(mb) > 10 for cpu_s, _, mb in table.values())
    event = lines(kuavi_run("index", clip, "--json", *options))[-2]
    assert event["event"] == "profile"
    assert [part["part"] for part in event["parts"]] == ["start and load models", "open", "rest"]
    assert event["cpu_s"] == pytest.approx(sum(part["cpu_s"] for part in event["parts"]))
    assert kuavi_run("index", clip, "--jobs", "2", *options).exit_code == 2


def test_several_jobs_index_a_folder_as_one_does(tmp_path: Path) -> None:
    for n in range(4):
        write_clip(tmp_path / f"{n}.mkv", [p for _, p in DAY.frames[n : n + 20]], FPS)
    (tmp_path / "4.mkv").write_text("no video")
    results = []
    for jobs in (1, 3):
        library = tmp_path / f"lib{jobs}"
        run = kuavi_run(
            *("--preset", "fake", "index", tmp_path, "-l", library, "--json", "--jobs", jobs)
        )
        assert run.exit_code == Exit.FAILED  # for the one that is no video
        told = [e for e in lines(run) if e["event"] == "result"]
        results.append({e["path"]: (e["ok"], e["problem"], e["done"]) for e in told})
    assert results[0] == results[1]
    assert sum(ok for ok, _, _ in results[0].values()) == 4


def test_a_scan_makes_no_words_and_a_later_run_adds_them(own: Path, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "short.mkv", [p for _, p in DAY.frames[:40]], FPS)
    options = ("-l", own, "--preset", "fake")
    scan = kuavi_run("index", clip, "--tier", "scan", *options)
    assert scan.exit_code == 0
    assert "2 scenes; made 6 stages" in scan.stdout
    unread = kuavi_run("transcript", "short", *options)
    assert (unread.exit_code, unread.stdout) == (Exit.FAILED, "")
    whole = kuavi_run("index", clip, *options)
    assert "made transcript, screen, text, kept 6" in whole.stdout
    assert "gap in transcript: the file has no sound" in whole.stdout
    assert kuavi_run("transcript", "short", *options).stdout == (
        "nothing is said: the file has no sound\n"
    )


def test_search_finds_what_is_seen_said_and_written(run: Run) -> None:
    for query, scene, field in (
        ("a green wall", "0:03.0", "visual"),
        ("boat", "0:07.0", "transcript"),
        ("EXIT 12", "0:03.0", "screen"),
    ):
        found = run("search", query, "--field", field, "-n", 1)
        assert found.exit_code == 0
        assert found.stdout.startswith(f"1  {scene}")
        assert f" {field}" in found.stdout
    assert "kuavi sheet day.mkv --at 0:0" in run("search", "boat").stderr


def test_search_json_holds_every_match_with_its_evidence(run: Run) -> None:
    found = value(run("search", "harbour", "--json"))
    best = found["hits"][0]
    assert best["scene"] == pytest.approx([7.0, 10.0], abs=0.01)
    assert {m["field"]: m["text"] for m in best["matches"]}["screen"] == "HARBOUR"
    assert all(m["evidence"] for hit in found["hits"] for m in hit["matches"])
    assert found["searched"] == ["visual", "transcript", "screen"]
    assert "no captions" in found["notes"][0]


def test_search_without_hits_says_so_and_is_no_failure(run: Run) -> None:
    nothing = run("search", "zebra", "--field", "transcript")
    assert (nothing.exit_code, nothing.stdout) == (0, "nothing found\n")


def test_search_takes_pictures_examples_and_filters(run: Run, tmp_path: Path) -> None:
    sheet = tmp_path / "green.png"
    assert run("sheet", "day", "--at", "0:05", "-o", sheet).exit_code == 0
    like = value(run("search", "--image", sheet, "-n", 1, "--json"))["hits"][0]
    assert like["scene"] == pytest.approx([3.0, 7.0], abs=0.01)
    example = value(run("search", "--like", "day", "--span", "0-3", "--json"))["hits"]
    assert [hit["scene"][0] >= 3 for hit in example] == [True, True]
    late = value(run("search", "a", "--within", "8-9", "--video", "day", "--diverse", "--json"))
    assert [hit["scene"] for hit in late["hits"]] == [pytest.approx([7.0, 10.0], abs=0.01)]
    whole = value(run("search", "red", "--scene-length", "0:30", "--json"))["hits"]
    assert len(whole) == 1


def test_search_writes_a_sheet_of_its_hits(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "hits.png"
    found = value(run("search", "red", "--sheet", out, "--json"))
    assert out.read_bytes().startswith(b"\x89PNG")
    assert found["sheet"]["path"] == str(out)
    assert len(found["sheet"]["times_s"]) == len(found["hits"])


def test_scenes_tile_the_video_at_every_level(run: Run) -> None:
    assert [line[:16] for line in run("scenes", "day").stdout.splitlines() if line[0] != " "] == [
        "1  0:00.0\N{EN DASH}0:03.0",
        "2  0:03.0\N{EN DASH}0:07.0",
        "3  0:07.0\N{EN DASH}0:10.0",
    ]
    for options in ([], ["--count", 2], ["--typical", "0:05"]):
        scenes = value(run("scenes", "day", *options, "--json"))["scenes"]
        spans = [scene["span"] for scene in scenes]
        assert spans[0][0] == 0
        assert spans[-1][1] == pytest.approx(10.0, abs=0.01)
        assert all(a[1] == b[0] for a, b in pairwise(spans))
    assert len(value(run("scenes", "day", "--count", 2, "--json"))["scenes"]) == 2


def test_the_transcript_is_read_searched_and_written_as_subtitles(run: Run) -> None:
    assert [line.split("  ")[1] for line in run("transcript", "day").stdout.splitlines()] == [
        "the red door opens",
        "the boat stops",
    ]
    found = run("transcript", "day", "--find", "Boat stops")
    assert "is said 1 time" in found.stdout
    assert run("transcript", "day", "--vtt").stdout.startswith("WEBVTT\n\n00:00:0")
    said = value(run("transcript", "day", "--find", "door", "--json"))
    assert said["found"][0]["text"] == "door"
    assert len(said["utterances"][0]["words"]) == 4


def test_a_sheet_is_written_where_it_is_asked_for(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("sheet", "day").stdout == f"{tmp_path / 'day-sheet.jpg'}\n"
    made = value(run("sheet", "day", "--span", "0-6", "--tiles", 2, "-o", "s.png", "--json"))
    assert made["path"] == str(tmp_path / "s.png")
    assert len(made["times_s"]) == 2
    at = run("sheet", "day", "--at", "1", "--at", "0:08.5", "--columns", 1)
    assert "2 pictures: 0:01.0, 0:08.5" in at.stderr


def test_videos_are_listed_and_removed_by_name(own: Path, place: Path) -> None:
    options = ("-l", own)
    assert "index  day.mkv" in kuavi_run("videos", *options).stdout
    listed = value(kuavi_run("videos", "--json", *options))
    assert [video["path"] for video in listed["videos"]] == [str(place / "day.mkv")]
    refused = kuavi_run("remove", "day", "nono", "--yes", *options)
    assert refused.exit_code == Exit.NOT_FOUND
    assert len(value(kuavi_run("videos", "--json", *options))["videos"]) == 1
    gone = kuavi_run("remove", listed["videos"][0]["id"][:6], "day", "--yes", *options)
    assert gone.stdout.startswith("removed day.mkv (")
    assert kuavi_run("videos", *options).stdout == "no videos yet\n"
    assert (place / "day.mkv").is_file()


def test_removing_needs_a_yes(run: Run) -> None:
    assert run("remove", "day").exit_code == Exit.USAGE
    assert "day.mkv" in run("videos").stdout


def test_the_doctor_tells_how_the_library_is(run: Run) -> None:
    well = run("doctor")
    assert (well.exit_code, well.stdout.splitlines()[0]) == (0, "all is well")
    health = value(run("doctor", "--json"))
    assert (health["videos"], health["findings"]) == (1, [])


FAKE_PORTS = ("shots", "joint", "clips", "text", "tagger", "transcriber", "ocr")


def test_presets_are_listed_without_a_library() -> None:
    assert "fake  installed  no weights" in kuavi_run("presets").stdout
    listed = {preset["name"]: preset for preset in value(kuavi_run("presets", "--json"))["presets"]}
    assert listed["fake"]["installed"]
    assert listed["embedded"]["ports"]["text"]["weights"][0]["licence"] == "Apache-2.0"
    assert listed["fast"]["windowing"] == {"size": 16, "stride": 8, "weighing": "alike"}
    named = listed["quality"]["windowings"]
    assert set(named) == {"reference", "wide", "apart"}
    assert named["wide"] == {"size": 64, "stride": 32, "weighing": "centre"}
    assert "classifier:ssv2" in listed["quality"]["extras"]
    gemma = kuavi_run("presets", "--model", "text=embeddinggemma-300m", "--json")
    told = {preset["name"]: preset for preset in value(gemma)["presets"]}
    assert told["fast"]["ports"]["text"]["model"] == "google/embeddinggemma-300m"


def test_the_models_of_a_preset_are_checked(tmp_path: Path) -> None:
    well = kuavi_run("doctor", "--models", "--scene-model-preset", "fake")
    assert well.exit_code == Exit.OK
    assert [line.split()[:2] for line in well.stdout.splitlines() if line.startswith("ok")] == [
        ["ok", port] for port in FAKE_PORTS
    ]
    told = value(kuavi_run("doctor", "--models", "--preset", "fake", "--json"))
    assert told["ok"]
    assert [model["port"] for model in told["models"]] == list(FAKE_PORTS)
    assert all(model["revision"] and model["took_s"] >= 0 for model in told["models"])
    assert not (tmp_path / "lib").exists()


def test_a_check_of_models_that_are_not_here_says_how_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    told = kuavi_run("doctor", "--models", "--scene-model-preset", "balanced")
    assert told.exit_code == Exit.NO_MODEL
    assert "hf download facebook/vjepa2-vith-fpc64-256 config.json" in told.stdout
    assert "Traceback" not in told.output
    folder = f"google/siglip2-base-patch16-256={tmp_path}"
    listed = kuavi_run("doctor", "--models", "--preset", "balanced", "--weights", folder, "--json")
    joint = next(model for model in value(listed)["models"] if model["port"] == "joint")
    assert str(tmp_path / "config.json") in joint["problems"][0]


def test_indexing_without_the_presets_weights_ends_before_any_work(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    options = ("-l", tmp_path / "lib", "--scene-model-preset", "fast")
    told = kuavi_run("index", place / "day.mkv", *options)
    assert told.exit_code == Exit.NO_MODEL
    assert told.stdout == ""
    assert len(told.stderr.strip().splitlines()) == 1
    assert "facebook/vjepa2-vitl-fpc64-256" in told.stderr


def test_options_stand_before_or_after_the_command(place: Path) -> None:
    library = place / "lib"
    before = kuavi_run("--library", library, "--json", "videos")
    after = kuavi_run("videos", "--json", "--library", library)
    assert value(before) == value(after)
    assert kuavi_run("-l", "nowhere", "videos", "-l", library).exit_code == 0


def test_the_library_may_come_from_the_environment(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUAVI_LIBRARY", str(place / "lib"))
    assert "day.mkv" in kuavi_run("videos").stdout


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (Exit.FAILED, ["search", "x", "--field", "temporal"]),
        (Exit.FAILED, ["sheet", "day", "--span", "100-200"]),
        (Exit.USAGE, ["search"]),
        (Exit.USAGE, ["search", " "]),
        (Exit.USAGE, ["search", "x", "--field", "smell"]),
        (Exit.USAGE, ["search", "x", "--image", "y.png"]),
        (Exit.USAGE, ["search", "x", "--within", "5-2"]),
        (Exit.USAGE, ["search", "--like", "day"]),
        (Exit.USAGE, ["search", "x", "-n", "0"]),
        (Exit.USAGE, ["search", "x", "--scene-length", "0"]),
        (Exit.USAGE, ["scenes", "day", "--count", "2", "--typical", "3"]),
        (Exit.USAGE, ["sheet", "day", "--at", "soon"]),
        (Exit.USAGE, ["sheet", "day", "--at", "1", "--span", "1-2"]),
        (Exit.USAGE, ["transcript", "day", "--vtt", "--json"]),
        (Exit.USAGE, ["index", "x.mp4", "--sample-fps", "nan"]),
        (Exit.USAGE, ["index", ""]),
        (Exit.USAGE, ["index", "x.mp4", "--windowing", "best"]),
        (Exit.USAGE, ["index", "x.mp4", "--windowing", "4/8"]),
        (Exit.USAGE, ["doctor", "--models", "--repair"]),
        (Exit.USAGE, ["presets", "--weights", "no-equals-sign"]),
        (Exit.USAGE, ["videos", "--model", "text=nono"]),
        (Exit.USAGE, ["videos", "--weights", "nono=/x"]),
        (Exit.USAGE, ["videos", "--no-such-option"]),
        (Exit.NOT_FOUND, ["index", "no-such-file.mp4"]),
        (Exit.NOT_FOUND, ["scenes", "no-such-video"]),
        (Exit.NOT_FOUND, ["search", "x", "--video", "no-such-video"]),
        (Exit.NOT_FOUND, ["search", "--image", "no-such-picture.png"]),
    ],
)
def test_exit_codes(run: Run, code: Exit, arguments: list[str]) -> None:
    failed = run(*arguments)
    assert failed.exit_code == code
    assert failed.stdout == ""
    assert "Traceback" not in failed.output
    assert failed.output.strip()


def test_exit_codes_of_libraries_and_presets(place: Path, tmp_path: Path) -> None:
    library = place / "lib"
    assert kuavi_run("videos", "-l", tmp_path / "none").exit_code == Exit.NOT_FOUND
    assert kuavi_run("videos", "-l", library, "--preset", "nono").exit_code == Exit.USAGE
    assert kuavi_run().exit_code == Exit.USAGE
    missing = kuavi_run("videos", "-l", tmp_path / "none", "--json")
    assert value(missing)["error"]["kind"] == "NoLibrary"
    assert value(missing)["error"]["exit_code"] == missing.exit_code


def run_python(code: str, *arguments: object, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, **env},
    )


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import json, sys, kuavi\n"
        "from kuavi.apps.cli.main import main\n"
        "sys.argv = ['kuavi', *sys.argv[1:]]\n"
        "try:\n    main()\n"
        "finally:\n    print(json.dumps(sorted(sys.modules)), file=sys.stderr)\n"
    )
    for arguments in (["--help"], ["search", "--help"], ["--version"], ["index"]):
        told = run_python(code, *arguments)
        loaded = set(json.loads(told.stderr.splitlines()[-1]))
        assert "kuavi.apps.cli.search" in loaded
        assert loaded & HEAVY == set()


def pinned(package: str) -> bool:
    """Whether the installed version is the one of constraints.txt."""
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return f"{package}=={version(package)}" in pins


@pytest.mark.skipif(
    not (pinned("typer") and pinned("rich")), reason="other versions lay help out otherwise"
)
def test_help_as_it_is_shown(same_text: Callable[[str, str], None]) -> None:
    shown = run_python(
        MAIN, "--help", TERMINAL_WIDTH="100", COLUMNS="100", NO_COLOR="1", TERM="dumb"
    )
    assert shown.returncode == 0
    text = "\n".join(line.rstrip() for line in shown.stdout.splitlines())
    same_text("cli_help.txt", text.strip("\n") + "\n")


def test_a_missing_package_is_code_4(place: Path, tmp_path: Path) -> None:
    code = "import sys; sys.modules['onnxruntime'] = None; " + MAIN
    told = run_python(code, "index", place / "day.mkv", "-l", tmp_path / "lib")
    assert told.returncode == Exit.NO_MODEL, told.stderr
    assert "pip install" in told.stderr


def test_a_library_of_another_preset_is_code_5(place: Path) -> None:
    told = kuavi_run("search", "dog", "-l", place / "lib", "--preset", "embedded")
    assert told.exit_code == Exit.LIBRARY
    assert "--scene-model-preset that it was indexed with (fake)" in told.stderr


def test_an_internal_error_is_one_line_and_with_debug_a_traceback(place: Path) -> None:
    code = (
        "import kuavi.apps.toolbox.session as session\n"
        "def videos(self): raise RuntimeError('a bug')\n"
        "session.OpenLibrary.videos = videos\n" + MAIN
    )
    told = run_python(code, "videos", "-l", place / "lib")
    assert told.returncode == Exit.INTERNAL
    assert told.stderr == (
        "kuavi: internal error: RuntimeError: a bug (run with --debug for the traceback)\n"
    )
    debugged = run_python(code, "videos", "--debug", "-l", place / "lib")
    assert debugged.returncode == Exit.INTERNAL
    assert "Traceback" in debugged.stderr


def test_a_reader_that_stops_reading_is_no_trouble(place: Path) -> None:
    pipe = subprocess.Popen(
        [sys.executable, "-c", MAIN, "videos", "-l", str(place / "lib")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    assert pipe.stdout is not None
    assert pipe.stderr is not None
    pipe.stdout.close()
    assert (pipe.wait(), pipe.stderr.read()) == (0, b"")
    pipe.stderr.close()


@pytest.fixture
def indexing(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A run over a real clip, which has begun."""
    told = ["index", str(real_clip("bikes")), "-l", str(tmp_path / "lib"), "--preset", "fake"]
    with subprocess.Popen(
        [sys.executable, "-c", MAIN, *told],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as running:
        assert running.stderr is not None
        for line in running.stderr:
            if "to do:" in line:
                break
        yield running


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_an_index_run_which_a_later_one_finishes(
    indexing: subprocess.Popen[str], number: signal.Signals, tmp_path: Path
) -> None:
    indexing.send_signal(number)
    out, err = indexing.communicate(timeout=120)
    assert indexing.returncode == Exit.STOPPED, err
    assert "stopping after this step" in err
    assert "stopped; what was finished is kept, run the same command to go on" in err
    assert "Traceback" not in out + err
    options = ("-l", tmp_path / "lib", "--preset", "fake")
    assert kuavi_run("doctor", *options).exit_code == 0
    finished = kuavi_run("index", real_clip("bikes"), *options)
    assert (finished.exit_code, finished.stdout[:11]) == (0, "+ bikes.mp4")


def test_a_refusal_names_the_option_that_lifts_it(tmp_path: Path) -> None:
    clip = str(write_clip(tmp_path / "c.mp4", grey_ramp(20)))
    common = ("index", clip, "--library", str(tmp_path / "l"), "--preset", "fake", "--tier", "scan")
    refused = run_python(MAIN, *common, "--limit", "max_frames=5")
    assert refused.returncode != 0
    told = " ".join((refused.stdout + refused.stderr).split())
    assert "max_frames = 5; raise it to read on (--limit max_frames=N)" in told
    assert run_python(MAIN, *common, "--limit", "max_frames=20").returncode == 0
    wrong = run_python(MAIN, *common, "--limit", "max_fames=20")
    assert wrong.returncode == 2
    assert "max_frames" in wrong.stderr
