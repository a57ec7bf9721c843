"""Shots: what was filmed without a cut."""

from attrs import field, frozen
from attrs.validators import ge, le


@frozen(order=True)
class Cut:
    """A new shot starts at `time_s`: the presentation time of its first frame.

    `score` in [0, 1] says how clear the change is.
    """

    time_s: float
    score: float = field(validator=[ge(0), le(1)])
