"""The tables of a library.

Lance commits are atomic for one table, not across tables.  So each row of data carries the video it
belongs to and `rev`, the key of the stage that made it; the row of `videos` says which revs count
(`holdings`), and rows that no video names do not exist for a reader.
"""

import hashlib
import json
from typing import Any

import pyarrow as pa
from lancedb.index import FTS

from kuavi.adapters.libraries._parts import (
    ACTIONS,
    ANNOTATIONS,
    CAPTIONS,
    CUTS,
    FEATURE_MAPS,
    KEYFRAMES,
    MAP_VALUES,
    NODES,
    SCREEN_TEXT,
    SUMMARIES,
    TAGS,
    UTTERANCES,
)
from kuavi.domain.layers import Layer
from kuavi.domain.manifest import DESCRIBED, Stage
from kuavi.domain.space import Space

VIDEOS = "videos"

_OWNER = [("video", pa.string()), ("rev", pa.string()), ("position", pa.int32())]
_SPAN = [("start_s", pa.float64()), ("end_s", pa.float64())]
_WORD = pa.struct([("text", pa.string()), *_SPAN, ("probability", pa.float64())])
_TREE_IDS = ("parent", "left", "right", "level", "first_frame", "last_frame", "rank")

SCHEMAS: dict[str, Any] = {
    VIDEOS: pa.schema(
        [("id", pa.string()), ("manifest", pa.large_string()), ("holdings", pa.string())]
    ),
    CUTS: pa.schema([*_OWNER, ("time_s", pa.float64()), ("score", pa.float64())]),
    KEYFRAMES: pa.schema([*_OWNER, ("time_s", pa.float64()), *_SPAN, ("image", pa.large_binary())]),
    TAGS: pa.schema(
        [
            *_OWNER,
            ("time_s", pa.float64()),
            ("labels", pa.list_(pa.string())),
            ("probabilities", pa.list_(pa.float64())),
        ]
    ),
    NODES: pa.schema(
        [
            *_OWNER,
            *[(name, pa.int64()) for name in _TREE_IDS],
            *_SPAN,
            ("cost", pa.float64()),
            ("is_shot", pa.bool_()),
        ]
    ),
    UTTERANCES: pa.schema([*_OWNER, *_SPAN, ("text", pa.string()), ("words", pa.list_(_WORD))]),
    SCREEN_TEXT: pa.schema(
        [
            *_OWNER,
            ("time_s", pa.float64()),
            *_SPAN,
            ("text", pa.string()),
            ("confidence", pa.float64()),
            ("box", pa.list_(pa.float64(), 4)),
        ]
    ),
    ANNOTATIONS: pa.schema(
        [
            *_OWNER,
            *_SPAN,
            ("text", pa.string()),
            ("brief", pa.string()),
            ("detailed", pa.string()),
            ("action_brief", pa.string()),
            ("action_detailed", pa.string()),
            ("actor", pa.string()),
        ]
    ),
}
"""Tables that every library has.

Of the annotations, `start_s`, `end_s` and `text` are empty: the descriptions have them.
"""

MAP_SCHEMAS: dict[str, Any] = {
    FEATURE_MAPS: pa.schema(
        [
            *_OWNER,
            *_SPAN,
            ("steps_s", pa.list_(pa.float64())),
            ("rows", pa.int32()),
            ("columns", pa.int32()),
        ]
    ),
    MAP_VALUES: pa.schema([*_OWNER, ("values", pa.binary())]),
}
"""Tables that are made with the first feature maps.  Schema 2 of libraries."""

_DESCRIBED = pa.schema(
    [
        *_OWNER,
        ("node", pa.int64()),
        *_SPAN,
        ("text", pa.string()),
        ("cluster", pa.int64()),
        ("size", pa.int64()),
        ("shown", pa.bool_()),
    ]
)

DESCRIBED_SCHEMAS: dict[str, Any] = {
    CAPTIONS: pa.schema(
        [*_OWNER, ("frame", pa.string()), ("clip", pa.string()), ("action", pa.string())]
    ),
    SUMMARIES: _DESCRIBED,
    ACTIONS: _DESCRIBED,
}
"""Tables that are made with the first captions.  Schema 3 of libraries."""

ADDED: dict[Stage, tuple[int, dict[str, Any]]] = {
    Stage.FEATURES: (2, MAP_SCHEMAS),
    **dict.fromkeys(DESCRIBED, (3, DESCRIBED_SCHEMAS)),
}
"""Stages that not every KUAVi knows: the schema that has them, and the tables they need."""

TEXT_TABLES = (UTTERANCES, SCREEN_TEXT, SUMMARIES, ACTIONS)
TEXT_INDEX = "text_idx"

FULL_TEXT = FTS(base_tokenizer="icu/split", stem=True, ascii_folding=True, remove_stop_words=False)
"""Case and accents are ignored, words are stemmed as English, every word counts.

ICU finds the words of scripts that put no spaces between them.
"""

_ROLES = {
    Layer.VISUAL: "joint",
    Layer.MOTION: "motion",
    Layer.TRANSCRIPT: "text",
    Layer.SCREEN: "text",
    Layer.SUMMARY: "text",
    Layer.ACTION: "text",
}


def empty(part: str) -> Any:
    """A table of a part without rows; not for vectors."""
    return {**SCHEMAS, **MAP_SCHEMAS, **DESCRIBED_SCHEMAS}[part].empty_table()


def space_json(space: Space[Any]) -> list[str | int]:
    return [space.model_id, space.revision, space.dim]


def vector_table(layer: Layer, space: Space[Any]) -> str:
    """The name of the table with a layer's vectors in a space."""
    digest = hashlib.sha256(json.dumps(space_json(space)).encode()).hexdigest()
    return f"vectors_{_ROLES[layer]}_{digest[:12]}"


def vector_schema(space: Space[Any]) -> Any:
    columns = [*_OWNER, ("layer", pa.string()), *_SPAN]
    vector = ("vector", pa.list_(pa.float32(), space.dim))
    return pa.schema([*columns, vector], metadata={"kuavi.space": json.dumps(space_json(space))})


def literal(text: str) -> str:
    """A text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def owned_by(video: str, rev: str, layer: str | None = None) -> str:
    """The SQL condition for the rows of one video's part."""
    both = f"video = {literal(video)} AND rev = {literal(rev)}"
    return both if layer is None else f"{both} AND layer = {literal(layer)}"
