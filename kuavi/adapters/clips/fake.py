"""Clips as colours and how they change from frame to frame.  For tests and demonstrations.

Option `step` sets how many frames make a step, as in a model with tubelets.
"""

from returns.result import Success

from kuavi.adapters._colour_clips import ColourClips, colour_clips
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.ports.models import ModelUnavailable


def build(spec: ModelSpec) -> Outcome[ColourClips, ModelUnavailable]:
    return Success(colour_clips(spec))
