"""The vectors of a layer made ready for search: of length 1, sketched where many, by scene."""

from functools import lru_cache
from typing import Any, Generic, TypeVar

import numpy as np
from attrs import field, frozen
from returns.result import Failure, Success

from kuavi.apps.usecases.scene_table import SceneTable, scene_name, scene_table
from kuavi.domain.fingerprint import VideoId, fingerprint_of
from kuavi.domain.layers import Indices, Layer, Located, Times
from kuavi.domain.nearest import MANY, Grouped
from kuavi.domain.outcome import Outcome
from kuavi.domain.rotation import Rotation
from kuavi.domain.sketch import Sketch, sketch_of
from kuavi.domain.space import Matrix, Role, Space, unit
from kuavi.ports.derived import Arrays, Derivation
from kuavi.ports.library import LibraryFailure, LibraryView

R = TypeVar("R", bound=Role)

SHOWN = (Layer.VISUAL, Layer.MOTION)
"""Layers whose items are moments: such a one belongs to the scene on at its start.

An item of another layer is a stretch of speech or of writing, and belongs to its middle's scene.
"""

_SKETCHED = ("signs", "bits", "coarse", "middle", "fine", "mean")
_TURNED = ("flips", "left", "right")
"""Names of the arrays that a sketch is kept as.

One whose arrays mean something else gets other names: an older file then lacks what is asked for,
and is made anew in its place.
"""


@frozen(eq=False)
class LayerRows(Generic[R]):
    """As `Located`, with unit rows (n, dim), which may lie on disk, and their sketch."""

    space: Space[R]
    videos: tuple[VideoId, ...] = field(repr=False)
    video: Indices = field(repr=False)
    position: Indices = field(repr=False)
    start_s: Times = field(repr=False)
    end_s: Times = field(repr=False)
    rows: Matrix = field(repr=False)
    sketch: Sketch | None = field(repr=False)

    def __attrs_post_init__(self) -> None:
        columns = (self.video, self.position, self.start_s, self.end_s)
        if any(column.shape != (len(self.rows),) for column in columns):
            raise ValueError(f"{len(self.rows)} rows, but {[column.shape for column in columns]}")
        if self.rows.shape[1:] != (self.space.dim,) or self.rows.dtype != np.float32:
            raise ValueError(f"{self.space}: {self.rows.shape} {self.rows.dtype}")
        if self.sketch is not None and len(self.sketch) != len(self.rows):
            raise ValueError(f"{len(self.rows)} rows, {len(self.sketch)} sketched")

    def __len__(self) -> int:
        return len(self.rows)

    def of_video(self, video: VideoId) -> slice:
        """Where a video's rows are."""
        if video not in self.videos:
            return slice(0, 0)
        place = self.videos.index(video)
        first, last = np.searchsorted(self.video, [place, place + 1])
        return slice(int(first), int(last))


def layer_rows(
    view: LibraryView, layer: Layer, space: Space[R], many: int = MANY
) -> Outcome[LayerRows[R], LibraryFailure]:
    """A layer's rows, made once for a view; from `many` on with a sketch."""
    return view.derived(
        Derivation(
            f"rows.{_name(layer, space)}.{many}",
            lambda: _computed(view, layer, space, many),
            lambda arrays: _loaded(space, arrays, many),
        )
    )


def by_scene(
    view: LibraryView, layer: Layer, rows: LayerRows[R], scene_s: float | None
) -> Outcome[Grouped, LibraryFailure]:
    """The rows with the scene of each."""
    listed = scene_table(view, scene_s)
    if isinstance(listed, Failure):
        return listed
    table = listed.unwrap()
    sketched = "plain" if rows.sketch is None else "sketched"
    return view.derived(
        Derivation(
            f"scene-of.{_name(layer, rows.space)}.{sketched}.{scene_name(scene_s)}",
            lambda: Success({"group": _scenes(table, layer, rows)}),
            lambda arrays: Grouped(rows.rows, arrays["group"], len(table), rows.sketch),
            lasting=scene_s is None,
        )
    )


def _scenes(table: SceneTable, layer: Layer, rows: LayerRows[R]) -> Indices:
    time_s = rows.start_s if layer in SHOWN else (rows.start_s + rows.end_s) / 2
    return table.of(rows.videos, rows.video, time_s)


@lru_cache(maxsize=64)
def _name(layer: Layer, space: Space[Any]) -> str:
    mark = fingerprint_of([space.model_id, space.revision, space.dim])
    return f"{layer.value}.{mark[:16]}"


def _located(
    view: LibraryView, layer: Layer, space: Space[R]
) -> Outcome[Located[R], LibraryFailure]:
    match layer:
        case Layer.VISUAL:
            return view.visual(space)  # type: ignore[arg-type, return-value]
        case Layer.MOTION:
            return view.motion(space)  # type: ignore[arg-type, return-value]
        case _:
            return view.texts(space, layer)  # type: ignore[arg-type, return-value]


def _computed(
    view: LibraryView, layer: Layer, space: Space[R], many: int
) -> Outcome[Arrays, LibraryFailure]:
    read = _located(view, layer, space)
    if isinstance(read, Failure):
        return read
    located = read.unwrap()
    rows = unit(located.embeddings.rows)
    arrays: dict[str, np.ndarray[Any, Any]] = {
        "videos": np.array(located.videos, dtype=np.str_),
        "video": located.video,
        "position": located.position,
        "start_s": located.start_s,
        "end_s": located.end_s,
        "rows": rows,
    }
    if len(rows) and len(rows) >= many:
        sketch = sketch_of(rows)
        arrays |= {name: getattr(sketch, name) for name in _SKETCHED}
        arrays |= {name: getattr(sketch.rotation, name) for name in _TURNED}
    return Success(arrays)


def _loaded(space: Space[R], arrays: Arrays, many: int) -> LayerRows[R]:
    sketch = None
    if len(arrays["rows"]) and len(arrays["rows"]) >= many:
        turned = Rotation(*(arrays[name] for name in _TURNED))
        sketch = Sketch(**{name: arrays[name] for name in _SKETCHED}, rotation=turned)
    return LayerRows(
        space,
        tuple(VideoId(video) for video in arrays["videos"].tolist()),
        arrays["video"],
        arrays["position"],
        arrays["start_s"],
        arrays["end_s"],
        arrays["rows"],
        sketch,
    )
