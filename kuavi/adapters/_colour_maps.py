"""Feature maps of colours: what each place of a picture looks like.  For tests and demonstrations.

A place is a cell of a grid; a step is the mean over its frames.
"""

from collections.abc import Sequence

import numpy as np
from attrs import frozen
from returns.result import Success

from kuavi.adapters._colour_clips import ColourClips
from kuavi.adapters._colours import PALETTE, brightness, colour_shares
from kuavi.domain.evidence import Evidence, Model
from kuavi.domain.features import FeatureMap, Map
from kuavi.domain.media import Frame, Pixels
from kuavi.domain.outcome import Outcome
from kuavi.domain.space import Embeddings, Motion, Space
from kuavi.ports.models import ModelFailure

GRID = 6
"""Rows and columns of a map."""
DIM = len(PALETTE) + 1


@frozen(eq=False)
class MappedColours:
    """Clips as colours, with feature maps besides."""

    clips: ColourClips

    @property
    def space(self) -> Space[Motion]:
        return self.clips.space

    @property
    def model(self) -> Model:
        return self.clips.model

    @property
    def evidence(self) -> Evidence:
        return self.clips.evidence

    @property
    def step(self) -> int:
        return self.clips.step

    @property
    def feature_space(self) -> Space[Motion]:
        return Space[Motion](self.model.model_id, f"{self.model.revision}-places", DIM)

    def encode(
        self, windows: Sequence[Sequence[Frame]]
    ) -> Outcome[tuple[Embeddings[Motion], ...], ModelFailure]:
        return self.clips.encode(windows)

    def features(
        self, windows: Sequence[Sequence[Frame]]
    ) -> Outcome[tuple[FeatureMap, ...], ModelFailure]:
        return Success(tuple(FeatureMap(self.feature_space, self._map(w)) for w in windows))

    def _map(self, window: Sequence[Frame]) -> Map:
        """(steps, GRID, GRID, DIM): of each cell its colours' shares, and its brightness."""
        looks = np.array([_places(frame.pixels) for frame in window])
        steps = looks.reshape(-1, self.step, GRID, GRID, DIM).mean(axis=1)
        halves: Map = steps.astype(np.float16)
        return halves


def _places(pixels: Pixels) -> list[list[list[float]]]:
    rows = [_cells(len(pixels), row) for row in range(GRID)]
    columns = [_cells(pixels.shape[1], column) for column in range(GRID)]
    return [[_look(pixels[row, column]) for column in columns] for row in rows]


def _cells(size: int, number: int) -> slice:
    """The pixels of a cell; cells of a picture of fewer pixels than cells overlap."""
    first = number * size // GRID
    return slice(first, max((number + 1) * size // GRID, first + 1))


def _look(pixels: Pixels) -> list[float]:
    return [*colour_shares(pixels).tolist(), brightness(pixels)]
