"""Pictures port: encode, decode, and lay out pictures."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from attrs import frozen

from kuavi.domain.media import Pixels
from kuavi.domain.outcome import Outcome


class ImageFormat(StrEnum):
    JPEG = "jpeg"
    PNG = "png"


@frozen
class BadImage:
    """The bytes are no picture that can be read."""

    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name}: not a readable picture: {self.reason}"


@frozen(eq=False)
class Tile:
    """One picture of a sheet with the words printed under it."""

    pixels: Pixels
    label: str


class Pictures(Protocol):
    """Contract: tests/contract/test_pictures.py."""

    def encode(self, pixels: Pixels, form: ImageFormat) -> Outcome[bytes, BadImage]:
        """A picture file's bytes."""
        ...

    def decode(self, image: bytes, name: str = "picture") -> Outcome[Pixels, BadImage]:
        """The pixels, upright, of a JPEG, PNG or WebP file's bytes; at most 64 megapixels."""
        ...

    def sheet(
        self, tiles: Sequence[Tile], columns: int, tile_width: int
    ) -> Outcome[Pixels, BadImage]:
        """A contact sheet: tiles in reading order, labels printed legibly on each."""
        ...
