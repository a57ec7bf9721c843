"""The contract of kuavi.ports.pictures.Pictures."""

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from returns.result import Success

from kuavi.adapters.pictures import fake, pillow
from kuavi.domain.media import Pixels
from kuavi.ports.pictures import BadImage, ImageFormat, Pictures, Tile
from tests.media import flat

ADAPTERS: dict[str, Callable[[], Pictures]] = {"fake": fake.build, "pillow": pillow.build}
pictures_of = pytest.mark.parametrize("build", ADAPTERS.values(), ids=ADAPTERS)
Build = Callable[[], Pictures]


@pictures_of
@given(arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3))))
def test_png_comes_back_as_it_was(build: Build, pixels: Pixels) -> None:
    image = build().encode(pixels, ImageFormat.PNG).unwrap()
    back = build().decode(image).unwrap()
    assert np.array_equal(back, pixels)
    assert back.flags.writeable


@pictures_of
def test_jpeg_comes_back_much_as_it_was(build: Build) -> None:
    y, x = np.mgrid[:90, :120]
    pixels = np.stack([x * 2, y * 2, x + y], axis=-1).astype(np.uint8)
    pixels.setflags(write=False)
    back = build().decode(build().encode(pixels, ImageFormat.JPEG).unwrap()).unwrap()
    assert back.shape == pixels.shape
    assert np.abs(back.astype(int) - pixels).mean() < 3


@pictures_of
@pytest.mark.parametrize("keep", [0, 4, 20, 0.5, 0.97])
def test_what_is_no_picture_is_said_by_name(build: Build, keep: float) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (40, 50, 3), dtype=np.uint8)
    image = build().encode(noise, ImageFormat.PNG).unwrap()
    cut = image[: int(keep if keep >= 1 else keep * len(image))]
    failure = build().decode(cut, name="thumb 7").failure()
    assert isinstance(failure, BadImage)
    assert "thumb 7" in str(failure)


@pictures_of
@given(st.binary(max_size=200))
def test_bytes_are_no_picture(build: Build, content: bytes) -> None:
    assert isinstance(build().decode(content).failure(), BadImage)


COLOURS = ((250, 0, 0), (0, 250, 0), (0, 0, 250), (250, 250, 0), (0, 250, 250))


def tiles(labels: str = "", shape: tuple[int, int] = (80, 45)) -> list[Tile]:
    return [Tile(flat(c, *shape), labels or f"0:0{i}.0") for i, c in enumerate(COLOURS)]


