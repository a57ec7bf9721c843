"""Semantic deduplication: speed, planted duplicates, and what it joins among real brief actions.

    python -m bench.dedup [--examples FILE] [--texts N]

Vectors are made up: topics of very unequal sizes, 384 wide, every third a planted duplicate
(cosine 0.955 to 0.999 with its source) and every tenth a near miss (0.85 to 0.93), every one with
a text of its own, so that words don't help.  Recall: the share of planted duplicates that are in
their source's cluster.  Precision: the share of those joined to a representative that are of its
family.  The peer is what a k-means of n / 5 clusters calls duplicates (scikit-learn).  CPU time of
one thread of linear algebra, all in one run.  `--examples` is a file of Action100M's schema (by
default in the folder KUAVI_SHARED_DATA): its actions go through all-MiniLM-L6-v2, and the clusters
are printed to judge.
"""

import argparse
import gc
import os
import string
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np
import pyarrow.parquet as pq
from attrs import evolve, frozen
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from kuavi.adapters.text import minilm
from kuavi.domain.alike import FEW
from kuavi.domain.annotation import NOBODY
from kuavi.domain.dedup import SAME, Duplicates, duplicates, vocabulary
from kuavi.domain.layers import Indices
from kuavi.domain.presets import EMBEDDED
from kuavi.domain.ranking import cluster_diverse, mmr
from kuavi.domain.same_words import contrary, key_of, sides_of
from kuavi.domain.space import Embeddings, Matrix, Space, Text, unit

DIM = 384
SPACE = Space[Text]("made up", "1", DIM)
GOAL_S, GOAL_RATIO, GOAL_RECALL, GOAL_MS = 10.0, 100.0, 0.95, 50.0
MIXTURES = {"topics, loose": (2000, 1.0), "topics, tight": (2000, 0.5), "no topics": (1, 50.0)}
THRESHOLDS = (0.9, 0.92, 0.95, 0.97)
MIB = 1 << 20


@frozen(eq=False)
class Planted:
    """Vectors, their texts, the family of each, and which were planted as copies of which."""

    texts: list[str]
    vectors: Embeddings[Text]
    family: Indices
    source: Indices
    copy: Indices


def noise(rng: np.random.Generator, n: int) -> Matrix:
    return unit(rng.standard_normal((n, DIM), dtype=np.float32))


def beside(rng: np.random.Generator, rows: Matrix, cosines: tuple[float, float]) -> Matrix:
    """For each unit row another, at a cosine drawn from this range."""
    cosine = rng.uniform(*cosines, (len(rows), 1)).astype(np.float32)
    across = noise(rng, len(rows))
    across = unit(across - np.einsum("nd,nd->n", across, rows)[:, None] * rows)
    return unit((cosine * rows + np.sqrt(1 - cosine**2) * across).astype(np.float32))


def planted(n: int, topics: int, spread: float, seed: int) -> Planted:
    rng = np.random.default_rng(seed)
    n_copies, n_misses = n // 3, n // 10
    n_own = n - n_copies - n_misses
    centres = unit(noise(rng, topics) + 0.4 * noise(rng, 1))
    of = rng.zipf(1.3, n_own) % topics
    own = unit(centres[of] + np.float32(spread) * noise(rng, n_own))
    source, missed = rng.integers(0, n_own, n_copies), rng.integers(0, n_own, n_misses)
    copies = beside(rng, own[source], (0.955, 0.999))
    misses = beside(rng, own[missed], (0.85, 0.93))
    rows = np.concatenate([own, misses, copies])
    family = np.concatenate([np.arange(n_own + n_misses), source])
    order = rng.permutation(n)
    place = np.argsort(order)
    texts = [name(i) for i in order.tolist()]
    made = Embeddings(SPACE, np.ascontiguousarray(rows[order]))
    return Planted(texts, made, family[order], place[source], place[n_own + n_misses :])


