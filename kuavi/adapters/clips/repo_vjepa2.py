"""V-JEPA 2 as a clip encoder, from the original repository's files."""

from kuavi.adapters import _vjepa2_repo
from kuavi.adapters._vjepa2_clips import VJepa2Clips, clips_for
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.ports.models import ModelUnavailable


def build(spec: ModelSpec) -> Outcome[VJepa2Clips, ModelUnavailable]:
    """Needs a `.pt` or `.safetensors` file and the options `encoder_key` and `crop`; others are
    `variant` (2 or 2.1), `device`, `dtype`, `batch`, `frames`, `heads`, `predictor_heads`.
    """
    return clips_for(spec, _vjepa2_repo.read)
