"""A made-up film whose scenes have words of their own, annotated node by node."""

from collections.abc import Mapping

import numpy as np
from attrs import frozen

from kuavi.adapters.text import fake
from kuavi.domain.annotation import Action, Annotation, Summary
from kuavi.domain.plan import ModelSpec
from kuavi.domain.quality import Quality, TextRows, score_video, summary_text
from kuavi.domain.space import Embeddings, Text
from kuavi.domain.spans import Span
from kuavi.domain.tree import Reals, SegmentTree, build_tree

SCENES = (
    "crack egg bowl shell yolk white spoon",
    "slice bread loaf knife board crumb toast",
    "wash car hose bonnet soap sponge wheel",
    "throw ball dog park grass leash frisbee",
    "tie bouquet flower ribbon stem jar meadow",
    "type letter keyboard desk screen mouse window",
)
FRAMES = 4


@frozen(eq=False)
class Topical:
    """`scenes[node]`: which scenes a node covers."""

    tree: SegmentTree
    scenes: tuple[tuple[int, ...], ...]
    annotations: dict[int, Annotation]


def topical() -> Topical:
    n = FRAMES * len(SCENES)
    rows = np.repeat(np.eye(len(SCENES), 8, dtype=np.float32), FRAMES, axis=0)
    rows[:, 7] = 0.05 * (np.arange(n) % FRAMES)
    times: Reals = np.arange(0.5, n)
    tree = build_tree(rows, times, Span(0, n), min_leaf_s=0.0)
    covered = [
        tuple(range(int(first) // FRAMES, (int(last) - 1) // FRAMES + 1))
        for first, last in zip(tree.first_frame, tree.last_frame, strict=True)
    ]
    return Topical(tree, tuple(covered), {i: annotation(one) for i, one in enumerate(covered)})


def annotation(scenes: tuple[int, ...]) -> Annotation:
    words = [SCENES[scene].split() for scene in scenes]
    verb, thing, *others = words[0]
    every = ", then ".join(
        f"they {one[0]} the {one[1]} beside {', '.join(one[2:])}" for one in words
    )
    return Annotation(
        Summary(f"They {verb} the {thing}.", f"In this part {every}."),
        Action(f"{verb} {thing}", f"{verb} the {thing} beside the {others[0]}.", "two cooks"),
    )


def text_rows(annotations: Mapping[int, Annotation]) -> TextRows:
    """By the shipped fake encoder, which counts words."""
    ordered = [annotations[node] for node in sorted(annotations)]
    return TextRows(
        encoded([summary_text(one) for one in ordered]),
        encoded([one.action.brief for one in ordered]),
        fake.FLOOR,
    )


def encoded(texts: list[str]) -> Embeddings[Text]:
    encoder = fake.build(ModelSpec("fake", "fake-text")).unwrap()
    return encoder.encode(texts).unwrap()


def scored(tree: SegmentTree, annotations: Mapping[int, Annotation]) -> dict[int, Quality]:
    return score_video(annotations, tree, text_rows(annotations))
