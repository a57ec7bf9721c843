"""Ward's method on a time chain: the whole dendrogram of n frames in O(n log n).

Clusters are stretches of time and merge only with their neighbours; each merge is the one that
raises the within-cluster inertia least (Ward 1963), as `ward_tree` of scikit-learn does it with a
chain as connectivity.  Where frames carry groups (shots), every merge inside a group comes before
any merge between groups.

Under a chain Ward's costs are not monotone: a merge may be cheaper than the one before it.  So a
cut at threshold t is defined as scikit-learn defines it: k = 1 + #{cost >= t} clusters, which undo
the last k - 1 merges.  Cuts are prefixes of one order, hence always nested.
"""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from math import inf
from typing import Literal, TypeAlias

import numpy as np
from attrs import frozen

from kuavi.domain.chain import Chain, Floats, Ints, Rows, Table, new_chain

Precision: TypeAlias = Literal["fp64", "fp32"]
Engine: TypeAlias = Literal["auto", "numba", "numpy"]
Labels: TypeAlias = np.ndarray[tuple[int], np.dtype[np.int64]]
Run: TypeAlias = Callable[[Chain, int, bool, float], int]

DTYPES = {"fp64": np.float64, "fp32": np.float32}
NOT_FINITE = "rows must be finite, and so must be the squares of their differences"
NUMBA_FROM = 65_536
"""Loading numba and its compiled code takes 0.6 s of CPU time and 130 MB (compiling, once, about
7 s); numpy takes 3 s for 36,000 x 512 fp32, four hours of video, and no memory."""
FP64_VALUES = 2**22
"""Numbers whose fp64 copy takes 32 MB: 8,192 frames of 512, an hour of video."""
ENGINES = {"numba": "kuavi.domain.kernels", "numpy": "kuavi.domain.chain_numpy"}


@frozen(eq=False)
class Dendrogram:
    """All n - 1 merges of n frames, in order.

    `children` (n-1, 2) int32: leaf i is frame i, merge k makes node n + k; smaller number first.
    `costs` (n-1,) float64: sqrt(2 * rise in inertia), scikit-learn's `distances_`.
    `splits` (n-1,) int32: first frame of the later of the two parts a merge joins.
    `absorbed` and `within`: the first `absorbed` merges make pieces long enough, those before
    `within` stay inside groups, the others join groups.
    """

    children: Table
    costs: Floats
    splits: Ints
    absorbed: int
    within: int

    def __attrs_post_init__(self) -> None:
        m = len(self.costs)
        if self.children.shape != (m, 2) or self.splits.shape != (m,):
            raise ValueError(f"{self.children.shape = }, {self.splits.shape = }, costs: {m}")
        if not 0 <= self.absorbed <= self.within <= m:
            raise ValueError(f"{self.absorbed = } and {self.within = } of {m} merges")
        seen = np.zeros(m + 1, dtype=np.bool_)
        seen[self.splits] = True
        if not seen[1:].all():
            raise ValueError("each boundary between two frames must be merged exactly once")
        for array in (self.children, self.costs, self.splits):
            array.setflags(write=False)

    @property
    def n_frames(self) -> int:
        return len(self.costs) + 1

    def count_at(self, threshold: float) -> int:
        """Clusters at a threshold: 1 + #{cost >= threshold}."""
        return 1 + int(np.count_nonzero(self.costs >= threshold))

    def starts(self, k: int) -> Labels:
        """First frames of the k clusters, ascending: (k,)."""
        if not 1 <= k <= self.n_frames:
            raise ValueError(f"{self.n_frames} frames can't make {k} clusters")
        undone = self.splits[self.n_frames - k :]
        return np.sort(np.concatenate([np.zeros(1, dtype=np.int64), undone]))

    def labels(self, k: int) -> Labels:
        """(n,) cluster of each frame, 0..k-1 in time order."""
        steps = np.zeros(self.n_frames, dtype=np.int64)
        steps[self.starts(k)[1:]] = 1
        return np.cumsum(steps)


