"""V-JEPA 2 end to end: real clips, the whole chain, a tiny network whose predictor has learned."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attrs import field, frozen
from typer.testing import CliRunner, Result

import kuavi
from kuavi.adapters.clips import hf_vjepa2 as hf_clips
from kuavi.adapters.clips import repo_vjepa2 as repo_clips
from kuavi.adapters.joint import fake as joint
from kuavi.adapters.ocr import fake as ocr
from kuavi.adapters.predictors import hf_vjepa2 as hf_predictor
from kuavi.adapters.predictors import repo_vjepa2 as repo_predictor
from kuavi.adapters.taggers import fake as tags
from kuavi.adapters.text import fake as text
from kuavi.adapters.transcribers import fake as speech
from kuavi.apps.cli.exits import Exit
from kuavi.apps.cli.main import app
from kuavi.apps.toolbox.errors import KuaviError
from kuavi.apps.toolbox.session import OpenLibrary
from kuavi.domain.coherence import Kind
from kuavi.domain.evidence import Learned
from kuavi.domain.manifest import Stage
from kuavi.domain.plan import ModelSpec
from kuavi.domain.presets import FAKE, PRESETS
from kuavi.ports.predictors import TooFarAhead
from tests.media import flat, frames_of, write_clip
from tests.tiny import FRAMES, GRID, LABELS, saved_hf
from tests.tiny_encoders import tiny_siglip
from tests.tiny_predictor import trained_hf, trained_repo

FAST = PRESETS["fast"]
FPS = 25
SAMPLE_S = 0.25
"""Preset `fast` looks at 4 frames a second."""
AT, LENGTH = 100, 35
CUTS_S = (AT / FPS, (AT + LENGTH) / FPS)
STEPS = FRAMES // 2
LOSSY = {"crf": "20", "preset": "veryfast"}
PATHS: Mapping[str, tuple[Callable[[], ModelSpec], Any, Any]] = {
    "hf": (trained_hf, hf_clips, hf_predictor),
    "repo": (trained_repo, repo_clips, repo_predictor),
}
STANDING_IN = {
    "joint": joint.build(FAKE.joint).unwrap(),
    "text": text.build(FAKE.text).unwrap(),
    "tagger": tags.build(FAKE.tagger).unwrap(),
    "transcriber": speech.build(FAKE.transcriber).unwrap(),
    "ocr": ocr.build(FAKE.ocr).unwrap(),
}


@frozen(eq=False)
class Counted:
    """Counts the runs of the predictor's real module."""

    runs: list[int] = field(factory=list)

    def __call__(self, *_: object) -> None:
        self.runs.append(1)


@frozen(eq=False)
class Rig:
    library: OpenLibrary
    folder: Path
    runs: Counted
    runs_while_indexing: int


def films(folder: Path) -> None:
    """`spliced`: a talking head there and back, with 1.4 s of a cartoon in it; `pan`: one still."""
    there = frames_of("carphone_pristine", 0, 120)
    host = [*there, *there[::-1]]
    guest = frames_of("bigbuckbunny", 80, 80 + LENGTH)
    write_clip(folder / "spliced.mp4", [*host[:AT], *guest, *host[AT:]], FPS, options=LOSSY)
    still = frames_of("bigbuckbunny", 30, 31, 1280, 720)[0]
    lefts = np.linspace(0, 1280 - 480, 250).round().astype(int)
    pan = [still[220:490, left : left + 480] for left in lefts]
    write_clip(folder / "pan.mp4", pan, FPS, options=LOSSY)


def models_of(path: str) -> dict[str, object]:
    spec, clips, predictors = PATHS[path]
    encoder = clips.build(spec()).unwrap()
    seen = {"clips": encoder, "maps": encoder, "predictor": predictors.build(spec()).unwrap()}
    return STANDING_IN | seen


