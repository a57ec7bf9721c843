"""Which pictures of a stream did not come out of the decoder, by the packets that were sent.

Exact for codecs whose packets hold one picture each, with its own time stamp: a picture is missing
once a later one has come.  For other codecs a packet that the decoder refuses stands for its
picture; with a decoder that works on several at once it may be a neighbour's, so this is a
heuristic.  Where the demuxer says that data is missing (transport streams count their packets), a
step in time among the next pictures that is longer than usual counts as missing pictures, which is
one too.  Not seen: what was cut out of other files so that no packet is left of it.
"""

from heapq import heappop, heappush
from typing import Any

ONE_PICTURE_EACH = {"h264", "hevc", "av1", "vp9", "mpeg1video", "mpeg2video", "ffv1", "mjpeg"}
NO_PICTURE = "no picture could be made of the data there"
INCOMPLETE = "pictures are incomplete; those made from them, up to the next keyframe, may be wrong"
DOUBTED = 34
"""How many pictures are looked at closely after a hole: reordering and decoding at once hold back
so many."""


class Losses:
    """Follows one run of a decoder from a position on; `sought`: one that was searched for.

    What precedes the first picture after a search belongs to pictures that were not asked for.
    """

    def __init__(self, stream: Any, *, sought: bool) -> None:
        self._video = stream.type == "video"
        self._exact = self._video and stream.codec.canonical_name in ONE_PICTURE_EACH
        self._sought = sought
        self._awaited: list[int] = []
        self._latest: int | None = None
        self._broken: set[int] = set()
        self._doubted = 0

    def hole(self) -> None:
        """The demuxer met data that it could not read."""
        self._doubted = DOUBTED

    def sent(self, packet: Any) -> None:
        """A packet goes to the decoder; one that steps back in time is not judged."""
        if packet.is_corrupt and self._video:
            self.hole()
            self._broken.add(packet.pts)
        counts = packet.size and packet.pts is not None and not packet.is_discard
        if self._exact and counts and (self._latest is None or packet.pts > self._latest):
            heappush(self._awaited, packet.pts)

    def refused(self, packet: Any) -> None:
        """The decoder said that something is wrong while it was given this packet."""
        stamp = packet.dts if packet.pts is None else packet.pts
        if self._video and not self._exact and stamp is not None:
            heappush(self._awaited, stamp)

    def whole(self, frame: Any) -> bool:
        """Whether nothing is known to be wrong with a picture."""
        broken = frame.pts in self._broken
        self._broken.discard(frame.pts)
        return not broken and not frame.is_corrupt

    @property
    def doubtful(self) -> bool:
        """Whether pictures may be missing that no packet tells of."""
        return self._doubted > 0

    def before(self, frame: Any) -> int | None:
        """A picture came: the stamp of the first one missing between the last and it, if any."""
        self._doubted = max(self._doubted - 1, 0)
        if frame.pts is None:
            return None
        missing = list[int]()
        while self._awaited and self._awaited[0] < frame.pts:
            missing.append(heappop(self._awaited))
        while self._awaited and self._awaited[0] == frame.pts:
            heappop(self._awaited)
        judged = not (self._sought and self._latest is None)
        # the two fields of a picture may come in packets of their own, which make one picture
        judged = judged and not (self._exact and frame.interlaced_frame)
        self._latest = frame.pts
        return missing[0] if missing and judged else None

    @property
    def at_end(self) -> bool:
        """Whether pictures are missing after the last that came."""
        return bool(self._awaited) and self._exact
