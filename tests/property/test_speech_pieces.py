import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuavi.domain.media import AUDIO_RATE_HZ, AudioChunk, Samples
from kuavi.domain.speech_pieces import PieceRule, pieces, quietest

RULE = PieceRule(longest_s=1.0, search_s=0.5, quiet_s=0.1)


@st.composite
def sounds(draw: st.DrawFn) -> Samples:
    """Up to four seconds of noise whose loudness changes every 50 ms or so, with silences."""
    n, rng = draw(st.integers(0, 80)), np.random.default_rng(draw(st.integers(0, 99)))
    levels = rng.choice([0.0, 0.01, 0.5], n, p=draw(st.sampled_from([(0.8, 0.1, 0.1), (0, 0, 1)])))
    return (rng.uniform(-1, 1, n * 801) * np.repeat(levels, 801)).astype(np.float32)


@st.composite
def chunkings(draw: st.DrawFn, samples: Samples, start_s: float = 0.0) -> list[AudioChunk]:
    cuts = sorted(draw(st.lists(st.integers(0, len(samples)), max_size=12)))
    edges = zip([0, *cuts], [*cuts, len(samples)], strict=True)
    return [AudioChunk(start_s + a / AUDIO_RATE_HZ, samples[a:b]) for a, b in edges]


@given(st.data(), sounds(), st.floats(0, 1000))
def test_pieces_tile_the_sound_and_are_bounded(
    data: st.DataObject, samples: Samples, start_s: float
) -> None:
    found = list(pieces(data.draw(chunkings(samples, start_s)), RULE))
    joined = np.concatenate([np.zeros(0, np.float32), *(piece.samples for piece in found)])
    assert np.array_equal(joined, samples)
    assert all(0 < len(piece.samples) <= RULE.longest for piece in found)
    at = 0
    for piece in found:
        assert piece.start_s == pytest.approx(start_s + at / AUDIO_RATE_HZ)
        at += len(piece.samples)


@given(st.data(), sounds())
def test_pieces_do_not_depend_on_the_chunks(data: st.DataObject, samples: Samples) -> None:
    whole = [piece.samples.tobytes() for piece in pieces([AudioChunk(0.0, samples)], RULE)]
    parts = pieces(data.draw(chunkings(samples)), RULE)
    assert [piece.samples.tobytes() for piece in parts] == whole


@given(st.integers(RULE.longest // 2 + 800, RULE.longest - 4000))
def test_the_cut_lies_in_the_pause(at: int) -> None:
    samples = np.random.default_rng(0).uniform(-1, 1, RULE.longest).astype(np.float32)
    samples[at : at + 3200] = 0
    assert at <= quietest(samples, RULE) <= at + 3200


@given(st.lists(st.floats(-1, 1, width=32), max_size=2000))
def test_the_cut_is_within_the_sound(samples: list[float]) -> None:
    n = len(samples)
    assert min(1, n) <= quietest(np.array(samples, np.float32), RULE) <= n


def test_a_rule_that_can_not_work_is_refused() -> None:
    with pytest.raises(ValueError, match="search_s < longest_s"):
        PieceRule(longest_s=10, search_s=10)
