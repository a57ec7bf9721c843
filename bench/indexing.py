"""What indexing one video takes, by part, beside the goals and beside each part's own limit.

    python -m bench.indexing [--minutes 1] [--repeats 3] [--clip FILE] [--folder N]

A 720p clip is made of real clips with real speech (that alone takes minutes; `--clip` takes one
that is there).  Each run is a fresh process.  Limits are measured in between: the networks alone
on as many pictures, and the decoder alone on every frame.  CPU time; wall time is of a machine
that may be busy.  `--folder N` compares one and two jobs on N short clips.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import av
import numpy as np

from kuavi.adapters.taggers import lite0
from kuavi.domain.media import Frame
from kuavi.domain.presets import EMBEDDED
from scripts import demo_clip

GOALS = {"scan": (12.0, None), "index": (24.0, 900.0)}
"""By tier: CPU seconds a minute of 720p video, and MB."""
VERY_FAST = (("crf", "20"), ("preset", "veryfast"))


def once(tier: str, files: Sequence[str], jobs: int = 1) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench._index_once", tier, str(jobs), *files]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def network_alone_s(n: int) -> float:
    """CPU seconds of EfficientNet-Lite0 on n different pictures of its own size."""
    tagger = lite0.build(EMBEDDED.tagger).unwrap()
    rng = np.random.default_rng(time.time_ns())  # others than before: results are remembered
    pictures = rng.integers(0, 256, (n, 224, 224, 3), dtype=np.uint8)
    began = time.process_time()
    for picture in pictures:
        tagger.pictures.look([Frame(0.0, picture)]).unwrap()
    return time.process_time() - began


def decoder_alone_s(clip: str) -> float:
    """CPU seconds to decode every frame, none converted."""
    began = time.process_time()
    with av.open(clip) as container:
        container.streams.video[0].thread_type = "AUTO"
        for _ in container.decode(video=0):
            pass
    return time.process_time() - began


def middle(runs: Sequence[dict[str, Any]], *keys: str) -> float:
    values = []
    for run in runs:
        value: Any = run
        for key in keys:
            value = value[key]
        values.append(float(value))
    return median(values)


def show(
    tier: str, runs: Sequence[dict[str, Any]], minutes: float, limits: Sequence[float]
) -> None:
    cpu_s, peak_mb = middle(runs, "cpu_s"), middle(runs, "peak_mb")
    goal_s, goal_mb = GOALS[tier]
    all_cpu = ", ".join(f"{run['cpu_s']:.1f}" for run in runs)
    print(f"\ntier {tier}: {cpu_s:.1f} CPU-s ({all_cpu}), {middle(runs, 'wall_s'):.1f} s wall")
    print(f"  {cpu_s / (goal_s * minutes):.2f} of the goal of {goal_s * minutes:g} CPU-s")
    print(f"  peak {peak_mb:.0f} MB" + (f", goal {goal_mb:g} MB" if goal_mb else ""))
    for part in runs[0]["parts"]:
        print(f"  {part:<24} {middle(runs, 'parts', part):>7.2f} CPU-s", end="")
        print(f"  peak so far {middle(runs, 'peaks', part):>5.0f} MB")
    models_s = {name: middle(runs, "models", name) for name in runs[0]["models"]}
    told = ", ".join(f"{name} {cpu_s:.2f}" for name, cpu_s in models_s.items())
    network_s, decoder_s = limits
    print(f"  calls of picture models: {told} CPU-s; the network ran {runs[0]['pictures']} times")
    looked = middle(runs, "parts", "look at pictures")
    print(f"  limits in this run: network alone {network_s:.2f}, decoder alone {decoder_s:.2f}; ")
    print(f"  looking takes {looked / (network_s + decoder_s):.2f} of their sum")


def folder(n: int, repeats: int) -> None:
    """One and two jobs on a folder of short clips, in turn."""
    with tempfile.TemporaryDirectory() as place:
        form = demo_clip.Form(seconds=15.0, options=VERY_FAST)
        files = [str(demo_clip.make(Path(place) / "0.mp4", form))]
        content = Path(files[0]).read_bytes()
        for i in range(1, n):
            files.append(f"{place}/{i}.mp4")
            box = bytes([0, 0, 0, 8 + i]) + b"free" + bytes(i)  # makes it another content
            Path(files[-1]).write_bytes(content + box)
        for tier in GOALS:
            for jobs in (1, 2) * repeats:
                run = once(tier, files, jobs)
                print(
                    f"{n} clips of 15 s, tier {tier}, {jobs} jobs: {run['wall_s']:.1f} s wall, "
                    f"{run['cpu_s']:.1f} CPU-s, {run['peak_mb']:.0f} MB, "
                    f"load {os.getloadavg()[0]:.1f}"
                )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--clip", type=Path)
    parser.add_argument("--folder", type=int, metavar="N")
    given = parser.parse_args()
    if given.folder:
        folder(given.folder, given.repeats)
        return
    with tempfile.TemporaryDirectory() as place:
        form = demo_clip.Form(1280, 720, 60 * given.minutes, VERY_FAST)
        clip = str(given.clip or demo_clip.make(Path(place) / "film.mp4", form))
        network_alone_s(2)  # graphs and caches are made once
        for tier in GOALS:
            runs = [once(tier, [clip]) for _ in range(given.repeats)]
            limits = network_alone_s(runs[0]["pictures"]), decoder_alone_s(clip)
            show(tier, runs, given.minutes, limits)
    print(f"\nload {os.getloadavg()}")


if __name__ == "__main__":
    main()
