"""The parts of all videos that make their outlines, each table read once."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np

from kuavi.adapters.libraries import _lance_rows as decode
from kuavi.adapters.libraries._lance_catalogue import Holding
from kuavi.adapters.libraries._lance_schema import SCHEMAS
from kuavi.adapters.libraries._parts import KEYFRAMES, NODES, TAGS
from kuavi.domain.fingerprint import VideoId
from kuavi.ports.derived import Outline

T = TypeVar("T")

Held = Callable[[str], Mapping[VideoId, Holding]]
"""The videos that have rows of a part."""


def outlines(
    videos: Sequence[VideoId], held: Held, table: Callable[[str], Any]
) -> tuple[Outline, ...]:
    """In the order of `videos`; ValueError where rows are missing."""
    trees = _all(table, held(NODES), NODES, decode.to_tree)
    times = _all(table, held(KEYFRAMES), KEYFRAMES, decode.to_times, ["time_s"])
    tags = _all(table, held(TAGS), TAGS, decode.to_tags)
    no_times = decode.to_times(SCHEMAS[KEYFRAMES].empty_table())
    return tuple(
        Outline(video, trees.get(video), times.get(video, no_times), tags.get(video, ()))
        for video in videos
    )


def _all(
    table: Callable[[str], Any],
    held: Mapping[VideoId, Holding],
    part: str,
    decoded: Callable[[Any], T],
    columns: Sequence[str] | None = None,
) -> dict[VideoId, T]:
    if not held:
        return {}
    wanted = ["video", "rev", "position", *(columns or SCHEMAS[part].names[3:])]
    rows = table(part).search().select(wanted).to_arrow()
    rows = rows.sort_by([(name, "ascending") for name in wanted[:3]]).combine_chunks()
    found = _slices(rows)
    values = {}
    for video, holding in held.items():
        first, last = found.get((video, holding.rev), (0, 0))
        if last - first != holding.rows:
            raise ValueError(
                f"{part} of video {video}: {last - first} of {holding.rows} rows are there; "
                "`kuavi doctor --repair` drops the stage, so that it can run again"
            )
        values[video] = decoded(rows.slice(first, last - first))
    return values


def _slices(rows: Any) -> dict[tuple[str, str], tuple[int, int]]:
    """Where each owner's rows are in a sorted table: [first, last)."""
    videos, revs = rows["video"].to_numpy(), rows["rev"].to_numpy()
    new = np.append(True, (videos[1:] != videos[:-1]) | (revs[1:] != revs[:-1]))
    bounds = [*np.flatnonzero(new[: len(videos)]).tolist(), len(videos)]
    return {(videos[first], revs[first]): (first, last) for first, last in pairwise(bounds)}
