"""The scenes of many videos as one table: the unit that search ranks."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from attrs import field, frozen
from returns.result import Failure, Success

from kuavi.domain.cuts import cut_by_typical_length, scene_cut
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.layers import Indices, Times
from kuavi.domain.outcome import Outcome
from kuavi.domain.spans import Span
from kuavi.domain.tree import SegmentTree
from kuavi.ports.derived import Arrays, Derivation
from kuavi.ports.library import LibraryFailure, LibraryView

MAX_SCENE_S = 30.0
"""A shot longer than this is split further, along the tree."""

_FAR_S = 1e7  # longer than any video: puts videos one after the other on one time line

Flags: TypeAlias = np.ndarray[tuple[int], np.dtype[np.bool_]]


@frozen(eq=False)
class SceneTable:
    """Scenes by video, then time: row i is node `node[i]` of video `videos[video[i]]`."""

    videos: tuple[VideoId, ...] = field(repr=False)
    video: Indices = field(repr=False)
    node: Indices = field(repr=False)
    start_s: Times = field(repr=False)
    end_s: Times = field(repr=False)

    def __len__(self) -> int:
        return len(self.node)

    def span(self, scene: int) -> Span:
        return Span(self.start_s.item(scene), self.end_s.item(scene))

    def video_of(self, scene: int) -> VideoId:
        return self.videos[self.video[scene]]

    def of(self, videos: Sequence[VideoId], video: Indices, time_s: Times) -> Indices:
        """The scene on at each time of each video (`video` indexes `videos`); -1: none.

        A time past a video's end belongs to its last scene, one before it to its first.
        """
        places = {mine: place for place, mine in enumerate(self.videos)}
        mine = np.array([places.get(v, -1) for v in videos] or [-1], dtype=np.int64)[video]
        keys = self.video * _FAR_S + self.start_s
        at = np.searchsorted(keys, mine * _FAR_S + np.maximum(time_s, 0), side="right") - 1
        if not len(self):
            return np.full(len(mine), -1, dtype=np.int64)
        at = np.maximum(at, 0)
        first = np.searchsorted(self.video, mine)
        at = np.where(self.video[at] < mine, np.minimum(first, len(self) - 1), at)
        return np.where(self.video[at] == mine, at, -1)


def scenes_of(tree: SegmentTree, scene_s: float | None) -> Indices:
    """A video's scenes as node ids in time order; `scene_s` asks for another typical length."""
    if scene_s is None:
        return scene_cut(tree, MAX_SCENE_S)
    return cut_by_typical_length(tree, scene_s)


def scene_table(view: LibraryView, scene_s: float | None) -> Outcome[SceneTable, LibraryFailure]:
    """The scenes of every video that has a tree, videos in the order of their paths."""
    return view.derived(
        Derivation(
            f"scenes.{scene_name(scene_s)}",
            lambda: _computed(view, scene_s),
            _table,
            scene_s is None,
        )
    )


def scene_name(scene_s: float | None) -> str:
    """A name for scenes of this typical length."""
    return "own" if scene_s is None else repr(float(scene_s)).replace("+", "")


def _computed(view: LibraryView, scene_s: float | None) -> Outcome[Arrays, LibraryFailure]:
    told = view.outlines()
    if isinstance(told, Failure):
        return told
    outlines = told.unwrap()
    none = np.zeros(0)
    nodes, places = [none.astype(np.int64)], [none.astype(np.int64)]
    starts, ends = [none], [none]
    for place, tree in enumerate(outline.tree for outline in outlines):
        if tree is not None:
            ids = scenes_of(tree, scene_s)
            nodes.append(ids)
            places.append(np.full(len(ids), place, dtype=np.int64))
            starts.append(tree.start_s[ids])
            ends.append(tree.end_s[ids])
    return Success(
        {
            "videos": np.array([outline.video for outline in outlines] or [""][:0], dtype=np.str_),
            "video": np.concatenate(places),
            "node": np.concatenate(nodes),
            "start_s": np.concatenate(starts),
            "end_s": np.concatenate(ends),
        }
    )


def _table(arrays: Arrays) -> SceneTable:
    return SceneTable(
        tuple(VideoId(video) for video in arrays["videos"].tolist()),
        arrays["video"],
        arrays["node"],
        arrays["start_s"],
        arrays["end_s"],
    )