@pytest.fixture(scope="module", params=list(PATHS))
def rig(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    folder = tmp_path_factory.mktemp(f"vjepa2-{request.param}")
    films(folder)
    models: Any = models_of(request.param)
    runs = Counted()
    models["predictor"].backbone.net.predictor.register_forward_hook(runs)
    library = kuavi.open_library(folder / "lib", scene_model_preset="fast", models=models)
    done = library.index(folder / "spliced.mp4", tier="scan")
    done += library.index(folder / "pan.mp4", tier="deep")
    assert all(one.ok for one in done), done
    return Rig(library, folder, runs, len(runs.runs))


def boundaries_s(library: OpenLibrary, video: str) -> list[float]:
    """Where scenes start, at any level of the tree, but for the video's own start."""
    every = [scene.span.start_s for n in range(1, 12) for scene in library.scenes(video, count=n)]
    return sorted(set(every) - {0.0})


def nearest_s(times_s: list[float], to_s: float) -> float:
    return min(abs(time_s - to_s) for time_s in times_s)


def test_a_real_clip_has_a_motion_vector_a_frame_that_v_jepa_2_made(rig: Rig) -> None:
    record = rig.library.video("spliced")
    made = {one.stage: one for one in record.stages}[Stage.MOTION]
    assert made.items == pytest.approx(4 * record.info.duration_s, abs=2)
    assert made.evidence == Learned("V-JEPA 2")
    assert made.model is not None
    assert {file.name for file in made.model.weights} <= {
        "config.json",
        "model.safetensors",
        "vitt.safetensors",
    }


def test_the_predictor_never_runs_while_indexing(rig: Rig) -> None:
    assert rig.runs_while_indexing == 0
    before = len(rig.runs.runs)
    rig.library.predict("spliced", 2.0, horizon_s=0.5)
    assert len(rig.runs.runs) == before + 1  # so it is this module that would have been counted


def test_tier_deep_keeps_maps_that_fit_the_frames(rig: Rig) -> None:
    maps = rig.library.feature_maps("pan")
    assert maps is not None
    assert [extent.span.start_s for extent in maps.extents] == pytest.approx(
        [0, 4, 6], abs=SAMPLE_S
    )
    assert maps.extents[-1].span.end_s == pytest.approx(10, abs=0.1)
    for number, extent in enumerate(maps.extents):
        values = maps.map(number).unwrap().values
        assert values.shape == (8, GRID, GRID, 128) == extent.shape(maps.space.dim)
        assert np.diff(extent.starts_s) == pytest.approx(0.5, abs=0.05)
        assert np.isfinite(values).all()
        assert np.ptp(values.astype(np.float32)) > 0.1
    whole = maps.map(0).unwrap().values.astype(np.float32).mean(axis=(1, 2))
    later = maps.map(2).unwrap().values.astype(np.float32).mean(axis=(1, 2))
    assert np.abs(whole[0] - later[-1]).mean() > 2 * np.abs(whole[0] - whole[1]).mean()


def test_without_tier_deep_no_map_and_no_table_is_made(rig: Rig, tmp_path: Path) -> None:
    assert rig.library.feature_maps("spliced") is None
    models = models_of("hf")
    shallow = kuavi.open_library(tmp_path / "lib", scene_model_preset="fast", models=models)
    write_clip(tmp_path / "short.mp4", frames_of("bikes", 0, 30, 160, 90), FPS, options=LOSSY)
    (done,) = shallow.index(tmp_path / "short.mp4", tier="scan")
    assert done.ok
    names = {path.name for path in Path(shallow.path).rglob("*")}
    deep = {path.name for path in Path(rig.library.path).rglob("*")}
    made = {name for name in deep if "map" in name and name.endswith(".lance")}
    assert made == {"feature_maps.lance", "map_values.lance"}
    assert not names & made


def test_each_cut_is_a_boundary_within_a_sampled_frame(rig: Rig) -> None:
    found = boundaries_s(rig.library, "spliced")
    assert all(nearest_s(found, cut) <= SAMPLE_S for cut in CUTS_S)


def test_so_it_is_with_the_embedded_encoder(tmp_path: Path) -> None:
    films(tmp_path)
    library = kuavi.open_library(tmp_path / "lib")
    (done,) = library.index(tmp_path / "spliced.mp4", tier="scan")
    assert done.ok
    found = boundaries_s(library, "spliced")
    assert all(nearest_s(found, cut) <= SAMPLE_S for cut in CUTS_S)


def test_an_inserted_segment_is_flagged_where_it_is(rig: Rig) -> None:
    told = rig.library.coherence("spliced")
    assert told.method == "predictor"
    assert told.evidence == Learned("V-JEPA 2")
    (flag,) = told.flags
    assert flag.kind == Kind.FOREIGN
    assert flag.p <= 0.05
    assert (flag.span.start_s, flag.span.end_s) == pytest.approx(CUTS_S, abs=SAMPLE_S)
    strongest = float(told.surprise.start_s[told.surprise.z.argmax()])
    assert nearest_s(list(CUTS_S), strongest) <= 2 * SAMPLE_S
    baselines = [one.method for one in told.judgements[1:]]
    assert baselines == ["persistence", "linear continuation"]


def test_a_slow_pan_over_a_still_breaks_no_flow(rig: Rig) -> None:
    told = rig.library.coherence("pan")
    assert told.flags == ()
    assert [one.surprise.high.any() for one in told.judgements[:2]] == [False, False]


def test_anticipation_and_prediction_say_who_answers(rig: Rig) -> None:
    told = rig.library.anticipate("spliced", 2.0, horizon_s=1.0)
    methods = ["predictor", "persistence", "nearest neighbour"]
    assert [one.method for one in told.answers] == methods
    assert told.answers[0].evidence == Learned("V-JEPA 2")
    assert told.answers[0].candidates
    assert not told.extrapolated
    steps = rig.library.predict("spliced", 2.0, horizon_s=1.0)
    assert [one.method for one in steps.answers] == methods
    assert len(steps.answers[0].steps) == 2
    came = steps.answers[0].steps[0].came
    assert came is not None
    assert came > 0.5


def test_beyond_what_was_trained_it_says_so_and_refuses_too_far(rig: Rig) -> None:
    assert rig.library.predict("spliced", 2.0, horizon_s=0.5 * STEPS).extrapolated
    with pytest.raises(KuaviError, match="too far ahead") as refused:
        rig.library.predict("spliced", 2.0, horizon_s=0.5 * (2 * STEPS))
    assert isinstance(refused.value.failure, TooFarAhead)


def test_what_comes_after_the_moment_changes_no_bit_of_the_answer(tmp_path: Path) -> None:
    """The file is made black from 2.4 s on, after it was indexed; the answer is for 2 s."""
    frames = frames_of("carphone_pristine", 0, 110)
    black = [flat([0, 0, 0], 320, 180)] * 50
    other = write_clip(tmp_path / "other.mkv", frames_of("bikes", 0, 60), FPS)
    answers = {}
    for name, pictures in (("as-it-is", frames), ("black", [*frames[:60], *black])):
        path = write_clip(tmp_path / f"{name}.mkv", pictures, FPS)
        models: Any = models_of("hf")
        library = kuavi.open_library(
            tmp_path / f"lib-{name}", scene_model_preset="fast", models=models
        )
        done = library.index(path, other, tier="scan")
        assert all(one.ok for one in done)
        answers[name] = (
            library.anticipate(name, 2.0, horizon_s=1.0),
            library.predict(name, 2.0, horizon_s=1.0),
        )
    (one, steps), (same, others) = answers.values()
    ranked, again = one.answers[0].candidates, same.answers[0].candidates
    foreign = [c for c in ranked if c.title == "other.mkv"]
    assert foreign
    assert foreign == [c for c in again if c.title == "other.mkv"]
    assert [s.alike for s in steps.answers[0].steps] == [s.alike for s in others.answers[0].steps]
    came = [[s.came for s in told.answers[0].steps] for told in (steps, others)]
    assert came[0] != came[1]  # what came is another


def on_command_line(library: Path, *arguments: object) -> Result:
    """With preset `fast`, whose V-JEPA 2, SSv2 probe and SigLIP 2 are tiny ones in folders."""
    weights = [
        f"--weights={name}={Path(spec.weights.location)}"
        for name, spec in (
            (FAST.clips.model_id, saved_hf()),
            (FAST.classifiers["ssv2"].model_id, saved_hf()),
            (FAST.joint.model_id, tiny_siglip()),
        )
    ]
    told = [*arguments, "-l", library, "--preset", "fast", *weights]
    return CliRunner().invoke(app, [str(one) for one in told], prog_name="kuavi")


def test_the_preset_indexes_with_weights_in_folders(tmp_path: Path) -> None:
    write_clip(tmp_path / "short.mp4", frames_of("bikes", 0, 30, 160, 90), FPS, options=LOSSY)
    scanned = ("index", tmp_path / "short.mp4", "--tier", "scan", "--json")
    told = on_command_line(tmp_path / "lib", *scanned)
    assert told.exit_code == 0, told.output
    asked = ("predict", "short", "--at", "1", "--json", "--horizon")
    answer = json.loads(on_command_line(tmp_path / "lib", *asked, "2").stdout)
    assert answer["method"] == "predictor"
    assert "V-JEPA 2" in answer["evidence"]
    assert answer["extrapolated"]
    too_far = on_command_line(tmp_path / "lib", *asked, "4")
    assert too_far.exit_code == Exit.USAGE
    assert "ask for a shorter horizon" in too_far.output


def test_classify_names_what_ssv2_s_probe_sees(rig: Rig) -> None:
    asked = ("classify", "pan", "--span", "1-2")
    told = on_command_line(rig.folder / "lib", *asked, "--task", "ssv2", "--json")
    assert told.exit_code == 0, told.output
    (span,) = json.loads(told.stdout)["spans"]
    assert {one["label"] for one in span["labels"]} == set(LABELS)
    assert sum(one["probability"] for one in span["labels"]) == pytest.approx(1, abs=1e-4)


def test_a_task_without_released_weights_says_so(rig: Rig) -> None:
    asked = ("classify", "pan", "--span", "1-2", "--task", "coin")
    told = on_command_line(rig.folder / "lib", *asked)
    assert told.exit_code == Exit.NO_MODEL
    assert "coin: no weights of a classifier for it were released" in told.stderr
    assert "Traceback" not in told.output


@pytest.fixture(scope="module")
def labels(rig: Rig) -> Path:
    """Every other half second of both films, by which of them it is of."""
    rows = ["video,start,end,label"]
    for name, label in (("spliced", "face"), ("pan", "cartoon")):
        rows += [
            f"{rig.folder / name}.mp4,{at / 2},{at / 2 + 0.5},{label}" for at in range(0, 18, 2)
        ]
    path = rig.folder / "labels.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def test_a_probe_learns_on_v_jepa_2_features(rig: Rig, labels: Path, tmp_path: Path) -> None:
    trained = rig.library.train_probe(labels, tmp_path / "probe.safetensors")
    assert trained.held_out.accuracy >= 0.75
    told = rig.library.classify("pan", probe=tmp_path / "probe.safetensors", within=(4.5, 5.0))
    assert told.spans[0].labels[0][0] == "cartoon"


def test_a_probe_learns_on_v_jepa_2_s_feature_maps(rig: Rig, tmp_path: Path) -> None:
    """Left and right of one pan, by the maps of tier deep; the other film has none."""
    rows = ["video,start,end,label"]
    rows += [f"pan,{at},{at + 0.5},{'early' if at < 4 else 'late'}" for at in range(8)]
    table = tmp_path / "labels.csv"
    table.write_text("\n".join(rows), encoding="utf-8")
    asked = ("probe", "train", str(table), "-o", str(tmp_path / "p"), "--features", "maps")
    trained = on_command_line(rig.folder / "lib", *asked)
    assert trained.exit_code == 0, trained.output
    told = rig.library.classify("pan", probe=tmp_path / "p", within=(7.5, 8.0))
    assert told.spans[0].labels[0][0] == "late"
    assert "the feature maps of" in str(told.evidence)
    none = on_command_line(
        rig.folder / "lib", "classify", "spliced", "--probe", str(tmp_path / "p")
    )
    assert none.exit_code == Exit.NOT_FOUND
    assert "no feature maps are stored of it" in none.stderr
