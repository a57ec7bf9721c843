"""What both libraries agree on: which stage a part belongs to, and which texts are searched."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve
from returns.result import Failure, Success

from kuavi.domain.annotation import NOBODY, Annotation
from kuavi.domain.layers import MADE_BY, Layer
from kuavi.domain.manifest import Stage, VideoRecord
from kuavi.domain.outcome import Outcome
from kuavi.domain.space import Space
from kuavi.ports.library import Removed
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


_NAMES: Mapping[type[Part], str] = {
    Cuts: CUTS,
    Keyframes: KEYFRAMES,
    Tags: TAGS,
    Tree: NODES,
    Transcript: UTTERANCES,
    ScreenText: SCREEN_TEXT,
    FeatureMaps: FEATURE_MAPS,
}


def part_name(part: Part) -> str:
    return vectors_of(part.layer) if isinstance(part, Rows) else _NAMES[type(part)]


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


def continued(
    record: VideoRecord, before: VideoRecord | None, parts: Sequence[Part]
) -> Outcome[VideoRecord, Removed]:
    """The record that a commit puts in place of the one `before`, or why it must not."""
    there = {(made.stage, made.key) for made in before.stages} if before else set()
    given = {stage_of(part) for part in parts}
    lost = [
        made.stage
        for made in record.stages
        if made.stage not in given and (made.stage, made.key) not in there
    ]
    if lost:
        return Failure(Removed(record.path, tuple(lost)))
    if before is None:
        return Success(record)
    others = (path for path in before.paths if path != record.path)
    return Success(evolve(record, paths=(record.path, *others)))


def without_path(record: VideoRecord, path: str) -> VideoRecord | None:
    """The record of a video that is not at `path` any more; None if it is nowhere else."""
    rest = tuple(other for other in record.paths if other != path)
    return evolve(record, paths=rest) if rest else None


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
