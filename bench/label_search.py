"""The obvious way to search pictures by text: full text over the names of what a network sees.

A unit's document is the labels of its ten likeliest ImageNet classes with their other names and
hypernyms; queries are ranked by BM25 (Robertson and Zaragoza, 2009).
"""

import re
from collections import Counter
from collections.abc import Sequence
from math import log
from pathlib import Path

import numpy as np

from kuavi.adapters._imagenet import ImageClass, image_classes
from scripts.make_imagenet_table import read_synsets

TOP = 10
K1, B = 1.2, 0.75
WORDNET = Path("/usr/share/wordnet/data.noun")
STOP = {
    "a",
    "an",
    "and",
    "at",
    "by",
    "for",
    "from",
    "in",
    "into",
    "its",
    "of",
    "on",
    "the",
    "to",
    "with",
}


def class_words(definitions: bool) -> list[list[str]]:
    """The words of each class: its names (one where WordNet is absent), hypernyms, definition."""
    classes = image_classes()
    lemmas = _lemmas(classes) if WORDNET.is_file() else [(c.name,) for c in classes]
    texts = [
        " ".join((*other, *c.hypernyms, c.definition if definitions else ""))
        for c, other in zip(classes, lemmas, strict=True)
    ]
    return [words_of(text) for text in texts]


def _lemmas(classes: Sequence[ImageClass]) -> list[tuple[str, ...]]:
    synsets = read_synsets(WORDNET)
    return [synsets[int(c.wnid[1:])].lemmas for c in classes]


def words_of(text: str) -> list[str]:
    """Lower case, without stop words, plurals cut down to singulars (crudely)."""
    words = [word for word in re.findall(r"[a-z0-9]+", text.lower()) if word not in STOP]
    return [re.sub(r"(?<=[^s])s$", "", word) if len(word) > 3 else word for word in words]


def top_classes(logits: np.ndarray) -> list[int]:
    """The ten likeliest classes of a unit: each by its best frame; (frames, 1000) of any scale."""
    return np.argsort(-logits.max(axis=0), kind="stable")[:TOP].tolist()


def bm25(query: str, documents: Sequence[Sequence[str]]) -> np.ndarray:
    """(n,) the score of each document."""
    counts = [Counter(document) for document in documents]
    lengths = np.array([len(document) for document in documents])
    scores = np.zeros(len(documents))
    for word in words_of(query):
        here = np.array([count[word] for count in counts])
        n = np.count_nonzero(here)
        rarity = log(1 + (len(documents) - n + 0.5) / (n + 0.5))
        scores += rarity * here * (K1 + 1) / (here + K1 * (1 - B + B * lengths / lengths.mean()))
    return scores
