"""What is said to a language model and what comes back.  Bytes of images are never shown."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Literal, TypeAlias

from attrs import Attribute, field, frozen
from attrs.validators import deep_iterable, ge, in_, instance_of, min_len, optional

Role: TypeAlias = Literal["system", "user", "assistant"]
Effort: TypeAlias = Literal["low", "medium", "high"]

ROLES: tuple[Role, ...] = ("system", "user", "assistant")
EFFORTS: tuple[Effort, ...] = ("low", "medium", "high")
STOP = "stop"
"""`Reply.finish` of a complete reply."""
LENGTH = "length"
"""`Reply.finish` of one that max_tokens cut off."""


def _size(data: bytes) -> str:
    return f"<{len(data)} bytes>"


def _well_formed(_: object, __: "Attribute[str]", text: str) -> None:
    """Raises UnicodeEncodeError, a ValueError, for what no server could be sent."""
    text.encode()


@frozen
class Image:
    """An encoded picture, such as a JPEG ("image/jpeg")."""

    media_type: str = field(validator=min_len(1))
    data: bytes = field(repr=_size, validator=min_len(1))

    @property
    def sha256(self) -> str:
        return sha256(self.data).hexdigest()


@frozen
class Message:
    """One turn; its images stand before its text, which has no lone surrogates."""

    role: Role = field(validator=in_(ROLES))
    text: str = field(validator=_well_formed)
    images: tuple[Image, ...] = field(
        default=(), validator=deep_iterable(instance_of(Image), instance_of(tuple))
    )


@frozen
class Request:
    """What a model is asked to go on from.

    `max_tokens` bounds the reply, a model's unseen reasoning included.  `temperature` None leaves
    it to the model; 0 is greedy.  `schema` is a JSON schema that the reply's text is to satisfy; a
    model may still break it, so the text is to be parsed with care.
    """

    messages: tuple[Message, ...] = field(
        validator=[min_len(1), deep_iterable(instance_of(Message), instance_of(tuple))]
    )
    max_tokens: int = field(validator=ge(1))
    temperature: float | None = field(default=0.0)
    schema: Mapping[str, Any] | None = None
    effort: Effort | None = field(default=None, validator=optional(in_(EFFORTS)))
    seed: int | None = None

    def __attrs_post_init__(self) -> None:
        if self.temperature is not None and not 0 <= self.temperature < float("inf"):
            raise ValueError(f"{self.temperature = } must be 0 or more")

    @property
    def images(self) -> tuple[Image, ...]:
        """All images, in order."""
        return tuple(image for message in self.messages for image in message.images)


@frozen
class Usage:
    """What a call used.  `cost_usd` None: no price is known; `estimated`: no counts were told."""

    input_tokens: int = field(validator=ge(0))
    output_tokens: int = field(validator=ge(0))
    cost_usd: float | None = field(default=None, validator=optional(ge(0.0)))
    estimated: bool = False

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


NOTHING_USED = Usage(0, 0, 0.0)


@frozen
class Reply:
    """`model`: the name that the server answered under.

    `finish`: "stop" (complete), "length" (cut off at max_tokens), or the server's own word.
    `usage` is what *this* call used: nothing, if the reply was `cached`.
    """

    text: str
    model: str
    usage: Usage
    finish: str
    cached: bool = False


@frozen
class Price:
    """US dollars for a million tokens."""

    input_per_million: float = field(validator=ge(0.0))
    output_per_million: float = field(validator=ge(0.0))

    def of(self, input_tokens: int, output_tokens: int) -> float:
        """US dollars for so many tokens."""
        paid = input_tokens * self.input_per_million + output_tokens * self.output_per_million
        return paid / 1e6
