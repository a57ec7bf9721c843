"""Tier deep: feature maps of windows of a film, pooled or raw."""

import numpy as np
import pytest
from attrs import evolve, frozen
from returns.result import Failure, Success

from kuavi.adapters.clips import fake as clips
from kuavi.adapters.scratch import fake as scratch
from kuavi.apps.usecases.maps import maps_size
from kuavi.domain.clip_maps import MapsSize, pooled
from kuavi.domain.features import FeatureMap
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.manifest import TIERS, Gap, Stage, Tier
from kuavi.domain.media import Frame
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import IndexPlan, Maps
from kuavi.domain.space import Motion, Space
from kuavi.domain.windows import Windowing
from kuavi.ports.encoders import FeatureEncoder
from kuavi.ports.library import LibraryFailure
from kuavi.ports.maps import StoredMaps
from kuavi.ports.models import ModelFailed
from tests.worlds import DAY, FPS, Shot, World, film, scan_ports, spec

PLAN = IndexPlan(preset="fake", tier=Tier.DEEP, sample_fps=5.0, map_side=2)
RAW = evolve(PLAN, maps=Maps.RAW)
"""DAY lasts 10 s: 50 frames are sampled, seven windows of 8 of them."""


def deep() -> World:
    ports = scan_ports()
    return World(scan=evolve(ports, maps=mapper()))


def mapper() -> FeatureEncoder:
    return clips.build(spec("clips")).unwrap()


def stored(world: World, video: VideoId) -> StoredMaps[LibraryFailure]:
    found = world.library.view().unwrap().feature_maps(video).unwrap()
    assert found is not None
    return found


def test_tier_deep_is_tier_index_and_feature_maps() -> None:
    world = deep()
    first = world.indexed(plan=evolve(PLAN, tier=Tier.INDEX))
    assert Stage.FEATURES not in first.done
    assert world.library.view().unwrap().feature_maps(first.video.id).unwrap() is None
    second = world.indexed(plan=PLAN)
    assert (second.done, second.kept) == ((Stage.FEATURES,), TIERS[Tier.INDEX])
    assert world.indexed(plan=PLAN).done == ()
    assert deep().indexed(plan=PLAN).done == TIERS[Tier.DEEP]


def test_windows_follow_each_other_and_the_last_ends_with_the_video() -> None:
    world = deep()
    extents = stored(world, world.indexed(plan=PLAN).video.id).extents
    spans = [(round(e.span.start_s, 6), round(e.span.end_s, 6)) for e in extents]
    whole = [(1.6 * i, 1.6 * (i + 1)) for i in range(6)]
    np.testing.assert_allclose(spans, [*whole, (8.4, 10.0)])
    assert {e.shape(1) for e in extents} == {(8, 2, 2, 1)}
    np.testing.assert_allclose(extents[1].starts_s, 1.6 + np.arange(8) / 5)


def test_maps_are_those_of_the_encoder_raw_or_pooled() -> None:
    world = deep()
    raw = stored(world, world.indexed(plan=RAW).video.id)
    frames = [f for f in DAY.frames if round(f[0] * FPS) % 2 == 0]
    window = [Frame(time_s, pixels) for time_s, pixels in frames[8:16]]
    expected = mapper().features([window]).unwrap()[0]
    assert raw.space == expected.space
    assert np.array_equal(raw.map(1).unwrap().values, expected.values)
    again = world.indexed(plan=PLAN)
    assert again.done == (Stage.FEATURES,)  # pooled ones are another result
    kept = stored(world, again.video.id)
    assert kept.space != raw.space
    assert np.array_equal(kept.map(1).unwrap().values, pooled(expected, 2).values)


def test_a_stride_lets_windows_overlap() -> None:
    world = deep()
    plan = evolve(PLAN, map_stride=4)
    extents = stored(world, world.indexed(plan=plan).video.id).extents
    assert [round(e.span.start_s, 6) for e in extents[:3]] == [0.0, 0.8, 1.6]
    with pytest.raises(ValueError, match="skips frames"):
        evolve(PLAN, map_stride=9)


