"""What both libraries agree on: which stage a part belongs to, and which texts are searched."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import evolve
from returns.result import Failure, Success

from kuavi.domain.fingerprint import Fingerprint
from kuavi.domain.layers import MADE_BY, Layer
from kuavi.domain.manifest import DESCRIBED, Stage, VideoRecord
from kuavi.domain.outcome import Outcome
from kuavi.domain.space import Space
from kuavi.ports.library import Removed
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

CUTS = "cuts"
KEYFRAMES = "keyframes"
TAGS = "tags"
NODES = "nodes"
UTTERANCES = "utterances"
SCREEN_TEXT = "screen_text"
CAPTIONS = "captions"
ANNOTATIONS = "annotations"
SUMMARIES = "summaries"
ACTIONS = "actions"
FEATURE_MAPS = "feature_maps"
MAP_VALUES = "map_values"

SEARCHED = {
    Layer.TRANSCRIPT: UTTERANCES,
    Layer.SCREEN: SCREEN_TEXT,
    Layer.SUMMARY: SUMMARIES,
    Layer.ACTION: ACTIONS,
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
    Captions: CAPTIONS,
    Annotations: ANNOTATIONS,
}


def described_in(layer: Layer) -> str:
    """The name of the part with a layer's descriptions; ValueError for a layer without any."""
    if layer not in (Layer.SUMMARY, Layer.ACTION):
        raise ValueError(f"{layer} holds no descriptions")
    return SEARCHED[layer]


def part_name(part: Part) -> str:
    if isinstance(part, Descriptions):
        return described_in(part.layer)
    return vectors_of(part.layer) if isinstance(part, Rows) else _NAMES[type(part)]


_STAGES = {
    CUTS: Stage.SHOTS,
    KEYFRAMES: Stage.KEYFRAMES,
    TAGS: Stage.TAGS,
    NODES: Stage.TREE,
    UTTERANCES: Stage.TRANSCRIPT,
    SCREEN_TEXT: Stage.SCREEN,
    FEATURE_MAPS: Stage.FEATURES,
    CAPTIONS: Stage.CAPTIONS,
    ANNOTATIONS: Stage.ANNOTATIONS,
    SUMMARIES: Stage.DESCRIPTIONS,
    ACTIONS: Stage.DESCRIPTIONS,
    **{vectors_of(layer): stage for layer, stage in MADE_BY.items()},
}


def stage_of(part: Part) -> Stage:
    """The stage that writes a part."""
    return _STAGES[part_name(part)]


def check_parts(record: VideoRecord, parts: Sequence[Part]) -> None:
    """ValueError for a part that is given twice, lacks its stage or disagrees with another.

    Each is a caller's bug.
    """
    doubled = [name for name, n in Counter(map(part_name, parts)).items() if n > 1]
    if doubled:
        raise ValueError(f"parts given twice: {', '.join(doubled)}")
    for part in parts:
        if record.record(stage_of(part)) is None:
            raise ValueError(f"{part_name(part)} comes without its stage in the record")
    rows = {part.layer: part.items for part in parts if isinstance(part, Rows)}
    for part in parts:
        if isinstance(part, Descriptions):
            nodes = [one.node for one in part.descriptions]
            if nodes != sorted(set(nodes)):
                raise ValueError(f"{part_name(part)} are not in ascending order of node")
            if rows.get(part.layer, part.items) != part.items:
                raise ValueError(f"{part.items} {part_name(part)} have {rows[part.layer]} vectors")


def check_nodes(parts: Sequence[Part], n_nodes: int) -> None:
    """IndexError where something is said of a node that isn't in the tree: a caller's bug."""
    for part in parts:
        outside = [node for node in _nodes_of(part) if not 0 <= node < n_nodes]
        if outside:
            raise IndexError(f"{part_name(part)} of nodes {outside} of a tree of {n_nodes}")


def _nodes_of(part: Part) -> Iterable[int]:
    match part:
        case Captions(captions):
            return captions
        case Annotations(annotations):
            return annotations
        case Descriptions():
            return [one.node for one in part.descriptions]
        case _:
            return ()


def continued(
    record: VideoRecord, before: VideoRecord | None, parts: Sequence[Part]
) -> Outcome[VideoRecord, Removed]:
    """The record that a commit puts in place of the one `before`, or why it must not.

    What was said of the nodes of a tree is gone with it.
    """
    there = {(made.stage, made.key) for made in before.stages} if before else set()
    given = {stage_of(part) for part in parts}
    same_tree = before is None or _tree_key(before) == _tree_key(record)
    lost = [
        made.stage
        for made in record.stages
        if (
            made.stage not in given
            if (made.stage, made.key) not in there
            else made.stage in DESCRIBED and not same_tree
        )
    ]
    if lost:
        return Failure(Removed(record.path, tuple(lost)))
    if before is None:
        return Success(record)
    others = (path for path in before.paths if path != record.path)
    return Success(evolve(record, paths=(record.path, *others)))


def _tree_key(record: VideoRecord) -> Fingerprint | None:
    made = record.record(Stage.TREE)
    return None if made is None else made.key


def without_path(record: VideoRecord, path: str) -> VideoRecord | None:
    """The record of a video that is not at `path` any more; None if it is nowhere else."""
    rest = tuple(other for other in record.paths if other != path)
    return evolve(record, paths=rest) if rest else None


def query_words(query: str) -> str:
    """The query's words with one space between them: operators, quotes and brackets are dropped."""
    return " ".join(_WORD.findall(query))


def describe(space: Space[Any]) -> str:
    """A space in a message."""
    return f"{space.model_id} ({space.revision}, {space.dim} wide)"
