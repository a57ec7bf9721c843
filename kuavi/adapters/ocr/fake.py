"""A text reader without a model: it reads text drawn as black and white cells.

`write_text` draws UTF-8 bytes as 4 x 4 pixel cells from the picture's top left corner, row by row,
one cell a bit: two marks, the length, the bytes, a checksum.  Coarse enough to live through video
compression, not through a change of size.  Pictures without it have no text.
"""

from collections.abc import Sequence

import numpy as np
from attrs import frozen
from returns.result import Success

from kuavi.domain.evidence import Evidence, Heuristic, Model
from kuavi.domain.media import Frame, Pixels
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.domain.words import TextBox
from kuavi.ports.models import ModelFailure, ModelUnavailable

_CELL = 4
_MARKS = b"\xb5\x4b"


def write_text(pixels: Pixels, text: str) -> Pixels:
    """A copy of the picture (h, w, 3) with the text in its cells, one box for each line of it.

    A text of no or more than 255 bytes, or one that the picture can't hold, is a ValueError.
    """
    data = text.encode()
    bits = np.unpackbits(np.frombuffer(_MARKS + bytes([len(data)]) + data + _sum(data), np.uint8))
    rows, columns = pixels.shape[0] // _CELL, pixels.shape[1] // _CELL
    if not text.strip() or len(bits) > rows * columns:
        raise ValueError(f"{len(data)} bytes of text don't fit in {rows} x {columns} cells")
    used = -(-len(bits) // columns)
    cells = np.zeros(used * columns, np.uint8)
    cells[: len(bits)] = 255 * bits
    written = pixels.copy()
    block = np.kron(cells.reshape(used, columns), np.ones((_CELL, _CELL), np.uint8))
    written[: block.shape[0], : block.shape[1]] = block[:, :, None]
    return written


def _sum(data: bytes) -> bytes:
    return bytes([sum(data) % 256])


def _cells(pixels: Pixels) -> np.ndarray:
    """The bytes that the picture's cells show, row by row."""
    rows, columns = pixels.shape[0] // _CELL, pixels.shape[1] // _CELL
    grid = pixels[: rows * _CELL, : columns * _CELL].mean(axis=2)
    inner = grid.reshape(rows, _CELL, columns, _CELL)[:, 1:3, :, 1:3].mean(axis=(1, 3))
    return np.packbits(inner.ravel() > 127)


def _read(frame: Frame) -> tuple[TextBox, ...]:
    shown = _cells(frame.pixels).tobytes()
    if len(shown) < 4 or shown[:2] != _MARKS:
        return ()
    data, check = shown[3 : 3 + shown[2]], shown[3 + shown[2] : 4 + shown[2]]
    if check != _sum(data):
        return ()
    height, width = frame.pixels.shape[:2]
    used = -(-8 * (4 + len(data)) // (width // _CELL))
    lines = [line for line in data.decode("utf-8", "replace").split("\n") if line.strip()]
    right, step = width // _CELL * _CELL / width, used * _CELL / height / max(1, len(lines))
    return tuple(
        TextBox(line, 1.0, (0.0, step * i, right, step * (i + 1))) for i, line in enumerate(lines)
    )


@frozen
class _Cells:
    model: Model

    @property
    def evidence(self) -> Evidence:
        return Heuristic("text as black and white cells")

    def read(
        self, frames: Sequence[Frame]
    ) -> Outcome[tuple[tuple[TextBox, ...], ...], ModelFailure]:
        return Success(tuple(map(_read, frames)))


def build(spec: ModelSpec) -> Outcome[_Cells, ModelUnavailable]:
    """Needs nothing."""
    return Success(_Cells(Model(spec.model_id, f"{spec.revision}; cells 1")))
