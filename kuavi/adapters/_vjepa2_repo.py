"""V-JEPA 2's original checkpoints: `.pt` files, or safetensors with the same names.

A file holds the trained encoder (`encoder`), its moving average (`target_encoder`, which the
published probes stand on) or a distilled one (`ema_encoder`): option `encoder_key` says which, and
is recorded.  There is no configuration, so `crop` must be given; heads follow from the width.
"""

from collections.abc import Mapping

from returns.result import Failure, Success
from torch import Tensor

from kuavi.adapters._vjepa2_backbone import Read
from kuavi.adapters._vjepa2_convert import PREDICTOR
from kuavi.adapters._vjepa2_names import (
    REPO_ENCODER,
    REPO_PREDICTOR,
    REPO_PROBE,
    Rules,
    State,
    beneath,
    renamed,
    without_wrappers,
)
from kuavi.adapters._vjepa2_weights import ENCODER_KEYS, Unseen, arch_of, parts
from kuavi.adapters._weights import Verified, VerifiedWeights
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec

HEADS: Mapping[int, int] = {768: 12, 1024: 16, 1280: 16, 1408: 22, 1664: 26}
"""Attention heads of the published encoders, by width."""
PREDICTOR_HEADS = 12
FRAMES = 64
EPS = 1e-6
SUFFIXES = (".pt", ".pth", ".safetensors")
PROBES = "classifiers"


def read(spec: ModelSpec, files: VerifiedWeights) -> Outcome[Read, str]:
    """The encoder under the spec's key, and the predictor beside it."""
    key = str(spec.options.get("encoder_key", ""))
    if key not in ENCODER_KEYS:
        return Failure(f"the option encoder_key must be one of {', '.join(ENCODER_KEYS)}")
    if "crop" not in spec.options:
        return Failure("the option crop must give the side of the input: 256, or 384 for vitg-384")
    file = weights_in(files)
    if file is None:
        return Failure(f"its weights name no file {' or '.join(SUFFIXES)}")
    held = parts(file, key)
    if isinstance(held, Failure):
        return held
    encoder = _part(held.unwrap(), key, REPO_ENCODER)
    predictor = _part(held.unwrap(), PREDICTOR, REPO_PREDICTOR)
    for part in (encoder, predictor):
        if isinstance(part, Failure):
            return Failure(f"{file.path}: {part.failure()}")
    state = encoder.unwrap() | predictor.unwrap()
    arch = arch_of(state, _unseen(spec, state))
    if isinstance(arch, Failure):
        return arch
    return Success(Read(state, arch.unwrap(), key))


def read_probe(file: Verified) -> Outcome[State, str]:
    """The first probe of an original probe file, under our names."""
    held = parts(file, PROBES)
    if isinstance(held, Failure):
        return held
    named = {n.removeprefix("0."): t for n, t in beneath(held.unwrap(), f"{PROBES}.").items()}
    return renamed({without_wrappers(n): t for n, t in named.items()}, REPO_PROBE)


def weights_in(files: VerifiedWeights) -> Verified | None:
    """The first file of weights."""
    found = (files.ending(suffix) for suffix in SUFFIXES)
    return next((file for file in found if file is not None), None)


def _part(held: State, key: str, rules: Rules) -> Outcome[dict[str, Tensor], str]:
    state = {without_wrappers(name): t for name, t in beneath(held, f"{key}.").items()}
    return renamed(state, rules)


def _unseen(spec: ModelSpec, state: State) -> Unseen:
    patch = state.get("encoder.patch.weight")
    width = 0 if patch is None else len(patch)
    heads = int(spec.options.get("heads", HEADS.get(width, 0)))
    predictor_heads = int(spec.options.get("predictor_heads", PREDICTOR_HEADS))
    frames = int(spec.options.get("frames", FRAMES))
    return Unseen(heads, predictor_heads, EPS, int(spec.options["crop"]), frames)
