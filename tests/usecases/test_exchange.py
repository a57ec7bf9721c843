"""Import and export of published videos, on fakes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from returns.result import Failure, Success

from kuavi.adapters.clocks import fake as clocks
from kuavi.adapters.exchange import fake as exchange
from kuavi.adapters.exchange.fake import FakeTrees
from kuavi.adapters.libraries import memory
from kuavi.adapters.text import fake as texts
from kuavi.apps.usecases.anticipate import predict_future
from kuavi.apps.usecases.coherence import CoherenceRequest, verify_coherence
from kuavi.apps.usecases.exchange import (
    Arrived,
    BadNodes,
    ExportPorts,
    Fate,
    ImportPorts,
    Twice,
    UnknownForm,
    export_trees,
    import_trees,
)
from kuavi.apps.usecases.imported import IMPORTED, STAGES
from kuavi.apps.usecases.look import SheetRequest, frames_at, sheet
from kuavi.apps.usecases.manage import which
from kuavi.apps.usecases.observing import Ask
from kuavi.apps.usecases.probes import classify_by_probe
from kuavi.apps.usecases.queries import ByText, Field, SearchRequest
from kuavi.apps.usecases.scenes import Level, NotIndexed, scenes, transcript
from kuavi.apps.usecases.search import search
from kuavi.domain.action100m import (
    Gpt,
    GptAction,
    GptSummary,
    Line,
    Metadata,
    NotPublished,
    PublishedNode,
    PublishedVideo,
    as_json,
    parse_video,
)
from kuavi.domain.annotation import Action, Annotation, Summary
from kuavi.domain.described import Caption
from kuavi.domain.evidence import Heuristic, Learned
from kuavi.domain.fingerprint import fingerprint_of
from kuavi.domain.layers import Layer
from kuavi.domain.manifest import Stage, VideoRecord, with_stage
from kuavi.domain.media import AtTimes, View
from kuavi.domain.spans import Span
from kuavi.ports.exchange import NotTrees
from kuavi.ports.files import PathMissing
from kuavi.ports.library import Library, StorageFailed
from kuavi.ports.parts import Captions
from tests.foresight import ports_of as foresight_ports
from tests.strategies_action100m import published_videos
from tests.usecases.test_probes import ports as probe_ports
from tests.usecases.test_probes import rainbow, train
from tests.worlds import World, spec

PATH = "/in/trees.fake"
BREAD = Gpt(GptSummary("A cook bakes bread.", "At length."), GptAction("bake bread", "d", "a cook"))
VIDEO = PublishedVideo(
    "abc",
    Metadata(
        title="How to bake",
        duration=12,
        transcript=(Line("1.5", "first  the flour"), Line("4", "then water")),
    ),
    (
        PublishedNode("r", None, 0, 0.0, 9.0, "bake a loaf", "A kitchen.", None, BREAD),
        PublishedNode("a", "r", 1, 0.0, 4.0, "sift flour", "A sieve.", "White powder."),
        PublishedNode("b", "r", 1, 4.0, 9.0, "N/A", "An oven glows.", ""),
    ),
)


def other(uid: str, **changes: Any) -> dict[str, Any]:
    return as_json(evolve(VIDEO, video_uid=uid, **changes))


def ports_of(library: Library, files: FakeTrees) -> ImportPorts:
    return ImportPorts(library, (files,), texts.build(spec("text")).unwrap(), clocks.build())


class Place:
    """A library in memory, files in memory, and imports from one into the other."""

    def __init__(self, *records: object, world: World | None = None) -> None:
        self.world = world or World()
        self.library = self.world.library
        self.files = exchange.build({PATH: records})
        self.ports = ports_of(self.library, self.files)

    def take_in(self, path: str = PATH) -> list[Arrived]:
        return list(import_trees(path, self.ports))

    def view(self) -> Any:
        return self.library.view().unwrap()

    def hand_out(self, videos: Sequence[VideoRecord] | None = None) -> list[PublishedVideo]:
        known = self.view().videos().unwrap() if videos is None else videos
        ports = ExportPorts(self.library, (self.files,))
        export_trees(known, "/out.fake", ports).unwrap()
        return [parse_video(raw.unwrap()).unwrap() for raw in self.files.read("/out.fake")]


@pytest.fixture
def place() -> Place:
    return Place(as_json(VIDEO))


def test_a_record_becomes_a_video_of_the_library(place: Place) -> None:
    (arrived,) = place.take_in()
    assert (arrived.fate, arrived.path, arrived.failure) == (Fate.IMPORTED, f"{PATH}#abc", None)
    (video,) = place.view().videos().unwrap()
    assert video == arrived.video
    assert (video.title, video.path) == ("How to bake", f"{PATH}#abc")
    assert video.content == fingerprint_of(as_json(VIDEO))
    assert [made.stage for made in video.stages] == list(STAGES)
    assert {made.stage: made.items for made in video.stages} == {
        Stage.TREE: 3,
        Stage.TRANSCRIPT: 2,
        Stage.TEXT: 2,
        Stage.CAPTIONS: 3,
        Stage.ANNOTATIONS: 1,
        Stage.DESCRIPTIONS: 2 * (3 + 2),
    }
    assert video.gaps == ()


def test_what_was_imported_never_passes_for_ours(place: Place) -> None:
    place.take_in()
    (video,) = place.view().videos().unwrap()
    for made in video.stages:
        if made.stage in (Stage.TEXT, Stage.DESCRIPTIONS):
            assert made.evidence == place.ports.text.evidence
        else:
            assert made.model == IMPORTED
            assert isinstance(made.evidence, Heuristic | Learned)
            assert "imported: Action100M schema" in str(made.evidence)


def test_its_texts_are_those_of_the_record(place: Place) -> None:
    place.take_in()
    view = place.view()
    (video,) = view.videos().unwrap()
    assert view.annotations(video.id).unwrap() == {
        0: Annotation(
            Summary("A cook bakes bread.", "At length."), Action("bake bread", "d", "a cook")
        )
    }
    assert view.captions(video.id).unwrap()[1] == Caption("White powder.", "A sieve.", "sift flour")
    told = view.descriptions(video.id, Layer.ACTION).unwrap()
    assert [(one.node, one.text) for one in told] == [(0, "bake bread"), (1, "sift flour")]
    summaries = view.descriptions(video.id, Layer.SUMMARY).unwrap()
    assert summaries[0].text == "A cook bakes bread.\nAt length."
    assert [one.text for one in summaries[1:]] == ["A sieve.", "An oven glows."]
    rows = view.texts(place.ports.text.space, Layer.SUMMARY).unwrap()
    expected = place.ports.text.encode([one.text for one in summaries]).unwrap()
    assert np.array_equal(rows.embeddings.rows, expected.rows)
    said = view.utterances(video.id).unwrap()
    assert [(u.span.start_s, u.span.end_s, u.text) for u in said] == [
        (1.5, 4.0, "first the flour"),
        (4.0, 9.0, "then water"),
    ]


def test_it_is_found_by_its_words(place: Place) -> None:
    place.take_in()
    for field, text in ((Field.SUMMARY, "oven"), (Field.TRANSCRIPT, "flour"), (Field.ALL, "oven")):
        found = search(SearchRequest(ByText(text), field), place.world.search_ports).unwrap()
        assert found.hits[0].title == "How to bake"
        assert found.hits[0].thumbnail_s is None


def test_it_is_meant_by_its_uid_its_title_and_its_path(place: Place) -> None:
    place.take_in()
    (video,) = place.view().videos().unwrap()
    for asked in ("abc", "How to bake", video.id, video.id[:6]):
        assert which(place.view(), asked, f"/here/{asked}") == Success(video)
    assert which(place.view(), "trees.fake#abc", f"{PATH}#abc") == Success(video)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=25)
@given(st.lists(published_videos(), max_size=3, unique_by=lambda video: video.video_uid))
def test_what_goes_in_comes_out_exactly(videos: list[PublishedVideo]) -> None:
    place = Place(*map(as_json, videos))
    arrived = place.take_in()
    known = [one.video for one in arrived if one.video is not None]
    assert len(known) == len(videos)
    assert place.hand_out(known) == videos
    assert [one.fate for one in place.take_in("/out.fake")] == [Fate.UNCHANGED] * len(videos)


def test_a_second_import_changes_nothing(place: Place) -> None:
    place.take_in()
    version = place.view().version
    assert [one.fate for one in place.take_in()] == [Fate.UNCHANGED]
    assert place.view().version == version


def test_the_same_record_elsewhere_is_the_same_video(place: Place) -> None:
    place.take_in()
    place.files.contents["/moved.fake"] = place.files.contents[PATH]
    (arrived,) = place.take_in("/moved.fake")
    assert arrived.fate == Fate.UNCHANGED
    (video,) = place.view().videos().unwrap()
    assert video.paths == ("/moved.fake#abc", f"{PATH}#abc")


def test_a_changed_record_takes_the_place_of_the_one_before(place: Place) -> None:
    (before,) = place.take_in()
    place.files.contents[PATH] = [other("abc", metadata=None)]
    (after,) = place.take_in()
    assert after.fate == Fate.IMPORTED
    assert before.video is not None
    assert after.replaced == (before.video.id,)
    (video,) = place.view().videos().unwrap()
    assert video.title == "abc"
    assert [gap.reason for gap in video.gaps] == ["the record has no transcript"]


def test_another_text_encoder_renews_the_vectors_alone(place: Place) -> None:
    place.take_in()
    place.ports = evolve(place.ports, text=texts.build(spec("other")).unwrap())
    (before,) = place.view().videos().unwrap()
    assert [one.fate for one in place.take_in()] == [Fate.IMPORTED]
    (after,) = place.view().videos().unwrap()
    changed = [m.stage for m in after.stages if m != before.record(m.stage)]
    assert changed == [Stage.TEXT, Stage.DESCRIPTIONS]


def test_captions_that_were_made_anew_survive_an_import_and_are_exported(place: Place) -> None:
    place.take_in()
    (video,) = place.view().videos().unwrap()
    ours = {1: Caption("", "Flour falls.", "sift")}
    made = video.record(Stage.CAPTIONS)
    assert made is not None
    newer = with_stage(video, evolve(made, key=fingerprint_of("ours"), items=1))
    place.library.commit(newer, [Captions(ours)]).unwrap()
    assert [one.fate for one in place.take_in()] == [Fate.UNCHANGED]
    assert place.view().captions(video.id).unwrap() == ours
    (back,) = place.hand_out()
    node = back.nodes[1]
    assert (node.plm_caption, node.plm_action, node.llama3_caption) == (
        "Flour falls.",
        "sift",
        None,
    )


GAPPED = (VIDEO.nodes[0], VIDEO.nodes[1], evolve(VIDEO.nodes[2], start=5.0))


def test_one_bad_record_stops_none_of_the_others() -> None:
    place = Place(
        other("one"),
        "no record",
        {**other("two"), "colour": 1},
        other("three", nodes=GAPPED),
        other("one", metadata=None),
        other("one"),
        other("four"),
    )
    arrived = place.take_in()
    assert [one.fate.value[0] for one in arrived] == list("irrrrui")
    failures = [type(one.failure) for one in arrived]
    assert failures[1:5] == [NotTrees, NotPublished, BadNodes, Twice]
    assert "node r: a gap between its children: 4.0 s and 5.0 s" in str(arrived[3].failure)
    assert str(arrived[3].failure).startswith(f"{PATH}#three: ")
    titles = [one.video for one in arrived if one.video is not None]
    assert len({video.id for video in titles}) == 2
    assert len(place.view().videos().unwrap()) == 2


def test_files_that_are_not_there_or_of_no_known_form(place: Place) -> None:
    (missing,) = place.take_in("/none.fake")
    assert missing.failure == PathMissing("/none.fake")
    (unknown,) = place.take_in("/in/trees.csv")
    assert unknown.failure == UnknownForm("/in/trees.csv", (".fake",))
    exported = export_trees((), "/x.csv", ExportPorts(place.library, (place.files,)))
    assert exported == Failure(UnknownForm("/x.csv", (".fake",)))


class Full:
    """A library whose disk is full: everything but a commit works."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.path = library.path
        self.tried = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.library, name)

    def commit(self, *_: object) -> Failure[StorageFailed]:
        self.tried += 1
        return Failure(StorageFailed(self.path, "no space left"))


