"""A tiny V-JEPA 2 whose predictor has learned, in seconds, that what is seen mostly stays.

The encoder is as transformers initialises it; the predictor is trained by V-JEPA 2's own loss, the
mean absolute difference from the layer-normed tokens of later steps, on stretches of real clips.
With random weights a predictor says nothing of what comes: its error is the same at every moment.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
from torch.nn.functional import layer_norm
from transformers import VJEPA2Model

from kuavi.adapters._vjepa2_frames import fitted, normalised
from kuavi.domain.media import Pixels
from kuavi.domain.plan import ModelSpec
from tests.media import frames_of
from tests.tiny import (
    CROP,
    FRAMES,
    GRID,
    config_of,
    hf_spec,
    kept_folder,
    original_encoder,
    original_predictor,
    repo_spec,
    save_original,
)

N = GRID**2
STEPS = FRAMES // 2
CONTEXT = STEPS - 1
ROUNDS = 250
FRAME_STEP = 6
"""Every sixth picture of 25 a second is about 4 a second."""
LESSONS = (("bikes", 0, 110), ("bigbuckbunny", 0, 70))
"""Clips, and from which frame to which they are learned from."""


@cache
def trained() -> Any:
    """The same weights in every run on one machine."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        model = VJEPA2Model(config_of("l"))
        _train(model, torch.cat([_clips(frames_of(*lesson, 160, 90)) for lesson in LESSONS]))
    tokens = model.predictor.embeddings.mask_tokens
    with torch.no_grad():  # transformers trains the second; the one that was published is the first
        tokens[0].copy_(tokens[1])
    return model.eval()


def _clips(pictures: Sequence[Pixels]) -> torch.Tensor:
    """Overlapping clips (n, FRAMES, 3, CROP, CROP), each of their first pictures held, and both
    mirrored, in other colours and as negatives."""
    seen = torch.stack([normalised(fitted(pixels, CROP)) for pixels in pictures])
    length = FRAMES * FRAME_STEP
    starts = range(0, len(seen) - length + 1, 2)
    moving = torch.stack([seen[at : at + length : FRAME_STEP] for at in starts])
    clips = torch.cat([moving, moving[:, :1].expand_as(moving)])
    views = [clips, clips.flip(-1), clips.flip(-2), clips.flip(2), clips.flip(2, -1, -2)]
    return torch.cat([*views, *(-view for view in views)])


def _train(model: Any, clips: torch.Tensor) -> None:
    seen_ids = torch.arange(CONTEXT * N)
    asked_ids = torch.arange(CONTEXT * N, STEPS * N)
    with torch.no_grad():
        seen = model.encoder(clips[:, : 2 * CONTEXT]).last_hidden_state
        whole = model.encoder(clips).last_hidden_state
        wanted = layer_norm(whole, whole.shape[-1:])[:, CONTEXT * N :]
    optimiser = torch.optim.AdamW(model.predictor.parameters(), lr=2e-3)
    for _ in range(ROUNDS):
        drawn = torch.randint(len(clips), (16,))
        foreseen = model.predictor(
            seen[drawn], [seen_ids.expand(16, -1)], [asked_ids.expand(16, -1)]
        ).last_hidden_state
        loss = (foreseen - wanted[drawn]).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


@cache
def trained_hf() -> ModelSpec:
    folder = kept_folder()
    trained().save_pretrained(folder)
    return hf_spec(folder)


@cache
def trained_repo() -> ModelSpec:
    folder, model = kept_folder(), trained()
    parts = {"target_encoder": original_encoder(model), "predictor": original_predictor(model)}
    save_original(folder / "vitt.safetensors", parts)
    return repo_spec(folder, "vitt.safetensors")
