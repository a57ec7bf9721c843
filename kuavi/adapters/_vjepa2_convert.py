"""`python -m kuavi.adapters._vjepa2_convert SOURCE KEY TARGET`: `.pt` weights as safetensors.

A process of its own, so that nothing is unpickled in the caller's; torch reads weights alone.
Taken are the state dict under KEY and the predictor's beside it, named `KEY.name` and
`predictor.name`; of a list, as probes are kept in, its first member.
"""

import pickle
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

FLAT = "flat"
"""The key of a file that is one state dict itself."""
PREDICTOR = "predictor"


def loaded(source: Path) -> Any:
    """What the file holds, lazily where its format allows."""
    try:
        return torch.load(source, map_location="cpu", weights_only=True, mmap=True)
    except RuntimeError:  # the format before torch 1.6 can't be mapped
        return torch.load(source, map_location="cpu", weights_only=True)


def taken(held: Any, key: str) -> dict[str, Tensor]:
    """The named tensors to keep.

    Raises:
        ValueError: if there is no state dict under the key.
    """
    if not isinstance(held, Mapping):
        raise ValueError(f"it holds a {type(held).__name__}, not state dicts")
    parts = {FLAT: held} if key == FLAT else held
    if key not in parts:
        names = ", ".join(str(name) for name in held)
        raise ValueError(f"it has no state dict {key}; it has {names[:300]}")
    kept = {f"{key}.{name}": tensor for name, tensor in _state(parts[key], key).items()}
    if PREDICTOR in parts and key != PREDICTOR:
        state = _state(parts[PREDICTOR], PREDICTOR)
        kept |= {f"{PREDICTOR}.{name}": tensor for name, tensor in state.items()}
    return kept


def _state(held: Any, key: str) -> dict[str, Tensor]:
    if isinstance(held, list) and held:
        held = held[0]
    if not isinstance(held, Mapping) or not all(isinstance(t, Tensor) for t in held.values()):
        raise ValueError(f"{key} is not a state dict")
    return {str(name): tensor.detach().clone().contiguous() for name, tensor in held.items()}


def main(arguments: list[str]) -> None:
    """Write the converted file, or end with one line that says why not."""
    source, key, target = arguments
    try:
        save_file(taken(loaded(Path(source)), key), target)
    except (ValueError, RuntimeError, OSError, EOFError, pickle.UnpicklingError) as error:
        told = str(error).strip().splitlines()
        sys.exit(told[0] if told else f"it holds nothing that torch reads ({type(error).__name__})")


if __name__ == "__main__":
    main(sys.argv[1:])
