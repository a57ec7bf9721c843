"""One method of bench.decode on one file: prints its CPU seconds, frames and peak memory.

    python decode_peers.py METHOD FILE FPS

Frames at 0, 1/fps, 2/fps ... are made RGB within 256 pixels.  Imports come before the clock starts,
and for decord finding the size of its pictures.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

SIDE = 256


def kuavi() -> Callable[[str, float], Iterator[Any]]:
    from kuavi.adapters.readers.pyav import build
    from kuavi.domain.media import ByRate, Seen, View

    def run(path: str, fps: float) -> Iterator[Any]:
        for outcome in build().frames(path, [View(ByRate(fps), SIDE)]):
            item = outcome.unwrap()
            if isinstance(item, Seen):
                yield item.frame.pixels

    return run


def pyav() -> Callable[[str, float], Iterator[Any]]:
    import av

    def run(path: str, fps: float) -> Iterator[Any]:
        with av.open(path) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            due = 0
            for frame in container.decode(stream):
                if frame.time + 1e-3 >= due / fps:
                    due += 1
                    width, height = fitted(frame.width, frame.height)
                    yield frame.reformat(width, height, "rgb24").to_ndarray()

    return run


def opencv() -> Callable[[str, float], Iterator[Any]]:
    import cv2

    def run(path: str, fps: float) -> Iterator[Any]:
        video = cv2.VideoCapture(path)
        step = video.get(cv2.CAP_PROP_FPS) / fps
        at, due = 0, 0.0
        while video.grab():
            if at >= due - 1e-6:
                due += step
                picture = video.retrieve()[1]
                size = fitted(picture.shape[1], picture.shape[0])
                yield cv2.cvtColor(cv2.resize(picture, size), cv2.COLOR_BGR2RGB)
            at += 1

    return run


def decord() -> Callable[[str, float], Iterator[Any]]:
    import decord as library

    height, width, _ = library.VideoReader(sys.argv[2])[0].shape
    width, height = fitted(width, height)

    def run(path: str, fps: float) -> Iterator[Any]:
        video = library.VideoReader(path, width=width, height=height)
        step = video.get_avg_fps() / fps
        n = int((len(video) - 1) / step) + 1
        yield from video.get_batch([round(i * step) for i in range(n)]).asnumpy()

    return run


def fitted(width: int, height: int) -> tuple[int, int]:
    scale = min(1.0, SIDE / max(width, height))
    return round(width * scale), round(height * scale)


METHODS = {"kuavi": kuavi, "pyav": pyav, "opencv": opencv, "decord": decord}


def main(method: str, path: str, fps: float) -> None:
    run = METHODS[method]()
    began, n = time.process_time(), 0
    for _ in run(path, fps):
        n += 1
    cpu_s = time.process_time() - began
    rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"cpu_s": cpu_s, "n_frames": n, "rss_mb": rss_mb}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
