"""Looking for phrases in a transcript, and writing it as subtitles."""

from collections.abc import Iterable, Iterator, Sequence
from unicodedata import combining, normalize

from attrs import frozen

from kuavi.domain.spans import Span
from kuavi.domain.words import Utterance

_APOSTROPHES = str.maketrans("", "", "'’ʼ`")  # noqa: RUF001


@frozen
class PhraseHit:
    """A phrase found: when it was said, as it was written, in which utterances.

    `first` and `last` are the positions of the utterances where it begins and ends; `snippet`
    has some words of context on either side.
    """

    span: Span
    text: str
    first: int
    last: int
    snippet: str


@frozen
class _Said:
    """One written word: where it stands, and its time."""

    utterance: int
    text: str
    span: Span


def plain_words(text: str) -> tuple[str, ...]:
    """Letters and digits only, without case or accents, cut at everything else.

    >>> plain_words("Déjà vu: the well-known THING, don't you think?")
    ('deja', 'vu', 'the', 'well', 'known', 'thing', 'dont', 'you', 'think')
    """
    folded = normalize("NFKD", normalize("NFKD", text).casefold())
    bare = "".join(char for char in folded if not combining(char)).translate(_APOSTROPHES)
    return tuple("".join(char if char.isalnum() else " " for char in bare).split())


def _said(index: int, utterance: Utterance) -> Iterator[_Said]:
    """Its words; where their times are unknown, the span is shared out by their lengths."""
    if utterance.words:
        yield from (_Said(index, word.text, word.span) for word in utterance.words)
        return
    texts = utterance.text.split()
    start, length = utterance.span.start_s, utterance.span.duration_s
    total, done = sum(map(len, texts)), 0
    for text in texts:
        begin, end = start + length * done / total, start + length * (done + len(text)) / total
        done += len(text)
        yield _Said(index, text, Span(begin, end) if begin < end else utterance.span)


def find_phrase(
    utterances: Sequence[Utterance], phrase: str, context: int = 6
) -> tuple[PhraseHit, ...]:
    """Every place where the phrase was said, in time order; hits may overlap.

    Blind to case, accents and punctuation; whole words only; a phrase may run over any number of
    utterances.  A hit lasts from its first word's start to its last word's end.  `context` words
    stand on either side of it in the snippet.  A phrase without a letter or digit has no hits.
    """
    wanted = plain_words(phrase)
    if not wanted:
        return ()
    said = [word for i, utterance in enumerate(utterances) for word in _said(i, utterance)]
    owners, tokens = _tokens(said)
    n = len(wanted)
    places = (
        (owners[at], owners[at + n - 1])
        for at in range(len(tokens) - n + 1)
        if tokens[at] == wanted[0] and tuple(tokens[at : at + n]) == wanted
    )
    return tuple(_hit(said, first, last, context) for first, last in places)


def _tokens(said: Sequence[_Said]) -> tuple[list[int], list[str]]:
    """Plain words, and beside each the position of the written word that it comes from."""
    owners: list[int] = []
    tokens: list[str] = []
    for position, word in enumerate(said):
        for token in plain_words(word.text):
            owners.append(position)
            tokens.append(token)
    return owners, tokens


def _hit(said: Sequence[_Said], first: int, last: int, context: int) -> PhraseHit:
    words = said[first : last + 1]
    start_s, end_s = words[0].span.start_s, max(word.span.end_s for word in words)
    low, high = max(0, first - context), last + 1 + context
    snippet = " ".join(word.text for word in said[low:high])
    before, after = "… " * (low > 0), " …" * (high < len(said))
    return PhraseHit(
        span=Span(start_s, end_s),
        text=" ".join(word.text for word in words),
        first=words[0].utterance,
        last=words[-1].utterance,
        snippet=f"{before}{snippet}{after}",
    )


def _vtt_time(ms: int) -> str:
    hours, rest = divmod(ms, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d}.{rest % 1000:03d}"


def to_vtt(utterances: Iterable[Utterance]) -> str:
    """The utterances as WebVTT (https://www.w3.org/TR/webvtt1/), one cue each.

    Times are rounded to milliseconds; a cue lasts at least one.  Utterances without text are
    left out.  Speech before 0 s starts at 0 s.
    """
    cues = ["WEBVTT\n"]
    for utterance in utterances:
        text = " ".join(utterance.text.split())
        if not text:
            continue
        start = max(0, round(utterance.span.start_s * 1000))
        end = max(start + 1, round(utterance.span.end_s * 1000))
        safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        cues.append(f"{_vtt_time(start)} --> {_vtt_time(end)}\n{safe}\n")
    return "\n".join(cues)
