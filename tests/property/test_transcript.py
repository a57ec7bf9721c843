from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuavi.domain.spans import Span
from kuavi.domain.transcript import find_phrase, plain_words, to_vtt
from kuavi.domain.words import Utterance, Word

vocabulary = ["Déjà", "vu,", "well-known", "THE", "don't", "Straße", "naïve", "(3.5)", "a", "--"]
word_lists = st.lists(st.sampled_from(vocabulary), min_size=1, max_size=20)


def _words(texts: list[str]) -> list[Word]:
    return [Word(text, Span(i, i + 0.75), 1.0) for i, text in enumerate(texts)]


def _utterance(words: list[Word]) -> Utterance:
    text = " ".join(word.text for word in words)
    return Utterance(Span(words[0].span.start_s, words[-1].span.end_s), text, tuple(words))


@st.composite
def split(draw: st.DrawFn, texts: list[str]) -> list[Utterance]:
    cuts = sorted(draw(st.sets(st.integers(1, len(texts)))) - {len(texts)})
    words = _words(texts)
    edges = zip([0, *cuts], [*cuts, len(texts)], strict=True)
    return [_utterance(words[a:b]) for a, b in edges]


@st.composite
def phrases(draw: st.DrawFn, texts: list[str]) -> tuple[int, int]:
    """First and last of some consecutive words, both with letters."""
    spoken = [i for i, text in enumerate(texts) if plain_words(text)]
    first = draw(st.sampled_from(spoken))
    return first, draw(st.sampled_from([i for i in spoken if i >= first]))


said = word_lists.filter(lambda texts: bool(plain_words(" ".join(texts))))


@given(st.data(), said)
def test_consecutive_words_are_found_at_their_place(data: st.DataObject, texts: list[str]) -> None:
    transcript, (first, last) = data.draw(split(texts)), data.draw(phrases(texts))
    hits = find_phrase(transcript, " ".join(texts[first : last + 1]))
    (hit,) = [hit for hit in hits if hit.span.start_s == first]
    assert hit.span == Span(first, last + 0.75)
    assert hit.text == " ".join(texts[first : last + 1])
    assert hit.text in hit.snippet
    assert transcript[hit.first].span.contains(first)
    assert transcript[hit.last].span.contains(last)
    assert list(hits) == sorted(hits, key=lambda each: each.span)


@given(st.data(), said)
def test_case_accents_and_punctuation_do_not_matter(data: st.DataObject, texts: list[str]) -> None:
    transcript, (first, last) = data.draw(split(texts)), data.draw(phrases(texts))
    phrase = " ".join(texts[first : last + 1])
    change = data.draw(
        st.sampled_from(
            [
                str.upper,
                str.lower,
                str.swapcase,
                lambda text: normalize("NFD", text),
                lambda text: text.replace("é", "e").replace("à", "a").replace("ï", "i"),
                lambda text: f"«{text}!?»",
                lambda text: text.replace(" ", " ... "),
            ]
        )
    )
    assert find_phrase(transcript, change(phrase)) == find_phrase(transcript, phrase) != ()


@given(st.data(), said)
def test_splitting_does_not_change_the_hits(data: st.DataObject, texts: list[str]) -> None:
    first, last = data.draw(phrases(texts))
    phrase = " ".join(texts[first : last + 1])
    one, other = (find_phrase(data.draw(split(texts)), phrase) for _ in range(2))
    assert [(h.span, h.text, h.snippet) for h in one] == [
        (h.span, h.text, h.snippet) for h in other
    ]


@given(said, st.text(max_size=5))
def test_a_word_never_said_is_not_found(texts: list[str], tail: str) -> None:
    transcript = [_utterance(_words(texts))]
    assert find_phrase(transcript, f"zebra {tail}") == ()
    assert find_phrase(transcript, "aa") == ()  # whole words only


@pytest.mark.parametrize("phrase", ["", "  ", "?! -"])
def test_a_phrase_without_letters_has_no_hits(phrase: str) -> None:
    assert find_phrase([_utterance(_words(["?!", "-", "yes"]))], phrase) == ()


@given(st.data(), said, st.floats(0, 100), st.floats(0.1, 100))
def test_without_word_times_the_span_is_shared_out(
    data: st.DataObject, texts: list[str], start_s: float, length_s: float
) -> None:
    first, last = data.draw(phrases(texts))
    whole = Span(start_s, start_s + length_s)
    hits = find_phrase([Utterance(whole, " ".join(texts))], " ".join(texts[first : last + 1]))
    before = sum(map(len, texts[:first])) / sum(map(len, texts))
    expected = pytest.approx(start_s + length_s * before)
    (hit,) = [hit for hit in hits if hit.span.start_s == expected]
    assert hit.text == " ".join(texts[first : last + 1])
    assert whole.start_s <= hit.span.start_s < hit.span.end_s <= whole.end_s + 1e-9
    if (first, last) == (0, len(texts) - 1):
        assert hit.span.end_s == pytest.approx(whole.end_s)


def test_the_snippet_has_context_on_both_sides() -> None:
    transcript = [_utterance(_words(["one", "two", "three", "four", "five", "six"]))]
    (hit,) = find_phrase(transcript, "three", context=1)
    assert hit.snippet == "… two three four …"
    (hit,) = find_phrase(transcript, "one", context=1)
    assert hit.snippet == "one two …"


def test_subtitles_are_webvtt() -> None:
    transcript = [
        Utterance(Span(-1, 1.5), "Salt &\n pepper"),
        Utterance(Span(2, 3), " "),
        Utterance(Span(3723.0004, 3723.0005), "a --> <b>"),
    ]
    assert to_vtt(transcript) == (
        "WEBVTT\n\n"
        "00:00:00.000 --> 00:00:01.500\nSalt &amp; pepper\n\n"
        "01:02:03.000 --> 01:02:03.001\na --&gt; &lt;b&gt;\n"
    )
    assert to_vtt([]) == "WEBVTT\n"