def test_a_failure_of_the_library_ends_the_import() -> None:
    full: Any = Full(memory.build("full", create=True).unwrap())
    files = exchange.build({PATH: [other("one"), other("two")]})
    (arrived,) = import_trees(PATH, ports_of(full, files))
    assert arrived.failure == StorageFailed("full", "no space left")
    assert full.tried == 1


def test_what_needs_pictures_says_in_one_line_that_there_are_none(place: Place) -> None:
    place.take_in()
    (video,) = place.view().videos().unwrap()
    look, foresight = place.world.look_ports, foresight_ports(place.world)
    for failed, missing in (
        (frames_at(video, View(AtTimes((1.0,)), 64), look), "pictures"),
        (sheet(SheetRequest(video.id), "/sheet.png", look), "pictures"),
        (verify_coherence(CoherenceRequest(video.id), foresight), "motion over time"),
        (predict_future(Ask(video.id, 3.0, 1.0), foresight), "motion over time"),
    ):
        told = str(failed.failure())
        assert told == f"How to bake: no {missing}: imported without its video file"
    nothing = search(SearchRequest(ByText("oven"), Field.VISUAL), place.world.search_ports)
    assert "no video here has pictures" in str(nothing.failure())
    asked = SearchRequest(ByText("oven"), Field.ALL)
    everywhere = search(asked, place.world.search_ports).unwrap()
    assert any("no video here has pictures" in note for note in everywhere.notes)