def name(i: int) -> str:
    """A text of letters that says nothing."""
    letters = ""
    while i or not letters:
        letters, i = string.ascii_lowercase[i % 26] + letters, i // 26
    return f"do {letters}q thing"


def recall(case: Planted, cluster: Indices) -> float:
    return float(np.mean(cluster[case.source] == cluster[case.copy]))


def precision(case: Planted, found: Duplicates) -> float:
    """Of members to representatives."""
    shown = np.flatnonzero(found.representative)
    mine = shown[np.argsort(found.cluster[shown])][found.cluster]
    joined = mine != np.arange(len(mine))
    return float(np.mean(case.family[mine[joined]] == case.family[joined]))


def pair_precision(case: Planted, cluster: np.ndarray) -> float:
    """Of all pairs in one cluster, those of one family."""
    same = cluster[:, None] == cluster
    np.fill_diagonal(same, False)
    return float((same & (case.family[:, None] == case.family)).sum() / max(same.sum(), 1))


def cpu_s(work: Callable[[], object]) -> float:
    gc.collect()
    start = process_time()
    work()
    return process_time() - start


def beside_k_means(n: int = 2000, rounds: int = 5) -> None:
    case = planted(n, *MIXTURES["topics, loose"], seed=0)
    rows = case.vectors.rows
    ways = {
        f"k-means, k = n / 5, {starts} start{'s' * (starts > 1)}": KMeans(
            n // 5, n_init=starts, random_state=0
        )
        for starts in (10, 1)
    }
    took: dict[str, list[float]] = {"ours": [], **{way: [] for way in ways}}
    for _ in range(rounds):
        took["ours"].append(cpu_s(lambda: duplicates(case.texts, case.vectors)))
        for way, peer in ways.items():
            took[way].append(cpu_s(lambda peer=peer: peer.fit(rows)))  # type: ignore[misc]
    found = duplicates(case.texts, case.vectors)
    ours = median(took["ours"])
    print(f"\n{n} vectors, {rounds} interleaved rounds (median CPU-s)")
    print(
        f"  ours: {ours:.4f} s, recall {recall(case, found.cluster):.4f}, precision "
        f"{precision(case, found):.4f} (pairs {pair_precision(case, found.cluster):.4f})"
    )
    for way, peer in ways.items():
        print(
            f"  {way}: {median(took[way]):.2f} s, {median(took[way]) / ours:.0f}x ours (goal "
            f"{GOAL_RATIO:.0f}x), recall {recall(case, peer.labels_):.4f}, precision of pairs "
            f"{pair_precision(case, peer.labels_):.4f}"
        )


def at_large(n: int) -> None:
    print(f"\n{n:,} vectors (goal: {GOAL_S:.0f} CPU-s, recall {GOAL_RECALL}, precision 1)")
    for mixture, (topics, spread) in MIXTURES.items():
        case = planted(n, topics, spread, seed=1)
        found: list[Duplicates] = []
        seconds = cpu_s(lambda: found.append(duplicates(case.texts, case.vectors)))  # noqa: B023
        again = cpu_s(lambda: vocabulary(case.texts, found[0]))  # noqa: B023
        print(
            f"  {mixture}: {seconds:.2f} CPU-s (+ {again:.2f} for the vocabulary), recall "
            f"{recall(case, found[0].cluster):.4f}, precision {precision(case, found[0]):.4f}, "
            f"{found[0].n_clusters:,} clusters"
        )
    at_peak(planted(n, *MIXTURES["no topics"], seed=1))


def at_peak(case: Planted) -> None:
    tracemalloc.start()
    duplicates(case.texts, case.vectors)
    peak = tracemalloc.get_traced_memory()[1] / MIB
    tracemalloc.stop()
    size = case.vectors.rows.nbytes / MIB
    print(f"  peak memory above the input: {peak:.0f} MiB; the input is {size:.0f} MiB")


