"""What asking models may cost, and what it did cost."""

from attrs import field, frozen
from attrs.validators import ge, optional


@frozen
class Budget:
    """Hard limits of one run; None: no limit.  `usd` is US dollars."""

    calls: int | None = field(default=None, validator=optional(ge(0)))
    tokens: int | None = field(default=None, validator=optional(ge(0)))
    usd: float | None = field(default=None, validator=optional(ge(0.0)))


UNLIMITED = Budget()


@frozen
class Price:
    """US dollars for a million tokens."""

    input_usd: float = field(validator=ge(0.0))
    output_usd: float = field(validator=ge(0.0))

    def of(self, input_tokens: int, output_tokens: int) -> float:
        return (input_tokens * self.input_usd + output_tokens * self.output_usd) / 1e6


FREE = Price(0.0, 0.0)
"""Of models that run on this machine."""


@frozen
class Spent:
    """What was spent: calls that were made, those answered from earlier replies, tokens, dollars.

    `usd` is None where a price is not known.
    """

    calls: int = 0
    cached: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float | None = 0.0


def together(a: Spent, b: Spent) -> Spent:
    return Spent(
        a.calls + b.calls,
        a.cached + b.cached,
        a.input_tokens + b.input_tokens,
        a.output_tokens + b.output_tokens,
        None if a.usd is None or b.usd is None else a.usd + b.usd,
    )


def less(after: Spent, before: Spent) -> Spent:
    """What was spent since `before`."""
    return Spent(
        after.calls - before.calls,
        after.cached - before.cached,
        after.input_tokens - before.input_tokens,
        after.output_tokens - before.output_tokens,
        None if after.usd is None or before.usd is None else after.usd - before.usd,
    )
