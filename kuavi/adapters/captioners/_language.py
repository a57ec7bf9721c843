"""A captioner that is a language model which takes images: frames as JPEG, then the prompt."""

import io
from collections.abc import Iterable, Iterator

from attrs import frozen
from PIL import Image as Picture

from kuavi.adapters._asking import Asker
from kuavi.domain.budget import Price, Spent
from kuavi.domain.evidence import Evidence, Learned, Model
from kuavi.domain.media import Frame
from kuavi.domain.outcome import Outcome
from kuavi.ports.captioners import CaptionRequest
from kuavi.ports.telling import TellFailure
from rlm.models.messages import Image, Message, Request

QUALITY = 85


@frozen(eq=False)
class LanguageCaptioner:
    model: Model
    max_frames: int
    asker: Asker

    @property
    def evidence(self) -> Evidence:
        return Learned(self.model.model_id)

    @property
    def price(self) -> Price | None:
        return self.asker.price

    @property
    def spent(self) -> Spent:
        return self.asker.spent

    def captions(self, requests: Iterable[CaptionRequest]) -> Iterator[Outcome[str, TellFailure]]:
        return self.asker.texts(map(self._request, requests))

    def _request(self, asked: CaptionRequest) -> Request:
        if len(asked.frames) > self.max_frames:
            n = len(asked.frames)
            raise ValueError(f"{self.model.model_id} takes {self.max_frames} frames, got {n}")
        images = tuple(Image("image/jpeg", jpeg(frame)) for frame in asked.frames)
        return Request((Message("user", asked.prompt, images),), asked.max_tokens)


def jpeg(frame: Frame) -> bytes:
    buffer = io.BytesIO()
    Picture.fromarray(frame.pixels).save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()
