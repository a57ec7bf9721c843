"""Texts by a model behind a server that speaks OpenAI's protocol."""

from returns.result import Failure, Success

from kuavi.adapters._asking import Asking
from kuavi.adapters._remote_models import identity, remote
from kuavi.adapters.aggregators._language import LanguageAggregator
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.ports.models import ModelUnavailable


def build(spec: ModelSpec, asking: Asking) -> Outcome[LanguageAggregator, ModelUnavailable]:
    """Options as `_remote_models.remote` has them."""
    asked = remote(spec, asking, images=False)
    if isinstance(asked, Failure):
        return asked
    return Success(LanguageAggregator(identity(asked.unwrap()), asked.unwrap()))
