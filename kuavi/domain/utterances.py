"""From a speech model's raw word timings to utterances that can be stored and searched."""

from collections.abc import Iterable, Sequence

from attrs import evolve, frozen

from kuavi.domain.spans import Span
from kuavi.domain.words import Utterance, Word

_SHORTEST_S = 0.01  # a word's span is never empty
_PHRASE_S = 2.0  # a shorter sentence goes with the next
_SENTENCE, _CLAUSE = (".", "?", "!", "。", "？", "！"), (",", ";", ":", "，", "、", "；")  # noqa: RUF001


@frozen
class RawWord:
    """A word as the model gave it: `text` with its leading space where one belongs before it."""

    text: str
    start_s: float
    end_s: float
    probability: float


def _continues(before: RawWord, word: RawWord) -> bool:
    """Whether `word` is the rest of a written word: `well` + `-known`, `3` + `.5`."""
    if word.text[:1].isspace() or not before.text.strip() or not word.text.strip():
        return False
    return not word.text[0].isalnum() or before.text[-1] in "-/'’"  # noqa: RUF001


def _written(raw: Iterable[RawWord]) -> list[RawWord]:
    words: list[RawWord] = []
    for word in raw:
        if words and _continues(words[-1], word):
            last = words[-1]
            words[-1] = evolve(
                last,
                text=last.text + word.text,
                end_s=max(last.end_s, word.end_s),
                probability=min(last.probability, word.probability),
            )
        elif word.text.strip():
            words.append(word)
    return words


def _timed(words: Sequence[RawWord], within: Span) -> list[Word]:
    timed: list[Word] = []
    earliest = within.start_s
    for word in words:
        start = min(max(word.start_s, earliest), within.end_s - _SHORTEST_S)
        end = min(max(word.end_s, start + _SHORTEST_S), within.end_s)
        probability = min(max(word.probability, 0.0), 1.0)
        timed.append(Word(word.text.strip(), Span(start, end), probability))
        earliest = start
    return timed


def _cut(words: Sequence[Word]) -> int:
    """The best place to split: the index of the first word of the second part.

    A heuristic: a pause counts its seconds, the end of a sentence 2 s, of a clause 1 s; nearness
    to the middle decides between equals and weighs up to 2 s.
    """
    middle_s = (words[0].span.start_s + words[-1].span.end_s) / 2
    half_s = max(words[-1].span.end_s - middle_s, _SHORTEST_S)

    def score(index: int) -> float:
        before, after = words[index - 1], words[index]
        mark = 2.0 * before.text.endswith(_SENTENCE) + 1.0 * before.text.endswith(_CLAUSE)
        pause_s = max(0.0, after.span.start_s - before.span.end_s)
        return mark + pause_s - 2.0 * abs(after.span.start_s - middle_s) / half_s

    return max(range(1, len(words)), key=score)


def _split(
    raw: Sequence[RawWord], words: Sequence[Word], longest_s: float
) -> list[tuple[Sequence[RawWord], Sequence[Word]]]:
    length_s = max(word.span.end_s for word in words) - words[0].span.start_s
    if length_s <= longest_s or len(words) == 1:
        return [(raw, words)]
    at = _cut(words)
    return _split(raw[:at], words[:at], longest_s) + _split(raw[at:], words[at:], longest_s)


def _sentences(words: Sequence[Word]) -> list[slice]:
    """Whole sentences, short ones together until they last `_PHRASE_S`.

    What is found by its meaning should be one thought, and its time that thought's.
    """
    parts, first = list[slice](), 0
    for index, word in enumerate(words):
        lasts_s = word.span.end_s - words[first].span.start_s
        if word.text.endswith(_SENTENCE) and lasts_s >= _PHRASE_S:
            parts.append(slice(first, index + 1))
            first = index + 1
    return [*parts, slice(first, len(words))] if first < len(words) else parts


def utterances(
    raw: Iterable[RawWord], within: Span, longest_s: float = 12.0
) -> tuple[Utterance, ...]:
    """One stretch of speech as utterances: sentences of at most `longest_s`, if words allow it.

    Words are written words, inside `within` (at least 20 ms long), never empty, with ascending
    starts, and probabilities in [0, 1].  A longer sentence is split at pauses and punctuation.
    No words: no utterances.
    """
    if within.duration_s < 2 * _SHORTEST_S:
        raise ValueError(f"speech needs at least {2 * _SHORTEST_S} s, got {within}")
    written = _written(raw)
    if not written:
        return ()
    timed = _timed(written, within)
    return tuple(
        Utterance(
            Span(words[0].span.start_s, max(word.span.end_s for word in words)),
            "".join(word.text for word in part).strip(),
            tuple(words),
        )
        for sentence in _sentences(timed)
        for part, words in _split(written[sentence], timed[sentence], longest_s)
    )
