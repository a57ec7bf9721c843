"""Texts that a model wrote without looking: empty, refused, repeated, echoed or cut off.

All of it is told from letters; every part is in [0, 1], 1 where there is no sign of it, and the
worst counts.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from attrs import frozen

from kuavi.domain.annotation import NOBODY, Annotation
from kuavi.domain.annotation_rules import guidelines, is_finished
from kuavi.domain.described import Caption
from kuavi.domain.quality_signal import Measure, Signal
from kuavi.domain.terms import STOP_WORDS
from kuavi.domain.transcript import plain_words
from kuavi.domain.tree import Reals

Words: TypeAlias = tuple[str, ...]
Grams: TypeAlias = frozenset[Words]
Finding: TypeAlias = tuple[float, str]
"""A value in [0, 1] and what is wrong; nothing is at 1."""

FINE: Finding = (1.0, "")
FEWEST_SEGMENTS = 5
"""In fewer annotated segments one action may well be all there is."""

USUAL_SHARE, FLAGGED_SHARE = 0.25, 0.5
ECHO_WORDS = 5
REPEAT_WORDS = 3
USUAL_REPEATS, MOST_REPEATS = 0.15, 0.5
CERTAIN, PROBABLE = 0.02, 0.3

REFUSAL = re.compile(
    r"\W*(?:i(?:['\u2019]m| am) (?:sorry|unable|not able)|i (?:can(?:not|['\u2019]t| not)|am an ai)"
    r"|sorry\b|as an ai\b|unable to\b|(?:no|not enough) (?:description|information|context)\b"
    r"|not available|without (?:seeing|access))",
    re.IGNORECASE,
)
"""How a text starts that is no description."""

MACHINE = re.compile(r"\bas an? (?:ai|large language)\b|\blanguage model\b", re.IGNORECASE)

GENERIC = STOP_WORDS | frozenset(
    plain_words(
        "action activity actor camera clip content depict depicted depicts describe describes "
        "description display displays doing event frame frames given happen happening happens "
        "here image images occur occurs perform performing performs person photo picture scene "
        "scenes screen screenshot segment segments see seen show showing shown shows something "
        "somebody someone text thing things unclear unknown various video view visible"
    )
)
"""Words that could be said of any segment."""

DANGLING = STOP_WORDS | frozenset(plain_words("about across after before between near over then"))
"""Words that no sentence ends with, but for a few that stand in both lists."""


def shares(annotations: Sequence[Annotation]) -> Reals:
    """For each annotation (n,), the share of them with its action, or its summary if that is more.

    Nobody's acting is no action.  0 where there are fewer than five.
    """
    of_action = action_shares([one.action.brief for one in annotations])
    return np.maximum(of_action, _shares([plain_words(one.summary.brief) for one in annotations]))


def action_shares(actions: Sequence[str]) -> Reals:
    """For each brief action (n,), the share of them that say the same; 0 for nobody's acting."""
    said = [plain_words(action) for action in actions]
    acting = np.array([words != plain_words(NOBODY) for words in said], dtype=bool)
    return np.where(acting, _shares(said), 0.0)


def _shares(said: Sequence[Words]) -> Reals:
    if len(said) < FEWEST_SEGMENTS:
        return np.zeros(len(said))
    count = Counter(said)
    return np.array([count[words] for words in said]) / len(said)


@frozen
class Dominant:
    """One brief action that `n` of `of` segments have: more than half of at least five."""

    action: str
    n: int
    of: int


def dominant(actions: Sequence[str]) -> Dominant | None:
    """The action that most of the segments have, if one is that frequent."""
    found = action_shares(actions)
    place = int(found.argmax()) if len(found) else 0
    if not len(found) or found[place] <= FLAGGED_SHARE:
        return None
    return Dominant(actions[place], round(float(found[place]) * len(actions)), len(actions))


def _runs(words: Words, n: int) -> list[Words]:
    return [words[i : i + n] for i in range(len(words) - n + 1)]


def grams(text: str, n: int = ECHO_WORDS) -> Grams:
    """All runs of n words in a text."""
    return frozenset(_runs(plain_words(text), n))


INSTRUCTIONS = grams(guidelines())


