"""Indexing through fakes: what is done, what is kept, what is told."""

from collections.abc import Sequence

import numpy as np
import pytest
from attrs import evolve, frozen
from returns.result import Failure

from kuavi.adapters.progress.memory import MemoryProgress
from kuavi.apps.usecases.settings import settings
from kuavi.domain.evidence import Evidence, Model
from kuavi.domain.manifest import TIERS, Stage, Tier
from kuavi.domain.media import Frame
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import IndexPlan
from kuavi.domain.space import Embeddings, Joint, Motion, Space
from kuavi.domain.windows import Weighing, Windowing, mean_per_frame, window_starts
from kuavi.domain.words import Tag, TextBox
from kuavi.ports.encoders import ClipEncoder, JointEncoder
from kuavi.ports.models import ModelFailed, ModelFailure, OutOfMemory
from kuavi.ports.progress import Advanced, Cancelled, StagesPlanned
from kuavi.ports.reader import FileMissing, NoVideoStream
from kuavi.ports.words import Tagger, TextReader
from tests.worlds import COLOURS, DAY, Shot, World, film, scan_ports, word_ports

PLAN = IndexPlan(preset="fake")


def test_every_stage_is_made_and_recorded() -> None:
    world = World()
    report = world.indexed()
    assert report.done == TIERS[Tier.INDEX]
    assert report.failed == ()
    assert [record.stage for record in report.video.stages] == list(TIERS[Tier.INDEX])
    assert report.video.span is not None
    assert report.video.span.end_s == pytest.approx(10)
    assert all(record.evidence for record in report.video.stages)


def test_scenes_are_the_shots_and_tile_the_video() -> None:
    world = World()
    report = world.indexed()
    view = world.library.view().unwrap()
    tree = view.tree(report.video.id).unwrap()
    assert tree is not None
    starts = sorted(float(s) for s in tree.start_s[tree.is_shot])
    assert starts == pytest.approx([0, 3, 7])
    assert float(tree.end_s.max()) == pytest.approx(10)
    assert [cut.time_s for cut in view.cuts(report.video.id).unwrap()] == pytest.approx([3, 7])


def test_the_same_again_is_nothing_to_do() -> None:
    world = World()
    first = world.indexed()
    version = world.library.view().unwrap().version
    again = world.indexed()
    assert again.done == ()
    assert again.kept == TIERS[Tier.INDEX]
    assert again.video.stages == first.video.stages
    assert world.library.view().unwrap().version == version


def test_tier_scan_then_index_makes_only_the_rest() -> None:
    world = World()
    assert world.indexed(plan=evolve(PLAN, tier=Tier.SCAN)).done == TIERS[Tier.SCAN]
    assert world.indexed().done == (Stage.TRANSCRIPT, Stage.SCREEN, Stage.TEXT)


@pytest.mark.parametrize(
    ("plan", "again"),
    [
        (evolve(PLAN, min_leaf_s=1.0), {Stage.TREE}),
        (
            evolve(PLAN, keyframe_every_s=2.0),
            {Stage.KEYFRAMES, Stage.TAGS, Stage.SCREEN, Stage.TEXT},
        ),
    ],
)
def test_a_changed_setting_makes_only_what_depends_on_it(
    plan: IndexPlan, again: set[Stage]
) -> None:
    world = World()
    world.indexed()
    assert set(world.indexed(plan=plan).done) == again


def test_windows_may_be_weighed_by_their_centre() -> None:
    """The rows that are stored are the weighted means of what the encoder says of each window."""
    windowing = Windowing(10, 5, Weighing.CENTRE)
    world, plan = World(), evolve(PLAN, windowing=windowing, sample_fps=5.0)
    world.indexed(plan=evolve(plan, windowing=Windowing(10, 5)))
    report = world.indexed(plan=plan)
    assert set(report.done) == {Stage.MOTION, Stage.TREE}
    encoder = world.scan.clips
    frames = [Frame(time_s, pixels) for time_s, pixels in DAY.frames[::2]]
    starts = window_starts(len(frames), windowing)
    windows = encoder.encode([frames[start : start + 10] for start in starts]).unwrap()
    cube = np.stack([window.rows for window in windows])
    stored = world.library.view().unwrap().motion(encoder.space).unwrap().embeddings.rows
    weighed = mean_per_frame(cube, starts, 10, len(frames), Weighing.CENTRE)
    np.testing.assert_array_equal(stored, weighed)
    assert (stored != mean_per_frame(cube, starts, 10, len(frames))).any()


