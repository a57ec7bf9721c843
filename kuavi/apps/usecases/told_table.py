"""The nodes of many videos of which something is said, as one table: what those fields rank.

A node of any size may be an answer there, not only a scene.
"""

from collections.abc import Sequence

import numpy as np
from attrs import evolve, field, frozen
from returns.result import Failure, Success

from kuavi.apps.usecases.layer_rows import layer_rows
from kuavi.apps.usecases.scene_table import Flags, SceneTable
from kuavi.domain.dedup import SAME, Duplicates, duplicates
from kuavi.domain.described import Description
from kuavi.domain.fingerprint import VideoId, fingerprint_of
from kuavi.domain.layers import Indices, Layer
from kuavi.domain.outcome import Outcome, collect
from kuavi.domain.space import Embeddings, Space, Text
from kuavi.ports.derived import Arrays, Derivation
from kuavi.ports.library import LibraryFailure, LibraryView

_DUPLICATES = ("cluster", "size", "representative")
"""The arrays that `Duplicates` is kept as."""


@frozen(eq=False)
class ToldTable:
    """`nodes` has a row for each description, by video, then node; video i's are
    [offset[i], offset[i + 1]).  Rows of equal `cluster` say the same in one video, `size` of them;
    of each cluster one is `shown`.
    """

    nodes: SceneTable
    offset: Indices = field(repr=False)
    cluster: Indices = field(repr=False)
    size: Indices = field(repr=False)
    shown: Flags = field(repr=False)

    def row(self, video: VideoId, position: int) -> int:
        """The row of a description; -1 where the video has none."""
        if video not in self.nodes.videos:
            return -1
        return self.offset.item(self.nodes.videos.index(video)) + position

    def with_all_shown(self) -> "ToldTable":
        """The table for who wants each of those that say the same: none stands for others."""
        return evolve(self, size=np.ones_like(self.size), shown=np.ones_like(self.shown))

    def without_duplicates(self, allowed: Flags | None) -> Flags:
        """Of the allowed rows (None: all) one of each cluster: the one that is shown if it is
        among them, else the first.
        """
        rows = np.arange(len(self.nodes)) if allowed is None else np.flatnonzero(allowed)
        order = rows[np.lexsort((rows, ~self.shown[rows], self.cluster[rows]))]
        first = np.ones(len(order), dtype=np.bool_)
        first[1:] = self.cluster[order[1:]] != self.cluster[order[:-1]]
        kept = np.zeros(len(self.nodes), dtype=np.bool_)
        kept[order[first]] = True
        return kept


def told_table(view: LibraryView, layer: Layer) -> Outcome[ToldTable, LibraryFailure]:
    """Every description of layer SUMMARY or ACTION, videos in the order of their paths."""
    return view.derived(Derivation(f"told.{layer.value}", lambda: _computed(view, layer), _loaded))


def _computed(view: LibraryView, layer: Layer) -> Outcome[Arrays, LibraryFailure]:
    listed = view.videos()
    if isinstance(listed, Failure):
        return listed
    every: list[tuple[VideoId, tuple[Description, ...]]] = []
    for record in listed.unwrap():
        told = view.descriptions(record.id, layer)
        if isinstance(told, Failure):
            return told
        every.append((record.id, told.unwrap()))
    return Success(_columns(every))


def _columns(every: Sequence[tuple[VideoId, tuple[Description, ...]]]) -> Arrays:
    counts = [len(told) for _, told in every]
    clusters = [max((one.cluster for one in told), default=-1) + 1 for _, told in every]
    first = np.cumsum([0, *clusters])
    flat = [(place, one) for place, (_, told) in enumerate(every) for one in told]
    place = np.array([place for place, _ in flat], dtype=np.int64)
    return {
        "videos": np.array([video for video, _ in every] or [""][:0], dtype=np.str_),
        "video": place,
        "node": np.array([one.node for _, one in flat], dtype=np.int64),
        "start_s": np.array([one.span.start_s for _, one in flat], dtype=np.float64),
        "end_s": np.array([one.span.end_s for _, one in flat], dtype=np.float64),
        "offset": np.cumsum([0, *counts], dtype=np.int64),
        "cluster": np.array([one.cluster for _, one in flat], dtype=np.int64) + first[place],
        "size": np.array([one.size for _, one in flat], dtype=np.int64),
        "shown": np.array([one.shown for _, one in flat], dtype=np.bool_),
    }


def _loaded(arrays: Arrays) -> ToldTable:
    nodes = SceneTable(
        tuple(VideoId(video) for video in arrays["videos"].tolist()),
        arrays["video"],
        arrays["node"],
        arrays["start_s"],
        arrays["end_s"],
    )
    return ToldTable(nodes, arrays["offset"], arrays["cluster"], arrays["size"], arrays["shown"])


def action_clusters(view: LibraryView, space: Space[Text]) -> Outcome[Duplicates, LibraryFailure]:
    """Of the rows of the table of actions, which say the same, over all videos."""
    told, rows = told_table(view, Layer.ACTION), layer_rows(view, Layer.ACTION, space)
    if isinstance(told, Failure):
        return told
    if isinstance(rows, Failure):
        return rows
    table, vectors = told.unwrap(), rows.unwrap()

    def computed() -> Outcome[Arrays, LibraryFailure]:
        texts = texts_of(view, Layer.ACTION)
        if isinstance(texts, Failure):
            return texts
        first = [table.row(video, 0) for video in vectors.videos]
        row = np.array([*first, 0], dtype=np.int64)[vectors.video] + vectors.position
        matrix = np.zeros((len(table.nodes), space.dim), dtype=np.float32)
        matrix[row] = vectors.rows
        found = duplicates(texts.unwrap(), Embeddings(space, matrix))
        return Success({name: getattr(found, name) for name in _DUPLICATES})

    mark = fingerprint_of([space.model_id, space.revision, space.dim])[:16]
    return view.derived(
        Derivation(
            f"same-actions.{mark}.{SAME}",
            computed,
            lambda arrays: Duplicates(*(arrays[name] for name in _DUPLICATES)),
        )
    )


def texts_of(view: LibraryView, layer: Layer) -> Outcome[tuple[str, ...], LibraryFailure]:
    """The texts of the table's rows."""
    listed = view.videos()
    if isinstance(listed, Failure):
        return listed
    told = collect(view.descriptions(record.id, layer) for record in listed.unwrap())
    if isinstance(told, Failure):
        return told
    return Success(tuple(one.text for of_video in told.unwrap() for one in of_video))
