"""What the library on disk costs, beside plain files holding the same bytes.

    python -m bench.library [N_VIDEOS]

Times are CPU seconds of this process, medians; the machine's load changes them little.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from kuavi.adapters.libraries import lance
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.layers import Layer
from kuavi.domain.manifest import Stage, VideoRecord
from kuavi.domain.space import Joint, Motion, Space, Text
from kuavi.ports.library import (
    Library,
)
from kuavi.ports.parts import (
    Keyframes,
    Part,
    Rows,
    Tree,
)
from tests import indexed

JOINT = Space[Joint]("joint", "1", 512)
MOTION = Space[Motion]("motion", "1", 384)
TEXT = Space[Text]("text", "1", 384)
WORDS = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in "bdgklmnprst"]


def typical(name: str) -> tuple[VideoRecord, tuple[Part, ...]]:
    """150 frames in two spaces, 300 nodes, 30 keyframes of 30 KB, 40 utterances."""
    draw = np.random.default_rng(int(indexed.id_of(name)[:8], 16))
    said = [" ".join(draw.choice(WORDS, 12)) for _ in range(40)]
    return indexed.record_of(name, dict.fromkeys(Stage, 0)), (
        indexed.cuts(name),
        indexed.keyframes(name, n=30, size=30_000),
        indexed.tags(name),
        indexed.rows(Layer.VISUAL, name, JOINT, n=150, tiny=False),
        indexed.rows(Layer.MOTION, name, MOTION, n=150, tiny=False),
        Tree(indexed.tree_of(151)),
        indexed.transcript(*said),
        indexed.rows(Layer.TRANSCRIPT, name, TEXT, n=40, tiny=False),
        indexed.screen(*said[:10]),
        indexed.rows(Layer.SCREEN, name, TEXT, n=10, tiny=False),
    )


def cost_ms(work: Callable[[], object], repeats: int = 9) -> float:
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return 1000 * median(times)


def plain(folder: Path, name: str, parts: tuple[Part, ...]) -> None:
    """The same vectors and pictures as plain files: the anchor."""
    for part in parts:
        if isinstance(part, Rows):
            np.save(folder / f"{name}-{part.layer}.npy", part.embeddings.rows)
        if isinstance(part, Keyframes):
            (folder / f"{name}.bin").write_bytes(b"".join(k.image for k in part.keyframes))


def filled(path: Path, n_videos: int) -> Library:
    """Commit video by video, and say what it cost."""
    library = lance.build(str(path), create=True).unwrap()
    at_once, by_stage, files = [], [], []
    for i in range(n_videos):
        record, parts = typical(f"v{i}")
        start = time.process_time()
        library.commit(record, parts).unwrap()
        at_once.append(time.process_time() - start)
        start = time.process_time()
        plain(path.parent, f"v{i}", parts)
        files.append(time.process_time() - start)
    record, parts = typical("stages")
    takes: dict[Stage, int] = {}
    for part in parts[:7]:
        takes[lance_stage(part)] = 0
        start = time.process_time()
        library.commit(indexed.record_of("stages", takes), [part]).unwrap()
        by_stage.append(time.process_time() - start)
    ms = [1000 * seconds for seconds in at_once]
    print(f"commit of a whole video: median {median(ms):.1f} ms, max {max(ms):.1f}, "
          f"mean {sum(ms) / len(ms):.1f} (plain files {1000 * median(files):.1f})")  # fmt: skip
    print(f"commit of one stage: median {1000 * median(by_stage):.1f} ms")
    return library


def lance_stage(part: Part) -> Stage:
    from kuavi.adapters.libraries._parts import stage_of

    return stage_of(part)


OPEN = """
import sys, time
import lancedb
from kuavi.adapters.libraries import lance
start = time.process_time(), time.perf_counter()
view = lance.build(sys.argv[1], create=False).unwrap().view().unwrap()
videos = view.videos().unwrap()
print(f"{time.process_time() - start[0]:.4f} {time.perf_counter() - start[1]:.4f}")
"""


def opening(path: Path) -> None:
    """Open, view and list the videos in a new process, imports apart."""
    root = Path(__file__).parents[1]
    command = [sys.executable, "-c", OPEN, str(path)]
    times = []
    for _ in range(5):
        ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
        times.append([1000 * float(word) for word in ran.stdout.split()])
    cpu, wall = (median(column) for column in zip(*times, strict=True))
    print(f"open + view + videos in a new process: {cpu:.1f} ms CPU, {wall:.1f} ms")


def reading(library: Library) -> None:
    view = library.view().unwrap()
    video = view.videos().unwrap()[-1].id
    draw = np.random.default_rng(0)
    start = time.process_time()
    located = view.visual(JOINT).unwrap()
    print(f"first read of {len(located)} visual vectors: {time.process_time() - start:.3f} CPU-s")
    print(f"again: {cost_ms(lambda: view.visual(JOINT).unwrap()):.3f} ms")
    fresh = lance.build(library.path, create=False).unwrap()
    print(f"view, nothing changed: {cost_ms(lambda: fresh.view().unwrap()):.2f} ms")
    parts: dict[str, Callable[[VideoId], Any]] = {
        "cuts": view.cuts, "tree": view.tree, "keyframes": view.keyframes,
        "utterances": view.utterances,
    }  # fmt: skip
    for what, work in parts.items():
        print(f"{what} of one video: {cost_ms(lambda: work(video).unwrap()):.1f} ms")  # noqa: B023
    query = " ".join(draw.choice(WORDS, 3))
    ask = cost_ms(lambda: view.full_text(Layer.TRANSCRIPT, query, 10).unwrap(), repeats=21)
    found = view.full_text(Layer.TRANSCRIPT, query, 10).unwrap()
    print(f"full text, 3 words: {ask:.2f} ms ({len(found)} hits)")


def size(library: Library, path: Path) -> None:
    files = sum(file.stat().st_size for file in path.parent.glob("v*.*"))
    for repair in (False, True):
        start = time.process_time()
        health = library.doctor(repair).unwrap()
        seconds = time.process_time() - start
        print(
            f"doctor(repair={repair}): {seconds:.3f} CPU-s, {len(health.findings)} findings, "
            f"{health.bytes_on_disk / 1e6:.1f} MB (plain files {files / 1e6:.1f}), "
            f"fragments {max(health.fragments.values())} at most"
        )


def main(n_videos: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "library"
        library = filled(path, n_videos)
        size_before = sum(f.stat().st_size for f in path.rglob("*") if f.is_file())
        print(f"on disk: {size_before / 1e6:.1f} MB for {n_videos} videos")
        opening(path)
        reading(library)
        size(library, path)
        reading(library)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
