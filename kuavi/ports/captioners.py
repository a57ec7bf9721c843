"""Captioner port: pictures in, words out."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from attrs import field, frozen
from attrs.validators import ge, min_len

from kuavi.domain.budget import Price, Spent
from kuavi.domain.evidence import Evidence, Model
from kuavi.domain.media import Frame
from kuavi.domain.outcome import Outcome
from kuavi.ports.telling import TellFailure


@frozen(eq=False)
class CaptionRequest:
    """Frames in order of time (one: a still, more: a clip), and what is asked about them."""

    frames: tuple[Frame, ...] = field(validator=min_len(1), repr=False)
    prompt: str = field(validator=min_len(1))
    max_tokens: int = field(default=1024, validator=ge(1))


class Captioner(Protocol):
    """Contract: tests/contract/test_captioner.py."""

    @property
    def model(self) -> Model:
        """Its revision tells apart whatever may answer otherwise."""
        ...

    @property
    def evidence(self) -> Evidence: ...

    @property
    def max_frames(self) -> int:
        """So many frames a request may hold; 1 for a model of single pictures."""
        ...

    @property
    def price(self) -> Price | None:
        """None: it costs money, and nobody said how much."""
        ...

    @property
    def spent(self) -> Spent:
        """By this captioner, since it was built."""
        ...

    def captions(self, requests: Iterable[CaptionRequest]) -> Iterator[Outcome[str, TellFailure]]:
        """One text for each request, in order; one that fails leaves the others alone.

        Requests are taken a few ahead of the answers, no more: their pictures need memory.
        """
        ...
