"""Frames to V-JEPA 2's input, as its published video processor makes it, without torchvision.

The short side is scaled to 256/224 of the input's side, bilinear with antialiasing in uint8, the
centre is cropped, and pixels are normalised with ImageNet's mean and deviation.  The evaluation of
the original probes looks at several squares along the long side instead.
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


def beside(pixels: Pixels, crop: int, number: int, n_views: int) -> Tensor:
    """One of two or more squares along a picture's long side: (3, crop, crop) uint8.

    As in the evaluation of the original probes: the short side is scaled to the crop itself,
    bilinear without antialiasing, and squares begin at whole multiples of one distance.  It scales
    with OpenCV, which rounds an eighth of the values one grey level lower.
    """
    height, width = pixels.shape[:2]
    longer = int(crop * max(height, width) / min(height, width))
    size = (crop, longer) if height <= width else (longer, crop)
    picture = torch.tensor(pixels).permute(2, 0, 1)[None].float()
    scaled = functional.interpolate(picture, size, mode="bilinear", align_corners=False)[0]
    first = number * ((longer - crop) // (n_views - 1))
    return scaled.narrow(2 if height <= width else 1, first, crop).round().byte()


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
