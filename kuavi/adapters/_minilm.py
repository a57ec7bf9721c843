"""all-MiniLM-L6-v2: sentences to unit vectors (384).

Reimers & Gurevych, "Sentence-BERT" (arXiv 1908.10084); Wang et al., "MiniLM" (arXiv 2002.10957).
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from returns.result import Failure, Success
from tokenizers import Encoding, Tokenizer

from kuavi.adapters._arrays import Array
from kuavi.adapters._onnx import DEFAULT_THREADS, Session, run, session_for
from kuavi.adapters._weights import Verified
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.domain.space import Matrix, unit
from kuavi.ports.models import ModelFailure, ModelUnavailable

NETWORK = "all-MiniLM-L6-v2"
DIM = 384
MAX_TOKENS = 256
BATCH_TOKENS = 2048
"""A batch holds at most this many tokens, padding included."""


class MiniLm:
    """Tokenizer and network together."""

    def __init__(self, session: Session, tokenizer: Tokenizer) -> None:
        self._session = session
        self._tokenizer = tokenizer

    def embed(self, texts: Sequence[str]) -> Outcome[Matrix, ModelFailure]:
        """One row of length 1 per text (n, 384); 0 for a text without words.

        Only the first 256 tokens of a text are read.
        """
        rows = np.zeros((len(texts), DIM), dtype=np.float32)
        tokens = self._tokenizer.encode_batch([text.strip() for text in texts])
        for chosen in batches([len(encoding) for encoding in tokens]):
            ran = run(NETWORK, self._session, _padded([tokens[i] for i in chosen]))
            if isinstance(ran, Failure):
                return ran
            rows[chosen] = unit(ran.unwrap()[0])
        return Success(rows)


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Positions of texts with words, those of similar length together.

    `lengths` counts tokens, with the two that begin and end every text.
    """
    batch: list[int] = []
    for position in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        if lengths[position] * (len(batch) + 1) > BATCH_TOKENS:
            yield batch
            batch = []
        if lengths[position] > 2:
            batch.append(position)
    if batch:
        yield batch


def _padded(tokens: Sequence[Encoding]) -> dict[str, Array]:
    """Token ids (n, t) and the mask that tells them from padding."""
    shape = (len(tokens), max(len(encoding) for encoding in tokens))
    ids, mask = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    for row, encoding in enumerate(tokens):
        ids[row, : len(encoding)] = encoding.ids
        mask[row, : len(encoding)] = 1
    return {"ids": ids, "mask": mask}


def minilm_for(
    spec: ModelSpec, weights: Verified, tokenizer: Verified
) -> Outcome[MiniLm, ModelUnavailable]:
    """The process's one runner for these files; option `threads` limits its threads."""
    threads = int(spec.options.get("threads", DEFAULT_THREADS))
    session = session_for(spec.model_id, "minilm", weights, threads)
    if isinstance(session, Failure):
        return session
    return Success(_runner(session.unwrap(), tokenizer.path))


@lru_cache(maxsize=4)
def _runner(session: Session, tokenizer: Path) -> MiniLm:
    reader = Tokenizer.from_file(str(tokenizer))
    reader.no_padding()
    reader.enable_truncation(MAX_TOKENS)
    return MiniLm(session, reader)
