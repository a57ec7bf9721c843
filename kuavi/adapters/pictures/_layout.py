"""The layout of a contact sheet, in whole pixels."""

from collections.abc import Sequence

from attrs import frozen

from kuavi.ports.pictures import BadImage, Tile

MAX_PIXELS = 64_000_000
"""No picture is decoded or made with more."""


@frozen
class Cell:
    """Where a tile goes: its box, and within it the size the picture takes."""

    left: int
    top: int
    width: int
    height: int
    picture: tuple[int, int]


@frozen
class Layout:
    """A sheet's size and its cells in reading order; a label's strip lies under each box."""

    width: int
    height: int
    strip: int
    cells: tuple[Cell, ...]


def laid_out(
    tiles: Sequence[Tile], columns: int, tile_width: int, strip: int, gap: int
) -> Layout | BadImage:
    """Boxes of one width; a row is as high as its highest picture needs.

    A picture keeps its aspect ratio.  One higher than it is wide is fitted into a square box.
    """
    if not tiles:
        return BadImage("sheet", "there are no pictures to lay out")
    if columns < 1 or tile_width < 16:
        return BadImage("sheet", f"{columns} columns of {tile_width} pixels are too few or small")
    columns = min(columns, len(tiles))
    sizes = [_fitted(tile, tile_width) for tile in tiles]
    cells, top = list[Cell](), gap
    for at in range(0, len(tiles), columns):
        row = sizes[at : at + columns]
        height = max(h for _, h in row)
        for position, size in enumerate(row):
            cells.append(Cell(gap + position * (tile_width + gap), top, tile_width, height, size))
        top += height + strip + gap
    width = gap + columns * (tile_width + gap)
    if width * top > MAX_PIXELS:
        return BadImage("sheet", f"{width}x{top} pixels are too many; use fewer or smaller tiles")
    return Layout(width, top, strip, tuple(cells))


def _fitted(tile: Tile, side: int) -> tuple[int, int]:
    height, width, _ = tile.pixels.shape
    scale = side / max(width, height)
    return max(round(width * scale), 1), max(round(height * scale), 1)
