"""What is said of the nodes of a segment tree, before and beside their annotations."""

from collections.abc import Mapping, Sequence

from attrs import field, frozen
from attrs.validators import ge

from kuavi.domain.annotation import NOBODY, Annotation
from kuavi.domain.spans import Span


@frozen
class Caption:
    """What captioning models saw in one node.  "" stands for what was not asked.

    `frame` tells its middle frame, `clip` frames spread over it; `action` is the brief action in
    them, `NOBODY` where nobody acts.
    """

    frame: str = ""
    clip: str = ""
    action: str = ""

    @property
    def text(self) -> str:
        """The caption of the clip, or of the frame where there is no other."""
        return self.clip or self.frame


@frozen
class Description:
    """A text that search reads for one node: its summary or its brief action.

    Descriptions that mean the same are of one `cluster` with `size` members, of which one is
    `shown`; the others are there, but hidden unless they are asked for.
    """

    node: int = field(validator=ge(0))
    span: Span
    text: str
    cluster: int = field(validator=ge(0))
    size: int = field(default=1, validator=ge(1))
    shown: bool = True


def summary_of(caption: Caption | None, annotation: Annotation | None) -> str:
    """What is said of a node: brief and detailed summary, or a caption; "" for nothing."""
    if annotation is not None:
        summary = annotation.summary
        texts = dict.fromkeys(text for text in (summary.brief, summary.detailed) if text)
        return "\n".join(texts)
    return "" if caption is None else caption.text


def action_of(caption: Caption | None, annotation: Annotation | None) -> str:
    """The brief action in a node; "" where nobody acts, or nothing is known."""
    if annotation is not None:
        action = annotation.action.brief
    else:
        action = "" if caption is None else caption.action
    return "" if action == NOBODY else action


def texts_by_node(
    captions: Mapping[int, Caption], annotations: Mapping[int, Annotation]
) -> dict[int, tuple[str, str]]:
    """For each node of which something is said: its summary and its action, in order of node."""
    nodes: Sequence[int] = sorted({*captions, *annotations})
    return {
        node: (
            summary_of(captions.get(node), annotations.get(node)),
            action_of(captions.get(node), annotations.get(node)),
        )
        for node in nodes
    }