def test_the_key_of_windows_whose_frames_count_alike_is_what_it_was() -> None:
    """Videos indexed before windows could be weighed are not indexed again."""
    ports = World().index_ports
    key = settings(evolve(PLAN, windowing=Windowing(8, 4)), ports)[Stage.MOTION]
    assert key == [ports.scan.clips.model.as_json(), [[2.5, 640], 8, 4]]
    weighed = evolve(PLAN, windowing=Windowing(8, 4, Weighing.CENTRE))
    assert settings(weighed, ports)[Stage.MOTION] != key


def test_a_changed_model_makes_only_what_depends_on_it() -> None:
    world = World()
    world.indexed()
    newer = OtherRevision(world.scan.joint)
    later = world.later(scan=evolve(world.scan, joint=newer))
    assert later.indexed().done == (Stage.VISUAL,)


def test_no_speech_and_no_ocr_leave_them_out() -> None:
    world = World()
    report = world.indexed(plan=evolve(PLAN, speech=False, ocr=False))
    assert set(report.done) == set(TIERS[Tier.SCAN])
    report = world.indexed(plan=evolve(PLAN, ocr=False))
    assert report.done == (Stage.TRANSCRIPT, Stage.TEXT)


def test_the_same_content_elsewhere_is_the_same_video() -> None:
    films = {"/a/day.mp4": DAY, "/b/copy.mp4": DAY}
    world = World(films=films, contents=dict.fromkeys(films, b"same"))
    world.indexed("/a/day.mp4")
    report = world.indexed("/b/copy.mp4")
    assert report.done == ()
    assert report.video.paths == ("/b/copy.mp4", "/a/day.mp4")
    assert len(world.library.view().unwrap().videos().unwrap()) == 1


def test_same_name_in_two_folders_coexists() -> None:
    world = World(films={"/a/x.mp4": DAY, "/b/x.mp4": film(Shot("white", 2))})
    world.indexed("/a/x.mp4")
    world.indexed("/b/x.mp4")
    titles = [v.title for v in world.library.view().unwrap().videos().unwrap()]
    assert titles == ["x.mp4", "x.mp4"]


def test_changed_content_at_a_path_takes_its_place() -> None:
    world = World()
    old = world.indexed()
    new = world.later(contents={"/films/day.mp4": b"cut anew"}).indexed()
    assert new.replaced == (old.video.id,)
    listed = world.library.view().unwrap().videos().unwrap()
    assert [v.id for v in listed] == [new.video.id]


def test_a_run_stopped_just_before_that_leaves_it_to_the_next() -> None:
    contents = {"/films/day.mp4": b"cut anew"}
    whole = World(contents=contents)
    whole.indexed()
    world = World()
    old = world.indexed()
    last = len(whole.progress.events) - 1
    stopped = world.later(contents=contents, progress=MemoryProgress(cancel_after=last))
    assert isinstance(stopped.index().failure(), Cancelled)
    listed = world.library.view().unwrap().videos().unwrap()
    assert len(listed) == 2  # the new one is whole, and the old one still has its path
    after = world.later(contents=contents).indexed()
    assert (after.done, after.replaced) == ((), (old.video.id,))
    version = world.library.view().unwrap().version
    assert world.later(contents=contents).indexed().replaced == ()
    assert world.library.view().unwrap().version == version


