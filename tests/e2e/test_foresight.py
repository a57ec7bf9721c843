"""Coherence and foresight on real clips with the embedded preset."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import kuavi
from kuavi.apps.toolbox.errors import KuaviError
from kuavi.apps.toolbox.session import OpenLibrary
from kuavi.domain.coherence import Kind
from kuavi.domain.media import Pixels
from tests.media import frames_of, write_clip

FPS = 25
SAMPLE_S = 0.4
AT, LENGTH = 60, 35
"""The frame before which the foreign segment comes, and how many frames it lasts."""


def panned() -> list[Pixels]:
    """A window moves slowly over one picture, for 10 s."""
    still = frames_of("bigbuckbunny", 30, 31, 1280, 720)[0]
    lefts = np.linspace(0, 1280 - 480, 250).round().astype(int)
    return [still[220:490, left : left + 480] for left in lefts]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> OpenLibrary:
    folder = tmp_path_factory.mktemp("foresight")
    host, guest = frames_of("bigbuckbunny", 0, 130), frames_of("carphone_pristine", 20, 20 + LENGTH)
    lossy = {"crf": "20", "preset": "veryfast"}
    write_clip(folder / "spliced.mp4", [*host[:AT], *guest, *host[AT:]], FPS, options=lossy)
    write_clip(folder / "pan.mp4", panned(), FPS, options=lossy)
    opened = kuavi.open_library(folder / "library")
    done = opened.index(folder / "spliced.mp4", folder / "pan.mp4", tier="scan")
    assert all(one.ok for one in done), done
    return opened


def test_an_inserted_segment_of_another_clip_is_flagged_where_it_is(library: OpenLibrary) -> None:
    (flag,) = library.coherence("spliced").flags
    assert flag.kind == Kind.FOREIGN
    assert flag.span.start_s == pytest.approx(AT / FPS, abs=SAMPLE_S)
    assert flag.span.end_s == pytest.approx((AT + LENGTH) / FPS, abs=SAMPLE_S)
    assert flag.p <= 0.05


def test_each_cut_lies_within_a_sampled_frame_of_the_truth(library: OpenLibrary) -> None:
    told = library.coherence("spliced")
    assert told.cuts_s == pytest.approx((AT / FPS, (AT + LENGTH) / FPS), abs=SAMPLE_S)
    surprise = told.surprise
    strongest = np.sort(np.argsort(-surprise.z)[:2])
    for at, cut_s in zip(strongest, (AT / FPS, (AT + LENGTH) / FPS), strict=True):
        assert surprise.before_s[at] - 1e-6 <= cut_s <= surprise.start_s[at] + SAMPLE_S


def test_a_slow_pan_over_a_still_picture_is_not_flagged(library: OpenLibrary) -> None:
    told = library.coherence("pan")
    assert told.flags == ()
    assert not told.surprise.high.any()


def test_the_curve_is_drawn(library: OpenLibrary, tmp_path: Path) -> None:
    path = library.plot(library.coherence("spliced"), tmp_path / "curve.png")
    with Image.open(path) as opened:
        picture = np.asarray(opened.convert("RGB"))
    assert picture.shape == (420, 1200, 3)
    yellow = (picture[..., 0] > 230) & (picture[..., 2] < 190)
    at = np.flatnonzero(yellow[60:300].mean(axis=0) > 0.5) / 1200
    whole_s = library.video("spliced").span
    assert whole_s is not None
    assert at[0] == pytest.approx(AT / FPS / whole_s.end_s, abs=0.05)
    assert at[-1] == pytest.approx((AT + LENGTH) / FPS / whole_s.end_s, abs=0.05)


def test_before_the_segment_what_stays_is_foreseen_and_after_it_comes_true_again(
    library: OpenLibrary,
) -> None:
    told = library.predict("spliced", AT / FPS, horizon_s=2.0)
    came = [step.came for step in told.answers[0].steps]
    assert all(one is not None for one in came)
    assert max(one for one in came[1:3] if one is not None) < 0.75  # the foreign segment
    assert came[-1] is not None
    assert came[-1] > 0.75  # the host again
    told_of = library.anticipate("spliced", 1.0)
    assert [answer.method for answer in told_of.answers] == ["persistence", "nearest neighbour"]


def test_the_most_surprising_scene_begins_with_a_cut(library: OpenLibrary) -> None:
    (scene,) = library.surprising("spliced", 1).scenes
    assert scene.span.start_s > 1


def test_texts_need_a_larger_library(library: OpenLibrary) -> None:
    with pytest.raises(KuaviError, match="40 pairs"):
        library.anticipate("spliced", 2.0, candidates=["a rabbit", "a man in a car"])
    with pytest.raises(KuaviError, match=r"40 pairs.*by example"):
        library.search("running", field="temporal")
