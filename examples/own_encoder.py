"""An encoder of your own in the place of the preset's: one file, one class.

    python -m examples.own_encoder VIDEO "something green"

`ColourShares` puts pictures and colour words into one space of four numbers.  It is small, but
complete: what it returns is stored, searched and shown as the preset's own vectors are, under its
own name.  A real one would call a network in the same two methods.
"""

import sys
import tempfile
from collections.abc import Sequence

import numpy as np
from attrs import frozen
from returns.result import Success

import kuavi
from kuavi.domain.evidence import Evidence, Heuristic, Model
from kuavi.domain.manifest import Tier
from kuavi.domain.media import Frame, Pixels
from kuavi.domain.outcome import Outcome
from kuavi.domain.space import Embeddings, Joint, Matrix, Space, unit
from kuavi.ports.models import ModelFailure

COLOURS = ("red", "green", "blue")
CLEARLY = 30
"""How far above the mean of its pixel's channels a channel must be, of 255."""


@frozen
class ColourShares:
    """Implements kuavi.ports.encoders.JointEncoder."""

    @property
    def space(self) -> Space[Joint]:
        return Space("example/colour-shares", "1", len(COLOURS) + 1)

    @property
    def model(self) -> Model:
        """Enters the key of every result: change the revision when results change."""
        return Model("example/colour-shares", "1")

    @property
    def evidence(self) -> Evidence:
        return Heuristic("shares of colours")

    def encode_frames(self, frames: Sequence[Frame]) -> Outcome[Embeddings[Joint], ModelFailure]:
        """The shares of red, green, blue and of no colour."""
        return self._vectors([self._shares(frame.pixels) for frame in frames])

    def encode_texts(self, texts: Sequence[str]) -> Outcome[Embeddings[Joint], ModelFailure]:
        """The colours that each text names."""
        words = [text.lower().split() for text in texts]
        return self._vectors([[float(c in said) for c in (*COLOURS, "grey")] for said in words])

    def _shares(self, pixels: Pixels) -> list[float]:
        above = pixels - pixels.mean(axis=2, keepdims=True)
        shares: list[float] = (above > CLEARLY).mean(axis=(0, 1)).tolist()
        return [*shares, max(0.0, 1 - sum(shares))]

    def _vectors(self, rows: list[list[float]]) -> Outcome[Embeddings[Joint], ModelFailure]:
        vectors: Matrix = np.array(rows, dtype=np.float32).reshape(-1, len(COLOURS) + 1)
        return Success(Embeddings(self.space, unit(vectors)))


def main(video: str, query: str) -> None:
    """Index a video with it in a library of its own, and search."""
    with tempfile.TemporaryDirectory() as folder:
        library = kuavi.open_library(folder, models={"joint": ColourShares()})
        library.index(video, tier=Tier.SCAN)
        for hit in library.search(query, field="visual", limit=3).hits:
            print(f"{hit.scene.start_s:6.1f} s  {hit.title}  {hit.matches[0].score:.2f}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
