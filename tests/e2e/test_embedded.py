"""The embedded preset on real video: index, re-index, search by each field, look.

The film is the demo's: real clips joined by cuts, a card, real speech.  No network is touched.
"""

import socket
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from attrs import evolve
from PIL import Image

import kuavi
from kuavi.apps.toolbox.session import Indexed, KuaviError, OpenLibrary
from kuavi.apps.usecases.queries import Field
from kuavi.domain.manifest import TIERS, Stage, Tier
from kuavi.domain.plan import IndexPlan
from scripts import demo_clip
from tests.media import real_clip

CUTS_S = [1.16, 3.04, 5.48, 7.48, 10.0, 15.28, 18.28]
"""Where shots change, seen by eye: four cuts of bikes' own, then the joins.

bikes has a fifth at 9.68 s; what follows it lasts 0.32 s, less than a scene may.
"""


@pytest.fixture(scope="module", autouse=True)
def no_network() -> Iterator[None]:
    """Opening a connection fails the test."""

    def refuse(_: socket.socket, address: object) -> None:
        raise AssertionError(f"something tried to reach {address}")

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", refuse)
    yield
    patch.undo()


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return demo_clip.make(tmp_path_factory.mktemp("film") / "film.mp4")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("library")


@pytest.fixture(scope="module")
def indexed(film: Path, place: Path) -> Indexed:
    (one,) = kuavi.open_library(place).index(film)
    assert one.ok, one
    return one


@pytest.fixture(scope="module")
def library(place: Path, indexed: Indexed) -> OpenLibrary:
    """Opened anew, from disk."""
    assert indexed.ok
    return kuavi.open_library(place, create=False)


def test_everything_was_made_without_gaps(indexed: Indexed) -> None:
    assert indexed.report is not None
    assert indexed.report.done == TIERS[Tier.INDEX]
    assert indexed.report.video.gaps == ()
    models = [record.model for record in indexed.report.video.stages]
    assert all(model is not None for model in models)
    named = [file.name for model in models if model for file in model.weights]
    assert any("efficientnet-lite0" in name for name in named)
    assert any("model.bin" in name for name in named)


def test_scenes_are_the_shots(library: OpenLibrary) -> None:
    scenes = library.scenes("film.mp4")
    starts = [scene.span.start_s for scene in scenes[1:]]
    assert len(starts) == len(CUTS_S)
    assert starts == pytest.approx(CUTS_S, abs=0.001)
    assert scenes[0].span.start_s == 0
    assert scenes[-1].span.end_s == pytest.approx(22.28, abs=0.05)
    assert all(a.span.end_s == b.span.start_s for a, b in pairwise(scenes))


@pytest.mark.parametrize(
    ("query", "field", "at_s"),
    [
        ("a rabbit in the grass", Field.VISUAL, 12.0),
        ("a bicycle against a wall", Field.VISUAL, 8.5),
        ("the season of light", Field.TRANSCRIPT, 14.0),
        ("age of foolishness", Field.TRANSCRIPT, 7.0),
        ("london express", Field.SCREEN, 16.5),
        ("departs 17:45", Field.SCREEN, 16.5),
    ],
)
def test_each_field_finds_its_moment(
    library: OpenLibrary, query: str, field: Field, at_s: float
) -> None:
    for asked in (field, Field.ALL):
        first = library.search(query, field=asked).hits[0]
        assert first.moment.start_s - 2 <= at_s <= first.moment.end_s + 2, (asked, first)


def test_a_span_and_a_picture_are_queries(library: OpenLibrary, tmp_path: Path) -> None:
    like = library.search(like=("film.mp4", (10.5, 12.0)))
    assert not any(hit.scene.contains(11) for hit in like.hits)
    frame = library.look("film.mp4", [12.5])[0]
    Image.fromarray(frame.pixels).save(tmp_path / "rabbit.png")
    hit = library.search(image=tmp_path / "rabbit.png").hits[0]
    assert hit.scene.contains(12.5)


def test_a_phrase_is_found_to_the_word(library: OpenLibrary) -> None:
    found = library.transcript("film.mp4", "Worst of times").found
    assert len(found) == 1
    assert 3.5 < found[0].span.start_s < 6.5
    assert found[0].span.duration_s < 2.5


def test_again_is_nothing_to_do_and_a_setting_makes_only_its_own(
    library: OpenLibrary, film: Path
) -> None:
    (again,) = library.index(film)
    assert again.report is not None
    assert again.report.done == ()
    (other,) = library.index(film, plan=evolve(IndexPlan(), min_leaf_s=0.8))
    assert other.report is not None
    assert other.report.done == (Stage.TREE,)


def test_two_runs_give_the_same(film: Path, library: OpenLibrary, tmp_path: Path) -> None:
    other = kuavi.open_library(tmp_path / "other")
    assert other.index(film)[0].ok
    library.index(film)  # back to the default plan
    assert other.scenes("film.mp4") == library.scenes("film.mp4")
    for query in ("a man in a car", "season of darkness", "platform"):
        assert other.search(query) == library.search(query)
    for a, b in zip(library.keyframes("film.mp4"), other.keyframes("film.mp4"), strict=True):
        assert (a.time_s, a.image) == (b.time_s, b.image)


def test_a_sheet_shows_every_scene(library: OpenLibrary, tmp_path: Path) -> None:
    sheet = library.sheet("film.mp4", tmp_path / "sheet.png")
    assert len(sheet.times_s) == len(library.scenes("film.mp4"))
    picture = np.asarray(Image.open(sheet.path))
    assert picture.shape[1] > 4 * 320
    assert picture.std() > 20


def test_a_clip_without_speech_or_text_says_nothing(tmp_path: Path) -> None:
    library = kuavi.open_library(tmp_path)
    clip = real_clip("bigbuckbunny")
    assert library.index(clip)[0].ok
    assert library.transcript(clip).utterances == ()
    assert library.search("a rabbit", field="transcript").hits == ()
    assert len(library.scenes(clip)) == 1
    assert library.search("a rabbit").hits[0].matches[0].field == Field.VISUAL


def test_what_cannot_be_done_is_one_clear_line(library: OpenLibrary, tmp_path: Path) -> None:
    (missing,) = library.index(tmp_path / "nothing.mp4")
    assert missing.problem == f"{tmp_path / 'nothing.mp4'}: no such file or folder"
    with pytest.raises(KuaviError, match="no captioning model"):
        library.search("rabbit", field="summary")
    with pytest.raises(KuaviError, match="by example"):
        library.search("running", field="temporal")
    with pytest.raises(KuaviError, match="no KUAVi library"):
        kuavi.open_library(tmp_path / "none", create=False)
    with pytest.raises(KuaviError, match="no preset 'best'; known: embedded"):
        kuavi.open_library(tmp_path, preset="best")
    with pytest.raises(KuaviError, match="finite and ascending"):
        library.look("film.mp4", [float("nan")])
    with pytest.raises(KuaviError, match="must start before it ends"):
        library.sheet("film.mp4", tmp_path / "x.png", within=(5, 5))
    with pytest.raises(KuaviError, match="not a valid Field"):
        library.search("rabbit", field="smell")
