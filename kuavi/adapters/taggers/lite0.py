"""ImageNet's classes as automatic tags, low confidence by nature.

The network's probabilities are not calibrated on video (of six shots with a class at 50 % or more,
three were right): tags are hints for search and never a statement of what is seen.
"""

from collections.abc import Sequence

import numpy as np
from attrs import frozen
from returns.result import Failure, Success

from kuavi.adapters._arrays import Vector
from kuavi.adapters._imagenet import image_classes, table_fingerprint
from kuavi.adapters._lite0 import Lite0, lite0_for
from kuavi.adapters._onnx import GRAPH_REVISIONS
from kuavi.adapters._weights import needed, verified
from kuavi.domain.evidence import Evidence, Learned, Model
from kuavi.domain.fingerprint import fingerprint_of
from kuavi.domain.media import Frame
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.domain.words import Tag
from kuavi.ports.models import ModelFailure, ModelUnavailable

METHOD = "EfficientNet-Lite0, ImageNet-1k classes"
FLOOR = 0.08
"""Tags below this probability are noise."""
AT_MOST = 5


@frozen(eq=False)
class Lite0Tagger:
    """`floor` is the least probability of a tag, `at_most` the most tags of a frame."""

    model: Model
    evidence: Evidence
    pictures: Lite0
    floor: float
    at_most: int

    def tag(self, frames: Sequence[Frame]) -> Outcome[tuple[tuple[Tag, ...], ...], ModelFailure]:
        looks = self.pictures.look(frames)
        if isinstance(looks, Failure):
            return looks
        return Success(tuple(self._tags(row) for row in looks.unwrap().probabilities(1.0)))

    def _tags(self, probabilities: Vector) -> tuple[Tag, ...]:
        order = np.argsort(-probabilities, kind="stable")[: self.at_most]
        classes = image_classes()
        likely = [(classes[i].name, min(float(probabilities[i]), 1.0)) for i in order]
        return tuple(Tag(name, share) for name, share in likely if share >= self.floor)


def build(spec: ModelSpec) -> Outcome[Lite0Tagger, ModelUnavailable]:
    """Needs the weights of EfficientNet-Lite0 (`.pth`); options `floor`, `at_most`, `threads`."""
    weights = verified(spec)
    if isinstance(weights, Failure):
        return weights
    named = needed(spec, weights.unwrap(), ".pth")
    if isinstance(named, Failure):
        return named
    pictures = lite0_for(spec, *named.unwrap())
    if isinstance(pictures, Failure):
        return pictures
    floor, at_most = (
        float(spec.options.get("floor", FLOOR)),
        int(spec.options.get("at_most", AT_MOST)),
    )
    files = weights.unwrap().records
    made_of = [[file.name, file.sha256] for file in files]
    mark = fingerprint_of([GRAPH_REVISIONS["lite0"], table_fingerprint(), floor, at_most, made_of])
    model = Model(spec.model_id, f"tags-{mark[:16]}", files)
    return Success(Lite0Tagger(model, Learned(METHOD), pictures.unwrap(), floor, at_most))