def test_a_probe_finds_no_motion_in_it(tmp_path: Path) -> None:
    world = rainbow()
    probe = train(world, tmp_path / "colours").unwrap().path
    (arrived,) = Place(as_json(VIDEO), world=world).take_in()
    assert arrived.video is not None
    told = classify_by_probe(arrived.video, [Span(0, 4)], probe, probe_ports(world)).failure()
    assert str(told) == "How to bake: no motion over time: imported without its video file"


def test_scenes_and_transcript_need_none(place: Place) -> None:
    place.take_in()
    (video,) = place.view().videos().unwrap()
    first, second = scenes(place.view(), video.id, Level(count=2)).unwrap()
    assert (first.span.end_s, first.spoken, second.spoken) == (4.0, "first the flour", "then water")
    said = transcript(place.view(), video.id, "flour").unwrap()
    assert [hit.text for hit in said.found] == ["flour"]


def test_our_own_videos_are_exported_in_the_same_form() -> None:
    place = Place()
    report = place.world.indexed()
    (video,) = place.hand_out([report.video])
    tree = place.view().tree(report.video.id).unwrap()
    assert len(video.nodes) == len(tree)
    assert video.metadata is not None
    assert (video.video_uid, video.metadata.title) == (report.video.id, "day.mp4")
    said = place.view().utterances(report.video.id).unwrap()
    assert [line.text for line in video.metadata.transcript or ()] == [u.text for u in said]
    again = Place(as_json(video))
    assert [one.fate for one in again.take_in()] == [Fate.IMPORTED]
    assert again.hand_out() == [video]


def test_videos_without_a_tree_are_left_out_and_told(place: Place) -> None:
    (arrived,) = place.take_in()
    assert arrived.video is not None
    bare = evolve(arrived.video, stages=(), origin=None)
    ports = ExportPorts(place.library, (place.files,))
    done = export_trees([arrived.video, bare], "/out.fake", ports).unwrap()
    assert done.videos == (arrived.video,)
    assert [str(one) for one in done.left_out] == [
        "trees.fake#abc: no segment tree yet; run `kuavi index` on it again"
    ]
    assert isinstance(export_trees([bare], "/out2.fake", ports).failure(), NotIndexed)
    assert "/out2.fake" not in place.files.contents
