"""Hard cuts: where one picture is suddenly and lastingly replaced by another.

Two pictures are compared by the mean absolute difference of their hue, saturation and value over
all pixels, the measure of PySceneDetect's content detector (Castellano, "PySceneDetect"), with hue
taken around its circle.  A frame starts a new shot if its change from the frame before

- reaches the rule's threshold,
- is the largest of the frames around it, and stands out from them by the rule's ratio, so that
  fast motion, where every frame changes much, is no cut, and
- lasts: the pictures some frames earlier and later differ as well, so that a flash is no cut.

This is a heuristic; it sees neither dissolves nor fades (kuavi.domain.boundaries does).
"""

from typing import TypeAlias

import numpy as np
from attrs import evolve, field, frozen
from attrs.validators import ge, gt

from kuavi.domain.media import Pixels
from kuavi.domain.shots import Cut

Hsv: TypeAlias = np.ndarray[tuple[int, int, int], np.dtype[np.float32]]
"""(height, width, 3) float32: hue, saturation and value, each in [0, 255]; hue 255 is hue 0."""

_FULL = np.float32(255)


def hsv_of(pixels: Pixels) -> Hsv:
    """RGB (h, w, 3) uint8 -> hue, saturation, value (h, w, 3); the hue of a grey is 0."""
    rgb = pixels.astype(np.float32)
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    value = np.maximum(np.maximum(red, green), blue)
    chroma = value - np.minimum(np.minimum(red, green), blue)
    safe = np.where(chroma > 0, chroma, np.float32(1))
    sextant = np.where(
        value == red,
        (green - blue) / safe,
        np.where(value == green, (blue - red) / safe + 2, (red - green) / safe + 4),
    )
    hue = np.where(chroma > 0, sextant % 6, np.float32(0)) * (_FULL / 6)
    saturation = chroma / np.where(value > 0, value, np.float32(1)) * _FULL
    return np.stack([hue, saturation, value], axis=2)


def colour_change(before: Hsv, after: Hsv) -> float:
    """Mean absolute difference of the three channels, in [0, 255].

    If the video's frame size changes on the way, the later picture is compared on the grid of the
    earlier one (nearest pixels).
    """
    if before.shape != after.shape:
        after = _on_grid(after, before.shape[0], before.shape[1])
    apart = np.abs(before - after)
    hue = np.minimum(apart[..., 0], _FULL - apart[..., 0])
    return float(hue.mean() + apart[..., 1].mean() + apart[..., 2].mean()) / 3


def _on_grid(picture: Hsv, height: int, width: int) -> Hsv:
    rows = np.arange(height) * picture.shape[0] // height
    columns = np.arange(width) * picture.shape[1] // width
    return picture[rows][:, columns]


@frozen
class CutRule:
    """What counts as a cut.

    `threshold` is the least colour change; `around` the number of frames looked at on either side
    of a change, so a shot of up to `around` frames is not told apart from a flash; `ratio` how
    many times the mean change of these frames the change must be; `lasting` the part of the
    threshold that must remain between the pictures `around` frames before and after.
    """

    threshold: float = field(default=20.0, validator=gt(0))
    around: int = field(default=3, validator=ge(1))
    ratio: float = field(default=2.0, validator=ge(0))
    lasting: float = field(default=0.6, validator=ge(0))


@frozen(eq=False)
class CutFold:
    """The frames still in play: at most 2 * around + 1, however long the video.

    `changes[i]` is the colour change of `pictures[i]` from the frame before it; frames before
    position `open` are decided.
    """

    rule: CutRule
    times_s: tuple[float, ...] = ()
    pictures: tuple[Hsv, ...] = field(default=(), repr=False)
    changes: tuple[float, ...] = ()
    open: int = 0


def fold_picture(fold: CutFold, time_s: float, picture: Hsv) -> tuple[CutFold, tuple[Cut, ...]]:
    """The next frame, and the cuts that are now certain.

    Raises:
        ValueError: if time does not advance.
    """
    if fold.times_s and not time_s > fold.times_s[-1]:
        raise ValueError(f"frames must ascend in time, got {time_s} after {fold.times_s[-1]}")
    change = colour_change(fold.pictures[-1], picture) if fold.pictures else 0.0
    grown = evolve(
        fold,
        times_s=(*fold.times_s, time_s),
        pictures=(*fold.pictures, picture),
        changes=(*fold.changes, change),
    )
    around = fold.rule.around
    if len(grown.times_s) - grown.open <= around:
        return grown, ()
    cuts = _decide(grown, grown.open)
    drop = max(grown.open + 1 - around, 0)
    kept = CutFold(
        fold.rule,
        grown.times_s[drop:],
        grown.pictures[drop:],
        grown.changes[drop:],
        grown.open + 1 - drop,
    )
    return kept, cuts


def fold_rest(fold: CutFold) -> tuple[Cut, ...]:
    """No more frames: the cuts among those still open."""
    return tuple(cut for at in range(fold.open, len(fold.times_s)) for cut in _decide(fold, at))


def _decide(fold: CutFold, at: int) -> tuple[Cut, ...]:
    """A cut at this frame, or none."""
    rule, change = fold.rule, fold.changes[at]
    first, last = max(at - rule.around, 0), min(at + rule.around, len(fold.times_s) - 1)
    earlier, later = fold.changes[first:at], fold.changes[at + 1 : last + 1]
    if (
        change < rule.threshold
        or change <= max(earlier, default=0)
        or change < max(later, default=0)
    ):
        return ()
    if change * len(earlier + later) < rule.ratio * sum(earlier + later):
        return ()
    if colour_change(fold.pictures[first], fold.pictures[last]) < rule.lasting * rule.threshold:
        return ()
    return (Cut(fold.times_s[at], change / (change + rule.threshold)),)
