"""V-JEPA 2's published names of weights, in both layouts, to those of our modules.

`hf` is the layout of transformers, `repo` that of the original repository.  Names are mapped
strictly: one that no rule knows is an error, and so is one of ours that stays empty, since a
network with a part of its weights still answers, wrongly.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import torch
from returns.result import Failure, Success
from torch import Tensor, nn

from kuavi.domain.outcome import Outcome

State: TypeAlias = Mapping[str, Tensor]
Rules: TypeAlias = Sequence[tuple[str, str]]
"""Patterns of whole names and what they become; `#n` at a name's end says which part of a fused
weight it is, an empty name that the weight is not needed."""

_WB = r"(weight|bias)"
_HF_BLOCK: Rules = (
    (r"norm([12])\." + _WB, r"norm\1.\2"),
    (r"attention\.query\." + _WB, r"qkv.\1#0"),
    (r"attention\.key\." + _WB, r"qkv.\1#1"),
    (r"attention\.value\." + _WB, r"qkv.\1#2"),
    (r"attention\.proj\." + _WB, r"out.\1"),
    (r"mlp\.fc1\." + _WB, r"up.\1"),
    (r"mlp\.fc2\." + _WB, r"down.\1"),
)
_REPO_BLOCK: Rules = (
    (r"norm([12])\." + _WB, r"norm\1.\2"),
    (r"attn\.qkv\." + _WB, r"qkv.\1"),
    (r"attn\.proj\." + _WB, r"out.\1"),
    (r"mlp\.fc1\." + _WB, r"up.\1"),
    (r"mlp\.fc2\." + _WB, r"down.\1"),
)
_HF_PROBE_BLOCK: Rules = (
    (r"layer_norm([12])\." + _WB, r"norm\1.\2"),
    (r"self_attn\.q_proj\." + _WB, r"qkv.\1#0"),
    (r"self_attn\.k_proj\." + _WB, r"qkv.\1#1"),
    (r"self_attn\.v_proj\." + _WB, r"qkv.\1#2"),
    (r"self_attn\.out_proj\." + _WB, r"out.\1"),
    (r"mlp\.fc1\." + _WB, r"up.\1"),
    (r"mlp\.fc2\." + _WB, r"down.\1"),
)


def _numbered(theirs: str, ours: str, block: Rules) -> Rules:
    """Rules of one block, for a list of blocks.  Group 1 is the block's number."""
    return [(theirs + r"\.(\d+)\." + name, _shifted(ours, became)) for name, became in block]


def _shifted(ours: str, became: str) -> str:
    later = re.sub(r"\\(\d)", lambda group: rf"\{int(group[1]) + 1}", became)
    return rf"{ours}.\1.{later}"


