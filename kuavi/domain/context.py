"""What a model is told about a node of a tree: bounded, whatever the length of the video.

A node's context depends on the captions, on what else the video holds, and on the annotations of
the nodes below it: on nothing that is found out in another order.  So a run that was broken off
asks the same questions when it goes on, and a second run gets its answers from the first.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from attrs import field, frozen
from attrs.validators import ge

from kuavi.domain.described import Caption
from kuavi.domain.markdown_text import CUT, defused, shortened
from kuavi.domain.outline import Label, Section, Texts, section_text, stamp
from kuavi.domain.spans import Span
from kuavi.domain.tree import NONE, SegmentTree
from kuavi.domain.tree_views import (
    SMALLEST,
    DescribedTree,
    Room,
    bounded_outline,
    depth_first,
    fitted,
    section_of,
)
from kuavi.domain.words import ScreenLine, Utterance

THIS_ONE = "*This is the segment that is asked about.*"
LINES_CUT = f"[{CUT}]"
"""Stands between lines where others were left out."""


@frozen
class ContextLimits:
    """Characters of each part of a context, whatever the video.

    `subtree`, `surroundings`, `metadata`, `transcript` and `screen` bound the parts; `own` bounds
    a text of the node itself, `below` one of a node under it, `around` one of any other node, and
    `line` a line of the rest.
    """

    subtree: int = field(default=16_000, validator=ge(SMALLEST))
    surroundings: int = field(default=6_000, validator=ge(SMALLEST))
    metadata: int = field(default=1_500, validator=ge(0))
    transcript: int = field(default=4_000, validator=ge(0))
    screen: int = field(default=1_500, validator=ge(0))
    own: int = field(default=2_000, validator=ge(0))
    below: int = field(default=500, validator=ge(0))
    around: int = field(default=240, validator=ge(0))
    line: int = field(default=400, validator=ge(0))


LIMITS = ContextLimits()


@frozen
class Sources:
    """What else a video holds: `metadata` by name (title, ...), what is said, what is written."""

    metadata: Mapping[str, str] = field(factory=dict, hash=False)
    utterances: Sequence[Utterance] = ()
    screen: Sequence[ScreenLine] = ()


@frozen
class Context:
    """The parts of a node's context, as text; "" for one that there isn't.

    `place` says which segment of which video; the others are material, to be told apart from
    instructions (see `prompts.fenced`).
    """

    place: str
    subtree: str
    surroundings: str
    metadata: str = ""
    transcript: str = ""
    screen: str = ""


def context_for(
    described: DescribedTree,
    node: int,
    sources: Sources = Sources(),
    limits: ContextLimits = LIMITS,
) -> Context:
    """What is told of a node; every part within its limit."""
    tree = described.tree
    span = tree.span_of(node)
    return Context(
        place=f"{_times(span)} of a video of {_times(tree.span)}",
        subtree=subtree_of(described, node, limits),
        surroundings=surroundings_of(described, node, limits),
        metadata=metadata_lines(sources.metadata, limits),
        transcript=transcript_lines(sources.utterances, span, limits),
        screen=screen_lines(sources.screen, span, limits),
    )


def subtree_of(described: DescribedTree, node: int, limits: ContextLimits = LIMITS) -> str:
    """The node's captions, and of the nodes below it captions and brief annotations.

    An annotation that the node has already is not shown: it is what is asked for.
    """

    def telling(at: int) -> Texts:
        if at == node:
            return _captions(described, at, limits.own)
        annotation = described.annotations.get(at)
        captions = _captions(described, at, limits.below)
        if annotation is None:
            return captions
        brief = (
            (Label.SUMMARY, _short(annotation.summary.brief, limits.below)),
            (Label.ACTION, _short(annotation.action.brief, limits.around)),
            (Label.ACTOR, _short(annotation.action.actor, limits.around)),
        )
        return (*captions, *brief)

    room = Room(limits.subtree, len(described.tree), only_told=True)
    return bounded_outline(described.tree, node, telling, room)


def surroundings_of(described: DescribedTree, node: int, limits: ContextLimits = LIMITS) -> str:
    """Where the node stands in the video: captions of nodes that are not below it.

    First the root; then, from the node upwards, those on the way to the root with their siblings;
    then the topmost levels: as many as there is room for.  The node itself is only marked; around
    the root there is nothing.  Nodes of which there is nothing to tell are passed over.
    """
    tree = described.tree
    if node == 0:
        return ""

    def section(at: int) -> Section:
        texts = () if at == node else _around(described, at, limits.around)
        return section_of(tree, at, 0, texts)

    left = limits.surroundings - len(THIS_ONE) - 2
    shown = {0: fitted(section(0), left)}
    left -= len(section_text(shown[0]))
    room = Room(limits.surroundings)
    for pair in islice(_pairs_around(tree, node), room.most_nodes):
        sections = {at: section(at) for at in pair if at not in shown}
        sections = {at: one for at, one in sections.items() if one.texts or at == node}
        left -= sum(len(section_text(one)) + 2 for one in sections.values())
        if left < 0:
            break
        shown |= sections
    blocks = []
    for at in depth_first(tree, [*shown]):
        blocks.append(section_text(shown[at]))
        blocks += [THIS_ONE] if at == node else []
    return "\n\n".join(blocks)


def metadata_lines(metadata: Mapping[str, str], limits: ContextLimits = LIMITS) -> str:
    """`name: value` lines as YAML has them, each value on one line; the first that fit."""
    pairs = (
        (_short(name, limits.line), _short(value, limits.line)) for name, value in metadata.items()
    )
    lines = [f"{name.replace(':', ' ')}: {value}" for name, value in pairs if name and value]
    while lines and len("\n".join(lines)) > limits.metadata:
        lines.pop()
    return "\n".join(lines)


def transcript_lines(
    utterances: Iterable[Utterance], span: Span, limits: ContextLimits = LIMITS
) -> str:
    """What is said while the span lasts, with its times; evenly thinned where it is too long."""
    heard = (u for u in utterances if u.span.start_s < span.end_s and u.span.end_s > span.start_s)
    told = ((stamp(u.span.start_s), _short(u.text, limits.line)) for u in heard)
    return thinned([f"[{time}] {text}" for time, text in told if text], limits.transcript)


def screen_lines(screen: Iterable[ScreenLine], span: Span, limits: ContextLimits = LIMITS) -> str:
    """What is written in the pictures of the span, each text once, when it was first there."""
    first = dict[str, ScreenLine]()
    for line in screen:
        if line.span.start_s < span.end_s and line.span.end_s > span.start_s:
            first.setdefault(defused(line.text).casefold(), line)
    told = ((stamp(at.span.start_s), _short(at.text, limits.line)) for at in first.values())
    return thinned([f"[{time}] {text}" for time, text in told if text], limits.screen)


def thinned(lines: Sequence[str], max_chars: int) -> str:
    """As many of the lines, evenly spread, as fit; a mark stands where others were left out."""
    keep = len(lines)
    while keep:
        text = _spread(lines, keep)
        if len(text) <= max_chars:
            return text
        keep = min(keep - 1, keep * max_chars // len(text) + 1)
    return LINES_CUT if lines and len(LINES_CUT) <= max_chars else ""


def _spread(lines: Sequence[str], keep: int) -> str:
    """`keep` of the lines, the middle ones of as many equal stretches."""
    chosen = [(2 * i + 1) * len(lines) // (2 * keep) for i in range(keep)]
    shown, before = list[str](), -1
    for at in chosen:
        shown += [LINES_CUT] if at > before + 1 else []
        shown.append(lines[at])
        before = at
    return "\n".join([*shown, LINES_CUT] if before < len(lines) - 1 else shown)


def _pairs_around(tree: SegmentTree, node: int) -> Iterator[tuple[int, int]]:
    """Siblings on the way from the node to the root, then those near the top, level by level.

    None is below the node.
    """
    at = node
    while at:
        parent = int(tree.parent[at])
        yield int(tree.left[parent]), int(tree.right[parent])
        at = parent
    level = [0]
    while level:
        inner = [at for at in level if at != node and tree.left[at] != NONE]
        inner.sort(key=lambda at: (float(tree.start_s[at] - tree.end_s[at]), at))
        pairs = [(int(tree.left[at]), int(tree.right[at])) for at in inner]
        yield from pairs
        level = [at for pair in pairs for at in pair]


def _captions(described: DescribedTree, node: int, max_chars: int) -> Texts:
    caption = described.captions.get(node, Caption())
    texts = ((Label.CLIP, caption.clip), (Label.FRAME, caption.frame))
    short = ((label, _short(text, max_chars)) for label, text in texts)
    return tuple((label, text) for label, text in short if text)


def _around(described: DescribedTree, node: int, max_chars: int) -> Texts:
    text = _short(described.captions.get(node, Caption()).text, max_chars)
    return ((Label.CLIP, text),) if text else ()


def _short(text: str, max_chars: int) -> str:
    return shortened(defused(text), max_chars)


def _times(span: Span) -> str:
    return f"{stamp(span.start_s)} -> {stamp(span.end_s)} ({span.duration_s:.2f} s)"
