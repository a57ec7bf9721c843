"""Decoding the pictures that are wanted and those they are made from, and no others.

Left out, by what `_bitstream` tells of a packet: pictures no other refers to, and of each stretch
between two restarts all that follow its last wanted picture in decoding order.  The pictures given
are those of a full decode, bit by bit.

Every packet that is sent must give its picture, whole, in its turn, with its own time stamp.  When
something is amiss the run stops and says what, and a plain decode goes on from there: see
`chosen`.  Damage inside pictures that nobody needs is not noticed.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from itertools import chain
from typing import Any

import av
from attrs import frozen

from kuavi.adapters.readers._bitstream import Role, RoleOf, role_reader
from kuavi.adapters.readers._choice import Choice, Chosen, timed_of
from kuavi.adapters.readers._container import Media, too_many_pixels
from kuavi.adapters.readers._decoding import (
    BACK_STEPS_S,
    BEFORE_START_S,
    NEAR_START_S,
    Decoding,
    cut_off,
    prepare,
    seek,
    usual_length_s,
)
from kuavi.adapters.readers._lookahead import Lookahead, Planned

MAX_HELD = 300
MAX_HELD_BYTES = 8_000_000
"""More packets than this are not kept back for want of a restart, they are decoded."""


@frozen
class Trouble:
    """Why a run stopped; `local`: what is later in the file may still be reached by a search."""

    reason: str
    local: bool = False


class SampledRun:
    """One pass over a stream, once it `began`: of `n_packets` read, `n_sent` were decoded."""

    def __init__(self, media: Media, stream: Any, choice: Choice) -> None:
        self._media, self._stream, self._choice = media, stream, choice
        self._decoding = Decoding(media, stream)
        self._plan = Lookahead(choice, media.start_s, media.duration_s)
        self._kept: deque[Planned] = deque()  # needed only if something wanted follows
        self._kept_bytes = 0
        self._awaited: list[int] = []
        self.began = False
        self.n_packets = self.n_sent = 0
        self.ended_s: float | None = None  # when the last picture leaves the screen, once known
        self.trouble: Trouble | None = None

    def set_back(self) -> float | None:
        """Set the choice back to where the run went well; its time, None: nothing was settled."""
        if self._plan.wanted:
            first = self._plan.wanted[0]
            self._choice.cursors = first.before
            return first.shown.time_s
        return self._plan.placed_s

    def pictures(self) -> Iterator[Chosen]:
        """The pictures that are taken, in time order; after the last one look at `trouble`."""
        role_of = _role_reader(self._stream)
        if role_of is None:
            self.trouble = Trouble("no rule is known for this codec")
            return
        self.began = True
        prepare(self._media, self._stream)
        for packet in self._positioned(role_of):
            if not packet.size:  # the demuxer's last word
                break
            yield from self._next(packet, role_of)
            if self.trouble or self._plan.done:
                break
        if not self.trouble:
            yield from self._rest()

    def _positioned(self, role_of: RoleOf) -> Iterator[Any]:
        """Packets from a restart on that is on screen at the first instant needed or before."""
        from_s = self._choice.from_s
        if from_s is None or from_s <= NEAR_START_S:
            yield from self._from_first(role_of)
            return
        for target_s in (from_s - step_s for step_s in BACK_STEPS_S):
            if target_s <= 0 or not seek(self._media, self._stream, target_s):
                break
            packets = self._decoding.packets()
            first = self._restart_among(packets, role_of, from_s)
            if first is not None:
                yield from chain([first], packets)
            if first is not None or self.trouble:
                return
        if not seek(self._media, self._stream, -BEFORE_START_S):
            seek(self._media, self._stream, 0.0)
        yield from self._from_first(role_of)

    def _from_first(self, role_of: RoleOf) -> Iterator[Any]:
        """All packets, if the first is a restart."""
        packets = self._decoding.packets()
        first = next(packets, None)
        role = role_of(memoryview(first)) if first is not None and first.size else None
        if role is None or not role.restart:
            self.trouble = Trouble("its first packet is no restart")
            return
        yield from chain([first], packets)

    def _restart_among(
        self, packets: Iterator[Any], role_of: RoleOf, latest_s: float
    ) -> Any | None:
        """The first restart, if it is on screen by then.

        A keyframe that is no restart (an open group of pictures) is for a plain decode: the next
        restart may be far.
        """
        for packet in packets:
            role = role_of(memoryview(packet)) if packet.size and packet.pts is not None else None
            if role is None:
                return None
            if float(packet.pts * packet.time_base) - self._media.start_s > latest_s:
                return None
            if role.restart:
                return packet
            if packet.is_keyframe:
                self.trouble = Trouble("its pictures are in open groups")
                return None
        return None

    def _next(self, packet: Any, role_of: RoleOf) -> Iterator[Chosen]:
        self.n_packets += 1
        self._media.pulse(0.0)
        if self.n_packets > self._media.limits.max_frames:
            self.trouble = Trouble("there are more pictures than the limit")
            return
        role = self._role(packet, role_of)
        if role is None:
            return
        self._plan.push(Planned(packet, role))
        for planned in self._plan.ready():
            yield from self._work(planned)
            if self.trouble:
                return
        if self._plan.awry:
            self.trouble = Trouble("its time stamps are out of order")

    def _role(self, packet: Any, role_of: RoleOf) -> Role | None:
        if packet.pts is None or packet.is_discard or packet.has_sidedata("new_extradata"):
            self.trouble = Trouble("its packets are not simply one picture after another")
        elif packet.is_corrupt:
            self.trouble = Trouble("a packet is corrupt", local=True)
        else:
            role = role_of(memoryview(packet))
            if role is not None:
                return role
            self.trouble = Trouble("a packet is not understood", local=True)
        return None

    def _rest(self) -> Iterator[Chosen]:
        """What is still on its way once no more packets are needed."""
        usual_s = usual_length_s(self._stream)
        if not self._plan.done:
            self._plan.place_rest()
            trouble = self._decoding.trouble
            if not self._plan.done:
                end_s = self._plan.end_s(usual_s)
                trouble = trouble or cut_off(self._media, self._stream, end_s)
            if trouble or self._plan.placed_s is None:
                self.trouble = Trouble(trouble or "no picture", local=True)
                return
            self.ended_s = self._plan.settle_last(usual_s)
        if self._plan.awry:
            self.trouble = Trouble("its time stamps are out of order")
            return
        for planned in self._plan.ready():
            yield from self._work(planned)
            if self.trouble:
                return
        yield from self._received(None)
        if self._awaited and not self.trouble:
            self.trouble = Trouble("a picture did not come", local=True)

    def _work(self, planned: Planned) -> Iterator[Chosen]:
        """Decode a packet, keep it back, or leave it out."""
        if planned.role.restart:
            self._forget()
        if not planned.views and planned.role.spare:
            return
        self._kept.append(planned)
        self._kept_bytes += planned.packet.size
        full = len(self._kept) > MAX_HELD or self._kept_bytes > MAX_HELD_BYTES
        if not planned.views and not full:
            return
        kept = list(self._kept)
        self._forget()
        for one in kept:
            self.n_sent += 1
            heappush(self._awaited, one.pts)
            yield from self._received(one.packet)
            if self.trouble:
                return

    def _forget(self) -> None:
        self._kept.clear()
        self._kept_bytes = 0

    def _received(self, packet: Any) -> Iterator[Chosen]:
        """Send a packet (None: the last was sent) and pass on what comes back."""
        try:
            frames: Iterable[Any] = self._stream.codec_context.decode(packet)
        except av.FFmpegError as error:
            self.trouble = Trouble(error.strerror or str(error), local=True)
            return
        for frame in frames:
            if frame.is_corrupt or not self._awaited or frame.pts != self._awaited[0]:
                self.trouble = Trouble("a picture is incomplete or out of turn", local=True)
                return
            heappop(self._awaited)
            self._media.pulse(float((frame.duration or 0) * (frame.time_base or 0)))
            if too_many_pixels(self._media, frame.width, frame.height) is not None:
                self.trouble = Trouble("its pictures grow past the limit", local=True)
                return
            wanted = self._plan.wanted
            if wanted and wanted[0].pts == frame.pts:
                planned = wanted.popleft()
                yield Chosen(timed_of(frame, planned.shown), planned.views)


def _role_reader(stream: Any) -> RoleOf | None:
    context = stream.codec_context
    return role_reader(stream.codec.canonical_name, context.extradata)
