"""SigLIP 2 at a fixed resolution: pictures and text in one space, through transformers.

Tschannen et al., "SigLIP 2" (arXiv 2502.14786).  Its fixed-resolution checkpoints are of
transformers' model type `siglip`.

A picture is resized to the model's square without keeping its shape, bilinearly by Pillow, then
scaled to [-1, 1]: the steps of the checkpoint's own processor, which needs torchvision.  A text is
lower-cased, ends with <eos>, and is cut or padded with <pad> on the right to 64 tokens.  The model
reads them all: it was trained without a mask, so none is given.

Options: `device`, `dtype` (see `_torch`), `batch` (16).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from attrs import frozen
from PIL import Image
from returns.result import Failure, Success
from tokenizers import Tokenizer, normalizers
from transformers import SiglipModel
from transformers.utils import logging

from kuavi.adapters._arrays import Array
from kuavi.adapters._staged import staged
from kuavi.adapters._torch import LOADING, device_of, dtype_of, ran
from kuavi.adapters._weights import VerifiedWeights, needed, verified
from kuavi.domain.evidence import Evidence, Learned, Model
from kuavi.domain.fingerprint import fingerprint_of
from kuavi.domain.media import Frame, Pixels
from kuavi.domain.outcome import Outcome, collect
from kuavi.domain.plan import ModelSpec
from kuavi.domain.space import Embeddings, Joint, Matrix, Space, unit
from kuavi.ports.models import ModelFailure, ModelUnavailable

RECIPE = 1
"""Raise when vectors change for the same weights."""
N_TOKENS = 64
BATCH = 16
_EOS, _PAD = "<eos>", "<pad>"


class TokenReader:
    """Texts as rows of token ids.  The tokenizer must know the tokens that end and fill a text."""

    def __init__(self, tokenizer: Any, n_tokens: int) -> None:
        tokenizer.no_padding()
        tokenizer.no_truncation()
        given = [tokenizer.normalizer] if tokenizer.normalizer is not None else []
        tokenizer.normalizer = normalizers.Sequence([normalizers.Lowercase(), *given])
        self._tokenizer = tokenizer
        self._n_tokens = n_tokens
        self._eos, self._pad = tokenizer.token_to_id(_EOS), tokenizer.token_to_id(_PAD)

    def ids(self, texts: Sequence[str]) -> Array:
        """(n, tokens) int64."""
        rows = np.full((len(texts), self._n_tokens), self._pad, dtype=np.int64)
        read = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        for row, encoding in zip(rows, read, strict=True):
            ids = [*encoding.ids[: self._n_tokens - 1], self._eos]
            row[: len(ids)] = ids
        return rows


def pixel_values(pixels: Pixels, side: int) -> Array:
    """A picture (h, w, 3) uint8 as (3, side, side) float32 in [-1, 1]."""
    resized = Image.fromarray(pixels).resize((side, side), Image.Resampling.BILINEAR)
    values = np.asarray(resized, dtype=np.float32) * np.float32(1 / 255)
    return np.ascontiguousarray(((values - np.float32(0.5)) / np.float32(0.5)).transpose(2, 0, 1))


@frozen(eq=False)
class Siglip2:
    space: Space[Joint]
    model: Model
    evidence: Evidence
    network: Any
    reader: TokenReader
    side: int
    batch: int

    def encode_frames(self, frames: Sequence[Frame]) -> Outcome[Embeddings[Joint], ModelFailure]:
        def rows(some: Sequence[Frame]) -> Any:
            values = np.stack([pixel_values(frame.pixels, self.side) for frame in some])
            given = torch.from_numpy(values).to(self.network.device, self.network.dtype)
            return self.network.get_image_features(pixel_values=given).pooler_output

        return self._encoded(
            [frames[i : i + self.batch] for i in range(0, len(frames), self.batch)], rows
        )

    def encode_texts(self, texts: Sequence[str]) -> Outcome[Embeddings[Joint], ModelFailure]:
        """As the port says; a text without words is 0."""
        said = [i for i, text in enumerate(texts) if text.strip()]

        def rows(some: Sequence[int]) -> Any:
            ids = torch.from_numpy(self.reader.ids([texts[i] for i in some]))
            given = ids.to(self.network.device)
            return self.network.get_text_features(input_ids=given).pooler_output

        parts = [said[i : i + self.batch] for i in range(0, len(said), self.batch)]
        encoded = self._encoded(parts, rows)
        if isinstance(encoded, Failure):
            return encoded
        placed = np.zeros((len(texts), self.space.dim), dtype=np.float32)
        placed[said] = encoded.unwrap().rows
        return Success(Embeddings(self.space, placed))

    def _encoded(
        self, batches: Sequence[Any], rows: Any
    ) -> Outcome[Embeddings[Joint], ModelFailure]:
        def one(batch: Any) -> Outcome[Matrix, ModelFailure]:
            return ran(self.model.model_id, len(batch), lambda: rows(batch).float().cpu().numpy())

        done = collect(map(one, batches))
        if isinstance(done, Failure):
            return done
        empty = np.empty((0, self.space.dim), dtype=np.float32)
        return Success(Embeddings(self.space, unit(np.concatenate([empty, *done.unwrap()]))))


def build(spec: ModelSpec) -> Outcome[Siglip2, ModelUnavailable]:
    """Needs `config.json`, `model.safetensors` and `tokenizer.json` of a SigLIP 2 checkpoint."""
    weights = verified(spec)
    if isinstance(weights, Failure):
        return weights
    files = needed(spec, weights.unwrap(), "config.json", "model.safetensors", "tokenizer.json")
    if isinstance(files, Failure):
        return files
    dtype = dtype_of(spec)
    if isinstance(dtype, Failure):
        return dtype
    return _loaded(spec, weights.unwrap(), dtype.unwrap())


def _loaded(
    spec: ModelSpec, weights: VerifiedWeights, dtype: tuple[str, Any]
) -> Outcome[Siglip2, ModelUnavailable]:
    name, kind = dtype
    logging.disable_progress_bar()
    try:
        with staged(weights) as folder:
            network, info = SiglipModel.from_pretrained(
                str(folder),
                local_files_only=True,
                use_safetensors=True,
                dtype=kind,
                output_loading_info=True,
            )
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        network = network.eval().to(device_of(spec))
    except LOADING as error:
        return Failure(_misfit(spec, f"its files can't be loaded ({_line(error)})"))
    except Exception as error:  # noqa: BLE001  tokenizers raises bare Exception
        return Failure(_misfit(spec, f"its tokenizer can't be read ({_line(error)})"))
    lost = sorted(info["missing_keys"]) + [str(key[0]) for key in info["mismatched_keys"]]
    if lost:
        return Failure(_misfit(spec, f"its weights lack {len(lost)} tensors, {lost[0]} among them"))
    config = network.config
    if None in (tokenizer.token_to_id(_EOS), tokenizer.token_to_id(_PAD)):
        return Failure(_misfit(spec, f"its tokenizer has no {_EOS} or no {_PAD}"))
    reader = TokenReader(tokenizer, min(N_TOKENS, config.text_config.max_position_embeddings))
    model = _model(spec, weights, name)
    dim = int(config.vision_config.hidden_size)
    batch = int(spec.options.get("batch", BATCH))
    space = Space[Joint](model.model_id, model.revision, dim)
    side = int(config.vision_config.image_size)
    return Success(Siglip2(space, model, Learned(spec.model_id), network, reader, side, batch))


def _model(spec: ModelSpec, weights: VerifiedWeights, dtype: str) -> Model:
    files = weights.records
    mark = fingerprint_of([RECIPE, dtype, [[file.name, file.sha256] for file in files]])
    return Model(spec.model_id, f"siglip{RECIPE}-{dtype}-{mark[:16]}", files)


def _misfit(spec: ModelSpec, reason: str) -> ModelUnavailable:
    return ModelUnavailable(
        spec.model_id, reason, "use the files of a fixed-resolution SigLIP 2 checkpoint"
    )


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]
