"""Our V-JEPA 2 gives what transformers' gives, from the same weights in either layout."""

from typing import Any

import pytest
import torch
from returns.result import Failure
from torch.profiler import ProfilerActivity, profile

from kuavi.adapters._vjepa2_names import HF, REPO_ENCODER, REPO_PREDICTOR, filled, renamed
from kuavi.adapters._vjepa2_names import without_wrappers as bare
from kuavi.adapters._vjepa2_net import Arch, Trunk, Variant, VJepa2, rotary_tables, rotated
from kuavi.adapters._vjepa2_weights import Unseen, arch_of, flat_shapes
from tests.tiny import (
    CROP,
    GRID,
    PREDICTOR_HEADS,
    model_of,
    original_encoder,
    original_predictor,
)

SPACE = GRID**2
TOLERANCE = 1e-4


@pytest.fixture(autouse=True)
def _no_gradients() -> Any:
    with torch.inference_mode():
        yield


def native(model: Any, layout: str = "hf", crop: int = CROP) -> VJepa2:
    """Our network with a model's weights, by way of a layout's names."""
    if layout == "hf":
        state = renamed(model.state_dict(), HF).unwrap()
    else:
        encoder = {bare(n): w for n, w in original_encoder(model).items()}
        predictor = {bare(n): w for n, w in original_predictor(model).items()}
        state = renamed(encoder, REPO_ENCODER).unwrap()
        state |= renamed(predictor, REPO_PREDICTOR).unwrap()
    config = model.config
    unseen = Unseen(config.num_attention_heads, PREDICTOR_HEADS, 1e-6, crop, config.frames_per_clip)
    arch = arch_of(state, unseen)
    assert not isinstance(arch, Failure), arch.failure()
    net = VJepa2(arch.unwrap())
    assert filled(net, flat_shapes(state)) is None
    return net.eval()


def clips(n_frames: int, crop: int = CROP, batch: int = 2, seed: int = 1) -> torch.Tensor:
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(batch, n_frames, 3, crop, crop, generator=rng)


