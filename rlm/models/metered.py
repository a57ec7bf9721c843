"""A model that asks a ledger before it is asked, and books what it used."""

from attrs import frozen
from returns.result import Failure, Success

from rlm.models.canonical import IMAGE_TOKENS, most_input_tokens
from rlm.models.ledger import Amount, Ledger, nano
from rlm.models.messages import Price, Reply, Request, Usage
from rlm.models.port import LanguageModel
from rlm.models.trouble import BadReply, ModelTrouble, NoPrice, may_have_cost
from rlm.outcome import Outcome


@frozen
class Metered:
    """Wrap it *inside* `retrying` and `cached`: so each try is paid for, and no hit is."""

    inner: LanguageModel
    ledger: Ledger
    image_tokens: int

    @property
    def model_id(self) -> str:
        return self.inner.model_id

    @property
    def revision(self) -> str:
        return self.inner.revision

    @property
    def takes_images(self) -> bool:
        return self.inner.takes_images

    @property
    def price(self) -> Price | None:
        return self.inner.price

    def complete(self, request: Request) -> Outcome[Reply, ModelTrouble]:
        if self.price is None and self.ledger.limits.cost_usd is not None:
            return Failure(NoPrice(self.model_id))
        worst = self.worst_case(request)
        reserved = self.ledger.reserve(worst)
        if isinstance(reserved, Failure):
            return reserved
        reservation = reserved.unwrap()
        used = worst  # stands if the model raises: what it cost then, nobody knows
        try:
            outcome = self.inner.complete(request)
            used = self._used(outcome, worst)
        finally:
            self.ledger.settle(reservation, used)
        return outcome

    def worst_case(self, request: Request) -> Amount:
        """What one try may use at most, as far as the estimate of its prompt is a bound."""
        sent = most_input_tokens(request, self.image_tokens)
        cost = 0.0 if self.price is None else self.price.of(sent, request.max_tokens)
        return Amount(1, sent + request.max_tokens, nano(cost))

    def _used(self, outcome: Outcome[Reply, ModelTrouble], worst: Amount) -> Amount:
        match outcome:
            case Success(reply):
                return Amount() if reply.cached else self._amount(reply.usage)
            case Failure(BadReply(usage=Usage() as usage)):
                return self._amount(usage)
            case Failure(trouble):
                return worst if may_have_cost(trouble) else Amount()

    def _amount(self, usage: Usage) -> Amount:
        """Priced here where the model did not say what the call cost."""
        cost = usage.cost_usd
        if cost is None and self.price is not None:
            cost = self.price.of(usage.input_tokens, usage.output_tokens)
        return Amount(1, usage.tokens, 0 if cost is None else nano(cost))


def metered(
    model: LanguageModel, ledger: Ledger, image_tokens: int = IMAGE_TOKENS
) -> LanguageModel:
    """Every call reserved before and settled after; `image_tokens` is reserved for each image."""
    return Metered(model, ledger, image_tokens)
