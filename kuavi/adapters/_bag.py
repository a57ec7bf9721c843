"""Hashed bags of words, for the fakes."""

import re
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from kuavi.domain.space import Matrix

_WORD = re.compile(r"\w+")


def words_of(text: str) -> list[str]:
    """The words of a text, without case."""
    return _WORD.findall(text.casefold())


def bag(words: Sequence[str], dim: int) -> Matrix:
    """Counts of words (dim,), each word at a place that its hash gives."""
    counts = np.zeros(dim, dtype=np.float32)
    for word in words:
        counts[int.from_bytes(blake2b(word.encode(), digest_size=4).digest()) % dim] += 1
    return counts
