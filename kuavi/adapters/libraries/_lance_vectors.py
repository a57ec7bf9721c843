"""Vectors of a layer in memory: read once, and after a commit only what is new."""

from collections.abc import Mapping
from threading import Lock
from typing import Any

import numpy as np
from attrs import frozen

from kuavi.adapters.libraries._lance_catalogue import Holding
from kuavi.adapters.libraries._lance_heap import OFTEN_BYTES, give_back
from kuavi.adapters.libraries._lance_schema import literal, owned_by
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.layers import Layer, Located
from kuavi.domain.space import Embeddings, Space, no_rows

_AT_A_TIME = 1024
"""Vectors of one video read at once."""

_FEW = 64
"""Up to so many videos are fetched by name; for more the whole table is read."""

Wanted = Mapping[VideoId, Holding]


@frozen(eq=False)
class _Loaded:
    revs: dict[VideoId, str]
    rows: Located[Any]


class VectorCache:
    """The latest vectors of each layer and space, shared by a library's views.

    Rows of one (video, rev) never change, so rows that are here already are not read again.
    """

    def __init__(self) -> None:
        self._loaded: dict[tuple[Layer, Space[Any]], _Loaded] = {}
        self._lock = Lock()

    def located(self, table: Any, layer: Layer, space: Space[Any], wanted: Wanted) -> Located[Any]:
        """Vectors of the wanted videos, sorted by video and position."""
        with self._lock:
            before = self._loaded.get((layer, space))
            revs = {video: wanted[video].rev for video in sorted(wanted)}
            if before is not None and before.revs == revs:
                return before.rows
            rows = _assemble(table, layer, space, wanted, before)
            self._loaded[layer, space] = _Loaded(revs, rows)
            return rows


def located_once(table: Any, layer: Layer, space: Space[Any], wanted: Wanted) -> Located[Any]:
    """As `VectorCache.located` of one video or none, without keeping anything."""
    give_back()
    blocks = {
        video: _read_in_pieces(table, layer, space.dim, (video, held))
        for video, held in wanted.items()
    }
    rows = _joined(space, blocks)
    if rows.embeddings.rows.nbytes >= OFTEN_BYTES:
        give_back()
    return rows


def _assemble(
    table: Any, layer: Layer, space: Space[Any], wanted: Wanted, before: _Loaded | None
) -> Located[Any]:
    blocks = {} if before is None else _kept(before, wanted)
    missing = {video: held for video, held in wanted.items() if video not in blocks}
    if missing:
        blocks.update(_read(table, layer, space.dim, missing))
    return _joined(space, blocks)


def _joined(space: Space[Any], blocks: Mapping[VideoId, "_Block"]) -> Located[Any]:
    videos = tuple(sorted(blocks))
    if not videos:
        nothing = np.empty(0, dtype=np.int64)
        times = np.empty(0, dtype=np.float64)
        return Located(no_rows(space), (), nothing, nothing.copy(), times, times.copy())
    lengths = [len(blocks[video].position) for video in videos]
    vectors = [blocks[video].vectors for video in videos]
    return Located(
        Embeddings(space, np.concatenate(vectors) if len(vectors) > 1 else vectors[0]),
        videos,
        np.repeat(np.arange(len(videos), dtype=np.int64), lengths),
        np.concatenate([blocks[video].position for video in videos]),
        np.concatenate([blocks[video].start_s for video in videos]),
        np.concatenate([blocks[video].end_s for video in videos]),
    )


@frozen(eq=False)
class _Block:
    """One video's rows, sorted by position."""

    vectors: Any
    position: Any
    start_s: Any
    end_s: Any


def _kept(before: _Loaded, wanted: Wanted) -> dict[VideoId, _Block]:
    """The blocks of videos whose rows were loaded already, as slices."""
    rows, blocks = before.rows, {}
    bounds = np.searchsorted(rows.video, np.arange(len(rows.videos) + 1))
    for index, video in enumerate(rows.videos):
        if video in wanted and before.revs[video] == wanted[video].rev:
            part = slice(bounds[index], bounds[index + 1])
            arrays = (rows.embeddings.rows, rows.position, rows.start_s, rows.end_s)
            blocks[video] = _Block(*(array[part] for array in arrays))
    return blocks


def _read(table: Any, layer: Layer, dim: int, missing: Wanted) -> dict[VideoId, _Block]:
    """Blocks from the table; ValueError where rows are missing."""
    condition = f"layer = {literal(layer.value)}"
    if len(missing) <= _FEW:
        condition += f" AND video IN ({', '.join(literal(video) for video in missing)})"
    columns = ["video", "rev", "position", "start_s", "end_s", "vector"]
    rows = table.search().where(condition).select(columns).to_arrow()
    owners = rows["video"].to_numpy(), rows["rev"].to_numpy()
    position = rows["position"].to_numpy().astype(np.int64)
    order = np.lexsort((position, owners[1], owners[0]))
    vectors = _ordered(rows["vector"], dim, order)
    owners = owners[0][order], owners[1][order]
    start_s, end_s = rows["start_s"].to_numpy(), rows["end_s"].to_numpy()
    blocks = {}
    for video, held in missing.items():
        low, high = (int(np.searchsorted(owners[0], video, side)) for side in ("left", "right"))
        low, high = (
            low + int(np.searchsorted(owners[1][low:high], held.rev, side))
            for side in ("left", "right")
        )
        if high - low != held.rows:
            raise _lost(video, held, high - low)
        part = order[low:high]
        blocks[video] = _Block(vectors[low:high], position[part], start_s[part], end_s[part])
    return blocks


def _read_in_pieces(table: Any, layer: Layer, dim: int, wanted: tuple[VideoId, Holding]) -> _Block:
    """As `_read` for one video; beside the block only `_AT_A_TIME` vectors are in memory."""
    video, held = wanted
    found = table.search().where(owned_by(video, held.rev, layer.value))
    about = found.select(["position", "start_s", "end_s"]).with_row_id(True).to_arrow()
    if about.num_rows != held.rows:
        raise _lost(video, held, about.num_rows)
    about = about.sort_by("position")
    numbers = about["_rowid"].to_pylist()
    vectors = np.empty((held.rows, dim), dtype=np.float32)
    for first in range(0, held.rows, _AT_A_TIME):
        wanted_here = numbers[first : first + _AT_A_TIME]
        some = table.take_row_ids(wanted_here).select(["position", "vector"]).to_arrow()
        if some.num_rows != len(wanted_here):
            raise _lost(video, held, first + some.num_rows)
        order = np.argsort(some["position"].to_numpy())  # they come as they lie on disk
        vectors[first : first + some.num_rows] = _ordered(some["vector"], dim, order)
    position = about["position"].to_numpy().astype(np.int64)
    return _Block(vectors, position, about["start_s"].to_numpy(), about["end_s"].to_numpy())


def _lost(video: VideoId, held: Holding, there: int) -> ValueError:
    return ValueError(
        f"{held.part} of video {video}: {there} of {held.rows} rows are there; "
        "`kuavi doctor --repair` drops the stage, so that it can run again"
    )


def _ordered(column: Any, dim: int, order: Any) -> Any:
    """A column of fixed-size lists as (n, dim) float32, row order[i] in place i.

    One copy, for the vectors of a library fill most of its reader's memory.
    """
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    vectors, first = np.empty((len(order), dim), dtype=np.float32), 0
    for chunk in column.chunks:
        vectors[place[first : first + len(chunk)]] = chunk.flatten().to_numpy().reshape(-1, dim)
        first += len(chunk)
    return vectors
