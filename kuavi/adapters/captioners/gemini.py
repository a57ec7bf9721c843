"""Captions by Gemini, through Google's SDK."""

from returns.result import Failure, Success

from kuavi.adapters._asking import Asking
from kuavi.adapters._remote_models import identity, remote
from kuavi.adapters.captioners._language import LanguageCaptioner
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.ports.models import ModelUnavailable


def build(spec: ModelSpec, asking: Asking) -> Outcome[LanguageCaptioner, ModelUnavailable]:
    """Options as `_remote_models.remote` has them, and `max_frames` (32)."""
    asked = remote(spec, asking, images=True)
    if isinstance(asked, Failure):
        return asked
    most = int(spec.options.get("max_frames", 32))
    return Success(LanguageCaptioner(identity(asked.unwrap()), most, asked.unwrap()))
