"""What every port that stands on a model shares: how it fails."""

from typing import TypeAlias

from attrs import frozen


@frozen
class ModelUnavailable:
    """A model can't be built: a package, a file or a licence is missing.  Says how to get it."""

    model_id: str
    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.model_id}: {self.reason}; {self.remedy}"


@frozen
class OutOfMemory:
    """The device could not hold the batch; a smaller one may fit."""

    model_id: str
    batch: int

    def __str__(self) -> str:
        return f"{self.model_id}: out of memory with a batch of {self.batch}; use a smaller batch"


@frozen
class ModelFailed:
    """The model ran and failed."""

    model_id: str
    reason: str

    def __str__(self) -> str:
        return f"{self.model_id}: {self.reason}"


ModelFailure: TypeAlias = OutOfMemory | ModelFailed
