"""A joint space of colours: a picture is its colours, a text the colours it names.

For tests and demonstrations: it truly ranks, and knows nothing but colours and brightness.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from attrs import frozen
from returns.result import Success

from kuavi.adapters._bag import bag, words_of
from kuavi.adapters._colours import PALETTE, brightness, colour_shares
from kuavi.domain.evidence import Evidence, Heuristic, Model
from kuavi.domain.media import Frame
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.domain.space import Embeddings, Joint, Matrix, Space, unit
from kuavi.ports.models import ModelFailure, ModelUnavailable

LIGHT: Mapping[str, float] = {"dark": -1, "night": -1, "bright": 1, "light": 1, "day": 1}
OTHER_WORDS = 16
DIM = len(PALETTE) + 1 + OTHER_WORDS
"""A place per colour, one for light and dark, and the rest for words that no picture answers."""


@frozen(eq=False)
class ColourEncoder:
    space: Space[Joint]
    model: Model
    evidence: Evidence

    def encode_frames(self, frames: Sequence[Frame]) -> Outcome[Embeddings[Joint], ModelFailure]:
        rows = np.zeros((len(frames), DIM), dtype=np.float32)
        for row, frame in zip(rows, frames, strict=True):
            row[: len(PALETTE)] = colour_shares(frame.pixels)
            row[len(PALETTE)] = 2 * brightness(frame.pixels) - 1
        return Success(Embeddings(self.space, unit(rows)))

    def encode_texts(self, texts: Sequence[str]) -> Outcome[Embeddings[Joint], ModelFailure]:
        rows = [_text_row(words_of(text)) for text in texts]
        stacked = np.stack(rows) if rows else np.empty((0, DIM), dtype=np.float32)
        return Success(Embeddings(self.space, unit(stacked)))


def build(spec: ModelSpec) -> Outcome[ColourEncoder, ModelUnavailable]:
    model = Model(spec.model_id, "colours-1")
    space = Space[Joint](model.model_id, model.revision, DIM)
    return Success(ColourEncoder(space, model, Heuristic("colours and colour words")))


def _text_row(words: Sequence[str]) -> Matrix:
    colours = [float(words.count(name)) for name in PALETTE]
    light = sum(LIGHT.get(word, 0) for word in words)
    others = [word for word in words if word not in PALETTE and word not in LIGHT]
    known = np.array([*colours, light], dtype=np.float32)
    return np.concatenate([known, np.float32(0.2) * bag(others, OTHER_WORDS)])