def test_a_missing_file_and_one_without_pictures_are_typed_failures() -> None:
    world = World(contents={"/films/gone.mp4": b"x"})
    outcome = world.index("/films/gone.mp4")
    assert isinstance(outcome, Failure)
    assert outcome.failure() == FileMissing("/films/gone.mp4")


def test_a_file_that_breaks_off_is_indexed_up_to_there_and_says_so() -> None:
    world = World(films={"/films/day.mp4": evolve(DAY, damaged_at_s=5.0)})
    report = world.indexed()
    assert report.video.span is not None
    assert report.video.span.end_s == pytest.approx(5.0)
    stages = {gap.stage for gap in report.video.gaps}
    assert {Stage.VISUAL, Stage.MOTION, Stage.TRANSCRIPT} <= stages
    assert "damaged" in report.video.gaps[0].reason


def test_a_file_without_sound_has_an_empty_transcript_and_says_so() -> None:
    world = World(films={"/films/day.mp4": evolve(DAY, samples=None)})
    report = world.indexed()
    record = report.video.record(Stage.TRANSCRIPT)
    assert record is not None
    assert record.items == 0
    assert [gap.reason for gap in record.gaps] == ["the file has no sound"]


@frozen
class OtherRevision:
    """A joint encoder as it may be after an update: another model in the same space."""

    inner: JointEncoder

    @property
    def model(self) -> Model:
        return Model(self.inner.model.model_id, "colours-2")

    @property
    def evidence(self) -> Evidence:
        return self.inner.evidence

    @property
    def space(self) -> Space[Joint]:
        return self.inner.space

    def encode_frames(self, frames: Sequence[Frame]) -> Outcome[Embeddings[Joint], ModelFailure]:
        return self.inner.encode_frames(frames)

    def encode_texts(self, texts: Sequence[str]) -> Outcome[Embeddings[Joint], ModelFailure]:
        return self.inner.encode_texts(texts)


@frozen
class BrokenTagger:
    """Fails on every picture."""

    inner: Tagger

    @property
    def model(self) -> Model:
        return self.inner.model

    @property
    def evidence(self) -> Evidence:
        return self.inner.evidence

    def tag(self, frames: Sequence[Frame]) -> Outcome[tuple[tuple[Tag, ...], ...], ModelFailure]:
        return Failure(ModelFailed("broken", f"no tags for {len(frames)}"))


@frozen
class GreenBlind:
    """A text reader that fails on green pictures only."""

    inner: TextReader

    @property
    def model(self) -> Model:
        return self.inner.model

    @property
    def evidence(self) -> Evidence:
        return self.inner.evidence

    def read(
        self, frames: Sequence[Frame]
    ) -> Outcome[tuple[tuple[TextBox, ...], ...], ModelFailure]:
        corner = frames[0].pixels[-1, -1].astype(int)
        if np.abs(corner - COLOURS["green"]).max() < 5:
            return Failure(ModelFailed("blind", "can't read on green"))
        return self.inner.read(frames)


def test_a_stage_that_fails_stops_no_other_and_is_tried_again() -> None:
    scan = scan_ports()
    world = World(scan=evolve(scan, tagger=BrokenTagger(scan.tagger)))
    report = world.indexed()
    assert [t.stage for t in report.failed] == [Stage.TAGS]
    assert "no tags" in report.failed[0].reason
    assert set(report.done) == set(TIERS[Tier.INDEX]) - {Stage.TAGS}
    assert world.later(scan=scan).indexed().done == (Stage.TAGS,)


@frozen
class BrokenClips:
    """Fails on every window."""

    inner: ClipEncoder

    @property
    def model(self) -> Model:
        return self.inner.model

    @property
    def evidence(self) -> Evidence:
        return self.inner.evidence

    @property
    def space(self) -> Space[Motion]:
        return self.inner.space

    @property
    def step(self) -> int:
        return self.inner.step

    def encode(
        self, windows: Sequence[Sequence[Frame]]
    ) -> Outcome[tuple[Embeddings[Motion], ...], ModelFailure]:
        return Failure(OutOfMemory("broken", len(windows)))


