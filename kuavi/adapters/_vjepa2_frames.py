"""Frames to V-JEPA 2's input, as its published video processor makes it, without torchvision.

The short side is scaled to 256/224 of the input's side, bilinear with antialiasing in uint8, the
centre is cropped, and pixels are normalised with ImageNet's mean and deviation.
"""

from collections.abc import Sequence
from threading import Lock
from weakref import WeakKeyDictionary

import torch
from torch import Tensor
from torch.nn import functional

from kuavi.domain.media import Frame, Pixels

MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)
MARGIN = 256 / 224


def scaled_size(height: int, width: int, crop: int) -> tuple[int, int]:
    """Height and width after scaling the short side to the crop and its margin."""
    short = int(crop * MARGIN)
    if height <= width:
        return short, int(short * width / height)
    return int(short * height / width), short


def fitted(pixels: Pixels, crop: int) -> Tensor:
    """A picture (h, w, 3) uint8 scaled and cropped to (3, crop, crop) uint8."""
    height, width = scaled_size(*pixels.shape[:2], crop)
    picture = torch.tensor(pixels).permute(2, 0, 1)[None].contiguous()
    scaled = functional.interpolate(
        picture, (height, width), mode="bilinear", align_corners=False, antialias=True
    )
    top, left = int((height - crop) / 2), int((width - crop) / 2)
    return scaled[0, :, top : top + crop, left : left + crop].contiguous()


def normalised(pictures: Tensor) -> Tensor:
    """Pictures (..., 3, h, w) uint8 to float32 with about zero mean and unit deviation."""
    mean = torch.tensor(MEAN, device=pictures.device)[:, None, None] * 255
    deviation = torch.tensor(DEVIATION, device=pictures.device)[:, None, None] * 255
    return pictures.float().sub_(mean).div_(deviation)


class Fitter:
    """Fits each frame once as long as it lives, however many windows it is in."""

    def __init__(self, crop: int) -> None:
        self.crop = crop
        self._of_frame: WeakKeyDictionary[Frame, Tensor] = WeakKeyDictionary()
        self._lock = Lock()
        self.fitted = 0
        """Frames that were scaled."""

    def clips(self, clips: Sequence[Sequence[Frame]]) -> Tensor:
        """Clips of equally many frames of any sizes: (b, frames, 3, crop, crop) uint8."""
        return torch.stack([torch.stack([self._fitted(f) for f in clip]) for clip in clips])

    def _fitted(self, frame: Frame) -> Tensor:
        with self._lock:
            known = self._of_frame.get(frame)
        if known is None:
            known = fitted(frame.pixels, self.crop)
            with self._lock:
                self._of_frame[frame] = known
                self.fitted += 1
        return known
