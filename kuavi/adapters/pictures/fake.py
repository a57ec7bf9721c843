"""Pictures without a picture library: pixels behind a short header, whatever the format is called.

A sheet has the real one's layout; a label is drawn as bars, one for each of its bytes, the brighter
the larger the byte.  For tests.
"""

import struct
from collections.abc import Sequence

import numpy as np
from returns.result import Failure, Success

from kuavi.adapters.pictures._layout import MAX_PIXELS, laid_out
from kuavi.domain.media import Pixels
from kuavi.domain.outcome import Outcome
from kuavi.ports.pictures import BadImage, ImageFormat, Pictures, Tile

_HEADER = struct.Struct(">8s4sII")
_MAGIC = b"RAWPIXEL"
_BAR = 2


class FakePictures:
    """Follows kuavi.ports.pictures.Pictures; nothing is lost in either format."""

    def encode(self, pixels: Pixels, form: ImageFormat) -> Outcome[bytes, BadImage]:
        height, width, _ = pixels.shape
        return Success(_HEADER.pack(_MAGIC, form.encode(), height, width) + pixels.tobytes())

    def decode(self, image: bytes, name: str = "picture") -> Outcome[Pixels, BadImage]:
        if len(image) < _HEADER.size or not image.startswith(_MAGIC):
            return Failure(BadImage(name, "no picture of this format"))
        _, _, height, width = _HEADER.unpack_from(image)
        if height * width > MAX_PIXELS:
            return Failure(BadImage(name, f"{width}x{height} is more than 64 megapixels"))
        if len(image) != _HEADER.size + height * width * 3:
            return Failure(BadImage(name, "the data is incomplete"))
        flat = np.frombuffer(image, dtype=np.uint8, offset=_HEADER.size)
        return Success(flat.reshape(height, width, 3).copy())

    def sheet(
        self, tiles: Sequence[Tile], columns: int, tile_width: int
    ) -> Outcome[Pixels, BadImage]:
        layout = laid_out(tiles, columns, tile_width, strip=16, gap=4)
        if isinstance(layout, BadImage):
            return Failure(layout)
        page: Pixels = np.zeros((layout.height, layout.width, 3), dtype=np.uint8)
        for tile, cell in zip(tiles, layout.cells, strict=True):
            width, height = cell.picture
            left = cell.left + (cell.width - width) // 2
            top = cell.top + (cell.height - height) // 2
            page[top : top + height, left : left + width] = _scaled(tile.pixels, width, height)
            bars = np.frombuffer(tile.label.encode(), dtype=np.uint8)[: cell.width // _BAR]
            strip = page[cell.top + cell.height :][: layout.strip]
            strip[:, cell.left : cell.left + _BAR * len(bars)] = bars.repeat(_BAR)[None, :, None]
        return Success(page)


def build() -> Pictures:
    return FakePictures()


def _scaled(pixels: Pixels, width: int, height: int) -> Pixels:
    rows = np.arange(height) * pixels.shape[0] // height
    columns = np.arange(width) * pixels.shape[1] // width
    return pixels[rows][:, columns]