def test_what_builds_on_a_failed_stage_says_so() -> None:
    scan = scan_ports()
    world = World(scan=evolve(scan, clips=BrokenClips(scan.clips)))
    report = world.indexed()
    assert [(t.stage, t.reason) for t in report.failed] == [
        (Stage.MOTION, "broken: out of memory with a batch of 4; use a smaller batch"),
        (Stage.TREE, "needs motion, which could not be made"),
    ]
    assert world.later(scan=scan).indexed().done == (Stage.MOTION, Stage.TREE)


def test_a_keyframe_that_cannot_be_read_is_a_gap() -> None:
    words = word_ports()
    world = World(words=evolve(words, ocr=GreenBlind(words.ocr)))
    record = world.indexed().video.record(Stage.SCREEN)
    assert record is not None
    assert [gap.reason for gap in record.gaps] == ["blind: can't read on green"]
    assert record.items == 1


def test_a_run_resumed_after_the_shots_sees_the_video_to_its_end() -> None:
    """The last picture is not among the sampled ones, and only the shots need all pictures."""
    films = {"/films/day.mp4": film(Shot("red", 1.0), Shot("green", 1.2))}
    whole = World(films)
    whole.indexed()
    for after in range(len(whole.progress.events)):
        world = World(films, progress=MemoryProgress(cancel_after=after))
        world.index()
        video = world.later(progress=MemoryProgress()).indexed().video
        assert video.span is not None
        assert video.span.end_s == pytest.approx(2.2)
        tree = world.library.view().unwrap().tree(video.id).unwrap()
        assert tree is not None
        assert float(tree.end_s.max()) == video.span.end_s


def test_a_stopped_run_keeps_what_was_finished_and_goes_on_from_there() -> None:
    everything = World()
    everything.indexed()
    total = len(everything.progress.events)
    for after in range(total):
        world = World(progress=MemoryProgress(cancel_after=after))
        outcome = world.index()
        assert isinstance(outcome, Failure)
        assert isinstance(outcome.failure(), Cancelled)
        before = world.library.view().unwrap().videos().unwrap()
        finished = {r.stage for v in before for r in v.stages}
        resumed = world.later(progress=MemoryProgress()).indexed()
        assert set(resumed.done) == set(TIERS[Tier.INDEX]) - finished
        assert resumed.video.stages == everything.indexed().video.stages


def test_progress_tells_the_plan_and_how_far_it_is() -> None:
    world = World()
    world.indexed()
    events = world.progress.events
    assert events[0] == StagesPlanned("/films/day.mp4", TIERS[Tier.INDEX], ())
    told = [e.done_s for e in events if isinstance(e, Advanced) and e.stage == Stage.SHOTS]
    assert told == sorted(told)
    assert told[-1] > 9


def test_two_runs_give_identical_rows_and_trees() -> None:
    def everything(world: World) -> list[np.ndarray]:
        report = world.indexed()
        view = world.library.view().unwrap()
        tree = view.tree(report.video.id).unwrap()
        assert tree is not None
        visual = view.visual(world.scan.joint.space).unwrap()
        motion = view.motion(world.scan.clips.space).unwrap()
        return [visual.embeddings.rows, motion.embeddings.rows, tree.start_s, tree.cost]

    for a, b in zip(everything(World()), everything(World()), strict=True):
        np.testing.assert_array_equal(a, b)


def test_one_frame_is_a_video_of_one_scene() -> None:
    world = World(films={"/films/day.mp4": film(Shot("red", 0.1))})
    report = world.indexed()
    tree = world.library.view().unwrap().tree(report.video.id).unwrap()
    assert tree is not None
    assert len(tree.parent) == 1


def test_a_clip_of_sound_alone_is_no_video() -> None:
    sound = evolve(DAY, frames=())
    outcome = World(films={"/films/day.mp4": sound}).index()
    assert isinstance(outcome, Failure)
    assert outcome.failure() == NoVideoStream("/films/day.mp4")
