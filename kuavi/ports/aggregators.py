"""Aggregator port: a language model that turns words into other words."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Protocol

from attrs import field, frozen
from attrs.validators import ge, min_len

from kuavi.domain.budget import Price, Spent
from kuavi.domain.evidence import Evidence, Model
from kuavi.domain.fingerprint import Json
from kuavi.domain.outcome import Outcome
from kuavi.ports.telling import TellFailure


class Effort(StrEnum):
    """How long a model may think, where it can be told."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@frozen
class TextRequest:
    """A prompt; `schema` is the JSON schema that the answer follows, None for free text."""

    system: str
    prompt: str = field(validator=min_len(1))
    schema: Mapping[str, Json] | None = field(default=None, hash=False)
    effort: Effort = Effort.MEDIUM
    max_tokens: int = field(default=2048, validator=ge(1))


class Aggregator(Protocol):
    """Contract: tests/contract/test_aggregator.py."""

    @property
    def model(self) -> Model: ...

    @property
    def evidence(self) -> Evidence: ...

    @property
    def price(self) -> Price | None:
        """None: it costs money, and nobody said how much."""
        ...

    @property
    def spent(self) -> Spent:
        """By this aggregator, since it was built."""
        ...

    def texts(self, requests: Iterable[TextRequest]) -> Iterator[Outcome[str, TellFailure]]:
        """One answer for each request, in order, as it came; one that fails leaves the others.

        Requests are taken a few ahead of the answers, no more.
        """
        ...
