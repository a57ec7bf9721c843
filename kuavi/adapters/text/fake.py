"""Sentences as bags of words: alike as far as they share words.  For tests and demonstrations."""

from collections.abc import Sequence

import numpy as np
from attrs import frozen
from returns.result import Success

from kuavi.adapters._bag import bag, words_of
from kuavi.domain.evidence import Evidence, Heuristic, Model
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.domain.space import Embeddings, Space, Text, unit
from kuavi.ports.models import ModelFailure, ModelUnavailable

DIM = 256
FLOOR = 0.3


@frozen(eq=False)
class BagOfWords:
    space: Space[Text]
    model: Model
    evidence: Evidence

    def encode(self, texts: Sequence[str]) -> Outcome[Embeddings[Text], ModelFailure]:
        rows = [bag(words_of(text), DIM) for text in texts]
        stacked = np.stack(rows) if rows else np.empty((0, DIM), dtype=np.float32)
        return Success(Embeddings(self.space, unit(stacked)))

    def encode_queries(self, texts: Sequence[str]) -> Outcome[Embeddings[Text], ModelFailure]:
        return self.encode(texts)

    @property
    def floor(self) -> float:
        return FLOOR


def build(spec: ModelSpec) -> Outcome[BagOfWords, ModelUnavailable]:
    model = Model(spec.model_id, "bag-1")
    space = Space[Text](model.model_id, model.revision, DIM)
    return Success(BagOfWords(space, model, Heuristic("shared words")))
