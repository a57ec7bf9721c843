"""V-JEPA 2 checkpoints in the layout of transformers: `config.json` and safetensors.

The configuration is read by transformers' own class.  The weights are read from the safetensors,
not through transformers' network, which rebuilds rotary tables in every layer, answers silently
wrongly for another input size, and hides the mask token: their names are mapped to our module.
"""

import json
from collections.abc import Sequence

from huggingface_hub.errors import StrictDataclassError
from returns.result import Failure, Success
from transformers import VJEPA2Config

from kuavi.adapters._vjepa2_backbone import Read
from kuavi.adapters._vjepa2_names import HF, HF_PROBE, State, beneath, renamed
from kuavi.adapters._vjepa2_net import Arch
from kuavi.adapters._vjepa2_weights import Unseen, arch_of, tensors
from kuavi.adapters._weights import VerifiedWeights
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec

KEY = "hf"
INDEX = ".safetensors.index.json"
PROBE_PARTS = ("pooler.", "classifier.")
WRAPPED = "vjepa2."
"""What a classification checkpoint's names of the backbone begin with."""


def read(spec: ModelSpec, files: VerifiedWeights) -> Outcome[Read, str]:
    """The backbone of a `VJEPA2Model` or a `VJEPA2ForVideoClassification` checkpoint."""
    configured = config_of(files)
    if isinstance(configured, Failure):
        return configured
    config = configured.unwrap()
    held = weights_of(files)
    if isinstance(held, Failure):
        return held
    whole = held.unwrap()
    rest = {n: t for n, t in whole.items() if not n.startswith((WRAPPED, *PROBE_PARTS))}
    state = renamed(beneath(whole, WRAPPED) | rest, HF)
    if isinstance(state, Failure):
        return state
    heads, eps = config.num_attention_heads, config.layer_norm_eps
    crop = int(spec.options.get("crop", config.crop_size))
    frames = config.frames_per_clip
    unseen = Unseen(heads, config.pred_num_attention_heads, eps, crop, frames)
    arch = arch_of(state.unwrap(), unseen)
    if isinstance(arch, Failure):
        return arch
    trouble = _disagreement(config, arch.unwrap())
    if trouble:
        return Failure(trouble)
    return Success(Read(state.unwrap(), arch.unwrap(), KEY))


def read_probe(files: VerifiedWeights) -> Outcome[State, str]:
    """The attentive probe of a `VJEPA2ForVideoClassification` checkpoint, under our names."""
    held = weights_of(files)
    if isinstance(held, Failure):
        return held
    probe = {n: t for n, t in held.unwrap().items() if n.startswith(PROBE_PARTS)}
    if not probe:
        return Failure("the checkpoint has no classifier; it is a backbone alone")
    return renamed(probe, HF_PROBE)


def config_of(files: VerifiedWeights) -> Outcome[VJEPA2Config, str]:
    """The checkpoint's configuration."""
    file = files.ending("config.json")
    if file is None:
        return Failure("its weights name no config.json")
    try:
        raw = json.loads(file.path.read_text(encoding="utf-8"))
        if not isinstance(raw, dict) or raw.get("model_type") != "vjepa2":
            return Failure(f"{file.path} is not the configuration of a V-JEPA 2 model")
        return Success(VJEPA2Config.from_dict(raw))
    except (OSError, ValueError, TypeError, StrictDataclassError) as error:
        return Failure(f"{file.path} can't be read ({error})")


def labels_of(config: VJEPA2Config) -> Sequence[str]:
    """The configuration's names of classes, by number."""
    return [str(config.id2label[number]) for number in sorted(config.id2label)]


def weights_of(files: VerifiedWeights) -> Outcome[State, str]:
    """All tensors of the checkpoint, from one file or from the shards of an index."""
    shards = {n: file for n, file in files.files.items() if n.endswith(".safetensors")}
    if not shards:
        return Failure("its weights name no .safetensors")
    index = files.ending(INDEX)
    if index is None:
        return tensors(list(shards.values()))
    try:
        placed = json.loads(index.path.read_text(encoding="utf-8"))["weight_map"]
        named = sorted(set(placed.values()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return Failure(f"{index.path} can't be read ({error})")
    known = {name.rpartition("/")[2]: file for name, file in shards.items()}
    absent = [name for name in named if name not in known]
    if absent:
        return Failure(f"its weights do not name {', '.join(absent)}, which the index needs")
    state = tensors([known[name] for name in named])
    if isinstance(state, Failure):
        return state
    if state.unwrap().keys() != placed.keys():
        return Failure(f"{index.path} and its shards do not hold the same weights")
    return state


def _disagreement(config: VJEPA2Config, arch: Arch) -> str:
    """What the configuration says otherwise than the weights; empty if nothing."""
    told = {
        "hidden_size": (config.hidden_size, arch.encoder.dim),
        "num_hidden_layers": (config.num_hidden_layers, arch.encoder.layers),
        "patch_size": (config.patch_size, arch.patch),
        "tubelet_size": (config.tubelet_size, arch.tubelet),
        "hidden_act": (config.hidden_act, "gelu"),
    }
    odd = [
        f"{n} is {said}, the weights have {seen}"
        for n, (said, seen) in told.items()
        if said != seen
    ]
    return f"config.json disagrees: {odd[0]}" if odd else ""