@pictures_of
def test_a_sheet_shows_tiles_in_reading_order(build: Build) -> None:
    sheet = build().sheet(tiles(), columns=3, tile_width=160).unwrap()
    height, width, _ = sheet.shape
    assert 3 * 160 < width < 3 * 160 + 60
    assert 2 * 90 < height < 2 * 90 + 120
    assert sheet.dtype == np.uint8
    for i, colour in enumerate(COLOURS):
        row, column = divmod(i, 3)
        y = int((row + 0.4) * height / 2)
        x = int((column + 0.5) * width / 3)
        assert sheet[y, x].tolist() == pytest.approx(list(colour), abs=2)
    last = sheet[height // 2 + 4 :, width * 2 // 3 + 4 :]
    assert last.max() < 60


@pictures_of
def test_labels_are_printed_and_stay_under_their_tile(build: Build) -> None:
    blank = build().sheet(tiles(" "), 5, 128).unwrap().astype(int)
    short = build().sheet(tiles("1:23.4"), 5, 128).unwrap()
    other = build().sheet(tiles("9:87.6"), 5, 128).unwrap()
    assert short.shape == other.shape == blank.shape
    assert (short != other).any()
    long = build().sheet([*tiles(" ")[:2], Tile(flat(COLOURS[2]), "w" * 300)], 5, 128).unwrap()
    bare = build().sheet([*tiles(" ")[:2], Tile(flat(COLOURS[2]), " ")], 5, 128).unwrap()
    changed = np.nonzero((long != bare).any(axis=(0, 2)))[0]
    third = bare.shape[1] * 2 / 3
    assert third <= changed.min() <= changed.max() < bare.shape[1]


@pictures_of
def test_pictures_of_other_shapes_keep_theirs_and_are_centred(build: Build) -> None:
    mixed = [Tile(flat((250, 250, 250), 80, 40), " "), Tile(flat((250, 250, 250), 30, 90), " ")]
    sheet = build().sheet(mixed, 2, 180).unwrap()
    white: np.ndarray = sheet.min(axis=2) > 240
    wide, high = white[:, : white.shape[1] // 2], white[:, white.shape[1] // 2 :]
    for part, (width, height) in ((wide, (180, 90)), (high, (60, 180))):
        rows, columns = np.nonzero(part)
        assert columns.max() - columns.min() + 1 == pytest.approx(width, abs=1)
        assert rows.max() - rows.min() + 1 == pytest.approx(height, abs=1)
    middles = [np.nonzero(part)[0].mean() for part in (wide, high)]
    assert middles[0] == pytest.approx(middles[1], abs=1)


@pictures_of
@pytest.mark.parametrize(("count", "columns", "width"), [(0, 3, 100), (2, 0, 100), (2, 3, 4)])
def test_an_impossible_sheet_is_refused(build: Build, count: int, columns: int, width: int) -> None:
    failure = build().sheet(tiles()[:count], columns, width).failure()
    assert isinstance(failure, BadImage)


@pictures_of
def test_a_sheet_is_no_larger_than_64_megapixels(build: Build) -> None:
    failure = build().sheet(tiles() * 4, 4, 9000).failure()
    assert "too many" in str(failure)


@pictures_of
def test_few_tiles_leave_no_empty_columns(build: Build) -> None:
    sheet = build().sheet(tiles()[:2], 10, 100).unwrap()
    assert sheet.shape[1] < 240


def as_png(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, **{"format": "PNG", **options})
    return buffer.getvalue()


def test_pictures_are_turned_upright() -> None:
    picture = flat((255, 255, 255), 60, 40)
    picture[:20, :30] = (255, 0, 0)
    exif = Image.Exif()
    exif[0x0112] = 6  # a camera held upright: turn a quarter clockwise
    image = as_png(Image.fromarray(picture), exif=exif)
    assert np.array_equal(pillow.build().decode(image).unwrap(), np.rot90(picture, k=-1))


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "1", "LA", "RGBA"])
def test_other_kinds_of_pixels_become_rgb(mode: str) -> None:
    white = Image.fromarray(flat((255, 255, 255))).convert(mode)
    form = {"format": "JPEG"} if mode == "CMYK" else {}
    got = pillow.build().decode(as_png(white, **form)).unwrap()
    assert got.shape == (48, 64, 3)
    assert got.min() > 250


def test_sixteen_bit_grey_keeps_its_levels() -> None:
    grey = Image.fromarray(np.full((4, 4), 32768, np.uint16))
    assert pillow.build().decode(as_png(grey)).unwrap().tolist() == [[[128] * 3] * 4] * 4


def test_webp_is_read_and_gif_is_not() -> None:
    picture = Image.fromarray(flat((9, 99, 199)))
    webp = as_png(picture, format="WEBP", lossless=True)
    assert isinstance(pillow.build().decode(webp), Success)
    assert "JPEG, PNG or WebP" in str(
        pillow.build().decode(as_png(picture, format="GIF")).failure()
    )


@pytest.mark.parametrize(
    ("side", "reason"), [(8001, "64 megapixels"), (12_000, "64 megapixels"), (100_000, "bomb")]
)
def test_a_picture_bomb_is_refused_before_it_unfolds(side: int, reason: str) -> None:
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk
    bomb += struct.pack(">I", zlib.crc32(chunk)) + struct.pack(">I", 0) + b"IDAT" + bytes(4)
    assert reason in str(pillow.build().decode(bomb).failure())


def test_letters_the_font_lacks_do_not_stop_a_sheet() -> None:
    plain = pillow.build().sheet(tiles("cafe ?"), 5, 128).unwrap()
    assert np.array_equal(pillow.build().sheet(tiles("café 日"), 5, 128).unwrap(), plain)
