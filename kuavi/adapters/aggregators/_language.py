"""An aggregator that is a language model."""

from collections.abc import Iterable, Iterator

from attrs import frozen

from kuavi.adapters._asking import Asker
from kuavi.domain.budget import Price, Spent
from kuavi.domain.evidence import Evidence, Learned, Model
from kuavi.domain.outcome import Outcome
from kuavi.ports.aggregators import TextRequest
from kuavi.ports.telling import TellFailure
from rlm.models.messages import Message, Request


@frozen(eq=False)
class LanguageAggregator:
    """`most_tokens` bounds every answer, whatever is asked for."""

    model: Model
    asker: Asker
    most_tokens: int = 1 << 30

    @property
    def evidence(self) -> Evidence:
        return Learned(self.model.model_id)

    @property
    def price(self) -> Price | None:
        return self.asker.price

    @property
    def spent(self) -> Spent:
        return self.asker.spent

    def texts(self, requests: Iterable[TextRequest]) -> Iterator[Outcome[str, TellFailure]]:
        return self.asker.texts(map(self._request, requests))

    def _request(self, asked: TextRequest) -> Request:
        system = (Message("system", asked.system),) if asked.system else ()
        return Request(
            (*system, Message("user", asked.prompt)),
            min(asked.max_tokens, self.most_tokens),
            schema=asked.schema,
            effort=asked.effort.value,
        )
