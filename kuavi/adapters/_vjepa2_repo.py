"""V-JEPA 2's original checkpoints: `.pt` files, or safetensors with the same names.

A file holds the trained encoder (`encoder`), its moving average (`target_encoder`, which the
published probes stand on) or a distilled one (`ema_encoder`): option `encoder_key` says which, and
is recorded.  There is no configuration, so `crop` must be given; heads follow from the width.

Option `variant` 2.1 reads V-JEPA 2.1 (released at 384 pixels; the distilled ViT-B and ViT-L under
`ema_encoder`, ViT-g and ViT-G under `target_encoder`), its encoder for video alone.
Frames are fitted as for V-JEPA 2.
"""

from collections.abc import Mapping
from typing import TypeAlias

from returns.result import Failure, Success
from torch import Tensor

from kuavi.adapters._vjepa2_backbone import Read
from kuavi.adapters._vjepa2_convert import PREDICTOR
from kuavi.adapters._vjepa2_names import (
    REPO_ENCODER,
    REPO_ENCODER_2_1,
    REPO_PREDICTOR,
    REPO_PROBE,
    Rules,
    State,
    beneath,
    renamed,
    without_wrappers,
)
from kuavi.adapters._vjepa2_net import Variant
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
Renamed: TypeAlias = Outcome[dict[str, Tensor], str]


def read(spec: ModelSpec, files: VerifiedWeights) -> Outcome[Read, str]:
    """The encoder under the spec's key, and the predictor beside it."""
    asked = _asked(spec)
    if isinstance(asked, Failure):
        return asked
    key, variant = asked.unwrap()
    file = weights_in(files)
    if file is None:
        return Failure(f"its weights name no file {' or '.join(SUFFIXES)}")
    held = parts(file, key)
    if isinstance(held, Failure):
        return held
    encoder, predictor = _both(held.unwrap(), key, variant)
    for part in (encoder, predictor):
        if isinstance(part, Failure):
            return Failure(f"{file.path}: {part.failure()}")
    state = encoder.unwrap() | predictor.unwrap()
    arch = arch_of(state, _unseen(spec, state, variant))
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


def _asked(spec: ModelSpec) -> Outcome[tuple[str, Variant], str]:
    """The key of the encoder, and which of the two networks it is."""
    key = str(spec.options.get("encoder_key", ""))
    if key not in ENCODER_KEYS:
        return Failure(f"the option encoder_key must be one of {', '.join(ENCODER_KEYS)}")
    if "crop" not in spec.options:
        return Failure("the option crop must give the side of the input: 256, or 384 for vitg-384")
    variant = str(spec.options.get("variant", Variant.V2))
    if variant not in list(Variant):
        return Failure(f"the option variant must be one of {', '.join(Variant)}, not {variant}")
    return Success((key, Variant(variant)))


def _both(held: State, key: str, variant: Variant) -> tuple[Renamed, Renamed]:
    """Encoder and predictor; of V-JEPA 2.1 no predictor."""
    if variant == Variant.V2_1:
        return _part(held, key, REPO_ENCODER_2_1), Success({})
    return _part(held, key, REPO_ENCODER), _part(held, PREDICTOR, REPO_PREDICTOR)


def _part(held: State, key: str, rules: Rules) -> Outcome[dict[str, Tensor], str]:
    state = {without_wrappers(name): t for name, t in beneath(held, f"{key}.").items()}
    return renamed(state, rules)


def _unseen(spec: ModelSpec, state: State, variant: Variant) -> Unseen:
    patch = state.get("encoder.patch.weight")
    width = 0 if patch is None else len(patch)
    heads = int(spec.options.get("heads", HEADS.get(width, 0)))
    predictor_heads = int(spec.options.get("predictor_heads", PREDICTOR_HEADS))
    frames = int(spec.options.get("frames", FRAMES))
    return Unseen(heads, predictor_heads, EPS, int(spec.options["crop"]), frames, variant)