HF: Rules = (
    (r"encoder\.embeddings\.patch_embeddings\.proj\." + _WB, r"encoder.patch.\1"),
    *_numbered(r"encoder\.layer", "encoder.blocks", _HF_BLOCK),
    (r"encoder\.layernorm\." + _WB, r"encoder.norm.\1"),
    (r"predictor\.embeddings\.predictor_embeddings\." + _WB, r"predictor.embed.\1"),
    (r"predictor\.embeddings\.mask_tokens", r"predictor.mask_tokens"),
    *_numbered(r"predictor\.layer", "predictor.blocks", _HF_BLOCK),
    (r"predictor\.layernorm\." + _WB, r"predictor.norm.\1"),
    (r"predictor\.proj\." + _WB, r"predictor.out.\1"),
)
REPO_ENCODER: Rules = (
    (r"patch_embed\.proj\." + _WB, r"encoder.patch.\1"),
    *_numbered("blocks", "encoder.blocks", _REPO_BLOCK),
    (r"norm\." + _WB, r"encoder.norm.\1"),
    (r"pos_embed", ""),
)
REPO_ENCODER_2_1: Rules = (
    (r"patch_embed\.proj\." + _WB, r"encoder.patch.\1"),
    (r"video_mod_embed", "encoder.of_video"),
    *_numbered("blocks", "encoder.blocks", _REPO_BLOCK),
    (r"norms_block\.3\." + _WB, r"encoder.norm.\1"),
    (r"norms_block\.[012]\." + _WB, ""),
    (r"(patch_embed_img\.proj\." + _WB + r"|img_mod_embed)", ""),
)
"""The encoder for video of V-JEPA 2.1.  Of its four norms the last is that of its answer, the rest
are of earlier levels; what embeds single images is not needed."""
REPO_PREDICTOR: Rules = (
    (r"predictor_embed\." + _WB, r"predictor.embed.\1"),
    (r"mask_tokens\.(\d+)", r"predictor.mask_tokens#\1"),
    *_numbered("predictor_blocks", "predictor.blocks", _REPO_BLOCK),
    (r"predictor_norm\." + _WB, r"predictor.norm.\1"),
    (r"predictor_proj\." + _WB, r"predictor.out.\1"),
    (r"predictor_pos_embed", ""),
)
HF_PROBE: Rules = (
    (r"pooler\.query_tokens", "query"),
    *_numbered(r"pooler\.self_attention_layers", "blocks", _HF_PROBE_BLOCK),
    (r"pooler\.cross_attention_layer\.layer_norm([12])\." + _WB, r"cross.norm\1.\2"),
    (r"pooler\.cross_attention_layer\.cross_attn\.q_proj\." + _WB, r"cross.q.\1"),
    (r"pooler\.cross_attention_layer\.cross_attn\.k_proj\." + _WB, r"cross.kv.\1#0"),
    (r"pooler\.cross_attention_layer\.cross_attn\.v_proj\." + _WB, r"cross.kv.\1#1"),
    (r"pooler\.cross_attention_layer\.mlp\.fc1\." + _WB, r"cross.up.\1"),
    (r"pooler\.cross_attention_layer\.mlp\.fc2\." + _WB, r"cross.down.\1"),
    (r"classifier\." + _WB, r"heads.0.\1"),
)
REPO_PROBE: Rules = (
    (r"pooler\.query_tokens", "query"),
    *_numbered(r"pooler\.blocks", "blocks", _REPO_BLOCK),
    (r"pooler\.cross_attention_block\.norm([12])\." + _WB, r"cross.norm\1.\2"),
    (r"pooler\.cross_attention_block\.xattn\.q\." + _WB, r"cross.q.\1"),
    (r"pooler\.cross_attention_block\.xattn\.kv\." + _WB, r"cross.kv.\1"),
    (r"pooler\.cross_attention_block\.mlp\.fc1\." + _WB, r"cross.up.\1"),
    (r"pooler\.cross_attention_block\.mlp\.fc2\." + _WB, r"cross.down.\1"),
    (r"linear\." + _WB, r"heads.0.\1"),
    (r"verb_classifier\." + _WB, r"heads.0.\1"),
    (r"noun_classifier\." + _WB, r"heads.1.\1"),
    (r"action_classifier\." + _WB, r"heads.2.\1"),
)
LATER = re.compile(r"norms_block\.|patch_embed_img\.|(img|video)_mod_embed|predictor_proj_context")
"""Names that only V-JEPA 2.1 has."""


def without_wrappers(name: str) -> str:
    """A name without what training wrapped around the network."""
    return re.sub(r"\A((module|backbone)\.)+", "", name)


def renamed(state: State, rules: Rules) -> Outcome[dict[str, Tensor], str]:
    """The weights under our names, or what is wrong with theirs."""
    found: dict[str, dict[int, Tensor]] = {}
    unknown: list[str] = []
    for name, tensor in state.items():
        became = _renamed(name, rules)
        if became is None:
            unknown.append(name)
        elif became:
            whole, _, part = became.partition("#")
            found.setdefault(whole, {})[int(part or 0)] = tensor
    if rules is not REPO_ENCODER_2_1 and any(LATER.search(name) for name in unknown):
        reason = "the weights are of V-JEPA 2.1, another network than V-JEPA 2"
        return Failure(f"{reason}; an original file of it is read with the option variant=2.1")
    if unknown:
        return Failure(f"{_some(unknown)} of the weights are unknown")
    gaps = [name for name, parts in found.items() if max(parts) >= len(parts)]
    if gaps:
        return Failure(f"{_some(gaps)} of the weights are not whole")
    return Success({name: _fused(parts) for name, parts in found.items()})


def beneath(state: State, prefix: str) -> dict[str, Tensor]:
    """The weights whose names start so, without it."""
    return {n.removeprefix(prefix): tensor for n, tensor in state.items() if n.startswith(prefix)}


def filled(module: nn.Module, state: State) -> str | None:
    """Give the module these weights, uncopied; returns what does not fit, if anything."""
    wanted = {name: tensor.shape for name, tensor in module.state_dict().items()}
    missing, over = sorted(wanted.keys() - state.keys()), sorted(state.keys() - wanted.keys())
    if missing:
        return f"{_some(missing)} of the network have no weights"
    if over:
        return f"{_some(over)} of the weights have no place in the network"
    odd = [
        f"{name} is {tuple(state[name].shape)}, the network has {tuple(shape)}"
        for name, shape in wanted.items()
        if state[name].shape != shape
    ]
    if odd:
        return odd[0]
    module.load_state_dict(state, strict=True, assign=True)
    return None


def _renamed(name: str, rules: Rules) -> str | None:
    for pattern, became in rules:
        match = re.fullmatch(pattern, name)
        if match:
            return match.expand(became)
    return None


def _fused(parts: Mapping[int, Tensor]) -> Tensor:
    """Parts in order, along the first dimension."""
    ordered = [parts[i] for i in sorted(parts)]
    return ordered[0] if len(ordered) == 1 else torch.cat(ordered)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
