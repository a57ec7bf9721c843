"""Chain Ward against scikit-learn and against one read of the matrix, in CPU time of one run.

    python -m bench.ward              labels, and speed at 100,000 x 1,024 (needs about 4 GB)
    python -m bench.ward --million    also 1,000,000 x 1,024 fp32 (needs about 4.5 GB)

Compile time of the numba kernel is printed and left out of the rest.
"""

import argparse
import gc
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.sparse import diags
from sklearn.cluster import AgglomerativeClustering, ward_tree

from kuavi.domain.chain import Rows
from kuavi.domain.ward import Precision, chain_ward

GOAL_SKLEARN, GOAL_READS, GOAL_MB = 50.0, 8.0, 64.0
DIM = 1024
PRECISIONS: tuple[Precision, ...] = ("fp32", "fp64")


def cpu_s(work: Callable[[], object]) -> float:
    """CPU seconds of all threads of this process."""
    start = time.process_time()
    work()
    return time.process_time() - start


def noise(n: int, seed: int) -> np.ndarray:
    """(n, DIM) standard normal float32, made in blocks so that nothing else is allocated."""
    rng, rows = np.random.default_rng(seed), np.empty((n, DIM), dtype=np.float32)
    for start in range(0, n, 4096):
        rng.standard_normal(out=rows[start : start + 4096], dtype=np.float32)
    return rows


def like_video(n: int, seed: int) -> np.ndarray:
    """Unit rows: scenes of about 100 frames, a slow walk inside each, some noise."""
    rng, rows = np.random.default_rng(seed), noise(n, seed)
    starts = np.flatnonzero(rng.random(n) < 0.01)
    for start, end in zip([0, *starts], [*starts, n], strict=True):
        part = rows[start:end]
        np.cumsum(part * np.float32(0.05), axis=0, out=part)
        part += rng.standard_normal(DIM).astype(np.float32)
        part /= np.maximum(np.linalg.norm(part, axis=1, keepdims=True), 1e-6)
    return rows


def chain(n: int) -> object:
    return diags([np.ones(n - 1)] * 2, [-1, 1], format="csr")


def warm_up() -> None:
    for precision in PRECISIONS:
        seconds = timed_in_place(np.ones((9, 65), dtype=np.float32), precision)
        print(f"compile or load from cache, {precision}: {seconds:.2f} CPU-s")


def trial_rows(trial: int, rng: np.random.Generator) -> np.ndarray:
    n, dim = int(rng.integers(2, 400)), int(rng.choice([2, 16, 1024]))
    rows = rng.standard_normal((n, dim))
    kinds = (rows, np.cumsum(rows, axis=0), np.round(rows[:, :2]), np.repeat(rows[:9], 20, axis=0))
    return kinds[trial % 4].astype(np.float32)


def same_partition(ours: np.ndarray, theirs: np.ndarray) -> bool:
    changes = np.flatnonzero(np.diff(theirs))
    return np.array_equal(np.flatnonzero(np.diff(ours)), changes) and (
        len(np.unique(theirs)) == len(changes) + 1
    )


def labels(trials: int) -> None:
    """fp64 labels at seven thresholds a trial, two of them on and just above a merge's cost."""
    rng, equal, trees, asked = np.random.default_rng(0), 0, 0, 0
    for trial in range(trials):
        rows = trial_rows(trial, rng)
        ours = chain_ward(rows)
        trees += np.array_equal(ours.children, ward_tree(rows, connectivity=chain(len(rows)))[0])
        height = float(rng.choice(ours.costs))
        for threshold in (height, height + 1e-9, *np.quantile(ours.costs, [0, 0.3, 0.6, 0.9, 1])):
            model = AgglomerativeClustering(
                n_clusters=None,
                distance_threshold=float(threshold),
                linkage="ward",
                connectivity=chain(len(rows)),
                compute_full_tree=True,
            )
            theirs = model.fit_predict(rows)
            equal += same_partition(ours.labels(ours.count_at(float(threshold))), theirs)
            asked += 1
    print(f"fp64 labels equal to scikit-learn's: {equal}/{asked}, whole trees: {trees}/{trials}")


def against_sklearn(n: int, repeats: int) -> None:
    """Pairs, one after the other, so that both meet the same load; the median of their ratios."""
    for kind in (noise, like_video):
        rows = kind(n, 1)
        theirs = list[float]()
        ours: dict[Precision, list[float]] = {precision: [] for precision in PRECISIONS}
        for _ in range(repeats):
            theirs.append(
                cpu_s(lambda r=rows: ward_tree(r, connectivity=chain(n), return_distance=True))  # type: ignore[misc]
            )
            gc.collect()
            for precision, times in ours.items():
                times.append(timed_in_place(rows, precision))
        for precision, times in ours.items():
            ratio = np.median(np.array(theirs) / np.array(times))
            print(
                f"{n} x {DIM} {kind.__name__}: scikit-learn {np.median(theirs):.2f} CPU-s, "
                f"{precision} {np.median(times):.3f}, medians of {repeats} pairs: {ratio:.1f}x "
                f"(goal {GOAL_SKLEARN:.0f}x for fp32)"
            )


def timed_in_place(rows: Rows, precision: Precision) -> float:
    own: Rows = rows.astype(np.float64) if precision == "fp64" else rows.copy()
    return cpu_s(lambda: chain_ward(own, precision=precision, in_place=True, engine="numba"))


def memory_mb(field: str) -> float:
    """VmRSS or VmHWM (the peak) of this process, from Linux."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def forget_peak() -> None:
    """Start VmHWM anew at what is resident now (proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def against_one_read(n: int, repeats: int) -> None:
    for kind in (noise, like_video):
        ratios, reads, ours = [], [], []
        above = 0.0
        for repeat in range(repeats):
            rows = kind(n, repeat)
            around = [cpu_s(rows.sum) for _ in range(2)]
            gc.collect()
            forget_peak()
            before = memory_mb("VmRSS")
            ours.append(timed_consumed(rows))
            above = max(above, memory_mb("VmHWM") - before)
            around += [cpu_s(rows.sum) for _ in range(2)]
            reads.append(float(np.median(around)))
            ratios.append(ours[-1] / reads[-1])
            del rows
            gc.collect()
        print(
            f"{n} x {DIM} {kind.__name__} fp32 in place: {np.median(ours):.3f} CPU-s, one read "
            f"{np.median(reads):.3f} ({n * DIM * 4e-9 / np.median(reads):.0f} GB/s), medians of "
            f"{repeats}: {np.median(ratios):.1f}x (goal {GOAL_READS:.0f}x); peak "
            f"above the input {above:.0f} MB (goal {GOAL_MB:.0f} MB)"
        )


def timed_consumed(rows: Rows) -> float:
    return cpu_s(lambda: chain_ward(rows, precision="fp32", in_place=True, engine="numba"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--million", action="store_true", help="also n = 1,000,000")
    parser.add_argument("--n", type=int, default=100_000, help="frames against scikit-learn")
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    warm_up()
    labels(options.trials)
    if options.million:
        against_one_read(1_000_000, options.repeats)
    against_one_read(options.n, options.repeats)
    gc.collect()
    against_sklearn(options.n, options.repeats)


if __name__ == "__main__":
    main()
