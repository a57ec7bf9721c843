"""Models that several videos share: each works for one at a time.

Most models can be called from several threads, but nothing promises it, and none is faster for it.
"""

from collections.abc import Iterable, Iterator, Sequence
from threading import Lock

from attrs import Factory, evolve, frozen

from kuavi.apps.usecases.ports import IndexPorts, ScanPorts, WordPorts
from kuavi.domain.evidence import Evidence, Model
from kuavi.domain.media import AudioChunk, Frame
from kuavi.domain.outcome import Outcome
from kuavi.domain.space import Embeddings, Joint, Motion, Space, Text
from kuavi.domain.words import Tag, TextBox, Utterance
from kuavi.ports.encoders import ClipEncoder, JointEncoder, TextEncoder
from kuavi.ports.models import ModelFailure
from kuavi.ports.words import Tagger, TextReader, Transcriber


@frozen(eq=False)
class _Joint:
    inner: JointEncoder
    space: Space[Joint]
    model: Model
    evidence: Evidence
    lock: Lock = Factory(Lock)

    def encode_frames(self, frames: Sequence[Frame]) -> Outcome[Embeddings[Joint], ModelFailure]:
        with self.lock:
            return self.inner.encode_frames(frames)

    def encode_texts(self, texts: Sequence[str]) -> Outcome[Embeddings[Joint], ModelFailure]:
        with self.lock:
            return self.inner.encode_texts(texts)


@frozen(eq=False)
class _Clips:
    inner: ClipEncoder
    space: Space[Motion]
    model: Model
    evidence: Evidence
    step: int
    lock: Lock = Factory(Lock)

    def encode(
        self, windows: Sequence[Sequence[Frame]]
    ) -> Outcome[tuple[Embeddings[Motion], ...], ModelFailure]:
        with self.lock:
            return self.inner.encode(windows)


@frozen(eq=False)
class _Text:
    inner: TextEncoder
    space: Space[Text]
    model: Model
    evidence: Evidence
    floor: float
    lock: Lock = Factory(Lock)

    def encode(self, texts: Sequence[str]) -> Outcome[Embeddings[Text], ModelFailure]:
        with self.lock:
            return self.inner.encode(texts)

    def encode_queries(self, texts: Sequence[str]) -> Outcome[Embeddings[Text], ModelFailure]:
        with self.lock:
            return self.inner.encode_queries(texts)


@frozen(eq=False)
class _Tagger:
    inner: Tagger
    model: Model
    evidence: Evidence
    lock: Lock = Factory(Lock)

    def tag(self, frames: Sequence[Frame]) -> Outcome[tuple[tuple[Tag, ...], ...], ModelFailure]:
        with self.lock:
            return self.inner.tag(frames)


@frozen(eq=False)
class _Reader:
    inner: TextReader
    model: Model
    evidence: Evidence
    lock: Lock = Factory(Lock)

    def read(
        self, frames: Sequence[Frame]
    ) -> Outcome[tuple[tuple[TextBox, ...], ...], ModelFailure]:
        with self.lock:
            return self.inner.read(frames)


@frozen(eq=False)
class _Transcriber:
    inner: Transcriber
    model: Model
    evidence: Evidence
    lock: Lock = Factory(Lock)

    def transcribe(
        self, chunks: Iterable[AudioChunk]
    ) -> Iterator[Outcome[Utterance, ModelFailure]]:
        """One stream from its first chunk to its last."""
        with self.lock:
            yield from self.inner.transcribe(chunks)


def taking_turns(ports: IndexPorts) -> IndexPorts:
    """The same ports, whose models may be called from any thread."""
    scan, words = ports.scan, ports.words
    joint, clips, tagger = scan.joint, scan.clips, scan.tagger
    safe = ScanPorts(
        scan.shots,
        _Joint(joint, joint.space, joint.model, joint.evidence),
        _Clips(clips, clips.space, clips.model, clips.evidence, clips.step),
        _Tagger(tagger, tagger.model, tagger.evidence),
    )
    if words is None:
        return evolve(ports, scan=safe)
    heard, ocr, text = words.transcriber, words.ocr, words.text
    safe_words = WordPorts(
        _Transcriber(heard, heard.model, heard.evidence),
        _Reader(ocr, ocr.model, ocr.evidence),
        _Text(text, text.space, text.model, text.evidence, text.floor),
    )
    return evolve(ports, scan=safe, words=safe_words)
