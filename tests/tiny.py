"""V-JEPA 2 networks of transformers, tiny and random, and their weights in both published layouts.

Shapes stand for those that are published: `l` has heads 64 wide, `h` 80, `g` a number of heads that
is not a power of two and an odd MLP.
"""

import atexit
import hashlib
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from transformers import VJEPA2Config, VJEPA2ForVideoClassification, VJEPA2Model

from kuavi.adapters._vjepa2_frames import fitted, normalised
from kuavi.domain.media import Frame
from kuavi.domain.plan import ModelSpec, Source, Weights

torch.set_num_threads(1)  # networks this small lose time on more
CROP = 32
GRID = CROP // 16
FRAMES = 8
PREDICTOR_HEADS = 2
SHAPES: Mapping[str, Mapping[str, Any]] = {
    "l": {"hidden_size": 128, "num_attention_heads": 2},
    "h": {"hidden_size": 160, "num_attention_heads": 2},
    "g": {"hidden_size": 192, "num_attention_heads": 3, "mlp_ratio": 48 / 11},
}
LABELS = ("opening a door", "closing a door", "pushing a cup")


def config_of(shape: str = "l", **changes: Any) -> VJEPA2Config:
    settings = {
        "crop_size": CROP,
        "frames_per_clip": FRAMES,
        "num_hidden_layers": 3,
        "num_pooler_layers": 2,
        "pred_hidden_size": 64,
        "pred_num_attention_heads": PREDICTOR_HEADS,
        "pred_num_hidden_layers": 2,
        **SHAPES[shape],
        **changes,
    }
    return VJEPA2Config(**settings)


def randomised(model: Any, seed: int = 0) -> Any:
    """Every weight random, norms around 1, large enough for attention to matter."""
    rng = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            noise = torch.randn(weight.shape, generator=rng)
            if "norm" in name and name.endswith("weight"):
                weight.copy_(1 + 0.2 * noise)
            elif weight.ndim > 1 and "token" not in name:
                weight.copy_(noise * weight[0].numel() ** -0.5)
            else:
                weight.copy_(0.2 * noise)
    return model.eval()


def model_of(shape: str = "l", seed: int = 0, **changes: Any) -> Any:
    return randomised(VJEPA2Model(config_of(shape, **changes)), seed)


def classifier_of(shape: str = "l", seed: int = 0, **changes: Any) -> Any:
    names = dict(enumerate(LABELS))
    config = config_of(shape, **changes)
    config.id2label, config.label2id = names, {name: i for i, name in names.items()}
    return randomised(VJEPA2ForVideoClassification(config), seed)


def original_encoder(model: Any, prefix: str = "module.backbone.") -> dict[str, torch.Tensor]:
    """The encoder of a `VJEPA2Model` as the original repository names it."""
    state = {f"patch_embed.{n}": w for n, w in _of(model.encoder.embeddings.patch_embeddings)}
    for i, layer in enumerate(model.encoder.layer):
        state |= _block(layer, f"blocks.{i}.")
    state |= {f"norm.{n}": w for n, w in _of(model.encoder.layernorm)}
    return {prefix + name: weight.detach().clone() for name, weight in state.items()}


def original_predictor(model: Any, prefix: str = "module.backbone.") -> dict[str, torch.Tensor]:
    predictor = model.predictor
    state = {f"predictor_embed.{n}": w for n, w in _of(predictor.embeddings.predictor_embeddings)}
    state |= {f"mask_tokens.{i}": w for i, w in enumerate(predictor.embeddings.mask_tokens)}
    for i, layer in enumerate(predictor.layer):
        state |= _block(layer, f"predictor_blocks.{i}.")
    state |= {f"predictor_norm.{n}": w for n, w in _of(predictor.layernorm)}
    state |= {f"predictor_proj.{n}": w for n, w in _of(predictor.proj)}
    return {prefix + name: weight.detach().clone() for name, weight in state.items()}


