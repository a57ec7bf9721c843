"""What a packet means for its neighbours, read from the headers of its coded picture.

Only what a codec's specification lets a decoder rely on is used:

- H.264 (ITU-T H.264, 7.4.1): a picture with nal_ref_idc 0 is no reference; nothing after an IDR
  picture, in decoding order, refers to anything before it.
- HEVC (ITU-T H.265, 7.4.2.2): a sub-layer non-reference picture is no reference for its own
  sub-layer, so none at all where there is one sub-layer; IDR as above, leading pictures included.
- VP9: a key frame resets references, contexts and segmentation.  Other frames adapt the saved
  contexts even where no picture refers to them, so none is spare.
- AV1: a shown key frame resets all references; none is spare, as in VP9.

Whatever does not follow the pattern gives None: such a stream is decoded as a whole.
"""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from attrs import frozen


@frozen
class Role:
    """`restart`: no packet from here on needs one before; `spare`: no packet needs this one."""

    restart: bool = False
    spare: bool = False


RoleOf: TypeAlias = Callable[[memoryview], Role | None]
"""The role of a packet's content, None if it is not understood."""

RESTART, SPARE, NEEDED = Role(restart=True), Role(spare=True), Role()

_START_CODE = b"\x00\x00\x01"


def role_reader(codec: str, extradata: bytes | None) -> RoleOf | None:
    """How to read a stream's packets; None where nothing is known to be safe to leave out.

    `codec` is ffmpeg's name of the coded form, `extradata` the stream's out-of-band headers.
    """
    data = extradata or b""
    match codec:
        case "h264":
            size = (data[4] & 3) + 1 if len(data) > 6 and data[0] == 1 else 0
            return lambda content: _h264(_nal_units(content, size))
        case "hevc":
            size = (data[21] & 3) + 1 if len(data) > 22 and data[0] == 1 else 0
            single = _sub_layers(data, size) == 1
            return lambda content: _hevc(_nal_units(content, size), single)
        case "vp9":
            return _vp9
        case "av1":
            return _av1
        case _:
            return None


def _nal_units(content: memoryview, length_size: int) -> Iterator[bytes]:
    """The first two bytes of each NAL unit; b"" where the packet's structure is broken.

    A length stands before each unit, or with `length_size` 0 a start code (Annex B).
    """
    if not length_size:
        yield from _after_start_codes(bytes(content))
        return
    at, end = 0, len(content)
    while at < end:
        body = at + length_size
        length = int.from_bytes(content[at:body])
        if length < 2 or body + length > end:
            yield b""
            return
        yield bytes(content[body : body + 2])
        at = body + length


def _after_start_codes(content: bytes) -> Iterator[bytes]:
    at = content.find(_START_CODE)
    if at < 0 or content[:at].strip(b"\x00"):
        yield b""
        return
    while at >= 0:
        head = content[at + 3 : at + 5]
        yield head if len(head) == 2 else b""
        at = content.find(_START_CODE, at + 3)


_H264_ASIDE = {6, 9, 12}  # SEI, access unit delimiter, filler


def _h264(heads: Iterator[bytes]) -> Role | None:
    first, spare = 0, True
    for head in heads:
        if not head or head[0] & 0x80:
            return None
        kind = head[0] & 31
        if kind in (2, 3, 4):
            return None
        if kind in (1, 5):
            first = first or kind
            spare = spare and kind == 1 and head[0] & 0x60 == 0
        elif kind not in _H264_ASIDE:
            spare = False
    if not first:
        return None
    return RESTART if first == 5 else SPARE if spare else NEEDED


_HEVC_SPARE = {0, 2, 4, 6, 8}  # the _N types: sub-layer non-reference
_HEVC_ASIDE = {35, 38, 39, 40}  # access unit delimiter, filler, SEI


def _hevc(heads: Iterator[bytes], single_layer: bool) -> Role | None:
    first, spare = -1, single_layer
    for head in heads:
        if not head or head[0] & 0x80:
            return None
        kind = head[0] >> 1 & 63
        if 16 <= kind <= 18:  # broken links: some pictures are left out by the decoder itself
            return None
        if kind < 32:
            first = kind if first < 0 else first
            spare = spare and kind in _HEVC_SPARE
        elif kind not in _HEVC_ASIDE:
            spare = False
    if first < 0:
        return None
    return RESTART if first in (19, 20) else SPARE if spare else NEEDED


def _sub_layers(extradata: bytes, length_size: int) -> int:
    """The number of temporal sub-layers the headers state; 0 if they don't."""
    if length_size:
        return extradata[21] >> 3 & 7
    at = extradata.find(_START_CODE + b"\x40\x01")  # a video parameter set
    return (extradata[at + 6] >> 1 & 7) + 1 if 0 <= at < len(extradata) - 6 else 0


def _vp9(content: memoryview) -> Role | None:
    """The first bits of the uncompressed header: marker, profile, show_existing, frame_type."""
    first = content[0]
    if first >> 6 != 2 or first & 0x30 == 0x30:
        return None
    key = first & 0x0C == 0
    return RESTART if key else NEEDED


def _av1(content: memoryview) -> Role | None:
    """The first frame header of a temporal unit, found by walking its OBUs (AV1, 5.3)."""
    at, end = 0, len(content)
    while at < end:
        header = content[at]
        kind, layered, sized = header >> 3 & 15, header & 4, header & 2
        if header & 0x80 or layered or not sized:
            return None
        size, body = _leb128(content, at + 1)
        if body + size > end:
            return None
        if kind in (3, 6) and size:  # frame header, frame
            shown_key = content[body] & 0xF0 == 0x10
            return RESTART if shown_key else NEEDED
        at = body + size
    return None


def _leb128(content: memoryview, at: int) -> tuple[int, int]:
    """A variable-length number, and where what follows it starts."""
    value, shift = 0, 0
    while at < len(content) and shift < 35:
        value |= (content[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if content[at - 1] < 128:
            break
    return value, at
