"""The pictures that views take, by the cheapest decode that gives exactly those of a full one."""

from collections.abc import Iterator

from returns.result import Failure, Success

from kuavi.adapters.readers._choice import Choice, Chosen
from kuavi.adapters.readers._container import Media, Opener, open_media
from kuavi.adapters.readers._decoding import pictures
from kuavi.adapters.readers._sampled import SampledRun
from kuavi.domain.media import Ended, Lost
from kuavi.domain.outcome import Outcome
from kuavi.ports.reader import ReadFailure


def chosen(media: Media, choice: Choice) -> Iterator[Outcome[Chosen | Lost | Ended, ReadFailure]]:
    """What the views take of the file's video, in time order; its end where it was reached.

    Unless a view takes every frame, only packets that matter are decoded.  Where that is not known
    to be exact, or something is amiss in the file, a plain decode takes over: after damage from
    the last picture given (or the keyframe before), otherwise from the start.
    """
    if not choice.sparse:
        yield from _plain(media, choice, choice.from_s, None)
        return
    run = SampledRun(media, media.video, choice)
    given_s: float | None = None
    for one in run.pictures():
        given_s = one.timed.time_s
        yield Success(one)
    trouble = run.trouble
    if trouble is None:
        if run.ended_s is not None and choice.within is None:
            yield Success(Ended(run.ended_s))
        return
    reached_s = run.set_back()
    if not run.began:
        yield from _plain(media, choice, choice.from_s, None)
        return
    again = open_media(media.path, Opener(media.limits, media.pulse))  # decoder and demuxer as new
    if isinstance(again, Failure):
        yield again
        return
    with again.unwrap() as fresh:
        from_s = reached_s if trouble.local and reached_s is not None else choice.from_s
        yield from _plain(fresh, choice, from_s, given_s)


def _plain(
    media: Media, choice: Choice, from_s: float | None, given_s: float | None
) -> Iterator[Outcome[Chosen | Lost | Ended, ReadFailure]]:
    """Decode everything from `from_s` on; no picture up to `given_s` is given again.

    The folds of the choice take no instant twice, so they may see pictures a second time.
    """
    for outcome in pictures(media, media.video, from_s, choice.within):
        if isinstance(outcome, Failure):
            yield outcome
            return
        timed = outcome.unwrap()
        if isinstance(timed, Lost):
            if choice.within is None or choice.within.overlap(timed.span) is not None:
                yield Success(timed)
            continue
        one = choice.of_timed(timed)
        if one.views and (given_s is None or one.timed.time_s > given_s):
            yield Success(one)
        if timed.last and choice.within is None:
            yield Success(Ended(timed.until_s))
        if choice.done:
            return