def degeneracy(
    annotation: Annotation, share: float = 0.0, instructions: Grams = INSTRUCTIONS
) -> Signal:
    """Whether an annotation is none; `share` of the video's annotations have its action.

    `instructions`: the fixed text of the prompt, which is not to come back.  (Not the captions or
    the transcript in it: those may.)
    """
    summary, action = annotation.summary, annotation.action
    sentences = {"summary.brief": summary.brief, "summary.detailed": summary.detailed}
    if action.detailed != NOBODY:
        sentences["action.detailed"] = action.detailed
    found = [_repeated_in_video(share)]
    for path, text in sentences.items():
        found += _named(path, [*_of_text(text, instructions), _generic(text), _cut(text)])
    if action.brief != NOBODY:
        found += _named(
            "action.brief", [*_of_text(action.brief, instructions), _generic(action.brief)]
        )
    found += _named("action.actor", _of_text(action.actor, instructions))
    return _worst(found)


def caption_degeneracy(caption: Caption, share: float, instructions: Grams) -> Signal:
    """As `degeneracy`, of a caption and, if it has one, the brief action that was made of it."""
    text, action = caption.text, caption.action
    found = [_repeated_in_video(share)]
    found += _named("caption", [*_of_text(text, instructions), _generic(text), _cut(text)])
    if action not in ("", NOBODY):
        found += _named("action.brief", [*_of_text(action, instructions), _generic(action)])
    return _worst(found)


def _worst(found: Sequence[Finding]) -> Signal:
    wrong = sorted(finding for finding in found if finding[0] < 1)
    value = wrong[0][0] if wrong else 1.0
    return Signal(Measure.DEGENERACY, value, "; ".join(dict.fromkeys(what for _, what in wrong)))


def _named(path: str, findings: list[Finding]) -> list[Finding]:
    return [(value, f"{path} {what}") for value, what in findings]


def _of_text(text: str, instructions: Grams) -> list[Finding]:
    if not any(letter.isalnum() for letter in text):
        return [(0.0, "is empty")]
    return [_refusal(text), _echo(text, instructions), _repeats(text)]


def _repeated_in_video(share: float) -> Finding:
    """Falls to a half while the share rises to a half, and at once to almost nothing beyond."""
    if share <= USUAL_SHARE:
        return FINE
    reason = f"{share:.0%} of the segments say the same"
    if share <= FLAGGED_SHARE:
        over = (share - USUAL_SHARE) / (FLAGGED_SHARE - USUAL_SHARE)
        return (1 - over / 2, reason)
    return (max(CERTAIN * 2 * (1 - share), 0.0), reason)


def _refusal(text: str) -> Finding:
    refused = REFUSAL.match(text) or MACHINE.search(text)
    return (0.0, "is a refusal") if refused else FINE


def _generic(text: str) -> Finding:
    words = plain_words(text)
    if not words or any(word not in GENERIC for word in words):
        return FINE
    return (CERTAIN, "could be said of any segment")


def _echo(text: str, instructions: Grams) -> Finding:
    runs = _runs(plain_words(text), ECHO_WORDS)
    if not runs:
        return FINE
    share = sum(run in instructions for run in runs) / len(runs)
    return (max(1 - 2 * share, 0.0), f"repeats the prompt ({share:.0%})") if share else FINE


def _repeats(text: str) -> Finding:
    runs = _runs(plain_words(text), REPEAT_WORDS)
    if not runs:
        return FINE
    share = 1 - len(set(runs)) / len(runs)
    if share <= USUAL_REPEATS:
        return FINE
    over = (share - USUAL_REPEATS) / (MOST_REPEATS - USUAL_REPEATS)
    return (max(1 - over, 0.0), f"repeats itself ({share:.0%})")


def _cut(text: str) -> Finding:
    """Cut off: surely within a text of several sentences or at a word none ends with."""
    words = plain_words(text)
    if not words or is_finished(text):
        return FINE
    open_end = text.rstrip().endswith((",", ";", ":", "-", "(", "\u201c"))
    if open_end or words[-1] in DANGLING or re.search(r"[.!?]\s+\S", text):
        return (CERTAIN, "is cut off")
    return (PROBABLE, "ends without a full stop")
