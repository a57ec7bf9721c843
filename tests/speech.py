"""Real speech for tests and the demo: the opening of A Tale of Two Cities, read aloud.

The recording comes inside the PyPI package moonshine-voice (MIT licence; Dickens's text of 1859 is
in the public domain); none of the package's code is used.  44 s, mono, 48 kHz.
"""

import wave
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from attrs import frozen

from kuavi.domain.media import AUDIO_RATE_HZ, AudioChunk, Samples

EXPECTED = (
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age "
    "of foolishness, it was the epoch of belief, it was the epoch of incredulity, it was the "
    "season of Light, it was the season of Darkness, it was the spring of hope, it was the winter "
    "of despair, we had everything before us, we had nothing before us, we were all going direct "
    "to Heaven, we were all going direct the other way - in short, the period was so far like the "
    "present period, that some of its noisiest authorities insisted on its being received, for "
    "good or for evil, in the superlative degree of comparison only."
)


@frozen
class NoRecording:
    """The package with the recording is not installed."""

    def __str__(self) -> str:
        return "no speech recording: pip install 'kuavi[test]' (moonshine-voice brings it)"


def recording() -> Path | NoRecording:
    """The WAV file inside the installed package."""
    package = find_spec("moonshine_voice")
    for folder in (package.submodule_search_locations or ()) if package else ():
        path = Path(folder) / "assets" / "two_cities.wav"
        if path.is_file():
            return path
    return NoRecording()


def spoken(path: Path) -> tuple[Samples, str]:
    """The recording as (n,) float32 at 16 kHz, and what is said in it."""
    with wave.open(str(path)) as file:
        rate, width, channels = file.getframerate(), file.getsampwidth(), file.getnchannels()
        if (width, channels, rate % AUDIO_RATE_HZ) != (2, 1, 0):
            raise ValueError(f"{path}: {width = }, {channels = }, {rate = }")
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
    return _every(sound, rate // AUDIO_RATE_HZ), EXPECTED


def _every(sound: np.ndarray, step: int) -> Samples:
    """Every `step`th sample, after a windowed-sinc low pass at nine tenths of the new Nyquist."""
    taps = np.arange(-32 * step, 32 * step + 1)
    kernel = np.sinc(0.9 * taps / step) * np.hamming(len(taps))
    return np.convolve(sound, kernel / kernel.sum(), "same")[::step].astype(np.float32)


def chunked(samples: Samples, seconds: float, start_s: float = 0.0) -> list[AudioChunk]:
    """The sound in chunks of this length."""
    size = max(1, round(seconds * AUDIO_RATE_HZ))
    return [
        AudioChunk(start_s + at / AUDIO_RATE_HZ, samples[at : at + size])
        for at in range(0, len(samples), size)
    ]


def word_error_rate(heard: list[str], said: list[str]) -> float:
    """Levenshtein distance in words over the number of words said."""
    row = list(range(len(said) + 1))
    for i, word in enumerate(heard, 1):
        last, row[0] = row[0], i
        for j, expected in enumerate(said, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (word != expected))
    return row[-1] / len(said)
