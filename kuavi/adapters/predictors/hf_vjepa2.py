"""V-JEPA 2's predictor, from a checkpoint in the layout of transformers."""

from kuavi.adapters import _vjepa2_hf
from kuavi.adapters._vjepa2_predictor import VJepa2Predictor, predictor_for
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.ports.models import ModelUnavailable


def build(spec: ModelSpec) -> Outcome[VJepa2Predictor, ModelUnavailable]:
    """Needs `config.json` and the `.safetensors`; options `crop`, `device`, `dtype`, `batch`,
    `mask_index`, `max_steps`.
    """
    return predictor_for(spec, _vjepa2_hf.read)
