"""Frames as V-JEPA 2's published processor gives them.

That processor needs torchvision, so it can't run here.  Its recipe is written out again below for
uint8 (on which it was found to agree bit for bit elsewhere), and a second, independent peer is
transformers' own resize, crop and normalise on Pillow, which rounds to within one grey level.
"""

import cv2
import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate
from transformers.image_transforms import center_crop, normalize, resize
from transformers.image_utils import PILImageResampling

from kuavi.adapters._vjepa2_frames import Fitter, beside, fitted, normalised, scaled_size
from kuavi.domain.media import Frame, Pixels
from tests.pictures import real_frames

SIZES = {
    "landscape": (360, 640),
    "full HD": (1080, 1920),
    "portrait": (640, 360),
    "square": (300, 300),
    "smaller than the crop": (90, 160),
    "odd": (211, 373),
    "already scaled": (292, 400),
    "wide": (100, 700),
}
MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], dtype=np.float32)


def picture(size: tuple[int, int]) -> Pixels:
    """Smooth shades with fine noise, which shows whether a scaler filters what it leaves out."""
    rng = np.random.default_rng(sum(size))
    rows, columns = (np.linspace(0, 4, n) for n in size)
    shades = 120 + 80 * np.sin(rows)[:, None] * np.cos(columns)[None]
    return np.clip(shades[..., None] + rng.normal(0, 30, (*size, 3)), 0, 255).astype(np.uint8)


def recipe(pixels: Pixels, crop: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    height, width = pixels.shape[:2]
    short = int(crop * 256 / 224)
    longer = int(short * max(height, width) / min(height, width))
    size = (short, longer) if height <= width else (longer, short)
    video = torch.from_numpy(pixels.copy()).permute(2, 0, 1).unsqueeze(0).contiguous()
    video = interpolate(video, size, mode="bilinear", align_corners=False, antialias=True)
    top, left = int((size[0] - crop) / 2), int((size[1] - crop) / 2)
    cropped = video[0, :, top : top + crop, left : left + crop].numpy().astype(np.float32)
    scaled = (cropped - MEAN[:, None, None] * np.float32(255)) / (
        DEVIATION[:, None, None] * np.float32(255)
    )
    return scaled.astype(np.float32)


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_views_are_squares_along_the_long_side_as_opencv_scales_them(size: tuple[int, int]) -> None:
    """Which the evaluation of the original probes does; its rounding is its own."""
    pixels, crop, (height, width) = picture(size), 256, size
    longer = int(crop * max(size) / min(size))
    scaled = cv2.resize(
        pixels,
        (longer, crop) if height <= width else (crop, longer),
        interpolation=cv2.INTER_LINEAR,
    )
    step = (longer - crop) // 2
    for number in range(3):
        first = number * step
        theirs = (
            scaled[:, first : first + crop] if height <= width else scaled[first : first + crop]
        )
        ours = beside(pixels, crop, number, 3).permute(1, 2, 0).numpy()
        off = np.abs(ours.astype(int) - theirs)
        assert off.max() <= 1
        assert off.mean() < 0.15


@pytest.mark.parametrize("crop", [256, 384])
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_pixels_are_those_of_the_recipe(size: tuple[int, int], crop: int) -> None:
    pixels = picture(size)
    ours = normalised(fitted(pixels, crop)).numpy()
    assert ours.shape == (3, crop, crop)
    np.testing.assert_allclose(ours, recipe(pixels, crop), atol=1e-6, rtol=0)


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_pixels_are_those_of_transformers_on_pillow_to_one_grey_level(
    size: tuple[int, int],
) -> None:
    pixels, crop = picture(size), 256
    scaled = resize(pixels, scaled_size(*size, crop), PILImageResampling.BILINEAR)
    theirs = normalize(
        center_crop(scaled, (crop, crop)).astype(np.float32) / 255, MEAN, DEVIATION
    ).transpose(2, 0, 1)
    off = np.abs(normalised(fitted(pixels, crop)).numpy() - theirs)
    assert off.max() < 0.019
    assert off.mean() < 1e-3


def test_shrinking_filters_what_it_leaves_out() -> None:
    pixels = picture((1080, 1920))
    video = torch.from_numpy(pixels.copy()).permute(2, 0, 1).unsqueeze(0)
    rough = interpolate(video, scaled_size(1080, 1920, 256), mode="bilinear", align_corners=False)
    assert rough.float().std() > 1.05 * fitted(pixels, 256).float().std()


@pytest.mark.parametrize(
    ("size", "crop", "scaled"),
    [
        ((360, 640), 256, (292, 519)),
        ((640, 360), 256, (519, 292)),
        ((300, 300), 384, (438, 438)),
        ((1080, 1920), 384, (438, 778)),
    ],
)
def test_the_short_side_gets_a_margin(
    size: tuple[int, int], crop: int, scaled: tuple[int, int]
) -> None:
    assert scaled_size(*size, crop) == scaled


def test_frames_of_any_size_meet_in_one_clip() -> None:
    frames = [Frame(0.0, picture(size)) for size in SIZES.values()]
    clips = Fitter(64).clips([frames, frames[::-1]])
    assert clips.shape == (2, len(frames), 3, 64, 64)
    assert clips.dtype == torch.uint8
    assert torch.equal(clips[0], clips[1].flip(0))


def test_a_frame_in_several_windows_is_fitted_once() -> None:
    frames = real_frames("bikes")[:3]
    fitter = Fitter(64)
    first = fitter.clips([frames])
    second = fitter.clips([frames[1:]])
    assert torch.equal(first[0, 1:], second[0])
    assert fitter.fitted == 3


def test_colours_keep_their_places() -> None:
    red = np.zeros((300, 400, 3), dtype=np.uint8)
    red[..., 0] = 255
    pixels = normalised(fitted(red, 64))
    expected = ([1, 0, 0] - MEAN) / DEVIATION
    np.testing.assert_allclose(pixels[:, 30, 30].numpy(), expected, atol=1e-5)
