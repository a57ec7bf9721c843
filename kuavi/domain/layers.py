"""Layers of a library: what can be searched, and rows that know where they come from."""

from enum import StrEnum
from typing import Generic, TypeAlias, TypeVar

import numpy as np
from attrs import field, frozen

from kuavi.domain.fingerprint import VideoId
from kuavi.domain.manifest import Stage
from kuavi.domain.space import Embeddings, Role

R = TypeVar("R", bound=Role)

Times: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]
Indices: TypeAlias = np.ndarray[tuple[int], np.dtype[np.int64]]


class Layer(StrEnum):
    """What vectors or texts stand for."""

    VISUAL = "visual"
    MOTION = "motion"
    TRANSCRIPT = "transcript"
    SCREEN = "screen"
    SUMMARY = "summary"
    ACTION = "action"


MADE_BY = {
    Layer.VISUAL: Stage.VISUAL,
    Layer.MOTION: Stage.MOTION,
    Layer.TRANSCRIPT: Stage.TEXT,
    Layer.SCREEN: Stage.TEXT,
    Layer.SUMMARY: Stage.DESCRIPTIONS,
    Layer.ACTION: Stage.DESCRIPTIONS,
}
"""The stage that writes a layer's vectors."""


@frozen(eq=False)
class Located(Generic[R]):
    """Vectors of one layer with their place: row i speaks for [start_s[i], end_s[i]) of a video.

    `video[i]` indexes `videos`; `position[i]` is the item's ordinal within its video and layer (the
    sampled frame, the utterance, the screen line).  Rows are sorted by video, then position.
    """

    embeddings: Embeddings[R]
    videos: tuple[VideoId, ...]
    video: Indices = field(repr=False)
    position: Indices = field(repr=False)
    start_s: Times = field(repr=False)
    end_s: Times = field(repr=False)

    def __attrs_post_init__(self) -> None:
        columns = (self.video, self.position, self.start_s, self.end_s)
        if any(column.shape != (len(self.embeddings),) for column in columns):
            shapes = [column.shape for column in columns]
            raise ValueError(f"{len(self.embeddings)} rows need columns as long, got {shapes}")
        for column in columns:
            column.setflags(write=False)

    def __len__(self) -> int:
        return len(self.embeddings)


def of_video(located: Located[R], video: VideoId) -> Located[R]:
    """Only the rows of one video; none if the video has none."""
    place = located.videos.index(video) if video in located.videos else -1
    return chosen(located, np.flatnonzero(located.video == place))


def chosen(located: Located[R], rows: Indices) -> Located[R]:
    """Only the rows at these ascending indices."""
    return Located(
        Embeddings(located.embeddings.space, located.embeddings.rows[rows]),
        located.videos,
        located.video[rows],
        located.position[rows],
        located.start_s[rows],
        located.end_s[rows],
    )
