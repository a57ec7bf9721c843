"""A captioner without a model: it names the colours that it sees.

For tests and demonstrations: "A red picture.", "A red picture turns blue.".  What it says follows
from the pixels alone, and not from what it is asked.
"""

from collections.abc import Iterable, Iterator

from attrs import Factory, define, evolve
from returns.result import Failure, Success

from kuavi.adapters._colours import PALETTE, colour_shares
from kuavi.domain.budget import Budget, Spent
from kuavi.domain.evidence import Evidence, Heuristic, Model
from kuavi.domain.media import Frame
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.ports.captioners import CaptionRequest
from kuavi.ports.models import ModelUnavailable
from kuavi.ports.telling import OutOfBudget, TellFailure, Unanswered

_NAMES = tuple(PALETTE)


@define(eq=False)
class ColourCaptioner:
    """Stops at `budget.calls`; tokens and money it does not need."""

    model: Model
    evidence: Evidence
    max_frames: int
    budget: Budget
    spent: Spent = Factory(Spent)

    def captions(self, requests: Iterable[CaptionRequest]) -> Iterator[Outcome[str, TellFailure]]:
        for request in requests:
            yield self._caption(request)

    def _caption(self, request: CaptionRequest) -> Outcome[str, TellFailure]:
        if len(request.frames) > self.max_frames:
            reason = f"takes {self.max_frames} frames at a time, got {len(request.frames)}"
            return Failure(Unanswered(self.model.model_id, reason))
        limit = self.budget.calls
        if limit is not None and self.spent.calls >= limit:
            return Failure(OutOfBudget(self.model.model_id, f"{limit} calls are made"))
        self.spent = evolve(self.spent, calls=self.spent.calls + 1)
        return Success(described(request.frames))


def described(frames: tuple[Frame, ...]) -> str:
    """One sentence on the main colour of each picture, in order, repeats left out."""
    colours = [_NAMES[int(colour_shares(frame.pixels).argmax())] for frame in frames]
    turns = [c for c, before in zip(colours, ["", *colours[:-1]], strict=True) if c != before]
    return f"A {turns[0]} picture{''.join(f' turns {colour}' for colour in turns[1:])}."


def build(spec: ModelSpec, budget: Budget) -> Outcome[ColourCaptioner, ModelUnavailable]:
    """Option `max_frames` (default 32)."""
    model = Model(spec.model_id, "colour-names-1")
    limit = int(spec.options.get("max_frames", 32))
    return Success(ColourCaptioner(model, Heuristic("names of colours"), limit, budget))
