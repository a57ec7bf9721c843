"""Whisper through faster-whisper (CTranslate2), with Silero VAD before it.

The sound is cut into bounded pieces at quiet places (`kuavi.domain.speech_pieces`), each piece is
transcribed by itself.  Decoding is beam search at temperature 0 only, so two runs agree.  What
Whisper is unsure of is dropped: it invents text in silence and music.  Nothing is downloaded.

Options: `language` ("en"; "auto": as it is heard, piece by piece), `beam` (5), `compute_type`
("int8"), `device` ("cpu"), `threads` (2).
"""

from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from typing import Any

from attrs import frozen
from faster_whisper import WhisperModel
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument, RuntimeException
from returns.result import Failure, Success

from kuavi.adapters._heap import trim
from kuavi.adapters._weights import Verified, VerifiedWeights, needed, verified
from kuavi.domain.evidence import Evidence, Learned, Model
from kuavi.domain.media import AUDIO_RATE_HZ, AudioChunk
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.domain.spans import Span
from kuavi.domain.speech_pieces import PieceRule, pieces
from kuavi.domain.utterances import RawWord, utterances
from kuavi.domain.words import Utterance
from kuavi.ports.models import ModelFailed, ModelFailure, ModelUnavailable, OutOfMemory

_RULE = PieceRule(longest_s=90.0, search_s=30.0)
_SHORTEST_S = 0.1  # nothing can be said in less
_NO_SPEECH, _LOG_PROBABILITY, _COMPRESSION = 0.5, -1.0, 2.4
_FAULTS = (RuntimeError, ValueError, IndexError, Fail, InvalidArgument, RuntimeException)
_NEEDED = ("model.bin", "config.json", "tokenizer.json")  # a missing tokenizer is downloaded


@frozen
class _Whisper:
    model: Model
    whisper: Any
    language: str | None
    beam: int

    @property
    def evidence(self) -> Evidence:
        return Learned(self.model.model_id)

    def transcribe(
        self, chunks: Iterable[AudioChunk]
    ) -> Iterator[Outcome[Utterance, ModelFailure]]:
        for piece in pieces(chunks, _RULE):
            try:
                heard = self._hear(piece)
            except MemoryError:
                yield Failure(OutOfMemory(self.model.model_id, batch=1))
                return
            except _FAULTS as error:
                yield Failure(_failure(self.model.model_id, error))
                return
            yield from map(Success, heard)
            trim()  # else the next piece comes on top of what this one has left: 20 MB

    def _hear(self, piece: AudioChunk) -> tuple[Utterance, ...]:
        """The utterances of one piece (n,), in the stream's own time."""
        if len(piece.samples) < _SHORTEST_S * AUDIO_RATE_HZ:
            return ()
        segments, _ = self.whisper.transcribe(
            piece.samples,
            language=self.language,
            beam_size=self.beam,
            temperature=0.0,
            condition_on_previous_text=False,
            word_timestamps=True,
            vad_filter=True,
        )
        within = Span(piece.start_s, piece.end_s)
        heard: list[Utterance] = []
        for segment in filter(_sure, segments):
            heard += utterances(_raw(segment, piece.start_s), within)
        return tuple(sorted(heard, key=lambda utterance: utterance.span))


def _sure(segment: Any) -> bool:
    """Whisper's own signs that it heard speech and did not loop."""
    return bool(
        segment.no_speech_prob < _NO_SPEECH
        and segment.avg_logprob >= _LOG_PROBABILITY
        and segment.compression_ratio <= _COMPRESSION
    )


def _raw(segment: Any, offset_s: float) -> list[RawWord]:
    """The segment's words in the stream's time; the segment as one word where it has none."""
    if not segment.words:
        start_s, end_s = float(segment.start) + offset_s, float(segment.end) + offset_s
        return [RawWord(segment.text, start_s, end_s, probability=0.0)]
    return [
        RawWord(
            text=word.word,
            start_s=float(word.start) + offset_s,
            end_s=float(word.end) + offset_s,
            probability=float(word.probability),
        )
        for word in segment.words
    ]


def _failure(model_id: str, error: Exception) -> ModelFailure:
    if "out of memory" in str(error).lower():
        return OutOfMemory(model_id, batch=1)
    return ModelFailed(model_id, f"{type(error).__name__}: {error}")


def build(spec: ModelSpec) -> Outcome[_Whisper, ModelUnavailable]:
    """A Whisper in CTranslate2 form: `model.bin` and its companions in one folder."""
    match verified(spec):
        case Failure(reason):
            return Failure(reason)
        case Success(weights):
            return _load(spec, weights)


def _load(spec: ModelSpec, weights: VerifiedWeights) -> Outcome[_Whisper, ModelUnavailable]:
    match needed(spec, weights, *_NEEDED):
        case Failure(reason):
            return Failure(reason)
        case Success(files):
            return _whisper(spec, weights, files)


def _whisper(
    spec: ModelSpec, weights: VerifiedWeights, files: Sequence[Verified]
) -> Outcome[_Whisper, ModelUnavailable]:
    folder = files[0].path.parent
    if any(file.path.parent != folder for file in files):
        said = f"{', '.join(_NEEDED)} are in different folders"
        return Failure(ModelUnavailable(spec.model_id, said, "put them into one folder"))
    options = spec.options
    compute_type = str(options.get("compute_type", "int8"))
    try:
        whisper = WhisperModel(
            str(folder),
            device=str(options.get("device", "cpu")),
            compute_type=compute_type,
            cpu_threads=int(options.get("threads", 2)),
            local_files_only=True,
        )
    except (*_FAULTS, OSError) as error:
        said = f"{folder} can't be loaded: {error}"
        remedy = "check its files, and the options device and compute_type"
        return Failure(ModelUnavailable(spec.model_id, said, remedy))
    language, beam = str(options.get("language", "en")), int(options.get("beam", 5))
    if language != "auto" and language not in whisper.supported_languages:
        said = f"it does not know the language {language!r}"
        known = ", ".join(whisper.supported_languages)
        return Failure(ModelUnavailable(spec.model_id, said, f"say auto, or one of {known}"))
    recipe = (
        f"{compute_type}, {language}, beam {beam}, silero, sentences, "
        f"pieces {_RULE.longest_s:g} s, "
        f"gate {_NO_SPEECH}/{_LOG_PROBABILITY}/{_COMPRESSION}, "
        f"faster-whisper {version('faster-whisper')}"
    )
    model = Model(spec.model_id, f"{spec.revision}; {recipe}", weights.records)
    return Success(_Whisper(model, whisper, None if language == "auto" else language, beam))
