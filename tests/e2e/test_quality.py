"""The quality signals with the embedded sentence encoder on published annotations."""

import os
from pathlib import Path

import numpy as np
import pytest

from bench.quality import Scorer, auc, run, totals
from bench.quality_data import CASES, published
from kuavi.adapters.text import minilm
from kuavi.domain.presets import PRESETS

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("KUAVI_SHARED_DATA", ROOT.parent / "shared" / "data")) / "action100m"
GOALS = {
    "shuffled across videos, all": 0.95,
    "shuffled across videos, a tenth": 0.95,
    "one annotation on 55 %": 0.99,
    "a text empty": 0.99,
}


@pytest.mark.skipif(not FOLDER.exists(), reason="needs KUAVI_SHARED_DATA")
def test_damaged_annotations_are_told_from_real_ones() -> None:
    """On the three videos with the fewest, for time's sake; all of them are in `bench.quality`."""
    videos = sorted(published(FOLDER), key=lambda video: len(video.annotations))[:3]
    scorer = Scorer(minilm.build(PRESETS["embedded"].text).unwrap())
    scored = [scorer.score(video, video.annotations) for video in videos]
    real = totals([one for video in scored for one in video.values()])
    for name, goal in GOALS.items():
        bad, _ = run(scorer, videos, CASES[name], draws=1)
        assert auc(real, totals(bad)) >= goal, name


def test_auc_is_the_chance_of_being_above() -> None:
    assert auc(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 1
    assert auc(np.array([0.0, 1.0]), np.array([0.0, 1.0])) == 0.5
    assert auc(np.array([0.0]), np.array([0.5, -1.0, 0.0, 0.0])) == 0.5
