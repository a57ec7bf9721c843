"""V-JEPA 2.1: its encoder for video from files in the layout of the original repository.

No library that could be installed has this network, so it is written out again here, plainly: a
convolution, rotation by complex numbers, attention as a softmax.  Weights are random.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from returns.result import Failure
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F  # noqa: N812  (its usual name)

from kuavi.adapters.classifiers import repo_vjepa2 as classifiers
from kuavi.adapters.clips import repo_vjepa2
from kuavi.adapters.clips.hf_vjepa2 import build as build_hf
from kuavi.adapters.predictors import repo_vjepa2 as predictors
from kuavi.domain.evidence import Learned
from kuavi.domain.plan import ModelSpec
from kuavi.domain.space import unit
from tests.pictures import noisy
from tests.tiny import (
    SHAPES,
    hf_spec,
    model_of,
    original_encoder,
    pixels,
    repo_spec,
    save_original,
    saved_repo_probe,
)

HEADS = 2
PREFIX = "module.backbone."


def state_of(seed: int = 0) -> dict[str, Tensor]:
    """An encoder of 2.1 as its file holds it, three blocks deep."""
    rng = torch.Generator().manual_seed(seed)
    state = original_encoder(model_of(seed=seed), prefix="")
    last = {n: state.pop(f"norm.{n}") for n in ("weight", "bias")}
    for i in range(3):
        state |= {f"norms_block.{i}.{n}": torch.randn(128, generator=rng) for n in last}
    state |= {f"norms_block.3.{n}": w for n, w in last.items()}
    state["patch_embed_img.proj.weight"] = torch.randn(128, 3, 1, 16, 16, generator=rng)
    state["patch_embed_img.proj.bias"] = torch.randn(128, generator=rng)
    state["img_mod_embed"] = torch.randn(1, 1, 128, generator=rng)
    state["video_mod_embed"] = torch.randn(1, 1, 128, generator=rng)
    return {PREFIX + name: weight for name, weight in state.items()}


def turned(x: Tensor, positions: Tensor) -> Tensor:
    """Pairs of channels (heads, n, d) as complex numbers, turned by a position (n,) each."""
    pairs = torch.view_as_complex(x.double().unflatten(-1, (-1, 2)).contiguous())
    rates = 10_000.0 ** -(torch.arange(pairs.shape[-1], dtype=torch.float64) / pairs.shape[-1])
    angles = positions.double()[:, None] * rates
    return torch.view_as_real(pairs * torch.polar(torch.ones_like(angles), angles)).flatten(-2)


def by_place(x: Tensor, steps: int, grid: int) -> Tensor:
    """Heads (heads, steps * grid * grid, d), thirds of their channels turned by time, row, column;
    rows and columns spread over the 16 that 256 pixels have.
    """
    step, row, column = torch.meshgrid(
        torch.arange(steps), torch.arange(grid), torch.arange(grid), indexing="ij"
    )
    d, spread = x.shape[-1] // 3 // 2 * 2, 15 / (grid - 1)
    axes = (step.flatten(), row.flatten() * spread, column.flatten() * spread)
    parts = [turned(x[..., i * d : (i + 1) * d], axis) for i, axis in enumerate(axes)]
    return torch.cat([*parts, x[..., 3 * d :].double()], dim=-1)


def tokens(state: Mapping[str, Tensor], clip: Tensor, heads: int = HEADS) -> Tensor:
    """Of a clip (frames, 3, side, side): (n, 128), float64."""
    w = {name.removeprefix(PREFIX): weight.double() for name, weight in state.items()}
    frames = clip.double().transpose(0, 1)[None]
    seen = F.conv3d(
        frames, w["patch_embed.proj.weight"], w["patch_embed.proj.bias"], stride=(2, 16, 16)
    )
    steps, grid = seen.shape[2], seen.shape[3]
    x = seen[0].flatten(1).T + w["video_mod_embed"][0]

    def normed(at: str, x: Tensor) -> Tensor:
        return F.layer_norm(x, (128,), w[f"{at}.weight"], w[f"{at}.bias"], eps=1e-6)

    def linear(at: str, x: Tensor) -> Tensor:
        return F.linear(x, w[f"{at}.weight"], w[f"{at}.bias"])

    for i in range(3):
        qkv = linear(f"blocks.{i}.attn.qkv", normed(f"blocks.{i}.norm1", x))
        q, k, v = qkv.reshape(len(x), 3, heads, -1).permute(1, 2, 0, 3)
        q, k = by_place(q, steps, grid), by_place(k, steps, grid)
        mixed = (q @ k.transpose(1, 2) / q.shape[-1] ** 0.5).softmax(dim=-1) @ v
        x = x + linear(f"blocks.{i}.attn.proj", mixed.transpose(0, 1).flatten(1))
        hidden = F.gelu(linear(f"blocks.{i}.mlp.fc1", normed(f"blocks.{i}.norm2", x)))
        x = x + linear(f"blocks.{i}.mlp.fc2", hidden)
    return normed("norms_block.3", x)


def spec_of(folder: Path, state: Mapping[str, Tensor], **options: Any) -> ModelSpec:
    """Beside the encoder a predictor's weights under names that only 2.1 has."""
    beside = {
        "predictor_proj_context.bias": torch.zeros(4),
        "predictor_embed.0.bias": torch.ones(4),
    }
    save_original(folder / "v21.safetensors", {"ema_encoder": state, "predictor": beside})
    told = {"encoder_key": "ema_encoder", "variant": "2.1", **options}
    return repo_spec(folder, "v21.safetensors", **told)


