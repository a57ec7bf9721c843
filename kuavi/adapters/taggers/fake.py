"""The main colours of a picture as its tags.  For tests and demonstrations."""

from collections.abc import Sequence

from attrs import frozen
from returns.result import Success

from kuavi.adapters._colours import PALETTE, colour_shares
from kuavi.domain.evidence import Evidence, Heuristic, Model
from kuavi.domain.media import Frame
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.domain.words import Tag
from kuavi.ports.models import ModelFailure, ModelUnavailable

FLOOR = 0.2


@frozen(eq=False)
class ColourTagger:
    model: Model
    evidence: Evidence

    def tag(self, frames: Sequence[Frame]) -> Outcome[tuple[tuple[Tag, ...], ...], ModelFailure]:
        return Success(tuple(_tags(frame) for frame in frames))


def build(spec: ModelSpec) -> Outcome[ColourTagger, ModelUnavailable]:
    return Success(ColourTagger(Model(spec.model_id, "colours-1"), Heuristic("main colours")))


def _tags(frame: Frame) -> tuple[Tag, ...]:
    shares = dict(zip(PALETTE, colour_shares(frame.pixels).tolist(), strict=True))
    likely = sorted(shares.items(), key=lambda item: -item[1])
    return tuple(Tag(name, min(share, 1.0)) for name, share in likely if share >= FLOOR)
