"""Coherence through fakes: what is judged by what, flagged, drawn and summed up."""

import numpy as np
import pytest
from returns.result import Failure

from kuavi.adapters.clips import fake as clips
from kuavi.adapters.plots import fake as plots
from kuavi.adapters.readers.fake import FakeClip
from kuavi.apps.usecases.coherence import (
    Coherence,
    CoherenceRequest,
    chart_of,
    draw,
    surprising,
    verify_coherence,
)
from kuavi.apps.usecases.observing import NothingBefore
from kuavi.apps.usecases.scenes import NotIndexed
from kuavi.domain.coherence import Kind
from kuavi.domain.evidence import Heuristic, Learned
from kuavi.domain.fingerprint import VideoId, video_id
from kuavi.domain.manifest import Tier
from kuavi.domain.plan import IndexPlan, ModelSpec
from kuavi.domain.spans import Span
from kuavi.ports.files import PathMissing
from kuavi.ports.library import NoSuchVideo
from kuavi.ports.reader import NotReadable
from tests.foresight import learned, ports_of
from tests.worlds import FPS, Shot, World, film, scan_ports

PLAN = IndexPlan(preset="fake", tier=Tier.SCAN)
SPLICED = film(Shot("red", 8), Shot("blue", 2), Shot("red", 8))
CUT = film(Shot("red", 8), Shot("blue", 8))


def made(clip: FakeClip, step: int = 1) -> tuple[World, VideoId]:
    moving = clips.build(ModelSpec("fake", "fake-clips", options={"step": step})).unwrap()
    base = scan_ports()
    scan = type(base)(base.shots, base.joint, moving, base.tagger)
    world = World(films={"/films/a.mp4": clip}, scan=scan)
    world.indexed("/films/a.mp4", PLAN)
    listed = world.library.view().unwrap().videos().unwrap()
    return world, video_id(listed[0].content)


def verified(world: World, video: VideoId, within: Span | None = None) -> Coherence:
    outcome = verify_coherence(CoherenceRequest(video, within), ports_of(world))
    assert not isinstance(outcome, Failure), outcome.failure()
    return outcome.unwrap()


def test_a_foreign_segment_is_flagged_at_its_cuts() -> None:
    told = verified(*made(SPLICED))
    (flag,) = told.flags
    assert flag.kind == Kind.FOREIGN
    assert [flag.span.start_s, flag.span.end_s] == pytest.approx([8, 10])
    assert flag.p <= 0.05
    assert told.cuts_s == pytest.approx((8, 10))


def test_baselines_judge_under_their_own_names() -> None:
    told = verified(*made(CUT))
    assert [one.method for one in told.judgements] == ["persistence", "linear continuation"]
    assert all(isinstance(one.evidence, Heuristic) for one in told.judgements)
    assert any("no predictor" in note for note in told.notes)
    (flag,) = told.flags
    assert flag.kind == Kind.CUT
    assert flag.span.start_s == pytest.approx(8)


@pytest.mark.parametrize("step", [1, 2])
def test_a_predictor_judges_first_with_the_baselines_beside_it(step: int) -> None:
    longer = film(Shot("red", 8 * step), Shot("blue", 2), Shot("red", 8 * step))
    world, video = made(longer, step)
    ports, _ = learned(world)
    told = verify_coherence(CoherenceRequest(video), ports).unwrap()
    assert told.evidence == Learned("last-change")
    assert [one.method for one in told.judgements][1:] == ["persistence", "linear continuation"]
    assert told.notes == ()
    starts = told.surprise.start_s
    assert np.diff(starts) == pytest.approx(np.full(len(starts) - 1, 0.4 * step))
    assert told.surprise.end_s[-1] == pytest.approx(2 + 16 * step, abs=0.4 * step)
    high = starts[told.surprise.high]
    assert np.abs(high - 8 * step).min() < 0.4 * step + 0.01
    (foreign,) = [flag for flag in told.flags if flag.kind == Kind.FOREIGN]
    assert foreign.span.start_s == pytest.approx(8 * step)
    assert not [flag for flag in told.flags if flag.kind == Kind.CUT]  # its edges are its own


def test_too_short_for_the_predictor_is_told_and_not_answered_by_a_baseline() -> None:
    world, video = made(film(Shot("red", 1), Shot("blue", 1)))
    outcome = verify_coherence(CoherenceRequest(video), learned(world)[0])
    assert isinstance(outcome.failure(), NothingBefore)
    assert verified(world, video).method == "persistence"


def test_only_a_stretch_is_told_of_by_the_scores_of_the_whole() -> None:
    world, video = made(SPLICED)
    whole, part = verified(world, video), verified(world, video, Span(0, 5))
    assert part.flags == ()
    assert part.cuts_s == ()
    assert np.array_equal(part.surprise.z, whole.surprise.z)
    past = verify_coherence(CoherenceRequest(video, Span(50, 60)), ports_of(world))
    assert isinstance(past.failure(), NothingBefore)


def test_the_chart_shows_what_is_flagged() -> None:
    world, video = made(SPLICED)
    chart = chart_of(verified(world, video))
    assert [shade.label for shade in chart.shades] == ["foreign segment"]
    assert chart.ticks_s == pytest.approx((8, 10))
    assert [curve.name for curve in chart.curves] == ["persistence", "linear continuation"]
    files = world.index_ports.files
    path = draw(verified(world, video), "/out/curve.png", plots.build(), files).unwrap()
    assert files.read(path).unwrap() == plots.build().draw(chart).unwrap()


def test_the_most_surprising_scenes_are_told_in_time_order() -> None:
    shots = [("red", 4.0), ("green", 4.0), ("green", 4.0), ("white", 4.0)]
    world, video = made(film(*(Shot(colour, length) for colour, length in shots)))
    told = surprising(video, 1, ports_of(world)).unwrap()
    assert told.of == 3
    assert len(told.scenes) == 1
    assert told.scenes[0].at_s == pytest.approx(told.scenes[0].span.start_s, abs=0.4)
    every = surprising(video, 10, ports_of(world)).unwrap().scenes
    assert [scene.span.start_s for scene in every] == sorted(s.span.start_s for s in every)
    assert max(scene.z for scene in every) == told.scenes[0].z


def test_what_cannot_be_judged_is_told() -> None:
    world, video = made(SPLICED)
    gone = verify_coherence(CoherenceRequest(VideoId("nowhere")), ports_of(world))
    assert isinstance(gone.failure(), NoSuchVideo)
    moved = verify_coherence(CoherenceRequest(video), learned(world.later(films={}))[0])
    assert isinstance(moved.failure(), PathMissing)
    shorter = FakeClip(SPLICED.frames[: 9 * FPS], 9.0, SPLICED.samples)
    cut = verify_coherence(
        CoherenceRequest(video), learned(world.later(films={"/films/a.mp4": shorter}))[0]
    )
    assert isinstance(cut.failure(), NotReadable)
    still, one = made(film(Shot("red", 0.1)))
    assert isinstance(
        verify_coherence(CoherenceRequest(one), ports_of(still)).failure(), NotIndexed
    )
