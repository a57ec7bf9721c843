"""Cutting a stream of sound into bounded pieces, at quiet places.

A speech model hears one piece at a time.  A cut in the middle of a word costs that word, so a
piece ends where the sound is quietest.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from attrs import field, frozen
from attrs.validators import gt

from kuavi.domain.media import AUDIO_RATE_HZ, AudioChunk, Samples

_FRAME = AUDIO_RATE_HZ // 50  # 20 ms: energy is measured per frame


@frozen
class PieceRule:
    """A piece lasts at most `longest_s`; its end is sought in the last `search_s` of that.

    Quietness is the mean energy over `quiet_s` around the cut: about a pause between words.
    """

    longest_s: float = field(default=90.0, validator=gt(0))
    search_s: float = field(default=30.0, validator=gt(0))
    quiet_s: float = field(default=0.4, validator=gt(0))

    def __attrs_post_init__(self) -> None:
        if self.search_s >= self.longest_s or self.quiet_s >= self.search_s / 2:
            raise ValueError("a rule needs quiet_s < search_s / 2 and search_s < longest_s")

    @property
    def longest(self) -> int:
        """The most samples of one piece."""
        return max(_FRAME, round(self.longest_s * AUDIO_RATE_HZ))


def quietest(samples: Samples, rule: PieceRule) -> int:
    """Where to end the piece that begins with these samples: a count of samples >= 1.

    Looks at the last `rule.search_s` of `samples` (n,) and gives the middle of its quietest
    `rule.quiet_s`, the latest of equals.  Sound too short to measure is not cut: n.
    """
    first = max(0, len(samples) - round(rule.search_s * AUDIO_RATE_HZ))
    n_frames = (len(samples) - first) // _FRAME
    width = max(1, round(rule.quiet_s * AUDIO_RATE_HZ / _FRAME))
    if n_frames < width:
        return len(samples)
    frames = samples[first : first + n_frames * _FRAME].reshape(n_frames, _FRAME)
    energy = np.square(frames, dtype=np.float64).mean(axis=1)
    around = np.lib.stride_tricks.sliding_window_view(energy, width).mean(axis=1)
    latest = len(around) - 1 - int(np.argmin(around[::-1]))
    return max(1, first + latest * _FRAME + width * _FRAME // 2)


def pieces(chunks: Iterable[AudioChunk], rule: PieceRule) -> Iterator[AudioChunk]:
    """The same sound in pieces of at most `rule.longest_s`, each cut at a quiet place.

    `chunks` follow each other without gaps.  The pieces tile them, and depend on the sound alone,
    not on how it was cut into chunks.  Holds at most one piece and one chunk.
    """
    held: list[Samples] = []
    n_held, n_given = 0, 0
    start_s: float | None = None
    for chunk in chunks:
        start_s = chunk.start_s if start_s is None else start_s
        held.append(chunk.samples)
        n_held += len(chunk.samples)
        while n_held > rule.longest:
            sound = np.concatenate(held)
            end = quietest(sound[: rule.longest], rule)
            yield AudioChunk(start_s + n_given / AUDIO_RATE_HZ, sound[:end].copy())
            held, n_held, n_given = [sound[end:]], n_held - end, n_given + end
    if start_s is not None and n_held:
        yield AudioChunk(start_s + n_given / AUDIO_RATE_HZ, np.concatenate(held))
