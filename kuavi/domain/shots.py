"""Shots: what was filmed without a cut."""

from collections.abc import Sequence

import numpy as np
from attrs import field, frozen
from attrs.validators import ge, le


@frozen(order=True)
class Cut:
    """A new shot starts at `time_s`: the presentation time of its first frame that was looked at.

    `score` in [0, 1] says how clear the change is.
    """

    time_s: float
    score: float = field(validator=[ge(0), le(1)])


def told_apart(cuts: Sequence[Cut], times_s: Sequence[float]) -> tuple[Cut, ...]:
    """The cuts that samples at these ascending times can tell apart: one between two samples.

    Of several the clearest is kept, of equals the first: what lies between them was not sampled,
    and goes with the picture it differs less from.
    """
    best: dict[int, Cut] = {}
    places = np.searchsorted(np.asarray(times_s), [cut.time_s for cut in cuts], side="left")
    for place, cut in zip(places.tolist(), cuts, strict=True):
        if place not in best or cut.score > best[place].score:
            best[place] = cut
    return tuple(sorted(best.values()))
