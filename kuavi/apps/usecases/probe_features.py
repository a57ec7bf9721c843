"""What probes are shown of spans: rows of the motion layer, or tokens of stored feature maps.

Feature maps are there where a video was indexed with tier deep; nothing takes their place.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from attrs import frozen
from returns.result import Failure, Success

from kuavi.apps.usecases.layer_rows import LayerRows, layer_rows
from kuavi.apps.usecases.ports import ProbePorts
from kuavi.domain.clip_maps import MapExtent
from kuavi.domain.features import Features
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.layers import Indices, Layer, Times
from kuavi.domain.manifest import VideoRecord
from kuavi.domain.outcome import Outcome
from kuavi.domain.space import Embeddings, Motion, Space, no_rows
from kuavi.domain.spans import Span
from kuavi.ports.library import LibraryFailure, LibraryView
from kuavi.ports.maps import StoredMaps

MAX_ROWS = 64
"""Motion rows of a span that a probe sees: evenly thinned where there are more."""
MAX_TOKENS = 1024
"""Tokens of a span that a probe sees, in whole steps: evenly thinned where there are more."""


@frozen
class NoMaps:
    """A probe on feature maps needs those of a video that has none."""

    title: str

    def __str__(self) -> str:
        return (
            f"{self.title}: no feature maps are stored of it; index it with --tier deep and a "
            "preset whose clip encoder gives them, or use a probe on motion rows"
        )


@frozen
class MixedMaps:
    """Videos of one table have maps that can't be compared."""

    title: str
    has: str
    wanted: str

    def __str__(self) -> str:
        return (
            f"{self.title}: its feature maps are of {self.has}, those of other videos of "
            f"{self.wanted}; index all of them alike (same preset, same --maps)"
        )


FeatureFailure: TypeAlias = LibraryFailure | NoMaps | MixedMaps
Place: TypeAlias = tuple[VideoRecord, Span]


@frozen(eq=False)
class Shown:
    """Of each span its rows or tokens, in time order; none where nothing is indexed."""

    space: Space[Motion]
    clips: tuple[Embeddings[Motion], ...]


def shown_of(
    places: Sequence[Place], features: Features, ports: ProbePorts
) -> Outcome[Shown, FeatureFailure]:
    """What a probe on these features is shown of spans of videos."""
    opened = ports.library.view()
    if isinstance(opened, Failure):
        return opened
    if features == Features.MAPS:
        return _tokens(opened.unwrap(), places, ports.space)
    read = layer_rows(opened.unwrap(), Layer.MOTION, ports.space)
    if isinstance(read, Failure):
        return read
    rows = read.unwrap()
    return Success(Shown(ports.space, tuple(rows_in(rows, v.id, span) for v, span in places)))


def rows_in(rows: LayerRows[Motion], video: VideoId, span: Span) -> Embeddings[Motion]:
    """The rows of a video on in a span, at most `MAX_ROWS`, evenly thinned; none where none is."""
    part = rows.of_video(video)
    on = _on(rows.start_s[part], rows.end_s[part], span, MAX_ROWS)
    return Embeddings(rows.space, np.array(rows.rows[part][on], dtype=np.float32))


def named(space: Space[Motion]) -> str:
    return f"{space.model_id} ({space.revision})"


@frozen(eq=False)
class _Steps:
    """The steps of a video's maps (n,), ascending, each moment once: step `step` of map `map`."""

    map: Indices
    step: Indices
    start_s: Times
    end_s: Times


def _tokens(
    view: LibraryView, places: Sequence[Place], fallback: Space[Motion]
) -> Outcome[Shown, FeatureFailure]:
    """`fallback` names the space of no places at all."""
    known: dict[VideoId, tuple[StoredMaps[LibraryFailure], _Steps]] = {}
    space, clips = fallback, list[Embeddings[Motion]]()
    for video, span in places:
        if video.id not in known:
            found = view.feature_maps(video.id)
            if isinstance(found, Failure):
                return found
            stored = found.unwrap()
            if stored is None or not stored.extents:
                return Failure(NoMaps(video.title))
            space = space if known else stored.space
            if stored.space != space:
                return Failure(MixedMaps(video.title, named(stored.space), named(space)))
            known[video.id] = stored, _steps_of(stored.extents)
        read = _tokens_in(*known[video.id], span)
        if isinstance(read, Failure):
            return read
        clips.append(read.unwrap())
    return Success(Shown(space, tuple(clips)))


def _steps_of(extents: Sequence[MapExtent]) -> _Steps:
    """Where maps overlap in time, the earlier one tells; steps that are padding are left out."""
    taken = list[tuple[int, int, float, float]]()
    until_s = -np.inf
    for number, extent in enumerate(extents):
        ends_s = np.append(extent.starts_s[1:], extent.span.end_s).tolist()
        for step, (start_s, end_s) in enumerate(zip(extent.starts_s.tolist(), ends_s, strict=True)):
            if end_s > start_s and start_s >= until_s - 1e-9:
                taken.append((number, step, start_s, end_s))
                until_s = end_s
    numbers, steps, starts_s, all_ends_s = (np.array(column) for column in zip(*taken, strict=True))
    return _Steps(numbers, steps, starts_s, all_ends_s)


def _tokens_in(
    stored: StoredMaps[LibraryFailure], steps: _Steps, span: Span
) -> Outcome[Embeddings[Motion], LibraryFailure]:
    """The tokens of a span, at most `MAX_TOKENS` of whole steps; each map is read once."""
    cells = stored.extents[0].rows * stored.extents[0].columns
    on = _on(steps.start_s, steps.end_s, span, max(MAX_TOKENS // cells, 1))
    parts = list[np.ndarray[Any, np.dtype[np.float32]]]()
    for number in np.unique(steps.map[on]).tolist():
        read = stored.map(number)
        if isinstance(read, Failure):
            return read
        own = steps.step[on[steps.map[on] == number]]
        tokens = read.unwrap().values[own].reshape(-1, stored.space.dim)
        parts.append(tokens.astype(np.float32))
    if not parts:
        return Success(no_rows(stored.space))
    return Success(Embeddings(stored.space, np.concatenate(parts)))


def _on(start_s: Times, end_s: Times, span: Span, most: int) -> Indices:
    """What is on in a span, at most so many, evenly thinned."""
    on = np.flatnonzero((start_s < span.end_s) & (end_s > span.start_s))
    if len(on) > most:
        on = on[np.linspace(0, len(on) - 1, most).round().astype(np.int64)]
    return on
