"""Texts by a language model that runs here, through transformers; GGUF files among them."""

from returns.result import Failure, Success

from kuavi.adapters._asking import Asking
from kuavi.adapters._local_models import local
from kuavi.adapters.aggregators._language import LanguageAggregator
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.ports.models import ModelUnavailable


def build(spec: ModelSpec, asking: Asking) -> Outcome[LanguageAggregator, ModelUnavailable]:
    """Options as `_local_models.local` has them, and `max_tokens`, of every answer."""
    made = local(spec, asking, images=False)
    if isinstance(made, Failure):
        return made
    asker, model = made.unwrap()
    most = int(spec.options.get("max_tokens", 1 << 30))
    return Success(LanguageAggregator(model, asker, most))