def assert_close(ours: torch.Tensor, theirs: torch.Tensor) -> None:
    torch.testing.assert_close(ours, theirs, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("layout", ["hf", "repo"])
@pytest.mark.parametrize("shape", ["l", "h", "g"])
@pytest.mark.parametrize("n_frames", [2, 8])
def test_tokens_are_those_of_transformers(shape: str, layout: str, n_frames: int) -> None:
    model, frames = model_of(shape), clips(n_frames)
    theirs = model(frames, skip_predictor=True).last_hidden_state
    ours = native(model, layout).encoder(frames)
    assert theirs.std() > 0.5
    assert_close(ours, theirs)


@pytest.mark.parametrize(("crop", "n_frames"), [(256, 2), (384, 2), (64, 16), (32, 32), (32, 64)])
def test_tokens_are_those_of_transformers_at_every_size(crop: int, n_frames: int) -> None:
    model, frames = model_of(crop_size=crop), clips(n_frames, crop, batch=1)
    theirs = model(frames, skip_predictor=True).last_hidden_state
    assert_close(native(model, crop=crop).encoder(frames), theirs)


def test_another_size_than_ids_are_counted_with_is_refused() -> None:
    with pytest.raises(ValueError, match="32 pixels"):
        native(model_of()).encoder(clips(4, crop=64))


def test_half_a_tubelet_is_refused() -> None:
    with pytest.raises(ValueError, match="3 frames are not a multiple of 2"):
        native(model_of()).encoder(clips(3))


def test_levels_are_normed_states_after_blocks() -> None:
    model, frames = model_of("g"), clips(4)
    states = model(frames, skip_predictor=True, output_hidden_states=True).hidden_states
    norm = model.encoder.layernorm
    theirs = torch.cat([norm(states[1]), norm(states[3])], dim=1)
    ours = native(model).encoder.levels(frames, (0, 2))
    assert_close(ours, theirs)


def test_a_part_of_the_tokens_is_seen_at_its_true_place() -> None:
    """As the original drops tokens before its blocks; transformers' layers take true positions."""
    model, frames = model_of("h"), clips(8)
    kept = torch.stack([torch.randperm(4 * SPACE)[:7] for _ in range(2)])
    state = model.encoder.embeddings(frames).take_along_dim(kept[..., None], dim=1)
    for layer in model.encoder.layer:
        state = layer(state, kept)[0]
    ours = native(model).encoder(frames, kept)
    assert_close(ours, model.encoder.layernorm(state))


def ids(*numbers: int) -> torch.Tensor:
    return torch.tensor(numbers).expand(2, -1)


TASKS = {
    "partial": (ids(0, 1, 5, 6, 9), ids(2, 3, 12)),
    "full": (ids(*range(16)), ids(*range(16))),
    "future": (ids(*range(16)), ids(*range(16, 20))),
    "beyond what was trained": (ids(*range(16)), ids(*range(80, 84))),
    "unsorted": (ids(*range(16)), ids(30, 17, 25, 16)),
    "another offset for each clip": (
        ids(*range(16)),
        torch.stack([torch.arange(16, 20), torch.arange(28, 32)]),
    ),
}


@pytest.mark.parametrize("layout", ["hf", "repo"])
@pytest.mark.parametrize("task", TASKS)
def test_predictions_are_those_of_transformers(task: str, layout: str) -> None:
    model = model_of("g")
    seen, asked = TASKS[task]
    tokens = model.encoder(clips(8)).last_hidden_state
    theirs = model.predictor(tokens, [seen], [asked]).last_hidden_state
    net = native(model, layout)
    given = tokens.take_along_dim(seen[..., None], dim=1)
    assert net.predictor is not None
    ours = net.predictor(given, seen, asked, mask_index=1)  # which theirs is bound to
    assert_close(ours, theirs)
    other = net.predictor(given, seen, asked, mask_index=0)
    assert (other - theirs).abs().max() > 100 * TOLERANCE


def test_the_mask_token_is_the_one_asked_for() -> None:
    model, (seen, asked) = model_of(), TASKS["future"]
    tokens = model.encoder(clips(8)).last_hidden_state
    ours = native(model).predictor(tokens, seen, asked, 7)  # type: ignore[misc]
    masks = model.predictor.embeddings.mask_tokens
    masks[1] = masks[7]
    assert_close(ours, model.predictor(tokens, [seen], [asked]).last_hidden_state)


def test_interleaved_rotation_depends_on_distance_alone_and_tiled_does_not() -> None:
    x = torch.randn(1, 6, 1, 1, 64, generator=torch.Generator().manual_seed(0))

    def products(variant: Variant, shift: int) -> torch.Tensor:
        positions = (torch.arange(6) + shift)[None] * SPACE
        turned = rotated(x, rotary_tables(positions, arch_like(variant), 64, x))[0, :, 0, 0]
        return turned @ turned.T

    assert_close(products(Variant.V2_1, 0), products(Variant.V2_1, 3))
    assert (products(Variant.V2, 0) - products(Variant.V2, 3)).abs().max() > 0.1


def arch_like(variant: Variant) -> Arch:
    return Arch(Trunk(64, 1, 1, 64, 1e-6), None, 0, 3, 16, 2, CROP, 8, variant)


def test_bfloat16_tokens_point_where_float32_ones_do() -> None:
    model, frames = model_of("l"), clips(8)
    net = native(model)
    full = net.encoder(frames)
    half = net.to(torch.bfloat16).encoder(frames.bfloat16()).float()
    assert torch.cosine_similarity(full, half, dim=-1).min() > 0.999


def test_attention_never_holds_a_token_by_token_matrix() -> None:
    net, frames = native(model_of()), clips(64, batch=1)
    with profile(activities=[ProfilerActivity.CPU]) as run:
        net.encoder(frames)
    names = {event.key for event in run.key_averages()}
    assert "aten::_scaled_dot_product_flash_attention_for_cpu" in names
    assert "aten::_scaled_dot_product_attention_math" not in names
    assert "aten::softmax" not in names
