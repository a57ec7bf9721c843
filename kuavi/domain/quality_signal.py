"""One measure of an annotation's quality, and when it is low."""

from enum import StrEnum

from attrs import field, frozen
from attrs.validators import ge, le


class Measure(StrEnum):
    VISUAL = "visual alignment"
    FORMAT = "format compliance"
    COHERENCE = "summary-action coherence"
    TEMPORAL = "temporal consistency"
    DEGENERACY = "degeneracy"


LOW: dict[Measure, float] = {
    Measure.VISUAL: 0.5,
    Measure.FORMAT: 0.9,
    Measure.COHERENCE: 0.5,
    Measure.TEMPORAL: 0.5,
    Measure.DEGENERACY: 0.5,
}
"""Below this a signal is low; of the format that is more than one broken rule."""


@frozen
class Signal:
    """`value` in [0, 1], 1 is good; `reason` says what is wrong, and is not empty where it is low.

    Degeneracy too is 1 where there is none.
    """

    name: Measure
    value: float = field(validator=[ge(0.0), le(1.0)])
    reason: str = ""

    def __attrs_post_init__(self) -> None:
        if self.low and not self.reason:
            raise ValueError(f"{self.name} is low for no reason")

    @property
    def low(self) -> bool:
        return self.value < LOW[self.name]
