import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuavi.domain.spans import Span
from kuavi.domain.utterances import RawWord, utterances

times = st.floats(-5, 65)
raw_words = st.builds(
    RawWord,
    text=st.sampled_from(
        [" well", "-known", " facts.", " he", " said,", " 3", ".5", " ", "", "道"]
    ),
    start_s=times,
    end_s=times,
    probability=st.floats(-0.1, 1.1),
)
WITHIN = Span(0.0, 60.0)


@given(st.lists(raw_words, max_size=20), st.floats(0.5, 30))
def test_any_timing_gives_sound_utterances(raw: list[RawWord], longest_s: float) -> None:
    found = utterances(raw, WITHIN, longest_s)
    written = "".join(word.text for word in raw)
    assert "".join(u.text for u in found).replace(" ", "") == written.replace(" ", "")
    starts = [word.span.start_s for u in found for word in u.words]
    assert starts == sorted(starts)
    for utterance in found:
        assert WITHIN.start_s <= utterance.span.start_s < utterance.span.end_s <= WITHIN.end_s
        assert utterance.span.start_s == utterance.words[0].span.start_s
        assert all(word.span.end_s <= utterance.span.end_s for word in utterance.words)
        assert utterance.span.duration_s <= longest_s or len(utterance.words) == 1
        spoken = "".join(word.text for word in utterance.words)
        assert utterance.text.replace(" ", "") == spoken.replace(" ", "")


@given(st.lists(st.integers(1, 9), min_size=1, max_size=60))
def test_good_timing_is_kept(tenths: list[int]) -> None:
    at, raw = 0, []
    for length in tenths:
        raw.append(RawWord(" so", at / 10, (at + length) / 10, 0.5))
        at += length
    within = Span(0, at / 10)
    found = [word for u in utterances(raw, within, 5.0) for word in u.words]
    assert [(w.span.start_s, w.span.end_s) for w in found] == [(r.start_s, r.end_s) for r in raw]


def test_a_long_stretch_is_split_where_a_sentence_ends() -> None:
    texts = [" a", " b", " c.", " d", " e", " f", " g", " h", " i"]
    raw = [RawWord(text, 2.0 * i, 2.0 * i + 2, 1.0) for i, text in enumerate(texts)]
    found = utterances(raw, WITHIN, longest_s=12)
    assert [utterance.text for utterance in found] == ["a b c.", "d e f g h i"]


def test_each_sentence_is_an_utterance_unless_it_is_short() -> None:
    texts = [" It", " rained.", " Yes.", " Nobody", " came.", " The", " end"]
    raw = [RawWord(text, float(i), i + 1.0, 1.0) for i, text in enumerate(texts)]
    found = [utterance.text for utterance in utterances(raw, WITHIN)]
    assert found == ["It rained.", "Yes. Nobody came.", "The end"]


def test_pieces_of_a_written_word_are_one_word() -> None:
    parts = [(" a", 0), (" well", 1), ("-", 2), ("known", 3), (" 3", 4), (".5", 5), (" x", 6)]
    raw = [RawWord(text, at, at + 1, 1 - at / 10) for text, at in parts]
    ((words),) = [u.words for u in utterances(raw, WITHIN)]
    assert [word.text for word in words] == ["a", "well-known", "3.5", "x"]
    assert words[1].span == Span(1, 4)
    assert words[1].probability == pytest.approx(0.7)


def test_a_stretch_too_short_for_a_word_is_refused() -> None:
    with pytest.raises(ValueError, match="at least"):
        utterances([], Span(0, 0.01))
