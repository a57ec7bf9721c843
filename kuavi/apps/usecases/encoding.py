"""Many texts to vectors, some at a time: thousands of long ones in a batch need much memory."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from returns.result import Failure, Success

from kuavi.domain.outcome import Outcome
from kuavi.domain.space import Embeddings, R, Space, joined
from kuavi.ports.models import ModelFailure

AT_A_TIME = 64

Encode: TypeAlias = Callable[[Sequence[str]], Outcome[Embeddings[R], ModelFailure]]


def encoded_texts(
    texts: Sequence[str], encode: Encode[R], space: Space[R]
) -> Outcome[Embeddings[R], ModelFailure]:
    """One row per text, in order."""
    parts: list[Embeddings[R]] = []
    for first in range(0, len(texts), AT_A_TIME):
        encoded = encode(texts[first : first + AT_A_TIME])
        if isinstance(encoded, Failure):
            return encoded
        parts.append(encoded.unwrap())
    return Success(joined(space, parts))
