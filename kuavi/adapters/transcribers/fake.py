"""A transcriber without a model: it reads words out of beeps.

`say` turns words of `VOCABULARY` into sound, one beep a word, its frequency 400 Hz + 40 Hz for
each place in the vocabulary.  The fake measures the frequency of every beep that it hears, whatever
the sound comes from, so music gives words too; silence gives none.  A pause of 0.4 s ends an
utterance.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from attrs import Factory, define, frozen
from returns.result import Success

from kuavi.domain.evidence import Evidence, Heuristic, Model
from kuavi.domain.media import AUDIO_RATE_HZ, AudioChunk, Samples
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.domain.spans import Span
from kuavi.domain.utterances import RawWord, utterances
from kuavi.domain.words import Utterance
from kuavi.ports.models import ModelFailure, ModelUnavailable

VOCABULARY: tuple[str, ...] = (
    *("a", "the", "and", "of", "in", "on", "to", "with"),
    *("red", "green", "blue", "door", "house", "car", "dog", "cat"),
    *("man", "woman", "child", "boat", "water", "bridge", "moon", "night"),
    *("opens", "closes", "runs", "walks", "stops", "turns", "day", "hello"),
)
_FIRST_HZ, _STEP_HZ = 400, 40
_FRAME = AUDIO_RATE_HZ // 20  # 50 ms: 20 Hz a bin, so each beep has a bin of its own
_FRAME_S = _FRAME / AUDIO_RATE_HZ
_LOUD = 0.02
_PAUSE = 8  # frames of silence that end an utterance
_LONGEST = 200  # frames of an utterance


def say(text: str) -> Samples:
    """Beeps that the fake hears as these words, with half a second of silence after them.

    0.2 s a word, 0.15 s between words.  A word that is not in `VOCABULARY` is a ValueError.
    """
    times_s = np.arange(4 * _FRAME) / AUDIO_RATE_HZ
    parts: list[np.ndarray] = []
    for word in text.lower().split():
        hz = _FIRST_HZ + _STEP_HZ * VOCABULARY.index(word)
        parts += [0.5 * np.sin(2 * np.pi * hz * times_s), np.zeros(3 * _FRAME)]
    return np.concatenate([*parts, np.zeros(10 * _FRAME)]).astype(np.float32)


def _word(frame: Samples) -> int | None:
    """The place in the vocabulary of the word that a frame (800,) sounds of; None for silence."""
    if np.sqrt(np.mean(np.square(frame))) < _LOUD:
        return None
    spectrum = np.abs(np.fft.rfft(frame * np.hanning(len(frame))))
    hz = float(np.argmax(spectrum)) / _FRAME_S
    place = round((hz - _FIRST_HZ) / _STEP_HZ)
    return place if 0 <= place < len(VOCABULARY) else None


@define
class _Ear:
    """What was heard of the utterance under way: one place in the vocabulary per frame."""

    heard: list[int | None] = Factory(list)
    first: int = 0

    def done(self) -> bool:
        silent = all(place is None for place in self.heard[-_PAUSE:])
        return len(self.heard) >= _PAUSE and (silent or len(self.heard) >= _LONGEST)


def _frames(chunks: Iterable[AudioChunk]) -> Iterator[tuple[float, Samples]]:
    """The stream's start and each of its whole frames (800,), however it was cut."""
    rest = np.zeros(0, np.float32)
    start_s: float | None = None
    for chunk in chunks:
        start_s = chunk.start_s if start_s is None else start_s
        sound = np.concatenate([rest, chunk.samples])
        whole = len(sound) // _FRAME * _FRAME
        for frame in sound[:whole].reshape(-1, _FRAME):
            yield start_s, frame
        rest = sound[whole:]


def _raw_words(places: Sequence[int | None], start_s: float) -> list[RawWord]:
    """Runs of frames that sound, each the word that most of its frames sound of."""
    words, at = [], 0
    while at < len(places):
        end = at
        while end < len(places) and places[end] is not None:
            end += 1
        run = [place for place in places[at:end] if place is not None]
        if run:
            likeliest = max(sorted(set(run)), key=run.count)
            begin_s, end_s = start_s + at * _FRAME_S, start_s + end * _FRAME_S
            share = run.count(likeliest) / len(run)
            words.append(RawWord(f" {VOCABULARY[likeliest]}", begin_s, end_s, share))
        at = max(end, at + 1)
    return words


@frozen
class _Beeps:
    model: Model

    @property
    def evidence(self) -> Evidence:
        return Heuristic("words as beeps")

    def transcribe(
        self, chunks: Iterable[AudioChunk]
    ) -> Iterator[Outcome[Utterance, ModelFailure]]:
        ear, start_s = _Ear(), 0.0
        for count, (start_s, frame) in enumerate(_frames(chunks)):
            place = _word(frame)
            if ear.heard or place is not None:
                ear.first = ear.first if ear.heard else count
                ear.heard.append(place)
            if ear.done():
                yield from _utterances(ear, start_s)
                ear = _Ear()
        yield from _utterances(ear, start_s)


def _utterances(ear: _Ear, start_s: float) -> Iterator[Outcome[Utterance, ModelFailure]]:
    if ear.heard:
        begin_s = start_s + ear.first * _FRAME_S
        raw = _raw_words(ear.heard, begin_s)
        within = Span(begin_s, begin_s + len(ear.heard) * _FRAME_S)
        yield from map(Success, utterances(raw, within))


def build(spec: ModelSpec) -> Outcome[_Beeps, ModelUnavailable]:
    """Needs nothing."""
    return Success(_Beeps(Model(spec.model_id, f"{spec.revision}; beeps 1")))
