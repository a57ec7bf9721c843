"""Clips as colours and how they change from frame to frame.  For tests and demonstrations.

Option `step` sets how many frames make a step, as in a model with tubelets.
"""

from returns.result import Success

from kuavi.adapters._colour_clips import colour_clips
from kuavi.adapters._colour_maps import MappedColours
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.ports.models import ModelUnavailable


def build(spec: ModelSpec) -> Outcome[MappedColours, ModelUnavailable]:
    return Success(MappedColours(colour_clips(spec)))
