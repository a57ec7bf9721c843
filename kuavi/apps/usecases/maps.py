"""Feature maps: collected while a video is decoded, and how large they will be."""

from collections.abc import Sequence
from math import ceil
from typing import overload

import numpy as np
from attrs import frozen
from returns.result import Failure, Success

from kuavi.apps.usecases.ports import IndexPorts
from kuavi.domain.clip_maps import MapExtent, MapsSize, pooled, pooled_space
from kuavi.domain.features import FeatureMap
from kuavi.domain.layers import Times
from kuavi.domain.manifest import Gap, Stage
from kuavi.domain.media import Frame
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import IndexPlan, Maps
from kuavi.domain.space import Motion, Space
from kuavi.domain.spans import Span
from kuavi.domain.windows import window_starts
from kuavi.ports.encoders import FeatureEncoder
from kuavi.ports.models import ModelFailure
from kuavi.ports.parts import FeatureMaps
from kuavi.ports.scratch import Pile, Scratch, ScratchFailed

MapFailure = ModelFailure | ScratchFailed
Shape = tuple[int, int, int, int]


@frozen(eq=False)
class _Piled(Sequence[FeatureMap]):
    """Maps that are read from a pile when they are taken."""

    space: Space[Motion]
    pile: Pile
    extents: Sequence[MapExtent]

    def __len__(self) -> int:
        return len(self.extents)

    @overload
    def __getitem__(self, at: int) -> FeatureMap: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[FeatureMap]: ...
    def __getitem__(self, at: int | slice) -> FeatureMap | Sequence[FeatureMap]:
        numbers = range(len(self.extents))[at]
        if isinstance(numbers, range):
            return tuple(map(self._taken, numbers))
        return self._taken(numbers)

    def _taken(self, number: int) -> FeatureMap:
        values = self.pile.get(number)
        if isinstance(values, Failure):
            raise OSError(str(values.failure()))
        halves = np.frombuffer(values.unwrap(), dtype=np.float16)
        return FeatureMap(self.space, halves.reshape(self.extents[number].shape(self.space.dim)))


class MapCollector:
    """Encodes windows to feature maps as they fill, and piles the maps up outside memory.

    Holds the frames of one window and one map.  The windows are those of `window_starts`: the last
    one ends on the last frame, and a video shorter than a window is padded with its last frame.
    """

    def __init__(self, encoder: FeatureEncoder, plan: IndexPlan, scratch: Scratch) -> None:
        self._encoder = encoder
        self._side = plan.map_side if plan.maps == Maps.POOLED else 0
        self._windowing = plan.map_windowing
        self._scratch = scratch
        self._pile: Pile | None = None
        self._frames: list[Frame] = []
        self._first = 0  # index of self._frames[0]
        self._next = 0  # start of the next window
        self._extents: list[MapExtent] = []

    def push(self, frame: Frame) -> Outcome[None, MapFailure]:
        """A window is due when a frame after it has come: it can't be the last one then."""
        size = self._windowing.size
        put: Outcome[None, MapFailure] = Success(None)
        if self._first + len(self._frames) == self._next + size:
            put = self._see(self._frames[self._next - self._first :], frame.time_s)
            self._next += self._windowing.stride
        self._frames.append(frame)
        if len(self._frames) > size:
            del self._frames[0]
            self._first += 1
        return put

    def finish(self, end_s: float) -> Outcome[FeatureMaps, MapFailure]:
        """The maps of a video that ends at `end_s`."""
        if self._frames:
            padding = [self._frames[-1]] * (self._windowing.size - len(self._frames))
            put = self._see([*self._frames, *padding], end_s)
            if isinstance(put, Failure):
                return put
        space = self._encoder.feature_space
        space = pooled_space(space, self._side) if self._side else space
        extents = tuple(self._extents)
        maps = () if self._pile is None else _Piled(space, self._pile, extents)
        return Success(FeatureMaps(space, extents, maps))

    def _see(self, window: Sequence[Frame], end_s: float) -> Outcome[None, MapFailure]:
        encoded = self._encoder.features([window])
        if isinstance(encoded, Failure):
            return encoded
        seen = encoded.unwrap()[0]
        kept = pooled(seen, self._side) if self._side else seen
        put = self._put(kept.values.tobytes())
        if isinstance(put, Failure):
            return put
        steps, rows, columns, _ = kept.values.shape
        starts_s: Times = np.array([f.time_s for f in window[:: len(window) // steps]])
        span = Span(window[0].time_s, end_s)
        self._extents.append(MapExtent(span, starts_s, rows, columns))
        return Success(None)

    def _put(self, values: bytes) -> Outcome[int, ScratchFailed]:
        if self._pile is None:
            made = self._scratch.pile()
            if isinstance(made, Failure):
                return made
            self._pile = made.unwrap()
        return self._pile.put(values)


def no_maps(ports: IndexPorts) -> tuple[FeatureMaps, Gap]:
    """What stage FEATURES makes where the clip encoder sees no single places."""
    space = ports.scan.clips.space
    reason = f"{space.model_id} gives no feature maps; choose a preset whose clip encoder does"
    return FeatureMaps(space, (), ()), Gap(Stage.FEATURES, reason)


def maps_size(
    lengths_s: Sequence[float], plan: IndexPlan, ports: IndexPorts
) -> Outcome[MapsSize | None, ModelFailure]:
    """How much the maps of videos of these lengths will take; None where there will be none.

    Raw maps are as large as the encoder makes them, so it is shown a black window first.
    """
    encoder = ports.scan.maps
    if encoder is None or plan.maps == Maps.NONE:
        return Success(None)
    shape = _shape(encoder, plan, ports.scan.clips.step)
    if isinstance(shape, Failure):
        return shape
    n_frames = [max(ceil(length_s * plan.sample_fps), 1) for length_s in lengths_s]
    return Success(
        MapsSize(sum(len(window_starts(n, plan.map_windowing)) for n in n_frames), shape.unwrap())
    )


def _shape(encoder: FeatureEncoder, plan: IndexPlan, step: int) -> Outcome[Shape, ModelFailure]:
    size, side = plan.windowing.size, plan.map_side
    if plan.maps == Maps.POOLED:
        return Success((size // step, side, side, encoder.feature_space.dim))
    black = Frame(0.0, np.zeros((plan.picture_side, plan.picture_side, 3), dtype=np.uint8))
    seen = encoder.features([[black] * size])
    if isinstance(seen, Failure):
        return seen
    return Success(seen.unwrap()[0].values.shape)
