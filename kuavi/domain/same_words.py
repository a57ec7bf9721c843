"""What two short texts say by their words alone: whether it is the same, or plainly not the same.

Both are heuristics.  `key_of` holds for any language, but articles are English ones.  `contrary`
knows a list of English opposites and numbers, because sentence encoders put "raise left arm" and
"raise right arm" nearer together (cosine 0.97 in all-MiniLM-L6-v2) than most paraphrases.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from attrs import field, frozen

from kuavi.domain.layers import Indices
from kuavi.domain.ranking import Mask

Bits: TypeAlias = np.ndarray[tuple[int], np.dtype[np.uint64]]

ARTICLES = frozenset({"a", "an", "the"})
OPPOSITES = (
    ("left leftmost leftward", "right rightmost rightward"),
    ("up upward", "down downward"),
    ("on", "off"),
    ("in", "out"),
    ("into", "from"),
    ("open", "close shut"),
    ("front forward", "back rear backward"),
    ("top upper", "bottom lower"),
    ("before", "after"),
    ("inside inner", "outside outer"),
    ("start begin", "stop end finish"),
    ("add insert attach", "remove detach"),
    ("push", "pull"),
    ("raise lift", "lower"),
    ("increase", "decrease reduce"),
    ("lock", "unlock"),
    ("fold", "unfold"),
    ("zip", "unzip"),
    ("tie tying", "untie untying"),
    ("plug", "unplug"),
    ("wrap", "unwrap"),
    ("screw", "unscrew"),
    ("roll", "unroll"),
    ("load", "unload"),
    ("fasten", "unfasten"),
    ("connect", "disconnect"),
    ("tighten", "loosen"),
    ("fill", "empty empties"),
    ("enter", "leave exit"),
    ("enable", "disable"),
    ("show", "hide"),
    ("inhale", "exhale"),
    ("heat", "cool chill"),
    ("hot", "cold"),
    ("small little", "large big"),
    ("short", "long tall"),
    ("high", "low"),
    ("old", "new"),
    ("with", "without"),
    ("red", "blue green yellow black white"),
    ("blue", "green yellow black white"),
    ("green", "yellow black white"),
    ("yellow", "black white"),
    ("black", "white"),
)
"""Two sides each: a text with words of one side only says not what one of the other only says.

Forms with -s, -es and -ing are meant too.
"""
NUMBERS = (
    "one first",
    "two second",
    "three third",
    "four fourth",
    "five fifth",
    "six sixth",
    "seven seventh",
    "eight eighth",
    "nine ninth",
    "ten tenth",
)
NEGATIONS = frozenset({"not", "no", "never", "dont", "cannot", "cant"})


def _is_said(character: str) -> bool:
    """Letters, marks, numbers and symbols; no punctuation, space or control."""
    return unicodedata.category(character)[0] in "LMNS"


_ACCENTS = re.compile("[\u0300-\u036f]")
_APOSTROPHES = re.compile("['\u2018\u2019\u02bc]")
_DIGIT = re.compile(r"\d")
_PLAIN = str.maketrans(
    {c: None if c == "'" else " " for c in map(chr, range(128)) if not _is_said(c)}
)
_VALUE = {word: str(i) for i, words in enumerate(NUMBERS, start=1) for word in words.split()}


def _forms(words: str) -> set[str]:
    """Each word and its forms; those that no one writes do no harm."""
    endings = ("", "s", "es", "ing")
    return {
        form
        for word in words.split()
        for form in (
            *(word + ending for ending in endings),
            word.removesuffix("e") + "ing",
            word + word[-1] + "ing",
        )
    }


def _marks() -> dict[str, tuple[int, int]]:
    """By word: the oppositions it is on the first and on the second side of, as bits."""
    marks: dict[str, tuple[int, int]] = {}
    for place, (one, other) in enumerate(OPPOSITES):
        for form in _forms(one):
            first, second = marks.get(form, (0, 0))
            marks[form] = (first | 1 << place, second)
        for form in _forms(other):
            first, second = marks.get(form, (0, 0))
            marks[form] = (first, second | 1 << place)
    return marks


_MARKS = _marks()
_TELLING = NEGATIONS | _MARKS.keys() | _VALUE.keys()


def key_of(text: str) -> str:
    """Equal for texts that differ in case, accents, punctuation, white space or articles alone.

    Accents are those of Latin, Greek and Cyrillic letters; the signs of other scripts tell words
    apart and stay.  A text of which nothing would be left is its own key.
    """
    if text.isascii():
        words = text.lower().translate(_PLAIN).split()
    else:
        bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", text).casefold())
        bare = _APOSTROPHES.sub("", bare)
        words = "".join(
            c if _is_said(c) else " " for c in unicodedata.normalize("NFC", bare)
        ).split()
    return " ".join(word for word in words if word not in ARTICLES) or " ".join(words) or text


@frozen(eq=False)
class Sides:
    """Of n texts: the sides of opposites that each is on alone (n,), its number and negation."""

    left: Bits = field(repr=False)
    right: Bits = field(repr=False)
    numbers: Indices = field(repr=False)
    negated: Mask = field(repr=False)


def sides_of(keys: Sequence[str]) -> Sides:
    """Of texts in the form of `key_of`.  Texts with the same numbers, in order, have the same."""
    told: dict[tuple[str, ...], int] = {(): 0}
    columns = np.zeros((4, len(keys)), dtype=np.uint64)
    for i, key in enumerate(keys):
        words = key.split()
        if _TELLING.isdisjoint(words) and not _DIGIT.search(key):
            continue
        for first, second in (_MARKS[word] for word in words if word in _MARKS):
            columns[0, i] |= np.uint64(first)
            columns[1, i] |= np.uint64(second)
        said = tuple(_VALUE.get(w, w) for w in words if w in _VALUE or _DIGIT.search(w))
        columns[2, i] = told.setdefault(said, len(told))
        columns[3, i] = not NEGATIONS.isdisjoint(words)
    one, other, numbers, negated = columns
    return Sides(one & ~other, other & ~one, numbers.astype(np.int64), negated > 0)


def contrary(sides: Sides, first: Any, second: Any) -> Mask:
    """Whether texts first[i] and second[i] plainly say different things (a heuristic).

    They do if they are on two sides of an opposition, both name numbers and not the same, or one
    is negated.  A text that names both sides, or none, is not held against any.
    """
    across = sides.left[first] & sides.right[second] | sides.right[first] & sides.left[second]
    n, m = sides.numbers[first], sides.numbers[second]
    return (
        (across != 0)
        | (n != m) & (n > 0) & (m > 0)
        | (sides.negated[first] != sides.negated[second])
    )
