"""Whether indexing keeps the cores busy: what reading ahead gains, and what two jobs gain.

    python -m bench.overlap [--repeats 3] [--clips 4] [--seconds 15] [--tier scan index]
                            [--clip FILE]

Each run is a fresh process on the same clips; variants take turns.  CPU and wall time count from
before the first video to after the last one; loading models is left out.  On a machine that others
use, wall time is theirs too.  So a sampler counts 50 times a second how many threads of the process
and its children run or could run: the mean of that, at most two, is how many of two cores the work
would keep busy if it had them to itself.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from threading import Event, Thread
from time import perf_counter
from typing import Any, TypeAlias

from attrs import evolve

from kuavi.adapters.progress import profiled, silent
from kuavi.apps.usecases.several import index_all
from kuavi.apps.wiring import compose
from kuavi.domain.manifest import Tier
from kuavi.domain.plan import IndexPlan
from scripts import demo_clip

Figures: TypeAlias = dict[str, float]
CORES = 2
VARIANTS = (("one job, not ahead", 1, False), ("one job", 1, True), ("two jobs", 2, True))


def runnable(process: int) -> int:
    """Threads of a process and its children that run or wait for a core (proc(5), Linux)."""
    tasks = list(Path(f"/proc/{process}/task").glob("*"))
    states = [read(task / "stat").rpartition(")")[2].split()[:1] for task in tasks]
    children = {child for task in tasks for child in read(task / "children").split()}
    return states.count(["R"]) + sum(runnable(int(child)) for child in children)


def read(path: Path) -> str:
    """Nothing of a thread that has just ended."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def once(tier: str, jobs: int, ahead: bool, files: Sequence[str]) -> Figures:
    """Index the files in this process."""
    plan = IndexPlan(preset="embedded", tier=Tier(tier))
    with tempfile.TemporaryDirectory() as folder:
        tools = compose.open_tools(f"{folder}/library", True).unwrap()
        models = compose.open_models("embedded", {}).unwrap()
        ports = compose.index_ports(tools, models, plan, silent.build()).unwrap()
        if not ahead:
            ports = evolve(ports, reader=tools.reader)
        print("began", flush=True)
        before, began_s = profiled.reading(), perf_counter()
        done = list(index_all(files, plan, ports, jobs))
        after, wall_s = profiled.reading(), perf_counter() - began_s
        print("ended", flush=True)
    for path, outcome in done:
        if outcome.map(lambda report: report.failed).value_or(("failed",)):
            raise SystemExit(f"not indexed: {path}: {outcome}")
    return {"cpu_s": after.cpu_s - before.cpu_s, "wall_s": wall_s, "peak_mb": after.peak_mb}


def fresh(tier: str, jobs: int, ahead: bool, files: Sequence[str]) -> Figures:
    """The same in a new process, watched."""
    given = json.dumps([tier, jobs, ahead, list(files)])
    command = [sys.executable, "-m", "bench.overlap", "--once", given]
    counts: list[int] = []
    ended = Event()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()

        def watch() -> None:
            while not ended.wait(0.02):
                counts.append(min(runnable(process.pid), CORES))

        watcher = Thread(target=watch)
        watcher.start()
        process.stdout.readline()
        ended.set()
        watcher.join()
        found: Figures = json.loads(process.stdout.read())
    return {**found, "cores": sum(counts) / len(counts)}


def copies(first: Path, n: int, folder: Path) -> list[str]:
    """The clip n times, each with another content."""
    content, files = first.read_bytes(), []
    for i in range(n):
        box = bytes([0, 0, 0, 9 + i]) + b"free" + bytes(i + 1)
        files.append(str(folder / f"{i}.mp4"))
        Path(files[-1]).write_bytes(content + box)
    return files


def show(tier: str, runs: dict[str, list[Figures]]) -> None:
    """Medians, and gains as medians of the ratios of runs that were made one after the other."""
    print(f"\ntier {tier}")
    base = runs[VARIANTS[1][0]]
    for name, made in runs.items():
        middle = {key: median(one[key] for one in made) for key in made[0]}
        gains = [old["wall_s"] / one["wall_s"] for old, one in zip(base, made, strict=True)]
        print(
            f"  {name:<20} {middle['wall_s']:6.1f} s wall, {middle['cpu_s']:6.1f} CPU-s, "
            f"could keep {middle['cores']:.2f} cores of {CORES} busy, {middle['peak_mb']:.0f} MB; "
            f"{median(gains):.2f} times as fast as one job "
            f"({', '.join(f'{gain:.2f}' for gain in gains)})"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--clips", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--tier", nargs="+", default=["scan", "index"])
    parser.add_argument("--clip", type=Path)
    parser.add_argument("--once", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.once:
        arguments: Any = json.loads(given.once)
        print(json.dumps(once(*arguments)))
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        form = demo_clip.Form(1280, 720, given.seconds, (("crf", "20"), ("preset", "veryfast")))
        first = given.clip or demo_clip.make(folder / "clip.mp4", form)
        files = copies(first, given.clips, folder)
        for tier in given.tier:
            runs: dict[str, list[Figures]] = {name: [] for name, _, _ in VARIANTS}
            for _ in range(given.repeats):
                for name, jobs, ahead in VARIANTS:
                    runs[name].append(fresh(tier, jobs, ahead, files))
                    print(f"{tier}, {name}: {runs[name][-1]}, load {os.getloadavg()[0]:.1f}")
            show(tier, runs)


if __name__ == "__main__":
    main()
