"""How well cheaper windows agree with the reference, 64 frames moved by 8, and what they cost.

    python -m bench.windowing [--encoder tiny|medium] [--seeds N] [--clips DIR ...]
    python -m bench.windowing --scene-model-preset fast --weights NAME=FOLDER [--clips DIR ...]

Per-frame rows of real clips (two reels of `bench.footage`, and its clips that last longer than a
window) are made as an index run makes them, by the reference and by each candidate, once with all
frames of a window alike and once weighed by the centre; of V-JEPA 2, 64/32 also on half the tokens,
at their true positions (`bench.half_tokens`).  From each a segment tree is built, of the
rows alone: shot cuts are found without windows, so they would agree of themselves.  Printed is how
the boundaries of equally many scenes agree (F1 within one sampled frame), the cosine of rows with
the reference's (and again without the reference's mean row), and what it costs: windows, and the
operations of a ViT-L at 256 pixels.  Scenes of equal length are the control.

With random weights, which `tiny` and `medium` have, this measures the geometry of windows: how far
the choice of windows by itself moves rows and boundaries.  It says nothing of the released models,
whose rows may depend on a window's length and on what else is in it far more, or far less.
"""

import argparse
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from returns.result import Failure

from bench.footage import CLIPS, SHOTS, find_files, plan_reel, render
from bench.half_tokens import HalfTokens, Kept
from bench.vjepa2 import encoder_flop
from bench.window_agreement import (
    SCENE_S,
    Compared,
    Video,
    Windows,
    compared,
    encoded,
    evenly,
    pooled,
    rows_of,
)
from kuavi.adapters._vjepa2_clips import VJepa2Clips
from kuavi.adapters.clips import hf_vjepa2
from kuavi.adapters.readers import pyav
from kuavi.apps.wiring.compose import open_models
from kuavi.domain.choices import ModelChoices
from kuavi.domain.media import ByRate, Frame, Seen, View
from kuavi.domain.plan import IndexPlan
from kuavi.domain.presets import PRESETS
from kuavi.domain.vjepa2_presets import FPS, WINDOWINGS
from kuavi.domain.windows import Weighing, Windowing, window_starts
from kuavi.ports.encoders import ClipEncoder
from tests.tiny import hf_spec, model_of

PUBLISHED = WINDOWINGS["reference"]
CANDIDATES = (
    PUBLISHED,
    Windowing(64, 16),
    Windowing(64, 32),
    Windowing(64, 64),
    Windowing(32, 16),
    Windowing(16, 8),
)
"""After the reference: two larger strides, the same without overlap, and the presets' defaults."""
HALVED = Windowing(64, 32)
"""Seen on half the tokens too, which costs as much as windows of half as many frames."""
Table: TypeAlias = dict[str, list[Compared]]
"""Candidate, as it is printed -> one comparison a video and network."""
LAYERS = 24
"""Of ViT-L, whose operations at 256 pixels are counted."""
SHAPES: Mapping[str, Mapping[str, int]] = {
    "tiny": {"crop_size": 64},
    "medium": {
        "crop_size": 96,
        "hidden_size": 384,
        "num_attention_heads": 6,
        "num_hidden_layers": 6,
    },
}


def sampled(path: Path, fps: float) -> Video:
    """Those frames of a file that an index run looks at."""
    frames = list[Frame]()
    for seen in pyav.build().frames(str(path), (View(ByRate(fps), IndexPlan().picture_side),)):
        if isinstance(seen, Failure):
            break
        one = seen.unwrap()
        if isinstance(one, Seen):
            frames.append(one.frame)
    return Video(path.name, frames, fps)


def paths_of(files: Mapping[str, Path], folder: Path) -> list[Path]:
    """Two reels, then the clips as filmed."""
    shots = [shot for shot in SHOTS if shot.file in files]
    plans = {"hard": plan_reel(shots, 36, False, 1), "dissolve": plan_reel(shots, 30, True, 2)}
    reels = [render(pieces, dict(files), folder / f"{name}.mp4") for name, pieces in plans.items()]
    clips = [files[clip.file] for clip in CLIPS if clip.file in files]
    return [*(Path(reel.path) for reel in reels), *clips]


def random_encoder(shape: str, seed: int) -> ClipEncoder:
    """A V-JEPA 2 of random weights through the real adapter."""
    with tempfile.TemporaryDirectory() as folder:
        model_of("l", seed, **SHAPES[shape]).save_pretrained(folder)
        return hf_vjepa2.build(hf_spec(Path(folder))).unwrap()


def encoder_of(preset: str, weights: Mapping[str, str]) -> ClipEncoder:
    """A preset's clip encoder, with its weights where the user has them.

    Raises:
        SystemExit: no such preset, or its weights are not here.
    """
    models = open_models(preset, {}, ModelChoices(weights=weights))
    if isinstance(models, Failure):
        raise SystemExit(str(models.failure()))
    built = models.unwrap().port("clips")
    if isinstance(built, Failure):
        raise SystemExit(str(built.failure()))
    made: ClipEncoder = built.unwrap()
    return made


def candidates_of(preset: str | None) -> tuple[Windowing, ...]:
    if preset is None:
        return CANDIDATES
    return tuple(dict.fromkeys((*CANDIDATES, PRESETS[preset].windowing)))