def original_probe(model: Any, prefix: str = "module.") -> dict[str, torch.Tensor]:
    """The probe of a `VJEPA2ForVideoClassification` as the original repository names it."""
    pooler = model.pooler
    cross = pooler.cross_attention_layer
    state = {"pooler.query_tokens": pooler.query_tokens}
    for i, layer in enumerate(pooler.self_attention_layers):
        at, attention = f"pooler.blocks.{i}.", layer.self_attn
        state |= _norms_and_mlp(layer, at, "layer_norm")
        state |= _joined(attention, ("q_proj", "k_proj", "v_proj"), f"{at}attn.qkv.")
        state |= {f"{at}attn.proj.{n}": w for n, w in _of(attention.out_proj)}
    at = "pooler.cross_attention_block."
    state |= _norms_and_mlp(cross, at, "layer_norm")
    state |= {f"{at}xattn.q.{n}": w for n, w in _of(cross.cross_attn.q_proj)}
    state |= _joined(cross.cross_attn, ("k_proj", "v_proj"), f"{at}xattn.kv.")
    state |= {f"linear.{n}": w for n, w in _of(model.classifier)}
    return {prefix + name: weight.detach().clone() for name, weight in state.items()}


def _of(module: Any) -> list[tuple[str, torch.Tensor]]:
    return list(module.named_parameters())


def _joined(module: Any, parts: tuple[str, ...], name: str) -> dict[str, torch.Tensor]:
    linears = [getattr(module, part) for part in parts]
    weight, bias = (torch.cat([getattr(ln, n) for ln in linears]) for n in ("weight", "bias"))
    return {f"{name}weight": weight, f"{name}bias": bias}


def _norms_and_mlp(layer: Any, at: str, norm: str) -> dict[str, torch.Tensor]:
    state = {f"{at}norm{i}.{n}": w for i in (1, 2) for n, w in _of(getattr(layer, f"{norm}{i}"))}
    return state | {f"{at}mlp.{n}": w for n, w in _of(layer.mlp)}


def _block(layer: Any, at: str) -> dict[str, torch.Tensor]:
    state = _norms_and_mlp(layer, at, "norm")
    state |= _joined(layer.attention, ("query", "key", "value"), f"{at}attn.qkv.")
    return state | {f"{at}attn.proj.{n}": w for n, w in _of(layer.attention.proj)}


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def weights_in(folder: Path, *names: str) -> Weights:
    """These files of a directory, pinned as they are."""
    return Weights(Source.DIRECTORY, str(folder), {n: sha256(folder / n) for n in names})


def hf_spec(folder: Path, **options: str | int | float | bool) -> ModelSpec:
    """A checkpoint that `save_pretrained` wrote."""
    weights = weights_in(folder, "config.json", "model.safetensors")
    return ModelSpec("hf_vjepa2", "tiny-vjepa2", weights=weights, options=options)


def repo_spec(folder: Path, name: str, **options: str | int | float | bool) -> ModelSpec:
    """An original file: heads can't follow from a tiny width."""
    told: dict[str, str | int | float | bool] = {
        "encoder_key": "target_encoder",
        "crop": CROP,
        "frames": FRAMES,
        "heads": SHAPES["l"]["num_attention_heads"],
        "predictor_heads": PREDICTOR_HEADS,
    }
    weights = weights_in(folder, name)
    return ModelSpec("repo_vjepa2", "tiny-vjepa2", weights=weights, options=told | options)


def save_original(path: Path, parts: Mapping[str, Mapping[str, torch.Tensor]]) -> None:
    """Original state dicts in one safetensors file."""
    save_file({f"{part}.{n}": w for part, state in parts.items() for n, w in state.items()}, path)


def pixels(frames: Sequence[Frame]) -> torch.Tensor:
    """A clip as the networks take it: (1, frames, 3, CROP, CROP)."""
    return torch.stack([normalised(fitted(frame.pixels, CROP)) for frame in frames])[None]


def kept_folder() -> Path:
    folder = tempfile.mkdtemp(prefix="kuavi-tiny-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


@cache
def saved_hf() -> ModelSpec:
    """One classification checkpoint for all tests of a process."""
    folder = kept_folder()
    classifier_of("l").save_pretrained(folder)
    return hf_spec(folder)


@cache
def saved_repo() -> ModelSpec:
    """The same weights in the original layout, with its probe in `more_weights`."""
    folder, model = kept_folder(), classifier_of("l")
    encoder, predictor = original_encoder(model.vjepa2), original_predictor(model.vjepa2)
    save_original(folder / "vitt.safetensors", {"target_encoder": encoder, "predictor": predictor})
    save_original(folder / "probe.safetensors", {"classifiers": original_probe(model)})
    return repo_spec(folder, "vitt.safetensors")


@cache
def saved_repo_probe() -> Weights:
    return weights_in(Path(saved_repo().weights.location), "probe.safetensors")
