from hypothesis import given
from hypothesis import strategies as st

from kuavi.domain.spans import Span
from kuavi.domain.terms import STOP_WORDS, content_words, has_all, where_said
from kuavi.domain.words import Word

VOCABULARY = ["glass", "drinking", "table", "moon", "the", "of"]


def speech(*texts: str) -> list[Word]:
    return [Word(text, Span(i, i + 0.5), 1.0) for i, text in enumerate(texts)]


@given(st.text())
def test_something_remains_of_every_query_that_has_words(text: str) -> None:
    words = content_words(text)
    assert set(words) <= STOP_WORDS or not set(words) & STOP_WORDS


def test_stop_words_go_unless_they_are_all_there_is() -> None:
    assert content_words("A rabbit in the Café") == ("rabbit", "cafe")
    assert content_words("to be or not to be") == ("to", "be", "or", "not", "to", "be")


@given(st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=12), st.data())
def test_the_stretch_holds_as_many_terms_as_are_said(said: list[str], data: st.DataObject) -> None:
    terms = data.draw(st.lists(st.sampled_from(VOCABULARY), min_size=1, unique=True))
    found = where_said(speech(*said), terms)
    common = set(said) & set(terms)
    if not common:
        assert found is None
    else:
        assert found is not None
        inside = {text for i, text in enumerate(said) if found.start_s <= i < found.end_s}
        assert common <= inside


def test_the_shortest_stretch_is_taken_and_endings_do_not_matter() -> None:
    words = speech("glass", "and", "more", "table,", "Glasses", "table")
    assert where_said(words, ("glasses", "table")) == Span(3, 4.5)
    assert where_said(words, ("moon",)) is None


@given(st.lists(st.sampled_from(["harbours", "boat", "ships", "Café"]), min_size=1))
def test_a_text_has_all_of_its_own_words(words: list[str]) -> None:
    text = " ".join(words)
    assert has_all(text, content_words(text))


def test_one_missing_word_is_not_all() -> None:
    assert has_all("the stolen paintings", ["stolen", "painting"])
    assert not has_all("the stolen paintings", ["stolen", "horse"])