def of_one_kind(n: int) -> None:
    """Everything is like everything: pairs are not kept."""
    rng = np.random.default_rng(3)
    rows = unit(noise(rng, 1) + 0.1 * noise(rng, n))
    made = Embeddings(SPACE, rows)
    found: list[Duplicates] = []
    seconds = cpu_s(lambda: found.append(duplicates([name(i) for i in range(n)], made)))
    print(f"  {n:,} all alike: {seconds:.2f} CPU-s, {found[0].n_clusters} clusters")


def diverse(n: int = 5000, rounds: int = 200) -> None:
    case = planted(n, *MIXTURES["topics, loose"], seed=2)
    found = duplicates(case.texts, case.vectors)
    rng, ms = np.random.default_rng(0), dict[str, list[float]]()
    for _ in range(rounds):
        query = noise(rng, 1)[0]
        scores = case.vectors.rows @ query
        hidden = ~found.representative
        ways: dict[str, Callable[[], object]] = {
            "cluster_diverse by stored clusters": lambda: cluster_diverse(
                scores,  # noqa: B023
                found.cluster,
                10,
            ),
            "cluster_diverse, duplicates hidden": lambda: cluster_diverse(
                scores,  # noqa: B023
                found.cluster,
                10,
                hidden,  # noqa: B023
            ),
            "mmr": lambda: mmr(scores, case.vectors.rows, 10, 0.7),  # noqa: B023
        }
        for way, work in ways.items():
            start = process_time()
            work()
            ms.setdefault(way, []).append((process_time() - start) * 1000)
    print(f"\nten of {n:,} segments, {rounds} queries, CPU-ms (goal: p95 < {GOAL_MS:.0f})")
    for way, took in ms.items():
        print(f"  {way}: p50 {np.percentile(took, 50):.2f}, p95 {np.percentile(took, 95):.2f}")


PROBES = (
    ("stir the pot", "stir pot"),
    ("Stir pot", "stirs pot"),
    ("cut onion", "cut onions"),
    ("cut paper with scissors", "cut paper using scissors"),
    ("wash hands", "wash hand"),
    ("cut onion", "slice onion"),
    ("push button", "press button"),
    ("stir pot", "stir the soup"),
    ("open door", "close door"),
    ("raise left arm", "raise right arm"),
    ("cut 2 onions", "cut 3 onions"),
    ("add salt", "add sugar"),
    ("pick up cup", "put down cup"),
    ("whip cream", "whip egg whites"),
    ("peel apple", "peel pear"),
)

VERBS = (
    "open close stir peel wash dry cut lift drop paint weigh fold tie hold throw show fill empty "
    "heat cool measure label break repair push pull smell taste clean shake"
)
OBJECTS = (
    "pot,door,egg,apple,pear,box,bottle,rope,shirt,car,bike,wheel,table,chair,left hand,right hand,"
    "phone,laptop,wire,red wire,blue wire,front wheel,rear wheel,small bowl,large bowl,salt,sugar,"
    "milk,cream,onion,garlic,potato,carrot,knife,fork,spoon,cup,mug,glass,window,drawer,cabinet"
)


def encoded(texts: Sequence[str]) -> Embeddings[Text]:
    encoder = minilm.build(evolve(EMBEDDED.text, options={"threads": 1})).unwrap()
    return encoder.encode(texts).unwrap()


def probes() -> None:
    print(f"\npairs of texts, all-MiniLM-L6-v2, threshold {SAME}: cosine, joined?")
    for pair in PROBES:
        vectors = encoded(pair)
        found = duplicates(pair, vectors)
        cosine = float(vectors.rows[0] @ vectors.rows[1])
        print(
            f"  {cosine:.3f} {'joined' if found.n_clusters == 1 else '-':6} {pair[0]} | {pair[1]}"
        )


