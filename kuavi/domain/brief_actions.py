"""Captions to brief actions, many in one question: what is asked, and reading the answer.

Captions and actions are numbered, so an answer that leaves one out is refused and nothing shifts.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen
from returns.result import Failure, Success

from kuavi.domain.annotation import NOBODY
from kuavi.domain.annotation_json import ABSENT
from kuavi.domain.annotation_rules import FEWEST_ACTION_WORDS, MOST_ACTION_WORDS
from kuavi.domain.fingerprint import Json
from kuavi.domain.markdown_text import defused, plain, shortened
from kuavi.domain.outcome import Outcome
from kuavi.domain.prompts import CAUTION, fenced, mark_for

MOST_CAPTION_CHARS = 600
"""Of a caption so much is shown."""

ACTIONS_SYSTEM = (
    "You turn captions of video segments into the shortest name of the action in each, for a list "
    "that people search. You reply with a single JSON object and nothing else."
)


@frozen
class NotActions:
    """Why a reply is not the actions that were asked for."""

    reason: str

    def __str__(self) -> str:
        return f"not the actions asked for: {self.reason}"


def actions_prompt(captions: Sequence[str]) -> str:
    """Asks for the brief action in each caption; at least one caption."""
    if not captions:
        raise ValueError("no captions to ask about")
    n = len(captions)
    material = "\n".join(f"{i}. {_shown(caption)}" for i, caption in enumerate(captions, start=1))
    mark = mark_for(material)
    numbers = 'the number "1"' if n == 1 else f'the numbers "1" to "{n}"'
    return "\n\n".join(
        (
            CAUTION.format(mark=mark),
            fenced("captions", material, mark),
            f"Name the one main action in each caption in {FEWEST_ACTION_WORDS} to "
            f"{MOST_ACTION_WORDS} words:\n"
            '- an order that starts with a verb in its base form: "stir sauce", not "stirring '
            'sauce", "stirs sauce" or "the man stirs sauce"\n'
            "- in lower case, without a full stop, names or details\n"
            f'- "{NOBODY}" where nobody acts: landscapes, title cards, things that only lie there\n'
            "- from its own caption alone; the others are of other segments",
            f"Reply with one JSON object whose keys are {numbers}, each once and no other, and "
            "whose values are the actions.",
        )
    )


def actions_schema(n: int) -> dict[str, Json]:
    """The strict JSON schema of the reply to a question about `n` captions."""
    numbers: list[Json] = [str(i) for i in range(1, n + 1)]
    return {
        "type": "object",
        "properties": {str(number): {"type": "string"} for number in numbers},
        "required": numbers,
        "additionalProperties": False,
    }


def parse_actions(text: str, n: int) -> Outcome[tuple[str, ...], NotActions]:
    """The `n` actions of a reply, in order.

    The object may stand in a code fence or between sentences.  A missing, repeated or additional
    number, or an action that is no text or empty, spoils the whole reply.
    """
    found = _object(text)
    if isinstance(found, Failure):
        return found
    values = found.unwrap()
    wanted = [str(i) for i in range(1, n + 1)]
    if missing := [number for number in wanted if number not in values]:
        return Failure(NotActions(f"{missing[0]} is missing"))
    if len(values) > n:
        extra = min(set(values) - set(wanted))
        return Failure(NotActions(f"{extra!r} was not asked for"))
    actions = []
    for number in wanted:
        value = values[number]
        action = normal_action(value) if isinstance(value, str) else ""
        if not action:
            return Failure(NotActions(f"{number} is no text, or empty"))
        actions.append(action)
    return Success(tuple(actions))


def normal_action(text: str) -> str:
    """One line without quotes or a full stop at its ends, in lower case; `NOBODY` for its like.

    Words with a capital inside, or of capitals only, stay as they are (TV, iPhone).
    """
    bare = plain(text).strip("\"'`\u201c\u201d\u2018\u2019 ")
    if ABSENT.fullmatch(bare):
        return NOBODY
    return " ".join(_lowered(word) for word in bare.rstrip(".!;, ").split())


def batches(
    captions: Sequence[str], max_chars: int = 12_000, max_items: int = 40
) -> Iterator[tuple[str, ...]]:
    """The captions in order, in as few consecutive batches as keep to both limits.

    Characters are counted as they are shown.  A caption that is longer than `max_chars` by itself
    is a batch of its own.
    """
    if max_items < 1:
        raise ValueError(f"a batch holds at least one caption, got {max_items}")
    batch, size = list[str](), 0
    for caption in captions:
        length = len(_shown(caption))
        if batch and (len(batch) == max_items or size + length > max_chars):
            yield tuple(batch)
            batch, size = [], 0
        batch.append(caption)
        size += length
    if batch:
        yield tuple(batch)


def _shown(caption: str) -> str:
    return shortened(defused(caption), MOST_CAPTION_CHARS)


def _lowered(word: str) -> str:
    return word.lower() if word[1:] == word[1:].lower() else word


def _object(text: str) -> Outcome[Mapping[str, Any], NotActions]:
    """The object from the first opening brace to the last closing one."""
    braces = re.search(r"\{.*\}", text, re.DOTALL)
    if braces is None:
        return Failure(NotActions("no JSON object"))
    try:
        pairs = json.loads(braces[0], object_pairs_hook=tuple)
    except (ValueError, RecursionError):  # ValueError: also a number of thousands of digits
        return Failure(NotActions("not JSON"))
    values = dict(pairs)
    if len(values) < len(pairs):
        return Failure(NotActions("a number is given twice"))
    return Success(values)
