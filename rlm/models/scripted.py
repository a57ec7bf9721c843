"""A model that answers by a function of the request, for tests and demonstrations.

It keeps a record of what it was asked.  Tokens are guessed from the texts' lengths, and said to be.
"""

from collections.abc import Callable
from threading import Lock

from attrs import define, field
from returns.result import Failure, Success

from rlm.models.canonical import likely_tokens
from rlm.models.messages import LENGTH, STOP, Price, Reply, Request, Usage
from rlm.models.trouble import BadReply, ModelTrouble, NoImages
from rlm.outcome import Outcome

Answering = Callable[[Request], "str | Outcome[Reply, ModelTrouble]"]


@define(eq=False)
class Scripted:
    """`answer` gives a text, or a whole outcome; a text is cut off at the request's max_tokens."""

    answer: Answering = field(repr=False)
    model_id: str
    revision: str
    takes_images: bool
    price: Price | None
    _asked: list[Request] = field(factory=list, init=False, repr=False)
    _lock: Lock = field(factory=Lock, init=False, repr=False)

    @property
    def record(self) -> tuple[Request, ...]:
        """The requests so far, in the order they came."""
        with self._lock:
            return tuple(self._asked)

    def complete(self, request: Request) -> Outcome[Reply, ModelTrouble]:
        if request.images and not self.takes_images:
            return Failure(NoImages(self.model_id))
        with self._lock:
            self._asked.append(request)
        answer = self.answer(request)
        return self._reply(request, answer) if isinstance(answer, str) else answer

    def _reply(self, request: Request, text: str) -> Outcome[Reply, ModelTrouble]:
        if not text.strip():
            return Failure(BadReply(self.model_id, "it is empty"))
        words = "".join(message.text for message in request.messages)
        finish = STOP
        if likely_tokens(text) > request.max_tokens:
            text = text.encode()[: 4 * request.max_tokens].decode(errors="ignore")
            finish = LENGTH
        sent, made = likely_tokens(words), likely_tokens(text)
        cost = None if self.price is None else self.price.of(sent, made)
        return Success(Reply(text, self.model_id, Usage(sent, made, cost, True), finish))


def build(
    answer: Answering,
    model_id: str = "scripted",
    takes_images: bool = True,
    price: Price | None = None,
) -> Scripted:
    """A model that says what `answer` makes of a request; it may be called from many threads."""
    return Scripted(answer, model_id, "scripted-1", takes_images, price)
