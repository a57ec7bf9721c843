"""Pictures through Pillow."""

import io
import unicodedata
import warnings
from collections.abc import Sequence

import numpy as np
from attrs import frozen
from PIL import Image, ImageDraw, ImageFont, ImageOps
from returns.result import Failure, Success

from kuavi.adapters.pictures._layout import MAX_PIXELS, Cell, Layout, laid_out
from kuavi.domain.media import Pixels
from kuavi.domain.outcome import Outcome
from kuavi.ports.pictures import BadImage, ImageFormat, Pictures, Tile

JPEG_QUALITY = 88
READABLE = ("JPEG", "PNG", "WEBP")

PAGE = (18, 18, 20)
BOX = (0, 0, 0)
STRIP = (38, 38, 42)
WORDS = (245, 245, 245)


@frozen
class PillowPictures:
    """Follows kuavi.ports.pictures.Pictures."""

    def encode(self, pixels: Pixels, form: ImageFormat) -> Outcome[bytes, BadImage]:
        """JPEG at quality 88 with 4:2:0 colour; PNG without loss."""
        buffer = io.BytesIO()
        try:
            image = Image.fromarray(pixels)
            match form:
                case ImageFormat.JPEG:
                    image.save(buffer, "JPEG", quality=JPEG_QUALITY)
                case ImageFormat.PNG:
                    image.save(buffer, "PNG")
        except (OSError, ValueError) as error:
            return Failure(BadImage("picture", str(error)))
        return Success(buffer.getvalue())

    def decode(self, image: bytes, name: str = "picture") -> Outcome[Pixels, BadImage]:
        """Transparent pixels are shown on black."""
        try:
            return _decoded(image, name)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            return Failure(BadImage(name, _plain(error)))

    def sheet(
        self, tiles: Sequence[Tile], columns: int, tile_width: int
    ) -> Outcome[Pixels, BadImage]:
        """Light words on a dark strip under each picture; labels too long end in an ellipsis."""
        size = max(round(tile_width / 14), 11)
        strip = round(size * 1.7)
        layout = laid_out(tiles, columns, tile_width, strip, gap=max(tile_width // 40, 3))
        if isinstance(layout, BadImage):
            return Failure(layout)
        return Success(_drawn(tiles, layout, ImageFont.load_default(size=size)))


def build() -> Pictures:
    return PillowPictures()


def _decoded(image: bytes, name: str) -> Outcome[Pixels, BadImage]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the cap here is lower
        with Image.open(io.BytesIO(image), formats=READABLE) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                size = f"{opened.width}x{opened.height}"
                return Failure(BadImage(name, f"{size} is more than 64 megapixels"))
            upright = ImageOps.exif_transpose(opened)
    if upright.mode.startswith("I"):
        upright = Image.fromarray((np.asarray(upright) // 256).astype(np.uint8))  # 16 bit grey
    if upright.has_transparency_data:
        upright = Image.alpha_composite(
            Image.new("RGBA", upright.size, (0, 0, 0, 255)), upright.convert("RGBA")
        )
    return Success(np.array(upright.convert("RGB")))


def _plain(error: Exception) -> str:
    text = str(error)
    return "no JPEG, PNG or WebP picture" if text.startswith("cannot identify") else text


def _drawn(tiles: Sequence[Tile], layout: Layout, font: ImageFont.FreeTypeFont) -> Pixels:
    page = Image.new("RGB", (layout.width, layout.height), PAGE)
    draw = ImageDraw.Draw(page)
    for tile, cell in zip(tiles, layout.cells, strict=True):
        bottom = cell.top + cell.height
        draw.rectangle((cell.left, cell.top, cell.left + cell.width - 1, bottom - 1), fill=BOX)
        picture = Image.fromarray(tile.pixels).resize(cell.picture, Image.Resampling.LANCZOS)
        page.paste(picture, _centred(cell))
        strip = (cell.left, bottom, cell.left + cell.width - 1, bottom + layout.strip - 1)
        draw.rectangle(strip, fill=STRIP)
        label = _shortened(tile.label, font, cell.width - 2 * (layout.strip // 4))
        place = (cell.left + cell.width // 2, bottom + layout.strip // 2)
        draw.text(place, label, fill=WORDS, font=font, anchor="mm")
    return np.array(page)


def _centred(cell: Cell) -> tuple[int, int]:
    width, height = cell.picture
    return cell.left + (cell.width - width) // 2, cell.top + (cell.height - height) // 2


def _shortened(label: str, font: ImageFont.FreeTypeFont, room: int) -> str:
    """One line that fits; the longest beginning with an ellipsis where the whole does not.

    Pillow's own font knows ASCII only: accents are dropped, other letters become `?`.
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", label) if not unicodedata.combining(c))
    line = " ".join(plain.encode("ascii", "replace").decode("ascii").split())
    if font.getlength(line) <= room:
        return line
    low, high = 0, len(line)
    while low < high:
        middle = (low + high + 1) // 2
        if font.getlength(line[:middle].rstrip() + "…") <= room:
            low = middle
        else:
            high = middle - 1
    return line[:low].rstrip() + "…"
