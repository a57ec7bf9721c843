"""What a good annotation keeps to: one list that the prompt states and the scorer checks.

The checks read letters, not grammar: "first word in base form" means that it does not end like a
participle, a past tense, a third person or a plural, with the words listed that only look so.
"""

import re
from collections.abc import Callable

from attrs import astuple, frozen

from kuavi.domain.annotation import NOBODY, Annotation
from kuavi.domain.transcript import plain_words

MOST_BRIEF_WORDS = 30
FEWEST_ACTION_WORDS, MOST_ACTION_WORDS = 2, 5
MOST_ACTOR_WORDS = 30

LIKE_PAST = frozenset(
    plain_words(
        "bed bleed breed embed exceed feed heed need proceed seed shed shred sled speed succeed "
        "wed weed"
    )
)
"""Base forms that end in -ed."""

LIKE_PLURAL = frozenset(plain_words("bias bus canvas chorus focus gas refocus"))
"""Base forms that end in a single s."""

NOT_VERBS = frozenset(
    plain_words(
        "a an the this that these those he she it they we you i his her their its my your our one "
        "two three several some someone somebody people person man woman men women boy girl child "
        "children and or but to of in on at with by for is are was were be being been"
    )
)
"""What a description starts with instead of an order."""

PRONOUNS = frozenset(
    plain_words("he him she her it they them we us you i me this that these those")
)

CLOSING = "\"'\u2019\u201d\u00bb)]*_ \n\t"
"""What may follow the last full stop."""


@frozen
class Rule:
    """`holds` is asked about the text at `path`; about a whole part, of its fields, one a line."""

    path: str
    text: str
    holds: Callable[[str], bool]


def words(text: str) -> list[str]:
    """What stands between spaces and has a letter or digit; "soft-boiled" is one word."""
    return [word for word in text.split() if any(letter.isalnum() for letter in word)]


def is_participle(word: str) -> bool:
    """Whether a word ends in -ing as a form of a verb, not by itself as bring, sing or string.

    What is before -ing in a form has a vowel; compounds of string, swing and spring have one too.
    """
    lower = word.lower()
    stem = lower.removesuffix("ing")
    if stem == lower or lower.endswith(("string", "swing", "spring")):
        return False
    return any(letter in "aeiouy" for letter in stem)


def is_base_form(word: str) -> bool:
    """Whether a word can be an order, as far as its letters tell."""
    lower = re.sub(r"^\W+|\W+$", "", word.lower())
    if lower in NOT_VERBS or is_participle(lower):
        return False
    if lower.endswith("ed"):
        return lower in LIKE_PAST
    return not lower.endswith("s") or lower.endswith("ss") or lower in LIKE_PLURAL


def is_finished(text: str) -> bool:
    """Whether a text ends as a sentence does."""
    return text.rstrip(CLOSING).endswith((".", "!", "?", "\u2026"))


def value_at(annotation: Annotation, path: str) -> str:
    """The text at a path as "action.brief"; of a part as "action" its fields, one a line."""
    part, _, name = path.partition(".")
    whole = getattr(annotation, part)
    if name:
        return str(getattr(whole, name))
    return "\n".join(" ".join(text.split()) for text in astuple(whole))


def broken(annotation: Annotation) -> tuple[Rule, ...]:
    """The rules that an annotation does not keep to."""
    return tuple(rule for rule in RULES if not rule.holds(value_at(annotation, rule.path)))


def guidelines() -> str:
    """The rules as lines of a prompt."""
    return "\n".join(f"- {rule.path}: {rule.text}" for rule in RULES)


def _or_nobody(check: Callable[[str], bool]) -> Callable[[str], bool]:
    return lambda text: text == NOBODY or check(text)


def _one_sentence(text: str) -> bool:
    inner = re.findall(r"[.!?]\s+(?=[A-Z\u201c\"])", text.strip())
    return 0 < len(words(text)) <= MOST_BRIEF_WORDS and not inner


def _says_more(part: str) -> bool:
    """A part's second line has more words than its first."""
    brief, detailed, *_ = part.split("\n")
    return 0 < len(words(brief)) < len(words(detailed))


def _acts_fully_or_not(part: str) -> bool:
    """All fields of the action say NOBODY, or none does; none is empty."""
    absent = [text == NOBODY for text in part.split("\n")]
    return all(part.split("\n")) and (all(absent) or not any(absent))


def _few_words(text: str) -> bool:
    return FEWEST_ACTION_WORDS <= len(words(text)) <= MOST_ACTION_WORDS


def _ordered(text: str) -> bool:
    found = words(text)
    return bool(found) and is_base_form(found[0])


def _no_participle(text: str) -> bool:
    found = words(text)
    return bool(found) and not is_participle(re.sub(r"^\W+|\W+$", "", found[0]))


def _noun_phrase(text: str) -> bool:
    found = words(text)
    if not 0 < len(found) <= MOST_ACTOR_WORDS or text.rstrip().endswith((".", "!", "?")):
        return False
    first = found[0].lower().strip(",;:")
    return first not in PRONOUNS and not is_participle(first)


def _action_says_more(part: str) -> bool:
    return part.startswith(f"{NOBODY}\n") or _says_more(part)


RULES: tuple[Rule, ...] = (
    Rule(
        "summary.brief",
        f"one sentence of at most {MOST_BRIEF_WORDS} words that names what is seen to happen",
        _one_sentence,
    ),
    Rule("summary.brief", "a finished sentence, with its full stop", is_finished),
    Rule(
        "summary",
        "the detailed text says more than the brief one, in more words",
        _says_more,
    ),
    Rule("summary.detailed", "finished sentences, in the order of time", is_finished),
    Rule(
        "action.brief",
        f"{FEWEST_ACTION_WORDS} to {MOST_ACTION_WORDS} words: the one main action, without names "
        f'and without details, such as "stir sauce"; {NOBODY} where nobody acts',
        _or_nobody(_few_words),
    ),
    Rule(
        "action.brief",
        'an order that starts with a verb in its base form: "slice bread", not "slices bread" '
        'or "the man slices bread"',
        _or_nobody(_ordered),
    ),
    Rule(
        "action.brief",
        'no -ing form at its start: "open jar", not "opening jar"',
        _or_nobody(_no_participle),
    ),
    Rule(
        "action",
        "the detailed text says how the brief action is done, in more words",
        _action_says_more,
    ),
    Rule(
        "action.detailed",
        f"a finished sentence, with its full stop, or {NOBODY}",
        _or_nobody(is_finished),
    ),
    Rule(
        "action.actor",
        "a noun phrase that tells who or what acts apart from others, by what can be seen; no "
        f"pronoun, no full stop; {NOBODY} where nobody acts",
        _or_nobody(_noun_phrase),
    ),
    Rule(
        "action",
        f"where nobody acts, brief, detailed and actor are all {NOBODY}; else none of them is",
        _acts_fully_or_not,
    ),
)
