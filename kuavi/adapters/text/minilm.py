"""Sentences through all-MiniLM-L6-v2 on onnxruntime."""

from collections.abc import Sequence

from attrs import frozen
from returns.result import Failure, Success

from kuavi.adapters._minilm import DIM, MAX_TOKENS, MiniLm, minilm_for
from kuavi.adapters._onnx import GRAPH_REVISIONS
from kuavi.adapters._weights import needed, verified
from kuavi.domain.evidence import Evidence, Learned, Model
from kuavi.domain.fingerprint import fingerprint_of
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.domain.space import Embeddings, Space, Text
from kuavi.ports.models import ModelFailure, ModelUnavailable

METHOD = "all-MiniLM-L6-v2"
FLOOR = 0.3


@frozen(eq=False)
class MiniLmEncoder:
    space: Space[Text]
    model: Model
    evidence: Evidence
    runner: MiniLm

    def encode(self, texts: Sequence[str]) -> Outcome[Embeddings[Text], ModelFailure]:
        rows = self.runner.embed(texts)
        if isinstance(rows, Failure):
            return rows
        return Success(Embeddings(self.space, rows.unwrap()))

    def encode_queries(self, texts: Sequence[str]) -> Outcome[Embeddings[Text], ModelFailure]:
        return self.encode(texts)

    @property
    def floor(self) -> float:
        return FLOOR


def build(spec: ModelSpec) -> Outcome[MiniLmEncoder, ModelUnavailable]:
    """Needs MiniLM's `.safetensors` and `tokenizer.json`."""
    weights = verified(spec)
    if isinstance(weights, Failure):
        return weights
    named = needed(spec, weights.unwrap(), ".safetensors", "tokenizer.json")
    if isinstance(named, Failure):
        return named
    runner = minilm_for(spec, *named.unwrap())
    if isinstance(runner, Failure):
        return runner
    files = weights.unwrap().records
    made_of = [[file.name, file.sha256] for file in files]
    mark = fingerprint_of([GRAPH_REVISIONS["minilm"], MAX_TOKENS, made_of])
    model = Model(spec.model_id, f"mean-{mark[:16]}", files)
    space = Space[Text](model.model_id, model.revision, DIM)
    return Success(MiniLmEncoder(space, model, Learned(METHOD), runner.unwrap()))
