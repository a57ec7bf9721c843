"""Ports that turn sound and pictures into words: speech, text on screen, tags."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from kuavi.domain.evidence import Evidence, Model
from kuavi.domain.media import AudioChunk, Frame
from kuavi.domain.outcome import Outcome
from kuavi.domain.words import Tag, TextBox, Utterance
from kuavi.ports.models import ModelFailure


class Transcriber(Protocol):
    """Speech to timed words.  Contract: tests/contract/test_transcriber.py."""

    @property
    def model(self) -> Model: ...

    @property
    def evidence(self) -> Evidence: ...

    def transcribe(
        self, chunks: Iterable[AudioChunk]
    ) -> Iterator[Outcome[Utterance, ModelFailure]]:
        """Utterances in time order as soon as they are certain; silence gives none.

        Chunks follow each other without gaps.  Memory is bounded, however long the audio is.
        A failure is the last item.
        """
        ...


class TextReader(Protocol):
    """Text in pictures (OCR).  Contract: tests/contract/test_text_reader.py."""

    @property
    def model(self) -> Model: ...

    @property
    def evidence(self) -> Evidence: ...

    def read(
        self, frames: Sequence[Frame]
    ) -> Outcome[tuple[tuple[TextBox, ...], ...], ModelFailure]:
        """The lines of text on each frame, top to bottom, then left to right."""
        ...


class Tagger(Protocol):
    """Automatic tags, low confidence by nature.  Contract: tests/contract/test_tagger.py."""

    @property
    def model(self) -> Model: ...

    @property
    def evidence(self) -> Evidence: ...

    def tag(self, frames: Sequence[Frame]) -> Outcome[tuple[tuple[Tag, ...], ...], ModelFailure]:
        """The likeliest tags of each frame, most probable first; maybe none."""
        ...
