"""Text to moment on real footage: the embedded preset beside chance and label full text.

usage: python -m bench.retrieval [--corpus FOLDER ...] [--queries]

Clips are indexed (tier scan) into a library of their own and compared with the stored vectors; a
still is encoded by the same preset.  A unit's score is the best cosine of its frames.  Recall at k
is the share of queries with a right unit among the first k; ties count as random order.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from attrs import Factory, define, frozen
from returns.result import Failure

from bench.footage_units import Query, Unit, answerable, how_to_get, located, queries, units
from bench.label_search import WORDNET, bm25, class_words, top_classes
from bench.ranked import Judged, interval, judged
from kuavi.adapters.joint import conse
from kuavi.apps.toolbox.session import OpenLibrary
from kuavi.apps.wiring import compose
from kuavi.domain.evidence import Evidence, Model
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.layers import chosen, of_video
from kuavi.domain.media import Frame
from kuavi.domain.outcome import Outcome
from kuavi.domain.presets import PRESETS
from kuavi.domain.ranking import max_per_group
from kuavi.domain.space import Embeddings, Joint, Space, cosine, joined
from kuavi.ports.models import ModelFailure

LABELLED = (
    "Units and queries were chosen and labelled by one of the programmers from contact sheets and "
    "frozen before any model ran on them; the set is small: mind the intervals."
)
LABEL_TEXTS = {"label full text": False, "label full text + definitions": True}
"""BM25 over a unit's top ten labels; whether the labels' definitions are searched too."""


@define
class Watched:
    """The preset's joint encoder, keeping the classifier's logits and the time they took."""

    inner: conse.Conse
    cpu_s: float = 0.0
    n: int = 0
    _logits: list[np.ndarray] = Factory(list)

    def taken(self) -> np.ndarray:
        """The logits (n, 1000) of the frames encoded since this was last asked."""
        taken, self._logits = np.concatenate(self._logits), []
        return taken

    @property
    def space(self) -> Space[Joint]:
        return self.inner.space

    @property
    def model(self) -> Model:
        return self.inner.model

    @property
    def evidence(self) -> Evidence:
        return self.inner.evidence

    def encode_frames(self, frames: Sequence[Frame]) -> Outcome[Embeddings[Joint], ModelFailure]:
        start = time.process_time()
        looks = self.inner.pictures.look(frames)
        if isinstance(looks, Failure):
            return looks
        rows = self.inner.encode_frames(frames)
        self.cpu_s += time.process_time() - start
        self._logits.append(looks.unwrap().logits)
        self.n += len(frames)
        return rows

    def encode_texts(self, texts: Sequence[str]) -> Outcome[Embeddings[Joint], ModelFailure]:
        return self.inner.encode_texts(texts)


@frozen(eq=False)
class Corpus:
    """The frames of all units: vectors, logits (n, 1000), and the unit of each frame (n,)."""

    rows: Embeddings[Joint]
    logits: np.ndarray
    unit: np.ndarray


class Looker:
    """Looks at clips by indexing them, as a user would, and at stills by the same encoder."""

    def __init__(self, folder: str, found: Sequence[Unit], files: dict[str, Path]) -> None:
        self.found, self._files = list(found), files
        built = conse.build(PRESETS["embedded"].joint)
        if isinstance(built, Failure):
            raise SystemExit(str(built.failure()))
        self.joint = Watched(built.unwrap())
        self._tools = compose.open_tools(folder, create=True).unwrap()
        models = compose.open_models("embedded", {"joint": self.joint}).unwrap()
        self._library = OpenLibrary(self._tools, models)
        self.clip_frames = 0
        self.clip_cpu_s = 0.0

    def corpus(self) -> Corpus:
        parts = [*self._clips(), *self._stills()]
        return Corpus(
            joined(self.joint.space, [part.rows for part in parts]),
            np.concatenate([part.logits for part in parts]),
            np.concatenate([part.unit for part in parts]),
        )

    def _clips(self) -> Iterator[Corpus]:
        start = time.process_time()
        for file in dict.fromkeys(unit.file for unit in self.found if not unit.still):
            done = self._library.index(self._files[file], tier="scan")[0]
            if done.report is None:
                raise SystemExit(done.problem)
            yield self._of_clip(file, done.report.video.id)
        self.clip_cpu_s = time.process_time() - start

    def _of_clip(self, file: str, video: VideoId) -> Corpus:
        view = self._tools.library.view().unwrap()
        stored = of_video(view.visual(self.joint.space).unwrap(), video)
        self.clip_frames += len(stored)
        unit = np.full(len(stored), -1)
        for i, one in enumerate(self.found):
            if one.file == file and one.end_s is not None:
                unit[(stored.start_s >= one.start_s) & (stored.start_s < one.end_s)] = i
        kept = np.flatnonzero(unit >= 0)
        return Corpus(chosen(stored, kept).embeddings, self.joint.taken()[kept], unit[kept])

    def _stills(self) -> Iterator[Corpus]:
        for i, unit in enumerate(self.found):
            if unit.still:
                content = self._files[unit.file].read_bytes()
                pixels = self._tools.pictures.decode(content, unit.name).unwrap()
                rows = self.joint.encode_frames([Frame(0.0, pixels)]).unwrap()
                yield Corpus(rows, self.joint.taken(), np.array([i]))


def scored(looker: Looker, corpus: Corpus, asked: Sequence[Query]) -> dict[str, np.ndarray]:
    """Scores (queries, units) by method."""
    n, texts = len(looker.found), [query.text for query in asked]
    by_frame = cosine(looker.joint.encode_texts(texts).unwrap(), corpus.rows)
    tops = [top_classes(corpus.logits[corpus.unit == i]) for i in range(n)]
    methods = {"chance": np.zeros((len(asked), n))}
    for name, definitions in LABEL_TEXTS.items():
        words = class_words(definitions)
        documents = [[word for top in unit for word in words[top]] for unit in tops]
        methods[name] = np.stack([bm25(text, documents) for text in texts])
    methods["embedded"] = np.stack([max_per_group(row, corpus.unit, n)[0] for row in by_frame])
    return methods


def judge(
    found: Sequence[Unit], asked: Sequence[Query], scores: dict[str, np.ndarray]
) -> dict[str, Judged]:
    right = [np.array([unit.name in query.correct for unit in found]) for query in asked]
    return {
        name: Judged([judged(row, good) for row, good in zip(rows, right, strict=True)])
        for name, rows in scores.items()
    }


def report(asked: Sequence[Query], results: dict[str, Judged]) -> None:
    """The table, whole and by kind of query."""
    kinds = ["all", *dict.fromkeys(query.kind for query in asked)]
    print(f"{'queries':9} {'n':>3}  {'method':28} {'R@1':>6} {'R@5':>6} {'MRR':>6}  95 % of MRR")
    for kind in kinds:
        mine = [i for i, query in enumerate(asked) if kind in ("all", query.kind)]
        for name, result in results.items():
            mean = result.only(mine).mean()
            times = mean.mrr / best_label(results, mine)
            print(f"{kind:9} {len(mine):3}  {name:28} {mean}  {times:5.2f} x label full text")
    more = results["embedded"].reciprocals - results[strongest_label(results)].reciprocals
    low, high = interval(more)
    print(
        f"embedded - {strongest_label(results)}: MRR {more.mean():+.3f} [{low:+.2f}, {high:+.2f}]"
    )


def strongest_label(results: dict[str, Judged]) -> str:
    return max(LABEL_TEXTS, key=lambda name: results[name].mean().mrr)


def best_label(results: dict[str, Judged], mine: Sequence[int]) -> float:
    return results[strongest_label(results)].only(mine).mean().mrr


def tell_queries(
    found: Sequence[Unit], asked: Sequence[Query], scores: dict[str, np.ndarray]
) -> None:
    """Each query with its rank and what came first."""
    for query, row in zip(asked, scores["embedded"], strict=True):
        order = [found[i].name for i in np.argsort(-row, kind="stable")]
        rank = 1 + min(order.index(name) for name in query.correct)
        print(f"{rank:4}  {query.kind:9} {query.text:38} {', '.join(order[:4])}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.retrieval")
    parser.add_argument("--corpus", nargs="*", type=Path, default=[], help="unpacked packages")
    parser.add_argument("--queries", action="store_true", help="print each query's rank")
    options = parser.parse_args()
    everything = units()
    files = located(everything, options.corpus)
    found = [unit for unit in everything if unit.file in files]
    asked = answerable(queries(), found)
    if not asked:
        raise SystemExit("none of the footage is here\n" + "\n".join(how_to_get(everything)))
    shots = sum(not unit.still for unit in found)
    print(LABELLED)
    print(f"{len(found)} of {len(everything)} units are here ({shots} shots of clips, ", end="")
    print(f"{len(found) - shots} stills); {len(asked)} of {len(queries())} queries have an answer")
    for line in how_to_get([unit for unit in everything if unit.file not in files]):
        print(f"  for the rest: {line}")
    with tempfile.TemporaryDirectory() as folder:
        looker = Looker(folder, found, files)
        corpus = looker.corpus()
    scores = scored(looker, corpus, asked)
    if options.queries:
        tell_queries(found, asked, scores)
    report(asked, judge(found, asked, scores))
    print(f"label texts: {'with' if WORDNET.is_file() else 'without'} WordNet's other names")
    joint, whole_ms = looker.joint, 1e3 * looker.clip_cpu_s / max(looker.clip_frames, 1)
    print(
        f"CPU: {1e3 * joint.cpu_s / joint.n:.1f} ms to encode a frame ({joint.n} frames); ", end=""
    )
    print(f"{whole_ms:.0f} ms a sampled frame for all of tier scan")


if __name__ == "__main__":
    main()
