"""A decoded picture made into a frame: scaled by swscale, in square pixels, upright."""

from fractions import Fraction
from typing import Any

import numpy as np
from attrs import frozen
from av.sidedata.sidedata import Type as SideDataType
from av.video.reformatter import Interpolation, VideoReformatter

from kuavi.adapters.readers._decoding import Timed
from kuavi.adapters.readers._sizes import fitted
from kuavi.domain.media import Frame, Pixels


@frozen
class Turn:
    """How a coded picture becomes upright: transposed first, then mirrored."""

    transposed: bool = False
    left_right: bool = False
    top_bottom: bool = False

    @property
    def clockwise_deg(self) -> int:
        """The rotation in it: 0, 90, 180 or 270."""
        if self.transposed:
            return 90 if self.left_right else 270
        return 180 if self.left_right else 0

    def apply(self, pixels: Pixels) -> Pixels:
        turned = pixels.swapaxes(0, 1) if self.transposed else pixels
        turned = turned[:, ::-1] if self.left_right else turned
        turned = turned[::-1] if self.top_bottom else turned
        return np.ascontiguousarray(turned)


def turn_of(picture: Any) -> Turn:
    """The turn a picture's display matrix asks for, to the nearest quarter.

    Not for every picture: PyAV's `side_data` ties a picture into a cycle that only the garbage
    collector frees, and hundreds of large pictures pile up until then.  The matrix maps a point to
    (a x + c y, b x + d y), as in QuickTime's track header.
    """
    matrix = picture.side_data.get(SideDataType.DISPLAYMATRIX)
    if matrix is None:
        return Turn()
    a, b, _, c, d, *_ = np.frombuffer(matrix, dtype="=i4").tolist()
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Turn(transposed=True, left_right=c < 0, top_bottom=b < 0)
    return Turn(left_right=a < 0, top_bottom=d < 0)


class Scaler:
    """Makes frames; each size keeps its swscale context."""

    def __init__(self, sample_aspect: Fraction) -> None:
        self._aspect = sample_aspect
        self._reformatters: dict[tuple[int, int], VideoReformatter] = {}
        self._turn = Turn()
        self._rotation: int | None = None

    def frames(self, timed: Timed, max_sides: set[int]) -> dict[int, Frame]:
        """The picture as a frame for each longest side; equal sizes share one conversion."""
        picture = timed.picture
        sizes = {
            side: fitted(picture.width, picture.height, side, self._aspect) for side in max_sides
        }
        if picture.rotation != self._rotation:
            self._turn, self._rotation = turn_of(picture), picture.rotation
        made = {
            size: Frame(timed.time_s, self._turn.apply(self._pixels(picture, size)))
            for size in set(sizes.values())
        }
        return {side: made[size] for side, size in sizes.items()}

    def _pixels(self, picture: Any, size: tuple[int, int]) -> Pixels:
        reformatter = self._reformatters.setdefault(size, VideoReformatter())
        scaled: Any = reformatter.reformat(
            picture, *size, format="rgb24", interpolation=Interpolation.BICUBIC
        )
        pixels: Pixels = scaled.to_ndarray()
        return pixels
