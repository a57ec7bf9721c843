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
    ("left leftmost leftward leftwards", "right rightmost rightward rightwards"),
    ("up upward upwards", "down downward downwards"),
    ("on", "off"),
    ("in", "out"),
    ("into", "from"),
    ("open opens", "close closes shut shuts"),
    ("front forward forwards", "back rear backward backwards"),
    ("top upper", "bottom lower"),
    ("before", "after"),
    ("inside inner", "outside outer"),
    ("start starts begin begins", "stop stops end ends finish finishes"),
    ("add adds insert inserts attach attaches", "remove removes detach detaches"),
    ("push pushes", "pull pulls"),
    ("raise raises lift lifts", "lower lowers"),
    ("increase increases", "decrease decreases reduce reduces"),
    ("lock locks", "unlock unlocks"),
    ("fold folds", "unfold unfolds"),
    ("zip zips", "unzip unzips"),
    ("tie ties", "untie unties"),
    ("plug plugs", "unplug unplugs"),
    ("wrap wraps", "unwrap unwraps"),
    ("screw screws", "unscrew unscrews"),
    ("roll rolls", "unroll unrolls"),
    ("load loads", "unload unloads"),
    ("fasten fastens", "unfasten unfastens"),
    ("connect connects", "disconnect disconnects"),
    ("tighten tightens", "loosen loosens"),
    ("fill fills", "empty empties"),
    ("enter enters", "leave leaves exit exits"),
    ("enable enables", "disable disables"),
    ("show shows", "hide hides"),
    ("inhale inhales", "exhale exhales"),
    ("heat heats", "cool cools chill chills"),
    ("hot", "cold"),
    ("with", "without"),
    ("red", "blue green yellow black white"),
    ("blue", "green yellow black white"),
    ("green", "yellow black white"),
    ("yellow", "black white"),
    ("black", "white"),
)
"""Two sides each: a text with words of one side only says not what one of the other only says."""
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

_ACCENTS = re.compile("[\u0300-\u036f]")
_APOSTROPHES = re.compile("['\u2018\u2019\u02bc]")
_DIGIT = re.compile(r"\d")
_PLAIN = re.compile(r"[^a-z0-9$+<=>^`|~]+")
_VALUE = {word: str(i) for i, words in enumerate(NUMBERS, start=1) for word in words.split()}
_MARKS: dict[str, tuple[int, int]] = {}
for _place, _sides in enumerate(OPPOSITES):
    for _side, _words in enumerate(_sides):
        for _word in _words.split():
            _here = _MARKS.get(_word, (0, 0))
            _bit = 1 << _place
            _MARKS[_word] = (_here[0] | _bit * (not _side), _here[1] | _bit * _side)


def key_of(text: str) -> str:
    """Equal for texts that differ in case, accents, punctuation, white space or articles alone.

    Accents are those of Latin, Greek and Cyrillic letters; the signs of other scripts tell words
    apart and stay.  A text of which nothing would be left is its own key.
    """
    plain = _APOSTROPHES.sub("", text)
    if plain.isascii():
        words = _PLAIN.sub(" ", plain.lower()).split()
    else:
        bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", plain).casefold())
        words = "".join(
            c if _is_said(c) else " " for c in unicodedata.normalize("NFC", bare)
        ).split()
    return " ".join(word for word in words if word not in ARTICLES) or " ".join(words) or text


def _is_said(character: str) -> bool:
    """Letters, marks, numbers and symbols; no punctuation, space or control."""
    return unicodedata.category(character)[0] in "LMNS"


@frozen(eq=False)
class Sides:
    """Of n texts: the sides of opposites that each is on alone (n,), its number and negation."""

    left: Bits = field(repr=False)
    right: Bits = field(repr=False)
    numbers: Indices = field(repr=False)
    negated: Mask = field(repr=False)


def sides_of(keys: Sequence[str]) -> Sides:
    """Of texts in the form of `key_of`.  Texts with the same numbers, in order, have the same."""
    left, right = [0] * len(keys), [0] * len(keys)
    numbers, negated = [0] * len(keys), [False] * len(keys)
    told: dict[tuple[str, ...], int] = {(): 0}
    for i, key in enumerate(keys):
        words = key.split()
        for word in words:
            if word in _MARKS:
                left[i] |= _MARKS[word][0]
                right[i] |= _MARKS[word][1]
        said = tuple(_VALUE.get(w, w) for w in words if w in _VALUE or _DIGIT.search(w))
        numbers[i] = told.setdefault(said, len(told))
        negated[i] = not NEGATIONS.isdisjoint(words)
    one, other = np.array(left, dtype=np.uint64), np.array(right, dtype=np.uint64)
    return Sides(
        one & ~other,
        other & ~one,
        np.array(numbers, dtype=np.int64),
        np.array(negated, dtype=np.bool_),
    )


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