def chain_ward(
    rows: Rows,
    groups: np.ndarray | None = None,
    *,
    precision: Precision = "fp64",
    in_place: bool = False,
    engine: Engine = "auto",
) -> Dendrogram:
    """The dendrogram of rows (n, dim), merging neighbours only, inside groups first.

    `groups` (n,) int, non-decreasing: the shot of each frame.  "fp64" gives scikit-learn's tree
    and labels; "fp32" takes half the memory and is several times faster, and near-ties may fall
    otherwise.  With `in_place` the rows are consumed: they must be C-contiguous, writable and of
    the dtype of the precision; memory above them is then some 50 bytes a frame.  `engine` says
    which of two equal implementations runs; "auto" takes numba where it is installed and there are
    at least `NUMBA_FROM` frames.

    Raises:
        ValueError: no rows, rows that are not finite, groups that go back, or rows that can't be
            consumed.
    """
    sums = working_copy(rows, precision, in_place)
    shots = None if groups is None else shot_numbers(groups, len(sums))
    return agglomerate(new_chain(sums, shots), 0.0, engine)


def agglomerate(chain: Chain, min_length: float, engine: Engine = "auto") -> Dendrogram:
    """Run all phases on a fresh chain, which is consumed.

    1. A piece shorter than `min_length` merges with its cheaper neighbour of its group.
    2. A group shorter than `min_length` merges with the cheaper piece next to it and takes its
       group.
    3. Groups are completed.  4. Groups merge.  (1 and 2 only where `min_length` > 0.)
    """
    run = _engine(_chosen(engine, len(chain.clusters)))
    grouped = len(chain.groups) > 0
    done = 0
    if min_length > 0:
        done = run(chain, done, grouped, min_length)
        done = run(chain, done, False, min_length)
    absorbed = done
    done = run(chain, done, grouped, inf)
    within = done
    done = run(chain, done, False, inf)
    with np.errstate(over="ignore"):
        costs = np.multiply(chain.inertia, 2.0, out=chain.inertia)
    if not np.isfinite(costs).all():
        raise ValueError(NOT_FINITE)
    return Dendrogram(chain.children, np.sqrt(costs, out=costs), chain.splits, absorbed, within)


def precision_of(rows: Rows) -> Precision:
    """Fp64 up to `FP64_VALUES` numbers, fp32 above.

    A working copy of the rows is made, and that of a video of hours should not take twice their
    memory.  It depends on the shape alone, so the same video always gives the same tree.
    """
    return "fp64" if rows.size <= FP64_VALUES else "fp32"


def shot_numbers(groups: np.ndarray, n: int) -> Ints:
    """Groups (n,) int, non-decreasing -> (n,) int32 from 0 without gaps."""
    if groups.shape != (n,) or not np.issubdtype(groups.dtype, np.integer):
        raise ValueError(f"need {n} integer groups, got {groups.shape} {groups.dtype}")
    if (groups[1:] < groups[:-1]).any():
        raise ValueError("groups must not decrease along time")
    numbers = np.zeros(n, dtype=np.int32)
    np.cumsum(groups[1:] != groups[:-1], out=numbers[1:])
    return numbers


def working_copy(rows: Rows, precision: Precision, in_place: bool) -> Rows:
    if rows.ndim != 2 or 0 in rows.shape:
        raise ValueError(f"need rows (n, dim) with n and dim at least 1, got {rows.shape}")
    if not np.isfinite(rows[0]).all():
        raise ValueError(NOT_FINITE)
    dtype = DTYPES[precision]
    if not in_place:
        return np.array(rows, dtype=dtype, order="C", copy=True)
    if rows.dtype != dtype or not (rows.flags.c_contiguous and rows.flags.writeable):
        raise ValueError(
            f"only writable C-contiguous {np.dtype(dtype)} rows can be consumed in place"
        )
    return rows


def _chosen(engine: Engine, n: int) -> Engine:
    if engine != "auto":
        return engine
    return "numba" if n >= NUMBA_FROM and find_spec("numba") else "numpy"


@cache
def _engine(name: Engine) -> Run:
    run: Run = import_module(ENGINES[name]).run
    return run
