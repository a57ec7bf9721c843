"""How far a caption can be trusted, where there is no annotation: what can be judged without one.

Three signals of five, by the same measures: whether the caption fits its own pictures, whether its
brief action keeps to the rules for one, and degeneracy.  A caption says nothing twice, so there is
no coherence to measure, and captions of parts need not agree with those of the whole.
"""

from collections.abc import Mapping

import numpy as np

from kuavi.domain.annotation_rules import RULES
from kuavi.domain.brief_actions import ACTIONS_SYSTEM, actions_prompt
from kuavi.domain.degeneracy import Grams, action_shares, caption_degeneracy, grams
from kuavi.domain.described import Caption
from kuavi.domain.prompts import FRAME_PROMPT, clip_prompt
from kuavi.domain.quality import JointRows, Quality, compliance, visual_alignment
from kuavi.domain.quality_signal import Signal
from kuavi.domain.tree import SegmentTree

ACTION_RULES = tuple(rule for rule in RULES if rule.path == "action.brief")

CAPTION_INSTRUCTIONS: Grams = (
    grams(FRAME_PROMPT)
    | grams(clip_prompt([0.0]))
    | grams(ACTIONS_SYSTEM)
    | grams(actions_prompt(["-"]))
)


def score_captions(
    captions: Mapping[int, Caption], tree: SegmentTree, joint: JointRows | None = None
) -> dict[int, Quality]:
    """The quality of each caption that says something; `joint` has their texts and frames."""
    nodes = np.array(sorted(n for n, one in captions.items() if one.text), dtype=np.int64)
    ordered = [captions[node] for node in nodes.tolist()]
    named = apart(captions, tree)
    share = dict(zip(named, action_shares(named).tolist(), strict=True))
    seen: list[Signal | None] = [None] * len(nodes)
    if joint is not None:
        seen = visual_alignment(joint, tree, nodes)
    found = {}
    for node, one, visual in zip(nodes.tolist(), ordered, seen, strict=True):
        wanting = caption_degeneracy(one, share.get(one.action, 0.0), CAPTION_INSTRUCTIONS)
        signals = (visual, action_format(one.action), wanting)
        found[node] = Quality(tuple(signal for signal in signals if signal is not None))
    return found


def apart(captions: Mapping[int, Caption], tree: SegmentTree) -> list[str]:
    """The brief actions of segments that share no moment: those below another one do not count.

    A scene and its parts are told alike; that says nothing of the captioner.
    """
    under = [False] * len(tree)  # whether a node above it has an action of its own
    found = []
    for node in range(len(tree)):  # breadth-first: a parent comes before its children
        parent = int(tree.parent[node])
        under[node] = node > 0 and (under[parent] or _named(captions, parent))
        if not under[node] and _named(captions, node):
            found.append(captions[node].action)
    return found


def _named(captions: Mapping[int, Caption], node: int) -> bool:
    return node in captions and bool(captions[node].text and captions[node].action)


def action_format(action: str) -> Signal | None:
    """The share of the rules for a brief action that it keeps to; None where none was made."""
    if not action:
        return None
    return compliance([rule for rule in ACTION_RULES if not rule.holds(action)], len(ACTION_RULES))
