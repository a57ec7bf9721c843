"""Stage keys: what depends on what."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kuavi.domain.evidence import Heuristic
from kuavi.domain.fingerprint import Fingerprint, fingerprint_of, video_id
from kuavi.domain.manifest import (
    DESCRIBED,
    NEEDS,
    TIERS,
    Stage,
    StageRecord,
    Tier,
    VideoRecord,
    stage_keys,
    stale,
    with_stage,
)
from kuavi.domain.media import MediaInfo

CONTENT = fingerprint_of("film")
INFO = MediaInfo("mp4", "h264", 64, 36, 25, 1, 0, 0, has_audio=False)
SETTINGS = {stage: f"as usual: {stage}" for stage in Stage}
stages = st.sampled_from(list(Stage))


def depending_on(stage: Stage) -> set[Stage]:
    found = {stage}
    for later in Stage:
        if found & set(NEEDS[later]):
            found.add(later)
    return found


def record(keys: dict[Stage, Fingerprint]) -> VideoRecord:
    video = VideoRecord(video_id(CONTENT), CONTENT, ("/f.mp4",), INFO, "2026-01-01T00:00:00Z")
    for stage, key in keys.items():
        video = with_stage(video, StageRecord(stage, key, 1, Heuristic("test")))
    return video


@given(stages)
def test_a_changed_setting_makes_stale_what_depends_on_it_and_nothing_else(stage: Stage) -> None:
    before = record(stage_keys(CONTENT, SETTINGS, tuple(Stage)))
    after = stage_keys(CONTENT, SETTINGS | {stage: "otherwise"}, tuple(Stage))
    assert set(stale(before, after)) == depending_on(stage)


def test_other_content_makes_everything_stale() -> None:
    before = record(stage_keys(CONTENT, SETTINGS, tuple(Stage)))
    after = stage_keys(fingerprint_of("another film"), SETTINGS, tuple(Stage))
    assert stale(before, after) == tuple(Stage)
    assert stale(None, after) == tuple(Stage)


def test_stages_are_listed_after_what_they_need_and_tiers_hold_each_other() -> None:
    order = list(Stage)
    assert all(order.index(need) < order.index(s) for s in Stage for need in NEEDS[s])
    for lower, higher in pairwise(Tier):
        assert set(TIERS[lower]) < set(TIERS[higher])
    for tier in Tier:
        assert all(set(NEEDS[stage]) <= set(TIERS[tier]) for stage in TIERS[tier])


@given(st.permutations(list(Stage)))
def test_records_are_kept_in_stage_order_one_each(order: list[Stage]) -> None:
    keys = stage_keys(CONTENT, SETTINGS, tuple(Stage))
    video = record({stage: keys[stage] for stage in order})
    video = with_stage(video, StageRecord(order[0], CONTENT, 2, Heuristic("again")))
    gone = DESCRIBED if order[0] is Stage.TREE else ()  # another tree has other nodes
    assert [r.stage for r in video.stages] == [stage for stage in Stage if stage not in gone]
    found = video.record(order[0])
    assert found is not None
    assert found.items == 2
