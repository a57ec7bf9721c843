"""Reads V-JEPA 2's weights, in either layout, and the shape of the network they are of.

Widths, depths and patch sizes are those of the weights; what weights can't show (heads, the input's
side, LayerNorm's eps) comes from the checkpoint's configuration or, where there is none, as in the
original repository's files, from the spec's options.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen
from returns.result import Failure, Success
from safetensors import SafetensorError, safe_open
from torch import Tensor

from kuavi.adapters._cache_dir import cached
from kuavi.adapters._vjepa2_convert import FLAT, PREDICTOR
from kuavi.adapters._vjepa2_names import State, beneath
from kuavi.adapters._vjepa2_net import SPREAD, Arch, Trunk, Variant
from kuavi.adapters._weights import Verified
from kuavi.domain.outcome import Outcome

ENCODER_KEYS = ("encoder", "target_encoder", "ema_encoder", FLAT)
CONVERT_SECONDS = 1800


@frozen
class Unseen:
    """What the weights' shapes do not show."""

    heads: int
    predictor_heads: int
    eps: float
    crop: int
    frames: int
    variant: Variant = Variant.V2


def tensors(files: Sequence[Verified]) -> Outcome[dict[str, Tensor], str]:
    """All tensors of safetensors files, mapped into memory, not copied."""
    found: dict[str, Tensor] = {}
    for file in files:
        try:
            with safe_open(file.path, framework="pt") as opened:
                found |= {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        except (SafetensorError, OSError) as error:
            return Failure(f"{file.path} can't be read ({error})")
    return Success(found)


def parts(file: Verified, key: str) -> Outcome[dict[str, Tensor], str]:
    """The state dict under `key`, and the predictor's if there is one, of an original file.

    Names begin with `key.` or `predictor.`.  A `.pt` file is converted once, in a child process.
    """
    if file.path.suffix == ".safetensors":
        return _of_safetensors(file, key)
    name = f"vjepa2/{file.sha256[:32]}-{key}.safetensors"
    converted = cached(name, lambda target: _convert(file.path, key, target))
    if isinstance(converted, Failure):
        return converted
    return tensors([Verified(converted.unwrap(), file.sha256)])


def _of_safetensors(file: Verified, key: str) -> Outcome[dict[str, Tensor], str]:
    read = tensors([file])
    if isinstance(read, Failure):
        return read
    state = read.unwrap()
    if key == FLAT:
        return Success({f"{FLAT}.{name}": tensor for name, tensor in state.items()})
    wanted = beneath(state, f"{key}.")
    if not wanted:
        held = ", ".join(sorted({name.partition(".")[0] for name in state}))
        return Failure(f"{file.path} has no state dict {key}; it has {held[:300]}")
    kept = {f"{key}.{name}": tensor for name, tensor in wanted.items()}
    beside = beneath(state, f"{PREDICTOR}.")
    return Success(kept | {f"{PREDICTOR}.{name}": tensor for name, tensor in beside.items()})


def _convert(source: Path, key: str, target: Path) -> str | None:
    """Convert in a child process; returns what went wrong."""
    paths = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    module = "kuavi.adapters._vjepa2_convert"
    try:
        done = subprocess.run(
            [sys.executable, "-m", module, str(source), key, str(target)],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=CONVERT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{source} could not be converted ({error})"
    if done.returncode or not target.is_file():
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        return f"{source} can't be converted: {lines[-1]}"
    return None


def arch_of(state: State, unseen: Unseen) -> Outcome[Arch, str]:
    """The network that weights under our names are of; patches as the convolution's kernel."""
    patch = state.get("encoder.patch.weight")
    if patch is None or patch.ndim != 5:
        return Failure("the weights have no patch embedding over time and space")
    dim, channels, tubelet, side, _ = patch.shape
    encoder = trunk_of(state, "encoder.", dim, unseen.heads, unseen.eps)
    if isinstance(encoder, Failure):
        return encoder
    if unseen.crop < side or unseen.crop % side:
        return Failure(f"an input of {unseen.crop} pixels is not a multiple of the patch, {side}")
    if unseen.variant == Variant.V2_1 and side != 256 // SPREAD:
        return Failure(f"V-JEPA 2.1's positions are known for patches of 16 pixels, not {side}")
    predictor, masks = None, state.get("predictor.mask_tokens")
    if masks is not None:
        width = masks.shape[-1]
        found = trunk_of(state, "predictor.", width, unseen.predictor_heads, unseen.eps)
        if isinstance(found, Failure):
            return found
        predictor = found.unwrap()
    n_masks = 0 if masks is None else len(masks)
    crop, frames = unseen.crop, unseen.frames
    return Success(
        Arch(
            encoder.unwrap(),
            predictor,
            n_masks,
            channels,
            side,
            tubelet,
            crop,
            frames,
            unseen.variant,
        )
    )


def trunk_of(state: State, prefix: str, dim: int, heads: int, eps: float) -> Outcome[Trunk, str]:
    """The shape of the blocks whose names start so."""
    blocks = beneath(state, f"{prefix}blocks.")
    up = blocks.get("0.up.weight")
    if up is None:
        return Failure(f"the weights have no {prefix}blocks")
    if heads < 1 or dim % heads:
        return Failure(f"a width of {dim} can't be split into {heads} heads")
    layers = 1 + max(int(name.partition(".")[0]) for name in blocks)
    return Success(Trunk(dim, layers, heads, len(up), eps))


def flat_shapes(state: State) -> dict[str, Tensor]:
    """Weights in our modules' shapes: the convolution's kernel and learned tokens as matrices."""
    shaped = dict(state)
    for name in {"predictor.mask_tokens", "query"} & state.keys():
        shaped[name] = state[name].reshape(-1, state[name].shape[-1])
    for name in {"encoder.of_video"} & state.keys():
        shaped[name] = state[name].flatten()
    for name in {"encoder.patch.weight"} & state.keys():
        shaped[name] = state[name].flatten(1)
    return shaped
