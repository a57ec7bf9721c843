"""What sampled decoding costs, beside a full decode by ffmpeg and beside other libraries.

    python -m bench.decode [--clips FOLDER] [--peers-python PATH] [--repeats N] [--long]
                           [--only CLIP ...] [--at FPS ...] [--without METHOD ...]

CPU seconds (user and system, all threads) of decoding, choosing and scaling to 256 pixels, without
start-up and imports, each in a process of its own; of `ffmpeg -f null` the whole process.  Methods
take turns, so that the machine's load falls on all of them; medians, and the ratio to ffmpeg's.
Peers need an interpreter of their own, with decord.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from attrs import frozen

from bench.decode_clips import B_CUTS, A, B, make, repeated
from bench.footage import find_files

PROGRAM = Path(__file__).with_name("decode_peers.py")
GOALS = {("A", 2.0): 0.80, ("B", 2.0): 0.70, ("B", 1.0): 0.45, ("B", 0.25): 0.15}
NEVER_ABOVE = 1.05
RATES = {"A": (2.0, 8.0), "B": (0.25, 1.0, 2.0, 8.0), "Bcuts": (0.25, 1.0, 2.0)}
REAL = ("bikes.mp4", "bigbuckbunny.mp4", "carphone_pristine.mp4")
OURS, FFMPEG = "kuavi", "ffmpeg -f null"


@frozen
class Cost:
    cpu_s: float
    n_frames: int
    rss_mb: float


def full_decode(path: Path) -> Cost:
    command = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(path), "-an", "-f", "null", "-"]
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} gave {process.returncode}")
    return Cost(usage.ru_utime + usage.ru_stime, 0, usage.ru_maxrss / 1024)


def sampled(python: str, method: str, path: Path, fps: float) -> Cost:
    command = [python, str(PROGRAM), method, str(path), str(fps)]
    root = Path(__file__).parents[1]
    environment = os.environ | {"PYTHONPATH": str(root)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return Cost(told["cpu_s"], int(told["n_frames"]), told["rss_mb"])


def table(path: Path, fps: float, methods: dict[str, str], repeats: int) -> dict[str, Cost]:
    """Medians of interleaved repeats; `methods`: name -> interpreter."""
    costs: dict[str, list[Cost]] = {name: [] for name in (FFMPEG, *methods)}
    for _ in range(repeats):
        costs[FFMPEG].append(full_decode(path))
        for method, python in methods.items():
            costs[method].append(sampled(python, method, path, fps))
    return {
        name: Cost(
            median(cost.cpu_s for cost in runs), runs[0].n_frames, max(c.rss_mb for c in runs)
        )
        for name, runs in costs.items()
    }


def show(title: str, costs: dict[str, Cost], goal: float | None) -> None:
    anchor = costs[FFMPEG].cpu_s
    load = os.getloadavg()[0]
    print(f"\n{title}, load {load:.1f}")
    for name, cost in costs.items():
        ratio = cost.cpu_s / anchor
        told = ""
        if name == OURS:
            limit = NEVER_ABOVE if goal is None else goal
            told = f"  goal {limit:.2f}: {'met' if ratio <= limit else 'MISSED'}"
        print(
            f"  {name:16} {cost.cpu_s:7.2f} CPU-s  {ratio:5.2f}x  {cost.n_frames:4} frames "
            f" {cost.rss_mb:4.0f} MB{told}",
            flush=True,
        )


def measure(folder: Path, methods: dict[str, str], options: argparse.Namespace) -> None:
    repeats: int = options.repeats
    for recipe in (B, B_CUTS, A):
        if options.only and recipe.name not in options.only:
            continue
        path = make(recipe, folder)
        for fps in options.at or RATES[recipe.name]:
            costs = table(path, fps, methods, repeats)
            show(f"{path.name} at {fps:g} fps", costs, GOALS.get((recipe.name, fps)))
    files = find_files([])
    for name in REAL:
        if options.only and name not in options.only:
            continue
        for fps in options.at or (2.0,):
            costs = table(files[name], fps, methods, repeats)
            show(f"{name} at {fps:g} fps", costs, None)
    if options.long:
        path = repeated(make(A, folder), 15)
        costs = table(path, 2.0, {OURS: sys.executable}, 1)
        show(f"{path.name} (10 min) at 2 fps, one run", costs, GOALS["A", 2.0])


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=Path, help="where the generated clips are kept")
    parser.add_argument("--peers-python", help="an interpreter that has decord")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--long", action="store_true", help="also ten minutes of A")
    parser.add_argument("--only", action="append", help=f"A, B, Bcuts, {', '.join(REAL)}")
    parser.add_argument("--at", type=float, action="append", help="frames a second")
    parser.add_argument("--without", action="append", default=[], help="a method to leave out")
    options = parser.parse_args(arguments)
    if shutil.which("ffmpeg") is None:
        parser.error("the ffmpeg program is the anchor, and is not installed")
    methods = {OURS: sys.executable, "pyav": sys.executable, "opencv": sys.executable}
    if options.peers_python:
        methods["decord"] = options.peers_python
    methods = {name: python for name, python in methods.items() if name not in options.without}
    with tempfile.TemporaryDirectory() as temporary:
        folder: Path = options.clips or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        measure(folder, methods, options)


if __name__ == "__main__":
    main()
