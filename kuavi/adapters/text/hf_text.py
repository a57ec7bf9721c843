"""Sentences through a checkpoint in sentence-transformers' form, by that package.

Reimers & Gurevych, "Sentence-BERT" (arXiv 1908.10084).  A checkpoint may have a prompt for what is
asked (`query`) and one for what is searched (`document`).  Only modules of the package itself are
taken: none of a checkpoint's own code runs.

Options: `device`, `dtype` (see `_torch`), `batch` (32), `dim` (keep the first so many numbers of a
vector; for models trained so, Kusupati et al., arXiv 2205.13147), `query_prompt` and
`document_prompt` (in the place of the checkpoint's), `floor` (0.3).
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from attrs import frozen
from returns.result import Failure, Success
from sentence_transformers import SentenceTransformer
from transformers.utils import logging

from kuavi.adapters._staged import staged
from kuavi.adapters._torch import LOADING, device_of, dtype_of, ran
from kuavi.adapters._weights import VerifiedWeights, needed, verified
from kuavi.domain.evidence import Evidence, Learned, Model
from kuavi.domain.fingerprint import fingerprint_of
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.domain.space import Embeddings, Space, Text, unit
from kuavi.ports.models import ModelFailure, ModelUnavailable

RECIPE = 1
"""Raise when vectors change for the same weights."""
FLOOR = 0.3
BATCH = 32
MODULES = frozenset({"Transformer", "Pooling", "Dense", "Normalize"})
PACKAGE = "sentence_transformers."


@frozen(eq=False)
class SentenceEncoder:
    """`query_prompt` and `document_prompt` None: the checkpoint's."""

    space: Space[Text]
    model: Model
    evidence: Evidence
    floor: float
    network: Any
    batch: int
    query_prompt: str | None
    document_prompt: str | None

    def encode(self, texts: Sequence[str]) -> Outcome[Embeddings[Text], ModelFailure]:
        return self._encoded(texts, self.network.encode_document, self.document_prompt)

    def encode_queries(self, texts: Sequence[str]) -> Outcome[Embeddings[Text], ModelFailure]:
        return self._encoded(texts, self.network.encode_query, self.query_prompt)

    def _encoded(
        self, texts: Sequence[str], encode: Callable[..., Any], prompt: str | None
    ) -> Outcome[Embeddings[Text], ModelFailure]:
        """Unit rows; a text without words is 0."""
        rows = np.zeros((len(texts), self.space.dim), dtype=np.float32)
        said = [i for i, text in enumerate(texts) if text.strip()]
        if not said:
            return Success(Embeddings(self.space, rows))
        encoded = ran(
            self.model.model_id,
            min(self.batch, len(said)),
            lambda: encode(
                [texts[i].strip() for i in said],
                prompt=prompt,
                batch_size=self.batch,
                show_progress_bar=False,
                convert_to_numpy=False,
            ),
        )
        if isinstance(encoded, Failure):
            return encoded
        vectors = [vector.float().cpu().numpy() for vector in encoded.unwrap()]
        rows[said] = unit(np.stack(vectors))
        return Success(Embeddings(self.space, rows))


def build(spec: ModelSpec) -> Outcome[SentenceEncoder, ModelUnavailable]:
    """Needs `modules.json` and what it names, weights as `.safetensors`."""
    weights = verified(spec)
    if isinstance(weights, Failure):
        return weights
    files = needed(spec, weights.unwrap(), "modules.json", "model.safetensors", "tokenizer.json")
    if isinstance(files, Failure):
        return files
    foreign = _foreign_modules(files.unwrap()[0].path)
    if foreign is not None:
        remedy = f"use a checkpoint of {', '.join(sorted(MODULES))}"
        return Failure(ModelUnavailable(spec.model_id, foreign, remedy))
    dtype = dtype_of(spec)
    if isinstance(dtype, Failure):
        return dtype
    return _loaded(spec, weights.unwrap(), dtype.unwrap())


def _foreign_modules(listing: Path) -> str | None:
    """What of the checkpoint's modules is not the package's own, in words; None for nothing."""
    try:
        kinds = [str(module["type"]) for module in json.loads(listing.read_text("utf-8"))]
    except (OSError, ValueError, TypeError, KeyError) as error:
        return f"modules.json can't be read ({type(error).__name__}: {error})"
    foreign = [
        kind
        for kind in kinds
        if not kind.startswith(PACKAGE) or kind.rpartition(".")[2] not in MODULES
    ]
    return f"it has modules that are not taken: {', '.join(foreign)}" if foreign else None


def _loaded(
    spec: ModelSpec, weights: VerifiedWeights, dtype: tuple[str, Any]
) -> Outcome[SentenceEncoder, ModelUnavailable]:
    name, kind = dtype
    dim = int(spec.options.get("dim", 0)) or None
    logging.disable_progress_bar()
    try:
        with staged(weights) as folder:
            network = SentenceTransformer(
                str(folder),
                device=device_of(spec),
                local_files_only=True,
                trust_remote_code=False,
                truncate_dim=dim,
                model_kwargs={"dtype": kind, "use_safetensors": True},
            )
    except LOADING as error:
        told = f"{type(error).__name__}: {error}".splitlines()[0]
        reason = f"its files can't be loaded ({told})"
        remedy = "use the files of a checkpoint in sentence-transformers' form"
        return Failure(ModelUnavailable(spec.model_id, reason, remedy))
    network.eval()
    width = int(network.get_embedding_dimension() or 0)
    if dim is not None and width != dim:
        reason = f"its vectors are {width} wide, so dim {dim} is no shorter form of them"
        return Failure(ModelUnavailable(spec.model_id, reason, "choose a smaller dim"))
    prompts = [spec.options.get(f"{side}_prompt") for side in ("query", "document")]
    query, document = (None if given is None else str(given) for given in prompts)
    files = weights.records
    read = [[file.name, file.sha256] for file in files]
    mark = fingerprint_of([RECIPE, name, width, query, document, read])
    model = Model(spec.model_id, f"sentences{RECIPE}-{name}-{mark[:16]}", files)
    space = Space[Text](model.model_id, model.revision, width)
    floor, batch = float(spec.options.get("floor", FLOOR)), int(spec.options.get("batch", BATCH))
    evidence = Learned(spec.model_id)
    return Success(SentenceEncoder(space, model, evidence, floor, network, batch, query, document))