def refusal(outcome: Any) -> str:
    assert isinstance(outcome, Failure)
    return str(outcome.failure())


@pytest.mark.parametrize(("crop", "n_frames"), [(32, 2), (32, 8), (96, 4), (256, 2)])
def test_tokens_are_those_of_the_network_written_out(
    crop: int, n_frames: int, tmp_path: Path
) -> None:
    state = state_of()
    encoder = repo_vjepa2.build(spec_of(tmp_path, state, crop=crop)).unwrap()
    rng = torch.Generator().manual_seed(3)
    clip = torch.randn(n_frames, 3, crop, crop, generator=rng)
    with torch.inference_mode():
        ours = encoder.backbone.net.encoder(clip[None])[0]
    theirs = tokens(state, clip)
    assert theirs.std() > 0.5
    torch.testing.assert_close(ours.double(), theirs, atol=1e-4, rtol=0)


def test_rows_are_in_a_space_of_their_own_and_say_what_made_them(tmp_path: Path) -> None:
    state, clip = state_of(), tuple(noisy(i) for i in range(4))
    encoder = repo_vjepa2.build(spec_of(tmp_path, state)).unwrap()
    (rows,) = encoder.encode([clip]).unwrap()
    expected = F.layer_norm(tokens(state, pixels(clip)[0]), (128,)).reshape(2, -1, 128).mean(dim=1)
    np.testing.assert_allclose(rows.rows, unit(expected.float().numpy()), atol=1e-5)
    assert encoder.evidence == Learned("V-JEPA 2.1")
    assert encoder.space.revision.startswith("vjepa2.1-ema_encoder-")
    (seen,) = encoder.features([clip]).unwrap()
    assert seen.values.shape == (2, 2, 2, 128)


def test_each_of_the_two_networks_is_refused_as_the_other(tmp_path: Path) -> None:
    later = spec_of(tmp_path, state_of(), variant="2")
    reason = refusal(repo_vjepa2.build(later))
    assert "V-JEPA 2.1, another network than V-JEPA 2" in reason
    assert "variant=2.1" in reason
    (tmp_path / "old").mkdir()
    earlier = spec_of(tmp_path / "old", original_encoder(model_of()))
    assert "norm.bias" in refusal(repo_vjepa2.build(earlier))
    odd = spec_of(tmp_path, state_of(), variant="3")
    assert "variant must be one of 2, 2.1, not 3" in refusal(repo_vjepa2.build(odd))


@pytest.mark.parametrize("name", ["video_mod_embed", "norms_block.3.bias", "blocks.1.norm2.bias"])
def test_weights_that_lack_a_part_are_refused(name: str, tmp_path: Path) -> None:
    state = state_of()
    del state[PREFIX + name]
    assert "no weights" in refusal(repo_vjepa2.build(spec_of(tmp_path, state)))


def test_a_name_that_is_not_known_is_refused(tmp_path: Path) -> None:
    state = state_of() | {PREFIX + "norms_block.4.bias": torch.zeros(128)}
    assert "norms_block.4.bias" in refusal(repo_vjepa2.build(spec_of(tmp_path, state)))


def test_its_predictor_is_not_run_and_it_is_said_why(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, state_of())
    reason = refusal(predictors.build(spec))
    assert "V-JEPA 2.1's predictor is not run" in reason
    assert "layer-normed in training is not known" in reason


def test_the_published_probes_are_not_put_on_it(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, state_of(), task="ssv2")
    probed = ModelSpec(
        "repo_vjepa2",
        "tiny",
        weights=spec.weights,
        more_weights=(saved_repo_probe(),),
        options=spec.options,
    )
    assert "stand on V-JEPA 2, not on V-JEPA 2.1" in refusal(classifiers.build(probed))


def test_patches_of_another_size_are_refused(tmp_path: Path) -> None:
    """How far apart their positions are is not published."""
    state = state_of()
    state[PREFIX + "patch_embed.proj.weight"] = torch.randn(128, 3, 2, 8, 8)
    assert "patches of 16 pixels, not 8" in refusal(repo_vjepa2.build(spec_of(tmp_path, state)))


def test_transformers_layout_of_it_is_refused_by_name(tmp_path: Path) -> None:
    model_of().save_pretrained(tmp_path)
    held = load_file(tmp_path / "model.safetensors")
    held["encoder.norms_block.0.weight"] = torch.ones(SHAPES["l"]["hidden_size"])
    save_file(held, tmp_path / "model.safetensors")
    assert "V-JEPA 2.1, another network" in refusal(build_hf(hf_spec(tmp_path)))
