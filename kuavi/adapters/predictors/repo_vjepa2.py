"""V-JEPA 2's predictor, from the original repository's files."""

from kuavi.adapters import _vjepa2_repo
from kuavi.adapters._vjepa2_predictor import VJepa2Predictor, predictor_for
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.ports.models import ModelUnavailable


def build(spec: ModelSpec) -> Outcome[VJepa2Predictor, ModelUnavailable]:
    """Needs a `.pt` or `.safetensors` file and the options `encoder_key` and `crop`; others are
    `device`, `dtype`, `batch`, `frames`, `heads`, `predictor_heads`, `mask_index`,
    `max_steps`.
    """
    return predictor_for(spec, _vjepa2_repo.read)
