"""Parts of an index as columns of a table, and back.

Every decoder takes the rows of one video's part in order of `position` and gives the values that
were encoded, floating-point numbers bit by bit.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any, TypeAlias, assert_never

import numpy as np
import pyarrow as pa
from attrs import fields

from kuavi.adapters.libraries._lance_described import to_rows
from kuavi.domain.clip_maps import BYTES, MapExtent
from kuavi.domain.layers import Times
from kuavi.domain.media import Keyframe
from kuavi.domain.shots import Cut
from kuavi.domain.spans import Span
from kuavi.domain.tree import SegmentTree
from kuavi.domain.words import ScreenLine, Tag, TaggedMoment, Utterance, Word
from kuavi.ports.parts import (
    Annotations,
    Captions,
    Cuts,
    Descriptions,
    FeatureMaps,
    Keyframes,
    Part,
    Rows,
    ScreenText,
    Tags,
    Transcript,
    Tree,
)

Columns = dict[str, Any]
_Seen: TypeAlias = Cuts | Keyframes | Tags | Rows | Tree | Transcript | ScreenText | FeatureMaps

PIECE = 8192
"""Bytes of a feature map in one row: Lance compacts some thousand rows at a time in memory."""

_PICTURES, _VECTORS, _SAID = 16, 256, 256
"""So many items are made ready to be written at a time."""


def pieces_of(part: Part) -> Iterator[Columns]:
    """The part's columns, some rows at a time."""
    match part:
        case Keyframes(keyframes):
            for at in _slices(len(keyframes), _PICTURES):
                yield columns_of(Keyframes(keyframes[at]))
        case Rows(layer, embeddings, start_s, end_s):
            for at in _slices(len(embeddings), _VECTORS):
                some = embeddings.stretch(at.start, at.stop)
                yield columns_of(Rows(layer, some, start_s[at], end_s[at]))
        case Transcript(utterances):
            for at in _slices(len(utterances), _SAID):
                yield columns_of(Transcript(utterances[at]))
        case Captions() | Annotations() | Descriptions():
            yield from to_rows(part)
        case _:
            yield columns_of(part)


def _slices(n: int, size: int) -> Iterator[slice]:
    return (slice(first, min(first + size, n)) for first in range(0, n, size))


def columns_of(part: _Seen) -> Columns:
    """The part's columns but for `video`, `rev` and `position`, all of one length."""
    match part:
        case Cuts(cuts):
            return {"time_s": [c.time_s for c in cuts], "score": [c.score for c in cuts]}
        case Keyframes(keyframes):
            images = [k.image for k in keyframes]
            return {**_times(keyframes), **_spans(keyframes), "image": images}
        case Tags(moments):
            labels = [[tag.label for tag in m.tags] for m in moments]
            probabilities = [[tag.probability for tag in m.tags] for m in moments]
            return {**_times(moments), "labels": labels, "probabilities": probabilities}
        case Rows():
            return _vectors(part)
        case Tree() | FeatureMaps():
            return _nodes(part.tree) if isinstance(part, Tree) else _maps(part)
        case Transcript(utterances):
            words = [[_word(word) for word in u.words] for u in utterances]
            return {**_spans(utterances), "text": [u.text for u in utterances], "words": words}
        case ScreenText(lines):
            return _lines(lines)
        case _:
            assert_never(part)


def _times(items: Sequence[Any]) -> Columns:
    return {"time_s": [item.time_s for item in items]}


def _spans(items: Sequence[Any]) -> Columns:
    starts, ends = [i.span.start_s for i in items], [i.span.end_s for i in items]
    return {"start_s": starts, "end_s": ends}


def _vectors(rows: Rows) -> Columns:
    matrix = np.ascontiguousarray(rows.embeddings.rows)
    flat = pa.array(matrix.ravel())
    return {
        "layer": [rows.layer.value] * len(matrix),
        "start_s": rows.start_s,
        "end_s": rows.end_s,
        "vector": pa.FixedSizeListArray.from_arrays(flat, rows.embeddings.space.dim),
    }


_TREE_ARRAYS = tuple(field.name for field in fields(SegmentTree))


def _nodes(tree: SegmentTree) -> Columns:
    return {name: pa.array(getattr(tree, name)) for name in _TREE_ARRAYS}


def _word(word: Word) -> dict[str, Any]:
    return {
        "text": word.text,
        "start_s": word.span.start_s,
        "end_s": word.span.end_s,
        "probability": word.probability,
    }


def _lines(lines: Sequence[ScreenLine]) -> Columns:
    return {
        **_times(lines),
        **_spans(lines),
        "text": [line.text for line in lines],
        "confidence": [line.confidence for line in lines],
        "box": [list(line.box) for line in lines],
    }


def _maps(part: FeatureMaps) -> Columns:
    """Their extents; what the maps hold is written apart."""
    return {
        **_spans(part.extents),
        "steps_s": [extent.starts_s for extent in part.extents],
        "rows": [extent.rows for extent in part.extents],
        "columns": [extent.columns for extent in part.extents],
    }


def to_extents(table: Any) -> tuple[MapExtent, ...]:
    return tuple(
        MapExtent(_span(row), np.array(row["steps_s"], np.float64), row["rows"], row["columns"])
        for row in table.to_pylist()
    )


def values_of(part: FeatureMaps) -> Iterator[Columns]:
    """What the maps hold, a map at a time, in pieces of `PIECE` bytes."""
    for one in part.maps:
        values = one.values.tobytes()
        yield {"values": [values[at : at + PIECE] for at in range(0, len(values), PIECE)]}


def n_pieces(extent: MapExtent, dim: int) -> int:
    """Of a map this large."""
    return -(-prod(extent.shape(dim)) * BYTES // PIECE)


def to_cuts(table: Any) -> tuple[Cut, ...]:
    return tuple(Cut(row["time_s"], row["score"]) for row in table.to_pylist())


def to_keyframes(table: Any) -> tuple[Keyframe, ...]:
    rows = table.to_pylist()
    return tuple(Keyframe(row["time_s"], _span(row), row["image"]) for row in rows)


def to_times(table: Any) -> Times:
    return np.array(table["time_s"].to_pylist(), dtype=np.float64)


def to_tags(table: Any) -> tuple[TaggedMoment, ...]:
    moments = []
    for row in table.to_pylist():
        pairs = zip(row["labels"], row["probabilities"], strict=True)
        moments.append(TaggedMoment(row["time_s"], tuple(Tag(*pair) for pair in pairs)))
    return tuple(moments)


def to_tree(table: Any) -> SegmentTree | None:
    if table.num_rows == 0:
        return None
    return SegmentTree(**{name: table[name].to_numpy() for name in _TREE_ARRAYS})


def to_utterances(table: Any) -> tuple[Utterance, ...]:
    utterances = []
    for row in table.to_pylist():
        utterances.append(Utterance(_span(row), row["text"], words_of(row["words"])))
    return tuple(utterances)


def words_of(raw: Sequence[Mapping[str, Any]]) -> tuple[Word, ...]:
    return tuple(Word(word["text"], _span(word), word["probability"]) for word in raw)


def to_lines(table: Any) -> tuple[ScreenLine, ...]:
    return tuple(
        ScreenLine(row["time_s"], _span(row), row["text"], row["confidence"], tuple(row["box"]))
        for row in table.to_pylist()
    )


def _span(row: Mapping[str, Any]) -> Span:
    return Span(row["start_s"], row["end_s"])
