"""Feature maps: what a clip encoder sees at each place of each step, before anything is pooled."""

from enum import StrEnum
from typing import TypeAlias

import numpy as np
from attrs import frozen

from kuavi.domain.space import Motion, Space, SpaceMismatchError

Map: TypeAlias = np.ndarray[tuple[int, int, int, int], np.dtype[np.float16]]
"""(steps, rows, columns, dim) float16."""


class Features(StrEnum):
    """What of a clip a probe is shown: its motion rows, or the tokens of its feature maps."""

    MOTION = "motion"
    MAPS = "maps"


@frozen(eq=False)
class FeatureMap:
    """Tokens of one window: values (steps, rows, columns, dim) float16, finite, made read-only."""

    space: Space[Motion]
    values: Map

    def __attrs_post_init__(self) -> None:
        if self.values.ndim != 4 or self.values.shape[3] != self.space.dim:
            raise SpaceMismatchError(
                f"{self.space} holds (steps, rows, columns, {self.space.dim}), "
                f"got {self.values.shape}"
            )
        if self.values.dtype != np.float16:
            raise TypeError(f"{self.space}: a feature map is float16, got {self.values.dtype}")
        if not np.isfinite(self.values).all():
            raise ValueError(f"{self.space}: features are not finite")
        self.values.setflags(write=False)
