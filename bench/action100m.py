"""Published actions as queries: do they find the node that they were written for?

usage: python -m bench.action100m [FILE] [--keep FOLDER]

FILE is Parquet of Action100M's published schema (default: action100m/examples.parquet in the folder
named by KUAVI_SHARED_DATA, or ../shared/data).  It is imported into a library (in FOLDER, which is
used again), by the embedded preset.

A query is the `plm_action` of an annotated node; candidates are the annotated nodes of its video;
right is that node alone.  Searched are the descriptions that search reads, summary (brief and
detailed) and brief action of `gpt`, written by another model; `plm_action` and the captions are not
among them.  Nodes are nested: a parent and a child often tell of the same.

The constant of reciprocal rank fusion is chosen by cross-validation: for each video, the one with
the highest mean reciprocal rank on all others.
"""

import argparse
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from attrs import field, frozen

from bench.ranked import Hit, Judged, interval, judged
from kuavi.adapters.libraries import lance
from kuavi.apps.toolbox.session import open_library
from kuavi.apps.wiring import compose
from kuavi.domain.layers import Layer, of_video
from kuavi.domain.manifest import VideoRecord
from kuavi.domain.ranking import reciprocal_rank_fusion
from kuavi.domain.space import unit
from kuavi.domain.terms import content_words
from kuavi.ports.encoders import TextEncoder
from kuavi.ports.library import LibraryView

HERE = Path(__file__).parent
LAYERS = (Layer.SUMMARY, Layer.ACTION)
CONSTANTS = (0, 1, 3, 5, 10, 20, 60)
DEEP = 100_000
"""More than any library of examples holds: no match is cut off."""

METHODS = {
    "BM25, summaries": ("words summary",),
    "BM25, actions": ("words action",),
    "BM25, both": ("words summary", "words action"),
    "dense, summaries": ("meaning summary",),
    "dense, actions": ("meaning action",),
    "dense, both": ("meaning summary", "meaning action"),
    "fused": ("words summary", "words action", "meaning summary", "meaning action"),
}
"""The rankings that take part in each; several are fused by reciprocal rank."""


@frozen(eq=False)
class Asked:
    """One video's queries: for each, rankings of candidates by name, and the right one."""

    title: str
    n: int
    rankings: Sequence[Mapping[str, Sequence[int]]] = field(repr=False)


def asked(video: VideoRecord, view: LibraryView, text: TextEncoder) -> Asked:
    """Candidates are numbered in order of node; query i belongs to candidate i."""
    nodes = sorted(view.annotations(video.id).unwrap())
    captions = view.captions(video.id).unwrap()
    queries = [captions[node].action for node in nodes]
    vectors = unit(text.encode_queries(queries).unwrap().rows)
    found: list[dict[str, Sequence[int]]] = [{} for _ in queries]
    for layer in LAYERS:
        told = view.descriptions(video.id, layer).unwrap()
        place = {node: i for i, node in enumerate(nodes)}
        candidate = {at: place[d.node] for at, d in enumerate(told) if d.node in place}
        rows = of_video(view.texts(text.space, layer).unwrap(), video.id).embeddings.rows
        cosines = vectors @ unit(rows[list(candidate)]).T
        for i, query in enumerate(queries):
            nearest = np.argsort(-cosines[i], kind="stable")
            ids = list(candidate.values())
            found[i][f"meaning {layer.value}"] = [ids[at] for at in nearest]
            matches = view.full_text(layer, " ".join(content_words(query)), DEEP).unwrap()
            mine = (m.position for m in matches if m.video == video.id)
            found[i][f"words {layer.value}"] = [candidate[at] for at in mine if at in candidate]
    return Asked(video.title, len(nodes), found)


def hits(of: Asked, names: Sequence[str], k: float) -> list[Hit]:
    """Of each query; candidates that no ranking has are tied behind all others."""
    judgements = []
    for right, rankings in enumerate(of.rankings):
        scores = np.zeros(of.n)
        for one in reciprocal_rank_fusion({name: rankings[name] for name in names}, k):
            scores[one.item] = one.score
        judgements.append(judged(scores, np.arange(of.n) == right))
    return judgements


def chosen(of: Sequence[Asked], names: Sequence[str]) -> tuple[list[Hit], list[float]]:
    """Each video's hits with the constant that is best for the others, and those constants."""
    by_constant = {k: [hits(one, names, k) for one in of] for k in CONSTANTS}
    taken, constants = list[Hit](), list[float]()
    for held in range(len(of)):
        mrr = {k: _mrr(by_video, held) for k, by_video in by_constant.items()}
        best = max(CONSTANTS, key=lambda k: mrr[k])
        taken += by_constant[best][held]
        constants.append(best)
    return taken, constants


def _mrr(by_video: Sequence[Sequence[Hit]], without: int) -> float:
    others = [hit.reciprocal for i, of in enumerate(by_video) if i != without for hit in of]
    return float(np.mean(others))


def report(of: Sequence[Asked], tell: Callable[[str], None]) -> None:
    n_queries = sum(one.n for one in of)
    tell(f"{len(of)} videos, {n_queries} queries; recall@1, recall@5, MRR [95 %]")
    chance = [judged(np.zeros(one.n), np.arange(one.n) == 0) for one in of for _ in range(one.n)]
    tell(f"{'chance':34}{Judged(chance).mean()}")
    reciprocals: dict[str, np.ndarray] = {}
    for name, rankings in METHODS.items():
        if len(rankings) == 1:
            tell(f"{name:34}{Judged([h for one in of for h in hits(one, rankings, 0)]).mean()}")
            continue
        usual = [hit for one in of for hit in hits(one, rankings, 60)]
        tell(f"{name + ', k = 60':34}{Judged(usual).mean()}")
        best, constants = chosen(of, rankings)
        told = f"{name}, k = {'/'.join(sorted({f'{k:g}' for k in constants}))} (cv)"
        tell(f"{told:34}{Judged(best).mean()}")
        reciprocals[name] = Judged(best).reciprocals
    for name in ("BM25, both", "dense, both"):
        better = reciprocals["fused"] - reciprocals[name]
        low, high = interval(better)
        tell(f"fused above {name} (cv): MRR {better.mean():+.3f} [{low:+.3f}, {high:+.3f}], paired")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    shared = Path(os.environ.get("KUAVI_SHARED_DATA", HERE.parent.parent / "shared" / "data"))
    default = shared / "action100m" / "examples.parquet"
    parser.add_argument("file", nargs="?", type=Path, default=default)
    parser.add_argument("--keep", type=Path, help="the library's folder")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = str(given.keep or Path(folder) / "library")
        library = open_library(place)
        for one in library.import_trees(given.file):
            if one.failure is not None:
                raise SystemExit(str(one.failure))
        view = lance.build(place, create=False).unwrap().view().unwrap()
        text = compose.open_models("embedded", {}).unwrap().text().unwrap()
        report([asked(video, view, text) for video in library.videos()], print)


if __name__ == "__main__":
    main()
