"""What a reader's process and its caller say to each other.

A message is a JSON header and raw bytes, both with their lengths before them: (u32, u64), little
endian.  Nothing is unpickled: whoever took over the child can at most send wrong pictures.
"""

import json
from collections.abc import Mapping, Sequence
from struct import Struct
from typing import Any, TypeAlias

import numpy as np
from attrs import asdict, frozen

from kuavi.domain.media import (
    AtTimes,
    AudioChunk,
    ByRate,
    Ended,
    EveryFrame,
    Frame,
    FrameItem,
    Lost,
    MediaInfo,
    Samples,
    Sampling,
    Seen,
    View,
)
from kuavi.domain.spans import Span
from kuavi.ports.reader import (
    Damaged,
    FileMissing,
    NoAudioStream,
    NotReadable,
    NoVideoStream,
    ReadFailure,
    TooLarge,
)

LENGTHS = Struct("<IQ")
MAX_HEADER = 1 << 20

ALIVE, END, BROKEN = "alive", "end", "broken"
"""Kinds of message beside the items: a sign of life, the call is over, the reader raised."""

Item: TypeAlias = FrameItem | AudioChunk | MediaInfo | ReadFailure

_FAILURES = {
    kind.__name__: kind
    for kind in (FileMissing, NotReadable, NoVideoStream, NoAudioStream, Damaged, TooLarge)
}
_SAMPLINGS = {kind.__name__: kind for kind in (EveryFrame, ByRate, AtTimes)}


@frozen(eq=False)
class Message:
    """`kind` and values, as JSON has them, and raw bytes."""

    kind: str
    values: Mapping[str, Any]
    payload: bytes | memoryview = b""

    @property
    def parts(self) -> tuple[bytes, bytes | memoryview]:
        """What is sent: lengths with the header, and the bytes."""
        header = json.dumps([self.kind, self.values]).encode()
        return LENGTHS.pack(len(header), len(self.payload)) + header, self.payload


def to_message(item: Item) -> Message:
    match item:
        case Seen():
            pixels = np.ascontiguousarray(item.frame.pixels)
            values = {
                "view": item.view,
                "time_s": item.frame.time_s,
                "until_s": item.until_s,
                "shape": pixels.shape,
            }
            return Message("Seen", values, pixels.data.cast("B"))
        case AudioChunk():
            samples = item.samples.astype("<f4", copy=False)
            return Message("AudioChunk", {"start_s": item.start_s}, samples.tobytes())
        case _:
            return Message(type(item).__name__, asdict(item))


def to_item(kind: str, values: Mapping[str, Any], payload: bytearray) -> Item:
    """The value of a message; ValueError, KeyError or TypeError where it is none."""
    if kind == "Seen":
        pixels = np.frombuffer(payload, dtype=np.uint8).reshape(values["shape"])
        return Seen(values["view"], Frame(values["time_s"], pixels), values["until_s"])
    if kind == "AudioChunk":
        samples: Samples = np.frombuffer(payload, dtype="<f4")
        return AudioChunk(values["start_s"], samples)
    if kind == "MediaInfo":
        return MediaInfo(**values)
    if kind == "Ended":
        return Ended(values["end_s"])
    if kind == "Lost":
        return Lost(Span(**values["span"]), values["reason"])
    return _FAILURES[kind](**values)


def from_views(views: Sequence[View]) -> list[Any]:
    return [[type(v.sampling).__name__, asdict(v.sampling), v.max_side] for v in views]


def to_views(values: Sequence[Any]) -> list[View]:
    return [View(_sampling(kind, fields), side) for kind, fields, side in values]


def _sampling(kind: str, fields: Mapping[str, Any]) -> Sampling:
    if kind == "AtTimes":
        return AtTimes(tuple(fields["times_s"]))
    return _SAMPLINGS[kind](**fields)


def from_span(span: Span | None) -> list[float] | None:
    return None if span is None else [span.start_s, span.end_s]


def to_span(values: Sequence[float] | None) -> Span | None:
    return None if values is None else Span(*values)
