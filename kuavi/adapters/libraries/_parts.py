"""What both libraries agree on: which stage a part belongs to, and which texts are searched."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, assert_never

from kuavi.domain.annotation import NOBODY, Annotation
from kuavi.domain.layers import MADE_BY, Layer
from kuavi.domain.manifest import Stage, VideoRecord
from kuavi.domain.space import Space
from kuavi.ports.parts import (
    Cuts,
    FeatureMaps,
    Keyframes,
    Part,
    Rows,
    ScreenText,
    Tags,
    Transcript,
    Tree,
)

CUTS = "cuts"
KEYFRAMES = "keyframes"
TAGS = "tags"
NODES = "nodes"
UTTERANCES = "utterances"
SCREEN_TEXT = "screen_text"
ANNOTATIONS = "annotations"
FEATURE_MAPS = "feature_maps"
MAP_VALUES = "map_values"

SEARCHED = {
    Layer.TRANSCRIPT: UTTERANCES,
    Layer.SCREEN: SCREEN_TEXT,
    Layer.SUMMARY: ANNOTATIONS,
}
"""The part whose texts a layer's full-text search reads."""

_WORD = re.compile(r"\w+")


def vectors_of(layer: Layer) -> str:
    """The name of the part that holds a layer's vectors."""
    return f"vectors/{layer.value}"


def part_name(part: Part) -> str:
    match part:
        case Cuts():
            return CUTS
        case Keyframes():
            return KEYFRAMES
        case Tags():
            return TAGS
        case Rows(layer=layer):
            return vectors_of(layer)
        case Tree():
            return NODES
        case Transcript():
            return UTTERANCES
        case ScreenText():
            return SCREEN_TEXT
        case FeatureMaps():
            return FEATURE_MAPS
        case _:
            assert_never(part)


_STAGES = {
    CUTS: Stage.SHOTS,
    KEYFRAMES: Stage.KEYFRAMES,
    TAGS: Stage.TAGS,
    NODES: Stage.TREE,
    UTTERANCES: Stage.TRANSCRIPT,
    SCREEN_TEXT: Stage.SCREEN,
    FEATURE_MAPS: Stage.FEATURES,
    **{vectors_of(layer): stage for layer, stage in MADE_BY.items()},
}


def stage_of(part: Part) -> Stage:
    """The stage that writes a part; ValueError for vectors of a layer that no stage makes."""
    name = part_name(part)
    if name not in _STAGES:
        raise ValueError(f"no stage writes {name}")
    return _STAGES[name]


def check_parts(record: VideoRecord, parts: Sequence[Part]) -> None:
    """ValueError where a part is given twice or its stage isn't in the record: a caller's bug."""
    doubled = [name for name, n in Counter(map(part_name, parts)).items() if n > 1]
    if doubled:
        raise ValueError(f"parts given twice: {', '.join(doubled)}")
    for part in parts:
        if record.record(stage_of(part)) is None:
            raise ValueError(f"{part_name(part)} comes without its stage in the record")


def summary_text(annotation: Annotation) -> str:
    """What is searched of an annotation: summary and action, brief and detailed."""
    summary, action = annotation.summary, annotation.action
    texts = [summary.brief, summary.detailed, action.brief, action.detailed]
    return "\n".join(dict.fromkeys(text for text in texts if text and text != NOBODY))


def query_words(query: str) -> str:
    """The query's words with one space between them: operators, quotes and brackets are dropped."""
    return " ".join(_WORD.findall(query))


def describe(space: Space[Any]) -> str:
    """A space in a message."""
    return f"{space.model_id} ({space.revision}, {space.dim} wide)"
