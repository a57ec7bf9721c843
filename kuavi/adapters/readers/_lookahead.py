"""Deciding which packets hold pictures that are wanted, before any is decoded.

Packets come in decoding order, their time stamps tell the order on screen.  A picture's place in
it is certain once REORDER packets known have later stamps: a codec lets no more than 16 pictures
precede one in decoding order and follow it on screen (H.264 and HEVC: max_num_reorder_frames).
"""

from collections import deque
from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Any

from kuavi.adapters.readers._bitstream import Role
from kuavi.adapters.readers._choice import Choice
from kuavi.adapters.readers._timeline import Timeline
from kuavi.domain.sampling import Cursor, Shown

REORDER = 17


class Planned:
    """A packet on its way: `shown` and `views` are known once it is `settled`.

    `before` is the state of the choice just before a picture that is taken.
    """

    __slots__ = ("before", "length_s", "packet", "pts", "role", "settled", "shown", "views")

    def __init__(self, packet: Any, role: Role) -> None:
        self.packet, self.role, self.pts = packet, role, packet.pts
        base = packet.time_base
        self.shown = Shown(float(packet.pts * base), 0.0)
        self.length_s = float((packet.duration or 0) * base)
        self.settled = False
        self.views: tuple[int, ...] = ()
        self.before: tuple[Cursor, ...] = ()

    def __lt__(self, other: "Planned") -> bool:
        return bool(self.pts < other.pts)


class Lookahead:
    """Packets in, planned packets out, both in decoding order.

    `awry` says that time stamps do not follow the rules; the plan is of no use from then on.
    """

    def __init__(self, choice: Choice, start_s: float, duration_s: float) -> None:
        self._choice = choice
        self._start_s = start_s
        self._timeline = Timeline(start_s, duration_s)
        self._queue: deque[Planned] = deque()
        self._unsettled: list[Planned] = []
        self._held: Planned | None = None  # the latest on screen whose end is not known yet
        self.wanted: deque[Planned] = deque()  # taken, in time order; the user takes them away
        self.awry = False
        self.done = False

    def push(self, planned: Planned) -> None:
        self._queue.append(planned)
        heappush(self._unsettled, planned)
        if len(self._unsettled) > REORDER:
            self._place(heappop(self._unsettled))

    def ready(self) -> Iterator[Planned]:
        """Planned packets whose fate is known; once `done`, or at the end, all of them."""
        while self._queue and (self._queue[0].settled or self.done) and not self.awry:
            yield self._queue.popleft()

    def place_rest(self) -> None:
        """No more packets: all but the last picture on screen are settled."""
        while self._unsettled and not self.done and not self.awry:
            self._place(heappop(self._unsettled))

    def settle_last(self, usual_length_s: float) -> float | None:
        """The last picture on screen ends with its own length, or the usual one: when that is.

        None if all that is wanted was settled before.
        """
        end_s = None
        if self._held is not None and not self.awry and not self.done:
            end_s = self.end_s(usual_length_s)
            self._settle(self._held, Shown(self._held.shown.time_s, end_s, last=True))
        self.done = True
        return end_s

    @property
    def placed_s(self) -> float | None:
        """The time of the latest picture whose place on screen is certain."""
        return None if self._held is None else self._held.shown.time_s

    def end_s(self, usual_length_s: float) -> float:
        """When the last picture leaves the screen, were none to follow."""
        if self._held is None:
            return 0.0
        return self._held.shown.time_s + (self._held.length_s or usual_length_s)

    def _place(self, planned: Planned) -> None:
        """The next picture on screen: it ends the one before."""
        held = self._held
        stamp_s = planned.shown.time_s
        time_s = self._timeline.place(stamp_s, planned.length_s)
        if time_s is None or time_s != stamp_s - self._start_s:
            self.awry = True
            return
        planned.shown = Shown(time_s, 0.0)
        if held is not None:
            if time_s <= held.shown.time_s:
                self.awry = True
                return
            self._settle(held, Shown(held.shown.time_s, time_s))
            planned.length_s = planned.length_s or time_s - held.shown.time_s
        self._held = planned

    def _settle(self, planned: Planned, shown: Shown) -> None:
        planned.shown, planned.settled = shown, True
        before = self._choice.cursors
        planned.views = self._choice.of(shown)
        if planned.views:
            planned.before = before
            self.wanted.append(planned)
        within = self._choice.within
        past = within is not None and shown.until_s >= within.end_s
        self.done = self.done or past or self._choice.done
