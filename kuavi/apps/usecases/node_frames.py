"""The pictures of many nodes in one decode: each node gets its own as soon as they are there."""

from collections.abc import Iterator, Mapping, Sequence
from heapq import heappop, heappush

from attrs import define, field
from returns.result import Failure, Success

from kuavi.domain.media import AtTimes, Frame, Seen, View
from kuavi.domain.outcome import Outcome
from kuavi.domain.sampling import SLACK_S
from kuavi.ports.reader import FrameReader, ReadFailure


@define
class _Waiting:
    """A node and what it has got so far."""

    node: int
    missing: int
    frames: list[Frame] = field(factory=list)

    def take(self, frame: Frame) -> bool:
        """A picture that is on screen at two of its times counts once.  True: that was the last."""
        if not self.frames or self.frames[-1].time_s != frame.time_s:
            self.frames.append(frame)
        self.missing -= 1
        return self.missing == 0


def node_frames(
    path: str, wanted: Mapping[int, Sequence[float]], max_side: int, reader: FrameReader
) -> Iterator[Outcome[tuple[int, tuple[Frame, ...]], ReadFailure]]:
    """For each node the pictures on screen at its times (seconds), in order of time.

    Nodes come in the order in which their last pictures do, so that only the pictures of nodes
    under way are in memory: at most those of one node a level of the tree.  Times past the end of
    the video give its last picture.  A failure is the last item; nodes that did not come before it
    have none.
    """
    waiting = [_Waiting(node, len(times_s)) for node, times_s in wanted.items() if times_s]
    dues: list[tuple[float, int]] = []
    for place, one in enumerate(waiting):
        for time_s in wanted[one.node]:
            heappush(dues, (time_s, place))
    if not dues:
        return
    times = tuple(sorted({time_s for time_s, _ in dues}))
    last: Frame | None = None
    for item in reader.frames(path, [View(AtTimes(times), max_side)]):
        if isinstance(item, Failure):
            yield item
            return
        seen = item.unwrap()
        if isinstance(seen, Seen):
            last = seen.frame
            yield from _served(dues, waiting, last, seen.until_s - SLACK_S)
    if last is not None:
        yield from _served(dues, waiting, last, float("inf"))


def _served(
    dues: list[tuple[float, int]], waiting: Sequence[_Waiting], frame: Frame, until_s: float
) -> Iterator[Outcome[tuple[int, tuple[Frame, ...]], ReadFailure]]:
    """Give a picture to all that want one before it leaves the screen."""
    while dues and dues[0][0] < until_s:
        one = waiting[heappop(dues)[1]]
        if one.take(frame):
            frames, one.frames = tuple(one.frames), []
            yield Success((one.node, frames))
