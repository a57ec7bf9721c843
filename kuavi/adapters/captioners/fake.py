"""A captioner without a model: it names the colours that it sees.

For tests and demonstrations: "A red picture.", "A red picture turns blue.".  What it says follows
from the pixels alone, and not from what it is asked.
"""

import io

import numpy as np
from PIL import Image as Picture
from returns.result import Success

from kuavi.adapters._asking import Asker, Asking
from kuavi.adapters._colours import PALETTE, colour_shares
from kuavi.adapters.captioners._language import LanguageCaptioner
from kuavi.domain.evidence import Evidence, Heuristic, Model
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.ports.models import ModelUnavailable
from rlm.models import scripted
from rlm.models.messages import Image, Price, Request

_NAMES = tuple(PALETTE)


class ColourCaptioner(LanguageCaptioner):
    """Goes through budget, tries and cache as the others do."""

    @property
    def evidence(self) -> Evidence:
        return Heuristic("names of colours")


def described(images: tuple[Image, ...]) -> str:
    """One sentence on the main colour of each picture, in order, repeats left out."""
    colours = [_colour(image) for image in images]
    turns = [c for c, before in zip(colours, ["", *colours[:-1]], strict=True) if c != before]
    return f"A {turns[0]} picture{''.join(f' turns {colour}' for colour in turns[1:])}."


def _colour(image: Image) -> str:
    pixels = np.asarray(Picture.open(io.BytesIO(image.data)).convert("RGB"))
    return _NAMES[int(colour_shares(pixels).argmax())]


def answer(request: Request) -> str:
    return described(request.images)


def build(spec: ModelSpec, asking: Asking) -> Outcome[ColourCaptioner, ModelUnavailable]:
    """Option `max_frames` (32)."""
    made = scripted.build(answer, spec.model_id, price=Price(0.0, 0.0))
    model = Model(spec.model_id, "colour-names-1")
    most = int(spec.options.get("max_frames", 32))
    return Success(ColourCaptioner(model, most, Asker(made, asking)))
