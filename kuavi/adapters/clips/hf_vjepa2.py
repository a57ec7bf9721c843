"""V-JEPA 2 as a clip encoder, from a checkpoint in the layout of transformers."""

from kuavi.adapters import _vjepa2_hf
from kuavi.adapters._vjepa2_clips import VJepa2Clips, clips_for
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.ports.models import ModelUnavailable


def build(spec: ModelSpec) -> Outcome[VJepa2Clips, ModelUnavailable]:
    """Needs `config.json` and the `.safetensors`; options `crop`, `device`, `dtype`, `batch`."""
    return clips_for(spec, _vjepa2_hf.read)
