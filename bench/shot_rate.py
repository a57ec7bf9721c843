"""How many frames a second shot detection needs: agreement with the truth against its cost.

    python -m bench.shot_rate [--clips DIR ...] [--seed N] [--rounds N]

The reels and the clips of `bench.scenes`.  Cost is the CPU time of an index run's decode pass over
the reels, in the caller's process: sampled pictures as the plan asks for them, and the detector's,
with the detector's work; `no shots` is the pass of a plan without it.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from returns.result import Failure

from bench.footage import CLIPS, FPS, find_files
from bench.matching import agree
from bench.scenes import PLAN, hard_cuts, reels
from kuavi.adapters.readers import pyav
from kuavi.adapters.shots import colour_change
from kuavi.domain.media import ByRate, Seen, View
from kuavi.domain.plan import ModelSpec
from kuavi.ports.shots import ShotDetector

RATES = ((0, 3), (0, 2), (25, 3), (12.5, 3), (12.5, 2), (8, 2), (8, 1), (5, 1))
"""Frames a second (0: every one) and the rule's `around`."""


def detector(fps: float, around: int) -> ShotDetector:
    options = {"fps": fps, "around": around}
    return colour_change.build(
        ModelSpec("colour_change", "colour-change", options=options)
    ).unwrap()


def pass_cpu_s(path: str, shots: ShotDetector | None) -> float:
    """CPU seconds of one decode pass, as an index run makes it."""
    began = time.process_time()
    views = [View(ByRate(PLAN.sample_fps), PLAN.picture_side)]
    tracker = None
    if shots is not None:
        views.append(shots.view)
        tracker = shots.start().unwrap()
    for item in pyav.build().frames(path, views):
        seen = item.unwrap()
        if tracker is not None and isinstance(seen, Seen) and seen.view == 1:
            pushed = tracker.push(seen.frame)
            if isinstance(pushed, Failure):
                raise ValueError(pushed.failure())
    return time.process_time() - began


def costs(paths: Sequence[str], rounds: int) -> dict[tuple[float, int] | None, float]:
    """CPU seconds over all paths, medians of interleaved rounds."""
    kinds: list[tuple[float, int] | None] = [None, *RATES]
    taken: dict[tuple[float, int] | None, list[float]] = {kind: [] for kind in kinds}
    for _ in range(rounds):
        for kind in kinds:
            shots = None if kind is None else detector(*kind)
            taken[kind].append(sum(pass_cpu_s(path, shots) for path in paths))
    return {kind: median(times) for kind, times in taken.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=Path, action="append", default=[], help="more clips")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    files = find_files(options.clips)
    clips = [clip for clip in CLIPS if clip.file in files]
    with tempfile.TemporaryDirectory() as folder:
        made = reels(files, Path(folder), options.seed, False)
        cost = costs([reel.path for reel in made.values()], options.rounds)
        print(f"pass without shots: {cost[None]:.2f} CPU s")
        print("fps (0: every), around | F1 hard reel .5 s, 2 frames | dissolves .5 s |", end="")
        print(f" as filmed, of {sum(len(clip.cuts_s) for clip in clips)} | pass CPU s, ratio")
        for kind in RATES:
            shots = detector(*kind)
            found = {name: hard_cuts(shots, reel.path)[1].cuts_s for name, reel in made.items()}
            near, exact = (
                agree(found["hard"], made["hard"].truth_s, within).f1 for within in (0.5, 2 / FPS)
            )
            soft = agree(found["dissolve"], made["dissolve"].truth_s, 0.5).f1
            filmed = [
                agree(hard_cuts(shots, str(files[clip.file]))[1].cuts_s, clip.cuts_s, 0.5)
                for clip in clips
            ]
            hits = sum(one.hits for one in filmed)
            false = sum(one.found - one.hits for one in filmed)
            print(
                f"{kind[0]:5g} {kind[1]} | {near:.3f} {exact:.3f} | {soft:.3f} | {hits} found,"
                f" {false} false | {cost[kind]:.2f} {cost[kind] / cost[RATES[0]]:.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