def flop_of(windowing: Windowing, n_frames: int) -> float:
    """That a ViT-L spends on so many frames."""
    windows = len(window_starts(n_frames, windowing))
    return windows * encoder_flop(windowing.size, LAYERS)


def measure(
    table: Table, encoder: ClipEncoder, videos: Iterable[Video], windowings: Sequence[Windowing]
) -> None:
    """Adds a comparison for each video to each candidate's."""
    for video in videos:
        windows, n = encoded(encoder, video, windowings), len(video.frames)
        reference = rows_of(windows, n, PUBLISHED, Weighing.ALIKE)
        table.setdefault("equal lengths", []).append(evenly(reference, video))
        halves = halves_of(encoder, video)
        for name, made in {"": windows, **halves}.items():
            for windowing in [HALVED] if name else windowings:
                for weighing in Weighing:
                    rows = rows_of(made, n, windowing, weighing)
                    line = name_of(windowing, weighing, name)
                    table.setdefault(line, []).append(compared(reference, rows, video))


def halves_of(encoder: ClipEncoder, video: Video) -> Mapping[str, Windows]:
    """Windows on half the tokens, by which half; none of an encoder without tokens."""
    if not isinstance(encoder, VJepa2Clips):
        return {}
    return {kept: encoded(HalfTokens(encoder, kept), video, [HALVED]) for kept in Kept}


def name_of(windowing: Windowing, weighing: Weighing, half: str = "") -> str:
    return f"{windowing.size}/{windowing.stride} {weighing.value} {half}".strip()


def costs_of(
    windowings: Sequence[Windowing], n_frames: Sequence[int]
) -> Mapping[str, tuple[int, float, float]]:
    """Windows, their operations over the reference's, and those of a video without end."""

    def flop(windowing: Windowing) -> float:
        return sum(flop_of(windowing, n) for n in n_frames)

    def windows(windowing: Windowing) -> int:
        return sum(len(window_starts(n, windowing)) for n in n_frames)

    def a_frame(windowing: Windowing) -> float:
        return encoder_flop(windowing.size, LAYERS) / windowing.stride

    whole = {
        name_of(one, weighing): (
            windows(one),
            flop(one) / flop(PUBLISHED),
            a_frame(one) / a_frame(PUBLISHED),
        )
        for one in windowings
        for weighing in Weighing
    }
    share = encoder_flop(HALVED.size // 2, LAYERS) / encoder_flop(HALVED.size, LAYERS)
    halves = {
        name_of(HALVED, weighing, kept): (
            windows(HALVED),
            share * flop(HALVED) / flop(PUBLISHED),
            share * a_frame(HALVED) / a_frame(PUBLISHED),
        )
        for weighing in Weighing
        for kept in Kept
    }
    return whole | halves


def show(table: Table, costs: Mapping[str, tuple[int, float, float]]) -> None:
    lengths = "".join(f"{f'{length:g} s':>8}" for length in SCENE_S)
    print(f"\n{'F1, scenes of':19}{lengths}   cosine centred  windows   FLOP  without end")
    for name, parts in table.items():
        one = pooled(parts)
        line = f"{name:19}" + "".join(f"{agreed.f1:>8.3f}" for agreed in one.agreed)
        if name in costs:
            windows, here, endless = costs[name]
            line += f"{one.cosine:>9.4f}{one.centred:>8.3f}{windows:>9}{here:>7.3f}{endless:>13.3f}"
        print(line)
    (some, *_) = table.values()
    print(f"boundaries: {', '.join(str(agreed.true) for agreed in pooled(some).agreed)}")


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--encoder", choices=tuple(SHAPES), default="tiny")
    parser.add_argument("--seeds", type=int, default=1, help="networks of random weights")
    parser.add_argument("--scene-model-preset", choices=tuple(PRESETS))
    parser.add_argument("--weights", metavar="NAME=FOLDER", action="append", default=[])
    parser.add_argument("--clips", type=Path, nargs="*", default=[])
    return parser.parse_args()


def encoders(given: argparse.Namespace) -> Iterable[ClipEncoder]:
    """The one of a preset, or some of random weights; says which."""
    if given.scene_model_preset:
        folders = dict(word.split("=", 1) for word in given.weights)
        encoder = encoder_of(given.scene_model_preset, folders)
        print(f"{given.scene_model_preset}: {encoder.model.model_id} {encoder.model.revision}")
        return [encoder]
    print(f"{given.seeds} x {given.encoder}, random weights: the geometry of windows only")
    return (random_encoder(given.encoder, seed) for seed in range(given.seeds))


def main() -> None:
    given = options()
    networks = encoders(given)
    preset: str | None = given.scene_model_preset
    fps, windowings = PRESETS[preset].sample_fps if preset else FPS, candidates_of(preset)
    with tempfile.TemporaryDirectory() as folder:
        paths = paths_of(find_files(given.clips), Path(folder))
        videos = [sampled(path, fps) for path in paths]
    long = [video for video in videos if len(video.frames) > PUBLISHED.size]
    for video in long:
        print(f"{video.name}: {len(video.frames)} frames, scenes {video.counts}", flush=True)
    table: Table = {}
    for encoder in networks:
        measure(table, encoder, long, windowings)
    show(table, costs_of(windowings, [len(video.frames) for video in long]))


if __name__ == "__main__":
    main()
