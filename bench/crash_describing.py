"""Putting the nodes of a video into words, as an operation to interrupt: see `bench.crash`.

No model: the words are made from the tree, and equal trees give equal words.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from returns.result import Failure

from kuavi.adapters.libraries import lance
from kuavi.adapters.text import fake as text
from kuavi.domain.annotation import NOBODY, Action, Annotation, Summary
from kuavi.domain.described import Caption, Description
from kuavi.domain.evidence import Heuristic
from kuavi.domain.fingerprint import fingerprint_of
from kuavi.domain.layers import Layer
from kuavi.domain.manifest import DESCRIBED, StageRecord, VideoRecord, with_stage
from kuavi.domain.presets import PRESETS
from kuavi.domain.tree import SegmentTree
from kuavi.ports.library import Library
from kuavi.ports.parts import Annotations, Captions, Descriptions, Part, Rows
from kuavi.ports.progress import Progress, StageDone


def describe(library: Path, film: Path, progress: Progress) -> None:
    """Three commits, each told; those that are there already change nothing."""
    opened = lance.build(str(library), create=False).unwrap()
    record, tree = _planted(opened, film)
    for stage, parts in zip(DESCRIBED, _words(tree), strict=True):
        key = fingerprint_of([stage.value, [made.key for made in record.stages], len(tree)])
        made = record.record(stage)
        if made is None:
            made = StageRecord(stage, key, sum(part.items for part in parts), Heuristic("numbers"))
            record = with_stage(record, made)
            done = opened.commit(record, parts)
            if isinstance(done, Failure):
                raise RuntimeError(str(done.failure()))
        progress.report(StageDone(str(film), stage, made.items, 0.0, ()))


def _planted(library: Library, film: Path) -> tuple[VideoRecord, SegmentTree]:
    view = library.view().unwrap()
    record = next(one for one in view.videos().unwrap() if one.path == str(film))
    tree = view.tree(record.id).unwrap()
    if tree is None:
        raise RuntimeError(f"{film} has no tree")
    return record, tree


def _words(tree: SegmentTree) -> Iterator[Sequence[Part]]:
    nodes = range(len(tree))
    spans = [tree.span_of(node) for node in nodes]
    nobody = Action("", "", NOBODY)
    told = [f"node {node} from {span.start_s:.2f}" for node, span in zip(nodes, spans, strict=True)]
    yield [Captions({node: Caption(told[node], f"a clip of {told[node]}") for node in nodes})]
    told_more = {node: Summary(told[node], f"{told[node]}, at length") for node in nodes}
    yield [Annotations({node: Annotation(one, nobody) for node, one in told_more.items()})]
    parts: list[Part] = []
    for layer in (Layer.SUMMARY, Layer.ACTION):
        texts = [f"{layer.value} of {one}" for one in told]
        items = zip(nodes, spans, texts, strict=True)
        parts.append(Descriptions(layer, tuple(Description(*item, item[0]) for item in items)))
        vectors = text.build(PRESETS["fake"].models["text"]).unwrap().encode(texts).unwrap()
        parts.append(Rows(layer, vectors, tree.start_s, tree.end_s))
    yield parts
