"""What captioners and aggregators share: how asking a model for words fails."""

from typing import TypeAlias

from attrs import frozen


@frozen
class Unanswered:
    """One request got no answer that can be used; the next one may."""

    model_id: str
    reason: str

    def __str__(self) -> str:
        return f"{self.model_id}: {self.reason}"


@frozen
class OutOfBudget:
    """The budget is used up: nothing more is asked."""

    model_id: str
    reason: str

    def __str__(self) -> str:
        return f"{self.model_id}: {self.reason}; what is done is kept"


@frozen
class Unreachable:
    """The model can't be asked at all (no network, a refused key): asking on is of no use."""

    model_id: str
    reason: str

    def __str__(self) -> str:
        return f"{self.model_id}: {self.reason}"


TellFailure: TypeAlias = Unanswered | OutOfBudget | Unreachable
"""The last two end a run: all later requests would get the same."""
