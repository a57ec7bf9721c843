"""The words of a query that carry its meaning, and where they stand among spoken words."""

from collections.abc import Sequence

from kuavi.domain.spans import Span
from kuavi.domain.transcript import plain_words
from kuavi.domain.words import Word

STOP_WORDS = frozenset(
    plain_words(
        "a an and are as at be been being but by can could did do does for from had has have he "
        "her his how i if in into is it its me my no not of on or our out she so some that the "
        "their them then there these they this those to up us was we were what when where which "
        "who why will with would you your"
    )
)
"""English words that say nothing of what is looked for."""


def content_words(text: str) -> tuple[str, ...]:
    """Its words without case, accents and stop words; all of them where nothing else remains."""
    words = plain_words(text)
    return tuple(word for word in words if word not in STOP_WORDS) or words


def where_said(words: Sequence[Word], terms: Sequence[str]) -> Span | None:
    """The shortest stretch of speech that holds the most of the terms; None if it holds none.

    Words match by their beginnings, so that endings do not matter.  Of equal stretches the first.
    """
    hits = [(word.span, term) for word in words for term in set(terms) if _matches(word.text, term)]
    best: tuple[int, float, Span] | None = None
    for first, (span, _) in enumerate(hits):
        seen: set[str] = set()
        for last in range(first, len(hits)):
            if hits[last][1] in seen:
                continue
            seen.add(hits[last][1])
            stretch = Span(span.start_s, max(span.end_s, hits[last][0].end_s))
            rank = (-len(seen), stretch.duration_s, stretch)
            best = rank if best is None or rank < best else best
    return None if best is None else best[2]


def has_all(text: str, terms: Sequence[str]) -> bool:
    """Whether the text has each of the terms; as in `where_said`, endings do not matter."""
    return all(_matches(text, term) for term in terms)


def _matches(written: str, term: str) -> bool:
    return any(
        word == term or (len(term) > 3 and word.startswith(term[: max(4, len(term) - 2)]))
        for word in plain_words(written)
    )
