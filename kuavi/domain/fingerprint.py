"""Content fingerprints: the same content and settings give the same name, everywhere."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import NewType, TypeAlias

VideoId = NewType("VideoId", str)
"""Names a video in a library: the first 16 hex digits of its content's SHA-256."""

Fingerprint = NewType("Fingerprint", str)
"""A SHA-256 in lower-case hex, 64 digits."""

Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None

_HEX64 = re.compile(r"[0-9a-f]{64}\Z")


def fingerprint(text: str) -> Fingerprint:
    """Check that a text is a SHA-256 in hex; ValueError otherwise."""
    if not _HEX64.match(text):
        raise ValueError(f"not a sha256 in lower-case hex: {text!r}")
    return Fingerprint(text)


def fingerprint_of(value: Json) -> Fingerprint:
    """SHA-256 of a value's canonical JSON (keys sorted, no spaces); NaN is refused."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return Fingerprint(hashlib.sha256(text.encode()).hexdigest())


def video_id(content: Fingerprint) -> VideoId:
    """The id of the video with this content: one content, one id, whatever the file's name."""
    return VideoId(content[:16])