def different() -> None:
    """Verbs with objects: all different actions, so whatever is joined is joined wrongly."""
    texts = [f"{verb} {thing}" for verb in VERBS.split() for thing in OBJECTS.split(",")]
    vectors, sides = encoded(texts), sides_of([key_of(text) for text in texts])
    cosine = np.triu(vectors.rows @ vectors.rows.T, 1)
    print(f"\n{len(texts)} different actions of a verb and an object, all-MiniLM-L6-v2")
    for threshold in THRESHOLDS:
        i, j = np.nonzero(cosine >= threshold)
        left = ~contrary(sides, i, j)
        found = duplicates(texts, vectors, threshold)
        print(
            f"  at {threshold}: {len(i)} pairs near enough, {left.sum()} but for opposites; "
            f"{len(texts) - found.n_clusters} texts hidden wrongly"
        )
    i, j = np.nonzero(cosine >= SAME)
    left = ~contrary(sides, i, j)
    named = [f"{texts[a]} | {texts[b]}" for a, b in zip(i[left], j[left], strict=True)]
    print(f"  at {SAME}:", ", ".join(named[:30]) or "none")


def actions_of(path: Path) -> tuple[list[str], list[int]]:
    """The brief actions of a file of Action100M's schema, and the video of each."""
    texts, videos = list[str](), list[int]()
    for video, row in enumerate(pq.read_table(path).to_pylist()):
        for node in row["nodes"]:
            annotated = [node["gpt"]["action"]["brief"]] if node["gpt"] else []
            for text in filter(None, [*annotated, node["plm_action"]]):
                if text != NOBODY:
                    texts.append(text)
                    videos.append(video)
    return texts, videos


def real(path: Path, most: int) -> None:
    texts, videos = actions_of(path)
    vectors = encoded(texts)
    keys = [key_of(text) for text in texts]
    print(f"\n{path.name}: {len(texts)} actions of {videos[-1] + 1} videos")
    print(f"  {len(set(texts))} texts, {len(set(keys))} by their words")
    for threshold in THRESHOLDS:
        print(f"  {duplicates(texts, vectors, threshold).n_clusters} clusters at {threshold}")
    found = duplicates(texts, vectors)
    celled = duplicates(texts, vectors, few=0)
    print(f"  {celled.n_clusters} clusters at {SAME} through cells, {found.n_clusters} without")
    by_key = duplicates(texts, encoded(keys))
    print(f"  {by_key.n_clusters} clusters at {SAME} by vectors of plain words (`key_of`)")
    several = [t for t in vocabulary(texts, found) if len({keys[i] for i in t.members}) > 1]
    print(f"\n{len(several)} clusters that vectors made at {SAME} (count, videos, words):")
    for term in several[:most]:
        words = sorted({keys[i] for i in term.members})
        n_videos = len({videos[i] for i in term.members})
        print(f"  {term.count:3} {n_videos} {term.label!r}: {' | '.join(words)}")
    refused(keys, vectors, most)


def refused(keys: list[str], vectors: Embeddings[Text], most: int) -> None:
    """Pairs that are near enough, but for the list of opposites and numbers."""
    first = np.unique(np.array(keys), return_index=True)[1]
    rows, sides = vectors.rows[first], sides_of([keys[i] for i in first])
    i, j = np.nonzero(np.triu(rows @ rows.T >= SAME, 1))
    able = contrary(sides, i, j)
    print(f"\n{able.sum()} of {len(able)} pairs at {SAME} and above are refused as contrary:")
    for a, b in list(zip(first[i[able]], first[j[able]], strict=True))[:most]:
        print(f"  {keys[a]} | {keys[b]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    shared = Path(os.environ.get("KUAVI_SHARED_DATA", "../shared/data"))
    examples = shared / "action100m" / "examples.parquet"
    parser.add_argument("--examples", type=Path, default=examples)
    parser.add_argument("--texts", type=int, default=30, help="how many clusters are printed")
    parser.add_argument("--n", type=int, default=100_000)
    options = parser.parse_args()
    with threadpool_limits(1):
        beside_k_means()
        at_large(options.n)
        of_one_kind(min(options.n, 4 * FEW))
        diverse()
    probes()
    different()
    if options.examples.exists():
        real(options.examples, options.texts)
    else:
        print(f"\nno {options.examples}: real texts are left out")


if __name__ == "__main__":
    main()