def test_a_film_shorter_than_a_window_is_padded() -> None:
    world = deep().later(films={"/films/day.mp4": film(Shot("red", 0.6))})
    maps = stored(world, world.indexed(plan=RAW).video.id)
    assert len(maps.extents) == 1
    np.testing.assert_allclose(maps.extents[0].starts_s, [0, 0.2, *[0.4] * 6])
    assert maps.extents[0].span.end_s == pytest.approx(0.6)
    values = maps.map(0).unwrap().values
    assert np.array_equal(values[-1], values[2])


def test_an_encoder_without_maps_leaves_a_gap_and_decodes_nothing_for_it() -> None:
    world = World()
    assert world.indexed(plan=evolve(PLAN, tier=Tier.INDEX)).failed == ()
    blind = world.later(films={"/films/day.mp4": film(Shot("red", 0.1))})
    blind = blind.later(contents={"/films/day.mp4": b"/films/day.mp4"})
    report = blind.indexed(plan=PLAN)
    assert (report.done, report.failed) == ((Stage.FEATURES,), ())
    (gap,) = report.video.gaps
    assert gap == Gap(Stage.FEATURES, gap.reason)
    assert "fake-clips gives no feature maps" in gap.reason
    assert report.video.span is not None
    assert report.video.span.end_s == pytest.approx(10.0)  # not looked at again
    assert world.library.view().unwrap().feature_maps(report.video.id).unwrap() is None


def test_no_maps_wanted_is_no_stage() -> None:
    assert Stage.FEATURES not in deep().indexed(plan=evolve(PLAN, maps=Maps.NONE)).done


@frozen
class Broken:
    inner: FeatureEncoder

    @property
    def feature_space(self) -> Space[Motion]:
        return self.inner.feature_space

    def features(self, windows: object) -> Outcome[tuple[FeatureMap, ...], ModelFailed]:  # noqa: ARG002
        return Failure(ModelFailed("fake-clips", "no"))


def test_an_encoder_that_fails_stops_no_other_stage() -> None:
    world = World()
    broken = world.later(scan=evolve(world.scan, maps=Broken(mapper())))
    report = broken.indexed(plan=PLAN)
    assert report.done == TIERS[Tier.INDEX]
    assert [trouble.stage for trouble in report.failed] == [Stage.FEATURES]


def test_a_full_disk_stops_no_other_stage() -> None:
    report = deep().later(scratch=scratch.build(room=0)).indexed(plan=PLAN)
    assert Stage.FEATURES in [trouble.stage for trouble in report.failed]
    assert Stage.MOTION in report.done


@pytest.mark.parametrize("plan", [PLAN, RAW], ids=["pooled", "raw"])
def test_the_size_told_before_is_the_size(plan: IndexPlan) -> None:
    world = deep()
    size = maps_size([10.0], plan, world.index_ports).unwrap()
    maps = stored(world, world.indexed(plan=plan).video.id)
    values = [maps.map(i).unwrap().values for i in range(len(maps.extents))]
    assert size == MapsSize(len(values), values[0].shape)
    assert size.nbytes == sum(one.nbytes for one in values)


def test_no_size_where_there_will_be_none() -> None:
    assert maps_size([10.0], PLAN, World().index_ports) == Success(None)
    assert maps_size([10.0], evolve(PLAN, maps=Maps.NONE), deep().index_ports) == Success(None)


def test_windows_of_tubelets_give_fewer_steps() -> None:
    pairs = clips.build(evolve(spec("clips"), options={"step": 2})).unwrap()
    ports = scan_ports()
    world = World(scan=evolve(ports, clips=pairs, maps=pairs))
    plan = evolve(RAW, windowing=Windowing(8, 4))
    extent = stored(world, world.indexed(plan=plan).video.id).extents[0]
    np.testing.assert_allclose(extent.starts_s, [0, 0.4, 0.8, 1.2])
