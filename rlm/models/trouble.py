"""How a call to a language model may fail.  Each is one line that a person can act on.

    ModelTrouble
      NoKey, NoImages, NoPrice, Unloadable      nothing was asked
      OverBudget                                nothing was asked: a limit stands in the way
      Unreachable, Refused, RateLimited         asked, and certainly not charged for
      ServerFailed, TimedOut, BadReply, Broke   asked, and perhaps charged for

`tries` counts the requests that were made.  `may_have_cost` draws the line between the third row
and the fourth, `is_passing` says what is worth another try.
"""

from typing import TypeAlias

from attrs import field, frozen

from rlm.models.messages import Usage

SAID = 300
"""Characters of a server's message that are kept."""


def one_line(text: str) -> str:
    """A server's message, on one line and not too long."""
    flat = " ".join(text.split())
    return flat if len(flat) <= SAID else f"{flat[:SAID]}..."


def _tried(tries: int) -> str:
    return f" ({tries} tries)" if tries > 1 else ""


@frozen
class NoKey:
    """The environment has no key for a server that needs one."""

    model: str
    variable: str

    def __str__(self) -> str:
        return f"{self.model}: no key; set the environment variable {self.variable}"


@frozen
class NoImages:
    """The request has images, the model takes none."""

    model: str

    def __str__(self) -> str:
        return f"{self.model}: takes no images; choose a model that does"


@frozen
class NoPrice:
    """A limit in money can't be held for a model whose price nobody gave."""

    model: str

    def __str__(self) -> str:
        return f"{self.model}: there is a limit in USD, but no price; give its price per token"


@frozen
class Unloadable:
    """A local model, or the way to a remote one, can't be set up."""

    model: str
    reason: str

    def __str__(self) -> str:
        return f"{self.model}: can't be set up: {self.reason}"


@frozen
class OverBudget:
    """The worst case of a call does not fit into what a limit has left.

    `limit`: "calls", "tokens", "USD" or "seconds"; `spent` includes what is reserved by calls that
    are under way.
    """

    limit: str
    allowed: float
    spent: float
    asked: float

    def __str__(self) -> str:
        return (
            f"over budget: {self.allowed:.10g} {self.limit} allowed, {self.spent:.10g} spent or "
            f"reserved, {self.asked:.10g} more asked; raise the limit or ask for less"
        )


@frozen
class Unreachable:
    """No connection came about, so nothing was sent."""

    model: str
    url: str
    reason: str
    tries: int = 1

    def __str__(self) -> str:
        return f"{self.model}: can't reach {self.url}: {self.reason}{_tried(self.tries)}"


@frozen
class Refused:
    """The server does not do this: a bad key, an unknown model, a request it does not take."""

    model: str
    status: int | None
    message: str

    def __str__(self) -> str:
        code = "" if self.status is None else f" with {self.status}"
        return f"{self.model}: refused{code}: {self.message}"


@frozen
class RateLimited:
    """The server asks to be left alone; `retry_after_s` if it said for how long."""

    model: str
    message: str
    retry_after_s: float | None = None
    tries: int = 1

    def __str__(self) -> str:
        after = self.retry_after_s
        hint = "later" if after is None else f"in {after:.0f} s"
        return f"{self.model}: rate limited: {self.message}{_tried(self.tries)}; try {hint}"


@frozen
class ServerFailed:
    """The server has a fault, or the connection broke before its reply was through."""

    model: str
    status: int | None
    message: str
    retry_after_s: float | None = None
    tries: int = 1

    def __str__(self) -> str:
        code = "" if self.status is None else f" with {self.status}"
        return f"{self.model}: the server failed{code}: {self.message}{_tried(self.tries)}"


@frozen
class TimedOut:
    """No complete reply within the time allowed."""

    model: str
    seconds: float
    tries: int = 1

    def __str__(self) -> str:
        return f"{self.model}: no reply within {self.seconds:g} s{_tried(self.tries)}"


@frozen
class BadReply:
    """What came back is not the protocol's, or is empty; `usage` if it still told what it used."""

    model: str
    reason: str
    usage: Usage | None = field(default=None)

    def __str__(self) -> str:
        return f"{self.model}: unusable reply: {self.reason}"


@frozen
class Broke:
    """A local model ran and failed, for instance for want of memory."""

    model: str
    reason: str

    def __str__(self) -> str:
        return f"{self.model}: failed: {self.reason}"


ModelTrouble: TypeAlias = (
    NoKey
    | NoImages
    | NoPrice
    | Unloadable
    | OverBudget
    | Unreachable
    | Refused
    | RateLimited
    | ServerFailed
    | TimedOut
    | BadReply
    | Broke
)
Passing: TypeAlias = Unreachable | RateLimited | ServerFailed | TimedOut


def is_passing(trouble: ModelTrouble) -> bool:
    """Whether the same request may well succeed later."""
    return isinstance(trouble, Unreachable | RateLimited | ServerFailed | TimedOut)


def may_have_cost(trouble: ModelTrouble) -> bool:
    """Whether the provider may charge for a call that failed so."""
    return isinstance(trouble, ServerFailed | TimedOut | BadReply | Broke)
