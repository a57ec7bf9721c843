"""Feature maps in a library on disk: memory and time to write, open and read them.

    python -m bench.feature_maps --maps 40 --side 16

The maps are of V-JEPA 2's size (32 steps, `side` x `side` places, 1024 wide) and hold noise, made
when the library takes them, so that memory is the library's own.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from attrs import frozen

from kuavi.adapters.libraries import lance
from kuavi.domain.clip_maps import MapExtent
from kuavi.domain.features import FeatureMap, Map
from kuavi.domain.manifest import Stage
from kuavi.domain.space import Motion, Space
from kuavi.domain.spans import Span
from kuavi.ports.parts import FeatureMaps
from tests.indexed import id_of, record_of

SPACE = Space[Motion]("noise", "1", 1024)
STEPS = 32
WINDOW_S = 25.6


@frozen(eq=False)
class Noise(Sequence[FeatureMap]):
    n: int
    values: Map

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, at: Any) -> Any:
        if not 0 <= at < self.n:
            raise IndexError(at)
        return FeatureMap(SPACE, np.roll(self.values, at, axis=0))


def part(n: int, side: int) -> FeatureMaps:
    draw = np.random.default_rng(0).normal(size=(STEPS, side, side, SPACE.dim))
    steps = np.arange(STEPS) * WINDOW_S / STEPS
    extents = tuple(
        MapExtent(Span(i * WINDOW_S, (i + 1) * WINDOW_S), i * WINDOW_S + steps, side, side)
        for i in range(n)
    )
    return FeatureMaps(SPACE, extents, Noise(n, draw.astype(np.float16)))


def peak_mb(*, reset: bool = False) -> int:
    """The most memory this process has had since it was reset (Linux)."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) // 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--maps", type=int, default=40)
    parser.add_argument("--side", type=int, default=16, help="16: raw; 4: pooled")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        library = lance.build(f"{folder}/library", create=True).unwrap()
        library.commit(record_of("small", {Stage.FEATURES: 0}), [part(1, 2)]).unwrap()
        maps = part(given.maps, given.side)
        before = peak_mb(reset=True)
        cpu_s, wall_s = time.process_time(), time.perf_counter()
        library.commit(record_of("a", {Stage.FEATURES: 0}), [maps]).unwrap()
        cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
        print(f"write: {cpu_s:.1f} CPU s, {wall_s:.1f} s; peak {before} -> {peak_mb()} MB")
        start_s = time.perf_counter()
        found = library.view().unwrap().feature_maps(id_of("a")).unwrap()
        assert found is not None
        print(f"open: {1000 * (time.perf_counter() - start_s):.1f} ms")
        peak_mb(reset=True)
        reads = []
        for number in np.random.default_rng(1).integers(given.maps, size=10):
            start_s = time.perf_counter()
            found.map(int(number)).unwrap()
            reads.append(1000 * (time.perf_counter() - start_s))
        print(f"read one: median {np.median(reads):.1f} ms; peak {peak_mb()} MB")
        size = library.doctor(repair=False).unwrap().bytes_on_disk
        held = given.maps * maps.maps[0].values.nbytes
        print(f"maps {held / 1e6:.1f} MB, on disk {size / 1e6:.1f} MB")
        peak_mb(reset=True)
        library.doctor(repair=True).unwrap()
        print(f"doctor --repair: peak {peak_mb()} MB")


if __name__ == "__main__":
    main()
