"""Search in large libraries, beside scikit-learn's brute force over the same vectors.

    python -m bench.search [--folder FOLDER] [--sizes segments,frames,wide,both] [--plain]

Libraries are made once in FOLDER (minutes each) and found there again.  Times are CPU milliseconds
of this process with one BLAS thread; medians over the queries, each asked several times.  The
anchor is `cosine_similarity` and `argsort` of the same query over the same rows, interleaved.  The
text's encoding is not part of either and shown by itself.  What is measured is a process that has
asked before: its sketches are counted by compiled code; "numpy" is the same before that.  `--plain`
measures the search for rows alone, over 100,000 random and clustered vectors of 768.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from attrs import evolve, frozen
from sklearn.metrics.pairwise import cosine_similarity
from threadpoolctl import threadpool_limits

from bench.search_library import SIZES, Encoder, Size, joint, make
from kuavi.adapters.libraries import lance
from kuavi.adapters.text.minilm import build as build_text
from kuavi.apps.usecases.layer_rows import LayerRows, by_scene, layer_rows
from kuavi.apps.usecases.ports import SearchPorts
from kuavi.apps.usecases.queries import ByText, Field, SearchRequest
from kuavi.apps.usecases.search import search
from kuavi.apps.wiring.warming import Warming
from kuavi.domain.evidence import Evidence, Model
from kuavi.domain.layers import Layer
from kuavi.domain.media import Frame
from kuavi.domain.nearest import Grouped, nearest
from kuavi.domain.outcome import Outcome
from kuavi.domain.presets import EMBEDDED
from kuavi.domain.sketch import IN_NUMPY, Engine, asked, sketch_of
from kuavi.domain.space import Embeddings, Joint, Space, unit
from kuavi.ports.library import Library, LibraryView
from kuavi.ports.models import ModelFailure

THINGS = ["dog", "red car", "bicycle", "rabbit", "kitchen", "mountain", "boat", "cat", "guitar",
          "bridge", "woman", "window", "horse", "train", "bird", "phone", "tree", "street", "cake",
          "clock"]  # fmt: skip
FORMS = ["a {}", "a photo of a {} outdoors", "someone near a {}"]
QUERIES = [form.format(thing) for thing in THINGS for form in FORMS]
ROUNDS = 3


@frozen(eq=False)
class Remembering:
    """An encoder that has encoded these texts before: what is left is the search."""

    encoder: Encoder
    known: dict[str, Embeddings[Joint]]

    @property
    def space(self) -> Space[Joint]:
        return self.encoder.space

    @property
    def model(self) -> Model:
        return self.encoder.model

    @property
    def evidence(self) -> Evidence:
        return self.encoder.evidence

    def encode_frames(self, frames: list[Frame]) -> Outcome[Embeddings[Joint], ModelFailure]:
        return self.encoder.encode_frames(frames)

    def encode_texts(self, texts: list[str]) -> Any:
        from returns.result import Success

        return Success(self.known[texts[0]])


def cost_ms(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return 1000 * (time.process_time() - start)


def ports_of(library: Library, encoder: Any, engine: Engine = IN_NUMPY) -> SearchPorts:
    words = build_text(EMBEDDED.models["text"]).unwrap()
    unused: Any = None
    return SearchPorts(library, unused, unused, encoder, unused, words, engine)


def asking(ports: SearchPorts, text: str, field: Field) -> None:
    search(SearchRequest(ByText(text), field), ports).unwrap()


def line(what: str, times: list[float]) -> str:
    return f"{what}: p50 {median(times):.2f} ms, p99 {np.percentile(times, 99):.2f} ms"


def against_sklearn(ports: SearchPorts, rows: LayerRows[Joint], known: dict[str, Any]) -> None:
    """Whole searches beside the anchor, interleaved."""
    matrix = np.array(rows.rows)
    ours, theirs, early = [], [], []
    slow = evolve(ports, engine=IN_NUMPY)
    for text in QUERIES:
        asking(ports, text, Field.VISUAL)
    for turn in range(ROUNDS):
        for number, text in enumerate(QUERIES):
            ours.append(cost_ms(lambda: asking(ports, text, Field.VISUAL)))  # noqa: B023
            if number % 6 == turn:
                query = known[text].rows
                theirs.append(
                    cost_ms(lambda: np.argsort(-cosine_similarity(query, matrix)[0])[:10])  # noqa: B023
                )
                early.append(cost_ms(lambda: asking(slow, text, Field.VISUAL)))  # noqa: B023
    print("  " + line(f"field visual, {len(ours)} searches", ours))
    print("  " + line("the same, numpy", early))
    print("  " + line(f"scikit-learn over ({len(matrix)}, {matrix.shape[1]})", theirs))
    print(f"  ratio of medians {median(theirs) / median(ours):.0f}x; load {os.getloadavg()[0]:.1f}")


def recall(
    view: LibraryView, rows: LayerRows[Joint], known: dict[str, Any], engine: Engine
) -> None:
    """What the sketch finds of what plain sorting finds."""
    grouped = by_scene(view, Layer.VISUAL, rows, None).unwrap()
    plain = Grouped(grouped.rows, grouped.group, grouped.n_groups)
    found, equal, sketched, exact = 0, 0, [], []
    for encoded in known.values():
        query = encoded.rows[0]
        sketched.append(cost_ms(lambda: nearest(query, grouped, 10, engine=engine)))  # noqa: B023
        exact.append(cost_ms(lambda: nearest(query, plain, 10)))  # noqa: B023
        mine = nearest(query, grouped, 10, engine=engine)
        true = nearest(query, plain, 10)
        found += len(set(mine.groups.tolist()) & set(true.groups.tolist()))
        equal += mine.groups.tolist() == true.groups.tolist()
    kind = "no sketch" if rows.sketch is None else "through the sketch"
    print(f"  recall@10 {kind}: {found / (10 * len(known)):.4f}, the same ten in the same order "
          f"for {equal} of {len(known)} queries")  # fmt: skip
    print("  " + line("nearest scenes alone", sketched) + "; " + line("all multiplied", exact))


def opening(path: Path, dim: int) -> None:
    """A new process each: imports and models, open and view, first query."""
    code = "import bench.search, sys; bench.search.first(sys.argv[1], int(sys.argv[2]))"
    runs = []
    for _ in range(5):
        ran = subprocess.run(
            [sys.executable, "-c", code, str(path), str(dim)],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        )
        runs.append(json.loads(ran.stdout))
    for what in ("imports and models", "open", "first query", "open + first query"):
        cpu, wall = (median(run[what][i] for run in runs) for i in (0, 1))
        print(f"  {what}, new process: {cpu:.3f} CPU-s, {wall:.3f} s after the imports")
    print(f"  memory of that process: {median(run['mb'] for run in runs):.0f} MB, mapped files too")


def first(path: str, dim: int) -> None:
    """In a new process: print what opening and the first query cost."""
    took = {}
    begun = time.perf_counter()

    def lap(what: str, since: tuple[float, float]) -> tuple[float, float]:
        here = (time.process_time(), time.perf_counter())
        took[what] = (here[0] - since[0], here[1] - since[1])
        return here

    encoder = joint(dim)
    remembering = Remembering(encoder, {"a dog": encoder.encode_texts(["a dog"]).unwrap()})
    words = build_text(EMBEDDED.models["text"])
    words.unwrap()
    took["imports and models"] = (time.process_time(), time.perf_counter() - begun)
    now = (time.process_time(), time.perf_counter())
    library = lance.build(path, create=False).unwrap()
    library.view().unwrap()
    opened = lap("open", now)
    asking(ports_of(library, remembering), "a dog", Field.VISUAL)
    lap("first query", opened)
    lap("open + first query", now)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(json.dumps(took | {"mb": peak}))


def measure(folder: Path, size: Size) -> None:
    path = folder / size.name
    make(path, size)
    print(size.text)
    encoder = joint(size.dim)
    known = {text: encoder.encode_texts([text]).unwrap() for text in QUERIES}
    library = lance.build(str(path), create=False).unwrap()
    engine = ready()
    ports = ports_of(library, Remembering(encoder, known), engine)
    asking(ports, QUERIES[0], Field.VISUAL)  # makes the cache, if it is not there
    view = library.view().unwrap()
    rows = layer_rows(view, Layer.VISUAL, encoder.space).unwrap()
    against_sklearn(ports, rows, known)
    recall(view, rows, known, engine)
    encoding = [cost_ms(lambda: encoder.encode_texts([text])) for text in QUERIES]  # noqa: B023
    print("  " + line("encoding a query", encoding))
    asking(ports, QUERIES[0], Field.ALL)
    everything = [cost_ms(lambda: asking(ports, text, Field.ALL)) for text in QUERIES]  # noqa: B023
    said = [
        cost_ms(lambda: view.full_text(Layer.TRANSCRIPT, text, 200).unwrap())  # noqa: B023
        for text in QUERIES
    ]
    print("  " + line("field all, its sentence encoded each time", everything)
          + "; of which " + line("full text", said))  # fmt: skip
    health = sum(file.stat().st_size for file in (path / "cache").iterdir())
    print(f"  cache {health / 1e6:.0f} MB")
    opening(path, size.dim)


def ready() -> Warming:
    """The engine of a process that has asked before."""
    engine, rows = Warming(after=1), np.eye(2, 64, dtype=np.float32)
    sketch = sketch_of(rows)
    engine.scan(sketch, asked(sketch, rows[0]))
    engine.wait()
    return engine


def plain(kind: str) -> None:
    """The nearest of 100,000 random or clustered vectors of 768, beside the anchor."""
    draw, n, dim = np.random.default_rng(7), 100_000, 768
    rows, queries = (draw.standard_normal((count, dim), dtype=np.float32) for count in (n, 60))
    if kind == "clustered":
        centres = draw.standard_normal((1000, dim), dtype=np.float32) + np.float32(0.5)
        rows = centres[draw.integers(1000, size=n)] + np.float32(0.7) * rows
        queries = centres[draw.integers(1000, size=60)] + np.float32(0.7) * queries
    rows, queries = unit(rows), unit(queries)
    begun = time.process_time()
    sketch = sketch_of(rows)
    built_s, own = time.process_time() - begun, np.arange(n)
    sketched, exact = Grouped(rows, own, n, sketch), Grouped(rows, own, n)
    engine, times, early, theirs, found, equal = ready(), [], [], [], 0, 0
    for query in queries:
        theirs.append(cost_ms(lambda: np.argsort(-cosine_similarity(query[None], rows)[0])[:10]))  # noqa: B023
        early.append(cost_ms(lambda: nearest(query, sketched, 10)))  # noqa: B023
        times += [cost_ms(lambda: nearest(query, sketched, 10, engine=engine)) for _ in range(3)]  # noqa: B023
        mine = nearest(query, sketched, 10, engine=engine).rows.tolist()
        true = nearest(query, exact, 10).rows.tolist()
        found += len(set(mine) & set(true))
        equal += mine == true
    print(f"{kind}: {n} vectors of {dim}, sketched in {built_s:.2f} CPU-s")
    print("  " + line("nearest", times) + "; " + line("numpy", early))
    print("  " + line("scikit-learn", theirs))
    print(f"  ratio of medians {median(theirs) / median(times):.0f}x; recall@10 {found / 600:.4f}, "
          f"the same ten for {equal} of 60; load {os.getloadavg()[0]:.1f}")  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--folder", type=Path)
    options.add_argument("--sizes", default="segments,frames")
    options.add_argument("--plain", action="store_true")
    given = options.parse_args()
    names = [] if given.plain else given.sizes.split(",")
    with tempfile.TemporaryDirectory() as other, threadpool_limits(1):
        for kind in ("clustered", "random") if given.plain else ():
            plain(kind)
        for size in SIZES:
            if size.name in names:
                measure(given.folder or Path(other), size)


if __name__ == "__main__":
    main()
