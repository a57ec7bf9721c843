"""Named colours, for the fakes: which of them a picture is made of."""

from collections.abc import Mapping

import numpy as np

from kuavi.domain.media import Pixels

PALETTE: Mapping[str, tuple[int, int, int]] = {
    "black": (0, 0, 0),
    "grey": (128, 128, 128),
    "white": (255, 255, 255),
    "red": (220, 30, 30),
    "orange": (240, 140, 20),
    "yellow": (235, 225, 40),
    "green": (40, 160, 50),
    "cyan": (40, 200, 210),
    "blue": (40, 60, 210),
    "purple": (130, 40, 160),
    "pink": (240, 150, 190),
    "brown": (110, 70, 35),
}
"""RGB of each name."""

SAMPLE = 48
"""At most this many rows and columns of a picture are looked at."""


def colour_shares(pixels: Pixels) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """The share of each palette colour in a picture (12,), by nearest colour; sums to 1."""
    rows, columns = (-(-size // SAMPLE) for size in pixels.shape[:2])
    points = pixels[::rows, ::columns].reshape(-1, 1, 3).astype(np.float32)
    palette = np.array(list(PALETTE.values()), dtype=np.float32)
    nearest = np.square(points - palette).sum(axis=2).argmin(axis=1)
    counts = np.bincount(nearest, minlength=len(palette))
    return (counts / counts.sum()).astype(np.float32)


def brightness(pixels: Pixels) -> float:
    """Mean of all channels, 0 (black) to 1 (white)."""
    return float(pixels.mean() / 255)
