"""A small BM25 for the library in memory.

Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009), with the
never negative inverse document frequency ln(1 + (N - n + 1/2) / (n + 1/2)).
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from math import log

_K1 = 1.2
_B = 0.75
_WORD = re.compile(r"[^\W_]+")
_HISSING = ("sses", "shes", "ches", "xes", "zzes")


def tokens(text: str) -> list[str]:
    """Words in lower case without accents and without the ending of the plural (a heuristic)."""
    folded = unicodedata.normalize("NFKD", text.lower())
    plain = "".join(char for char in folded if not unicodedata.combining(char))
    return [_singular(word) for word in _WORD.findall(plain)]


def scores(texts: Sequence[str], query: str) -> list[float]:
    """The score of each text for the query's words; 0 where none of them is in it."""
    documents = [Counter(tokens(text)) for text in texts]
    lengths = [document.total() for document in documents]
    mean = sum(lengths) / max(len(lengths), 1)
    totals = [0.0] * len(texts)
    for word in sorted(set(tokens(query))):
        n_with = sum(word in document for document in documents)
        weight = log(1 + (len(texts) - n_with + 0.5) / (n_with + 0.5))
        for index, document in enumerate(documents):
            if word in document:
                count = document[word]
                damping = _K1 * (1 - _B + _B * lengths[index] / mean)
                totals[index] += weight * count * (_K1 + 1) / (count + damping)
    return totals


def _singular(word: str) -> str:
    if len(word) > 3 and word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(_HISSING):
        return word[:-2]
    if len(word) > 2 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
