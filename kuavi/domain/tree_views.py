"""A tree with what is said of its nodes, shown whole or as much of it as there is room for."""

from collections.abc import Callable, Mapping, Sequence
from heapq import heappop, heappush
from typing import TypeAlias

from attrs import Factory, field, frozen
from attrs.validators import ge

from kuavi.domain.annotation import Annotation
from kuavi.domain.described import Caption
from kuavi.domain.markdown_text import plain, shortened
from kuavi.domain.outline import (
    LEFT_OUT,
    NUMBERED_LEVELS,
    Label,
    Section,
    Texts,
    in_hundredths,
    section_text,
    write,
)
from kuavi.domain.tree import NONE, SegmentTree

SMALLEST = 120
"""Characters in which a heading and the mark of what is left out always fit."""

Telling: TypeAlias = Callable[[int], Texts]
"""What an outline tells of a node."""


@frozen(eq=False)
class DescribedTree:
    """A tree with what is said of its nodes, by node."""

    tree: SegmentTree
    captions: Mapping[int, Caption] = Factory(dict)
    annotations: Mapping[int, Annotation] = Factory(dict)


@frozen
class Room:
    """How much of a tree is shown: characters, and levels (the top's own is one of them).

    `only_told`: nodes of which there is nothing to tell are passed over, but for the top.
    """

    max_chars: int = field(validator=ge(SMALLEST))
    max_levels: int = field(default=10, validator=ge(1))
    only_told: bool = False

    @property
    def most_nodes(self) -> int:
        """So many nodes are looked at; no more could be shown."""
        return self.max_chars // 4


def texts_of(described: DescribedTree, node: int) -> Texts:
    """All that is said of a node; captions that were not made are left out."""
    caption = described.captions.get(node, Caption())
    captions = (
        (Label.CLIP, caption.clip),
        (Label.FRAME, caption.frame),
        (Label.SEEN, caption.action),
    )
    return (
        *((label, text) for label, text in captions if text),
        *_annotated(described.annotations.get(node)),
    )


def section_of(tree: SegmentTree, node: int, top: int, texts: Texts) -> Section:
    """A node as it stands in the outline of `top`, which is the node itself or above it."""
    level = int(tree.level[node] - tree.level[top])
    number: tuple[int, ...] = ()
    at = node
    for _ in range(level if level <= NUMBERED_LEVELS else 0):
        number = (2 - at % 2, *number)  # first children have odd numbers, second ones even
        at = int(tree.parent[at])
    start_s, end_s = in_hundredths(tree.start_s[node]), in_hundredths(tree.end_s[node])
    return Section(level, number, start_s, end_s, texts)


def render(
    described: DescribedTree, node: int = 0, max_levels: int = 10, max_chars: int | None = None
) -> str:
    """The outline of a node and what is below it, to so many levels (its own is one of them).

    With `max_chars`, as much of it as fits (see `bounded_outline`).
    """
    if max_levels < 1:
        raise ValueError(f"an outline has at least one level, got {max_levels}")
    if max_chars is not None:
        room = Room(max_chars, max_levels)
        return bounded_outline(described.tree, node, lambda n: texts_of(described, n), room)
    tree = described.tree
    shown, hidden = [node], False
    for at in shown:  # grows while it is walked
        if tree.left[at] == NONE:
            continue
        if tree.level[at] - tree.level[node] + 1 == max_levels:
            hidden = True
        else:
            shown += [int(tree.left[at]), int(tree.right[at])]
    ordered = depth_first(tree, shown)
    sections = [section_of(tree, at, node, texts_of(described, at)) for at in ordered]
    return write(sections, complete=not hidden)


def depth_first(tree: SegmentTree, nodes: Sequence[int]) -> list[int]:
    """Nodes, none twice, in the order of an outline."""
    return sorted(nodes, key=lambda n: (int(tree.first_frame[n]), int(tree.level[n])))


def bounded_outline(tree: SegmentTree, top: int, telling: Telling, room: Room) -> str:
    """The outline of a node in at most `room.max_chars` characters.

    Levels are shown from the top down, of the first that does not fit whole the parts of the
    longest nodes, so the deepest levels are cut first.  The work done depends on the room, not on
    the size of the tree.  If not even the top fits, its texts are shortened.
    """
    left = room.max_chars - len(LEFT_OUT) - 2
    first = fitted(section_of(tree, top, top, telling(top)), left)
    shown = {top: first}
    left -= len(section_text(first))
    waiting = [(0, 0.0, top)]
    for _ in range(room.most_nodes):
        if not waiting:
            break
        level, _, at = heappop(waiting)
        if tree.left[at] == NONE:
            continue
        children = (int(tree.left[at]), int(tree.right[at]))
        pair = {child: section_of(tree, child, top, telling(child)) for child in children}
        if room.only_told:
            pair = {child: section for child, section in pair.items() if section.texts}
        left -= sum(len(section_text(section)) + 2 for section in pair.values())
        if level + 1 >= room.max_levels or left < 0:
            waiting.append((level, 0.0, at))
            break
        shown |= pair
        for child in children:
            length_s = float(tree.end_s[child] - tree.start_s[child])
            heappush(waiting, (level + 1, -length_s, child))
    return write([shown[at] for at in depth_first(tree, [*shown])], complete=not waiting)


def fitted(section: Section, max_chars: int) -> Section:
    """A section in at most so many characters: its texts are shortened if they must be.

    Without any text a heading stays, whatever its length.
    """
    cap = max((len(text) for _, text in section.texts), default=0)
    while section.texts and len(section_text(section)) > max_chars:
        cap //= 2
        texts = tuple((label, shortened(plain(text), cap)) for label, text in section.texts)
        section = _with_texts(section, texts if cap else ())
    return section


def _with_texts(section: Section, texts: Texts) -> Section:
    told = tuple((label, text) for label, text in texts if text)
    return Section(section.level, section.number, section.start_s, section.end_s, told)


def _annotated(annotation: Annotation | None) -> Texts:
    if annotation is None:
        return ()
    summary, action = annotation.summary, annotation.action
    return (
        (Label.SUMMARY, summary.brief),
        (Label.DETAIL, summary.detailed),
        (Label.ACTION, action.brief),
        (Label.MANNER, action.detailed),
        (Label.ACTOR, action.actor),
    )
