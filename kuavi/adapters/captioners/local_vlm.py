"""Captions by a vision-language model that runs here, through transformers' Auto classes.

Perception-LM, Llama 3.2 Vision, Qwen-VL and others whose processor has a chat template.
"""

from returns.result import Failure, Success

from kuavi.adapters._asking import Asking
from kuavi.adapters._local_models import local
from kuavi.adapters.captioners._language import LanguageCaptioner
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.ports.models import ModelUnavailable


def build(spec: ModelSpec, asking: Asking) -> Outcome[LanguageCaptioner, ModelUnavailable]:
    """Options as `_local_models.local` has them, and `max_frames` (1: single pictures only)."""
    made = local(spec, asking, images=True)
    if isinstance(made, Failure):
        return made
    asker, model = made.unwrap()
    return Success(LanguageCaptioner(model, int(spec.options.get("max_frames", 1)), asker))
