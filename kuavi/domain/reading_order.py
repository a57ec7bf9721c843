"""The order in which people read the text of a picture."""

from collections.abc import Iterable

from kuavi.domain.words import TextBox


def reading_order(boxes: Iterable[TextBox]) -> tuple[TextBox, ...]:
    """Line by line from the top, each line from the left.

    A heuristic: a box belongs to the line above it if its middle lies within the height of that
    line's first box.  Columns are not told apart.  Does not depend on the order of `boxes`.
    """
    by_height = sorted(boxes, key=lambda box: (_middle(box), box.box, box.text, box.confidence))
    lines: list[list[TextBox]] = []
    for box in by_height:
        if lines and _middle(box) < lines[-1][0].box[3]:
            lines[-1].append(box)
        else:
            lines.append([box])
    return tuple(box for line in lines for box in sorted(line, key=lambda box: box.box))


def _middle(box: TextBox) -> float:
    return (box.box[1] + box.box[3]) / 2
