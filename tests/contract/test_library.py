"""What every library promises (kuavi.ports.library), the one in memory too."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
from attrs import evolve
from returns.result import Failure

from kuavi.adapters.libraries import lance, memory
from kuavi.domain.layers import Layer, of_video
from kuavi.domain.manifest import Stage
from kuavi.domain.space import Joint, Motion, Space, Text
from kuavi.ports.library import (
    Library,
    LibraryView,
    NoLibrary,
    NoSuchVideo,
    OtherSpace,
    Removed,
    TextMatch,
)
from kuavi.ports.parts import (
    Annotations,
    Captions,
    Cuts,
    Descriptions,
    FeatureMaps,
    Keyframes,
    Part,
    Rows,
    ScreenText,
    Tags,
    Transcript,
    Tree,
)
from tests import indexed
from tests.indexed import JOINT, MOTION, TEXT, frozen_form, id_of, record_of, shown, whole

Build: TypeAlias = Callable[[Path], Library]

ADAPTERS: dict[str, Build] = {
    "lance": lambda path: lance.build(str(path), create=True).unwrap(),
    "memory": lambda path: memory.build(str(path), create=True).unwrap(),
}


@pytest.fixture(params=list(ADAPTERS))
def library(request: pytest.FixtureRequest, tmp_path: Path) -> Library:
    return ADAPTERS[request.param](tmp_path / "library")


def view_of(library: Library) -> LibraryView:
    return library.view().unwrap()


def test_an_empty_library_holds_nothing(library: Library) -> None:
    view = view_of(library)
    assert view.videos().unwrap() == ()
    assert view.video(id_of("a")) == Failure(NoSuchVideo(id_of("a")))
    assert len(view.visual(JOINT).unwrap()) == 0
    assert len(view.texts(TEXT, Layer.SUMMARY).unwrap()) == 0
    assert view.full_text(Layer.TRANSCRIPT, "anything", 10).unwrap() == ()
    health = library.doctor(repair=False).unwrap()
    assert (health.videos, health.findings) == (0, ())


def test_every_part_comes_back_bit_by_bit(library: Library) -> None:
    record, parts = whole("a")
    assert library.commit(record, parts).unwrap() is None
    view = view_of(library)
    assert view.video(record.id).unwrap() == record
    assert view.videos().unwrap() == (record,)
    assert frozen_form(shown(view, record.id)) == frozen_form(parts)


def test_empty_parts_come_back_empty(library: Library) -> None:
    empty = (
        Cuts(()),
        Keyframes(()),
        Tags(()),
        indexed.rows(Layer.VISUAL, "a", JOINT, n=0),
        indexed.rows(Layer.MOTION, "a", MOTION, n=0),
        Tree(indexed.tree_of(1)),
        Transcript(()),
        indexed.rows(Layer.TRANSCRIPT, "a", TEXT, n=0),
        ScreenText(()),
        FeatureMaps(indexed.MAPS, (), ()),
        Captions({}),
        Annotations({}),
        Descriptions(Layer.SUMMARY, ()),
        indexed.rows(Layer.SUMMARY, "a", TEXT, n=0),
        Descriptions(Layer.ACTION, ()),
    )
    record = record_of("a", dict.fromkeys(Stage, 0))
    library.commit(record, empty).unwrap()
    view = view_of(library)
    kept = [part for part in empty if not isinstance(part, Rows | FeatureMaps)]
    assert frozen_form(shown(view, record.id)) == frozen_form(kept)
    other = Space[Joint]("another", "1", 7)
    assert len(view.visual(other).unwrap()) == 0  # no vectors at all are no other space


def test_large_parts_come_back_whole_and_in_order(library: Library) -> None:
    texts = [f"word{i}" for i in range(700)]
    record = record_of("a", {Stage.TREE: 0, Stage.VISUAL: 0, Stage.TRANSCRIPT: 0})
    parts = (
        Tree(indexed.tree_of(600)),
        indexed.rows(Layer.VISUAL, "a", JOINT, n=1500),
        indexed.transcript(*texts),
    )
    library.commit(record, parts).unwrap()
    view = view_of(library)
    assert frozen_form(view.tree(record.id).unwrap()) == frozen_form(parts[0].tree)
    located = view.visual(JOINT).unwrap()
    assert located.embeddings.rows.tobytes() == parts[1].embeddings.rows.tobytes()
    assert located.position.tolist() == list(range(1500))
    assert [said.text for said in view.utterances(record.id).unwrap()] == texts


def test_stages_come_one_commit_after_the_other(library: Library) -> None:
    all_parts: dict[Stage, Part] = {
        Stage.SHOTS: indexed.cuts("a"),
        Stage.VISUAL: indexed.rows(Layer.VISUAL, "a", JOINT),
        Stage.TRANSCRIPT: indexed.transcript("one", "two"),
    }
    takes: dict[Stage, int] = {}
    for stage, part in all_parts.items():
        takes[stage] = 0
        library.commit(record_of("a", takes), [part]).unwrap()
    view = view_of(library)
    assert Cuts(view.cuts(id_of("a")).unwrap()) == all_parts[Stage.SHOTS]
    assert len(view.visual(JOINT).unwrap()) == 4
    assert Transcript(view.utterances(id_of("a")).unwrap()) == all_parts[Stage.TRANSCRIPT]
    assert view.video(id_of("a")).unwrap() == record_of("a", takes)


def test_a_changed_stage_replaces_its_parts_and_no_others(library: Library) -> None:
    record, parts = whole("a")
    library.commit(record, parts).unwrap()
    takes = {**dict.fromkeys(Stage, 0), Stage.VISUAL: 7, Stage.TRANSCRIPT: 7}
    vectors, said = indexed.rows(Layer.VISUAL, "a", JOINT, take=7, n=9), indexed.transcript("anew")
    again: list[Part] = [vectors, said]
    library.commit(record_of("a", takes), again).unwrap()
    view = view_of(library)
    expected = list(parts)
    expected[3], expected[6] = again
    assert frozen_form(shown(view, record.id)) == frozen_form(expected)
    assert view.full_text(Layer.TRANSCRIPT, "water", 9).unwrap() == ()
    assert len(view.full_text(Layer.TRANSCRIPT, "anew", 9).unwrap()) == 1


def test_back_to_an_earlier_key(library: Library) -> None:
    """A setting is changed and changed back: the parts are written again and shown once."""
    for take in (0, 1, 0):
        record, parts = whole("a", take)
        library.commit(record, parts).unwrap()
    assert frozen_form(shown(view_of(library), id_of("a"))) == frozen_form(whole("a")[1])
    assert library.doctor(repair=False).unwrap().findings == ()


def test_a_stage_that_the_record_no_longer_names_disappears(library: Library) -> None:
    library.commit(*whole("a")).unwrap()
    library.commit(record_of("a", {Stage.SHOTS: 0})).unwrap()
    view = view_of(library)
    assert shown(view, id_of("a")) == (
        indexed.cuts("a"),
        Keyframes(()),
        Tags(()),
        Transcript(()),
        ScreenText(()),
        *indexed.UNTOLD,
    )
    assert view.full_text(Layer.SCREEN, "number", 5).unwrap() == ()


def test_a_changed_stage_without_its_parts_is_refused_and_changes_nothing(
    library: Library,
) -> None:
    record, parts = whole("a")
    library.commit(record, parts).unwrap()
    version = view_of(library).version
    changed = record_of("a", {**dict.fromkeys(Stage, 0), Stage.SHOTS: 1})
    assert library.commit(changed) == Failure(Removed(record.path, (Stage.SHOTS,)))
    assert view_of(library).version == version
    assert frozen_form(shown(view_of(library), record.id)) == frozen_form(parts)


def test_what_was_removed_meanwhile_is_not_gone_on_with(library: Library) -> None:
    first = record_of("a", {Stage.SHOTS: 0})
    library.commit(first, [indexed.cuts("a")]).unwrap()
    library.remove(first.id).unwrap()
    both = record_of("a", {Stage.SHOTS: 0, Stage.TAGS: 0})
    refused = library.commit(both, [indexed.tags("a")])
    assert refused == Failure(Removed(first.path, (Stage.SHOTS,)))
    assert "removed" in str(refused.failure())
    assert view_of(library).videos().unwrap() == ()
    assert library.doctor(repair=False).unwrap().findings == ()
    library.commit(both, [indexed.cuts("a"), indexed.tags("a")]).unwrap()
    assert view_of(library).video(first.id).unwrap() == both


def test_a_path_has_one_video(library: Library) -> None:
    old = record_of("old", {Stage.SHOTS: 0}, ["/v/a.mp4", "/v/b.mp4"])
    library.commit(old, [indexed.cuts("old")]).unwrap()
    for name, path, left in (("a", "/v/a.mp4", ("/v/b.mp4",)), ("b", "/v/b.mp4", ())):
        new = record_of(name, {Stage.SHOTS: 0}, [path])
        library.commit(new, [indexed.cuts(name)]).unwrap()
        assert library.claim(new.id, path).unwrap() == (old.id,)
        version = view_of(library).version
        assert library.claim(new.id, path).unwrap() == ()
        assert view_of(library).version == version
        paths = {v.id: v.paths for v in view_of(library).videos().unwrap()}
        assert paths[new.id] == (path,)
        assert paths.get(old.id, ()) == left
    assert library.doctor(repair=False).unwrap().findings == ()


def test_a_path_that_was_claimed_meanwhile_does_not_come_back(library: Library) -> None:
    old = record_of("old", {Stage.SHOTS: 0}, ["/v/b.mp4", "/v/a.mp4"])
    library.commit(old, [indexed.cuts("old")]).unwrap()
    library.claim(id_of("new"), "/v/a.mp4").unwrap()
    more = record_of("old", {Stage.SHOTS: 0, Stage.TAGS: 0}, ["/v/c.mp4", "/v/b.mp4", "/v/a.mp4"])
    library.commit(more, [indexed.tags("old")]).unwrap()
    assert view_of(library).video(old.id).unwrap().paths == ("/v/c.mp4", "/v/b.mp4")


def test_parts_that_are_there_already_are_not_doubled(library: Library) -> None:
    for _ in range(2):
        library.commit(*whole("a")).unwrap()
    assert frozen_form(shown(view_of(library), id_of("a"))) == frozen_form(whole("a")[1])


def test_parts_without_their_stage_are_a_bug(library: Library) -> None:
    with pytest.raises(ValueError, match="without its stage"):
        library.commit(record_of("a", {Stage.SHOTS: 0}), [indexed.transcript("x")])
    with pytest.raises(ValueError, match="twice"):
        library.commit(record_of("a", {Stage.SHOTS: 0}), [indexed.cuts("a"), indexed.cuts("b")])
    assert view_of(library).videos().unwrap() == ()


def test_videos_with_the_same_title_live_side_by_side(library: Library) -> None:
    for name, folder in (("a", "/z"), ("b", "/y")):
        record, parts = whole(name)
        library.commit(evolve(record, paths=(f"{folder}/clip.mp4",)), parts).unwrap()
    view = view_of(library)
    assert [record.path for record in view.videos().unwrap()] == ["/y/clip.mp4", "/z/clip.mp4"]
    assert [record.title for record in view.videos().unwrap()] == ["clip.mp4"] * 2
    for name in ("a", "b"):
        assert frozen_form(shown(view, id_of(name))) == frozen_form(whole(name)[1])


def test_odd_names_and_texts_survive(library: Library) -> None:
    odd = 'it\'s "odd"; DROP TABLE videos --\n\t\0 ñ 東京 \U0001f600'
    record = record_of("a", {Stage.SCREEN: 0}, paths=[f"/v/{odd}", "/v/\udcff\udc80.mp4"])
    library.commit(record, [indexed.screen(odd)]).unwrap()
    view = view_of(library)
    assert view.video(record.id).unwrap() == record
    assert ScreenText(view.screen(record.id).unwrap()) == indexed.screen(odd)


def test_vectors_of_all_videos_are_sorted_by_video_and_position(library: Library) -> None:
    names = ["c", "a", "d", "b"]
    for n, name in enumerate(names):
        part = indexed.rows(Layer.VISUAL, name, JOINT, n=n)
        library.commit(record_of(name, {Stage.VISUAL: 0}), [part]).unwrap()
    located = view_of(library).visual(JOINT).unwrap()
    assert len(located) == 6
    assert sorted(located.videos) == sorted(map(id_of, names[1:]))  # "c" has no rows
    assert np.all(np.diff(located.video) >= 0)
    for n, name in enumerate(names[1:], start=1):
        mine = located.video == located.videos.index(id_of(name))
        assert located.position[mine].tolist() == list(range(n))
        part = indexed.rows(Layer.VISUAL, name, JOINT, n=n)
        assert located.embeddings.rows[mine].tobytes() == part.embeddings.rows.tobytes()
        assert located.start_s[mine].tolist() == part.start_s.tolist()


def test_vectors_of_one_video_are_its_rows_of_all(library: Library) -> None:
    for name in ("a", "b"):
        library.commit(*whole(name)).unwrap()
    view = view_of(library)
    alone = view.visual(JOINT, only=id_of("b")).unwrap()
    mine = of_video(view.visual(JOINT).unwrap(), id_of("b"))
    again = of_video(view.visual(JOINT, only=id_of("b")).unwrap(), id_of("b"))
    for rows in (alone, again):
        assert len(rows) == len(mine) > 0
        assert rows.embeddings.rows.tobytes() == mine.embeddings.rows.tobytes()
        assert rows.start_s.tolist() == mine.start_s.tolist()
    assert len(view.motion(MOTION, only=id_of("nobody")).unwrap()) == 0


def test_vectors_of_one_video_are_the_askers_alone(library: Library) -> None:
    for name in ("a", "b"):
        library.commit(*whole(name)).unwrap()
    view = view_of(library)
    before = view.motion(MOTION).unwrap().embeddings.rows.tobytes()
    asked = [view.motion(MOTION, only=id_of("b")).unwrap().embeddings.rows for _ in range(2)]
    expected = asked[1].tobytes()
    asked[0].setflags(write=True)
    asked[0][:] = 7
    assert asked[1].tobytes() == expected
    assert view.motion(MOTION, only=id_of("b")).unwrap().embeddings.rows.tobytes() == expected
    assert view.motion(MOTION).unwrap().embeddings.rows.tobytes() == before
    fresh = view_of(library).motion(MOTION, only=id_of("b")).unwrap()
    assert fresh.embeddings.rows.tobytes() == expected


def test_many_vectors_of_one_video_come_back_in_order(library: Library) -> None:
    part = indexed.rows(Layer.MOTION, "long", MOTION, n=2500)
    for name, rows in (("a", indexed.rows(Layer.MOTION, "a", MOTION)), ("long", part)):
        library.commit(record_of(name, {Stage.MOTION: 0}), [rows]).unwrap()
    library.remove(id_of("a")).unwrap()
    alone = view_of(library).motion(MOTION, only=id_of("long")).unwrap()
    assert alone.embeddings.rows.tobytes() == part.embeddings.rows.tobytes()
    assert alone.position.tolist() == list(range(2500))
    assert alone.start_s.tolist() == part.start_s.tolist()


def test_keyframe_times_are_those_of_the_keyframes(library: Library) -> None:
    library.commit(*whole("a")).unwrap()
    view = view_of(library)
    kept = view.keyframes(id_of("a")).unwrap()
    assert kept
    assert view.keyframe_times(id_of("a")).unwrap().tolist() == [k.time_s for k in kept]


@pytest.mark.parametrize(
    "numbers", [range(16), range(16, 32), range(5, 6), range(38, 60), range(40, 60), range(3, 3)]
)
def test_some_keyframes_are_those_of_all(library: Library, numbers: range) -> None:
    record = record_of("a", {Stage.KEYFRAMES: 0})
    library.commit(record, [indexed.keyframes("a", n=40)]).unwrap()
    view = view_of(library)
    kept = view.keyframes(id_of("a")).unwrap()
    assert frozen_form(kept) == frozen_form(indexed.keyframes("a", n=40).keyframes)
    some = view.keyframes(id_of("a"), numbers).unwrap()
    assert frozen_form(some) == frozen_form(kept[numbers.start : numbers.stop])


def test_vectors_follow_commits(library: Library) -> None:
    """What is kept in memory between views never shows what is gone."""
    for name in ("a", "b"):
        library.commit(*whole(name)).unwrap()
        assert id_of(name) in view_of(library).visual(JOINT).unwrap().videos
    library.commit(*whole("a", take=1)).unwrap()
    located = view_of(library).visual(JOINT).unwrap()
    assert len(located) == 5 + 4
    library.remove(id_of("b")).unwrap()
    view = view_of(library)
    assert view.visual(JOINT).unwrap().videos == (id_of("a"),)
    assert frozen_form(shown(view, id_of("a"))) == frozen_form(whole("a", take=1)[1])


def test_the_space_must_be_the_one_that_was_indexed(library: Library) -> None:
    library.commit(*whole("a")).unwrap()
    view = view_of(library)
    for wanted in (
        view.visual(Space[Joint]("another", "1", 5)),
        view.visual(Space[Joint]("clip-like", "2", 5)),
        view.visual(Space[Joint]("clip-like", "1", 6)),
        view.motion(Space[Motion]("clip-like", "1", 5)),
        view.texts(Space[Text]("another", "1", 4), Layer.TRANSCRIPT),
    ):
        reason = wanted.failure()
        assert isinstance(reason, OtherSpace)
        assert reason.path == library.path
    shown_text = str(view.visual(Space[Joint]("another", "1", 5)).failure())
    assert "another" in shown_text
    assert "clip-like" in shown_text
    untold = record_of("a", {Stage.SHOTS: 0})
    library.commit(untold, [indexed.cuts("a")]).unwrap()
    none = view_of(library).texts(Space[Text]("another", "1", 4), Layer.SUMMARY)
    assert len(none.unwrap()) == 0  # no vectors at all are no other space


def test_two_spaces_in_one_library(library: Library) -> None:
    other = Space[Joint]("another", "1", 2)
    library.commit(
        record_of("a", {Stage.VISUAL: 0}), [indexed.rows(Layer.VISUAL, "a", JOINT)]
    ).unwrap()
    library.commit(
        record_of("b", {Stage.VISUAL: 0}), [indexed.rows(Layer.VISUAL, "b", other)]
    ).unwrap()
    view = view_of(library)
    assert view.visual(JOINT).unwrap().videos == (id_of("a"),)
    assert view.visual(other).unwrap().videos == (id_of("b"),)


def test_no_such_video(library: Library) -> None:
    library.commit(*whole("a")).unwrap()
    missing = id_of("b")
    view = view_of(library)
    for outcome in (
        view.video(missing),
        view.cuts(missing),
        view.tree(missing),
        view.annotations(missing),
        view.captions(missing),
        view.descriptions(missing, Layer.SUMMARY),
        view.keyframes(missing),
        view.tags(missing),
        view.utterances(missing),
        view.screen(missing),
        library.remove(missing),
    ):
        assert outcome == Failure(NoSuchVideo(missing))


def test_remove_forgets_one_video(library: Library) -> None:
    for name in ("a", "b"):
        library.commit(*whole(name)).unwrap()
    library.remove(id_of("a")).unwrap()
    view = view_of(library)
    assert [record.id for record in view.videos().unwrap()] == [id_of("b")]
    assert view.cuts(id_of("a")) == Failure(NoSuchVideo(id_of("a")))
    assert {hit.video for hit in found(view, Layer.TRANSCRIPT, "water")} == {id_of("b")}
    assert {hit.video for hit in found(view, Layer.SUMMARY, "summary")} == {id_of("b")}
    assert frozen_form(shown(view, id_of("b"))) == frozen_form(whole("b")[1])
    assert library.doctor(repair=False).unwrap().findings == ()


# Views


def test_the_same_view_while_nothing_was_committed(library: Library) -> None:
    library.commit(*whole("a")).unwrap()
    view = view_of(library)
    assert view_of(library) is view


def test_the_version_grows_with_each_commit(library: Library) -> None:
    versions = [view_of(library).version]
    library.commit(*whole("a")).unwrap()
    versions.append(view_of(library).version)
    library.commit(*whole("a", take=1)).unwrap()
    versions.append(view_of(library).version)
    library.commit(*indexed.untold("a")).unwrap()
    versions.append(view_of(library).version)
    library.remove(id_of("a")).unwrap()
    versions.append(view_of(library).version)
    assert versions == sorted(set(versions))


def test_a_view_stays_as_it_is(library: Library) -> None:
    record, parts = whole("a")
    library.commit(record, parts).unwrap()
    view, version = view_of(library), view_of(library).version
    library.commit(*whole("a", take=1)).unwrap()
    library.commit(*whole("b")).unwrap()
    library.remove(record.id).unwrap()
    library.doctor(repair=True).unwrap()
    assert view.version == version
    assert view.videos().unwrap() == (record,)
    assert frozen_form(shown(view, record.id)) == frozen_form(parts)
    assert len(found(view, Layer.TRANSCRIPT, "water")) == 1
    assert [hit.text for hit in found(view, Layer.SUMMARY, "summary")] == ["summary 0 of a"]
    assert [r.id for r in view_of(library).videos().unwrap()] == [id_of("b")]


# Full text


def found(view: LibraryView, layer: Layer, query: str, limit: int = 10) -> tuple[TextMatch, ...]:
    return view.full_text(layer, query, limit).unwrap()


@pytest.fixture
def spoken(library: Library) -> LibraryView:
    """A library with a transcript and some text on screen."""
    said = indexed.transcript(
        "She broke her glass on the table.",
        "Un CAFÉ noir",
        "Whether to go or not, and when",
        "the the the",
        "two glasses, a glass and another glass",
        "東京に行きます",
    )
    record = record_of("a", {Stage.TRANSCRIPT: 0, Stage.SCREEN: 0})
    library.commit(record, [said, indexed.screen("EXIT", "Gläser 3,50")]).unwrap()
    return view_of(library)


@pytest.mark.parametrize(
    ("query", "positions"),
    [
        ("glass", {0, 4}),
        ("glasses", {0, 4}),
        ("GLASS", {0, 4}),
        ("tables", {0}),
        ("cafe", {1}),
        ("Café", {1}),
        ("cafés", {1}),
        ("or", {2}),
        ("the", {0, 3}),
        ("noir broke", {0, 1}),
        ("zebra", set()),
        ("zebra noir", {1}),
    ],
)
def test_words_match_whatever_their_case_accents_and_number(
    spoken: LibraryView, query: str, positions: set[int]
) -> None:
    hits = found(spoken, Layer.TRANSCRIPT, query)
    assert {hit.position for hit in hits} == positions
    assert all(hit.score > 0 and hit.layer == Layer.TRANSCRIPT for hit in hits)


def test_a_hit_says_where_it_is(spoken: LibraryView) -> None:
    (hit,) = found(spoken, Layer.TRANSCRIPT, "noir")
    said = spoken.utterances(id_of("a")).unwrap()[1]
    assert (hit.video, hit.position, hit.span, hit.text) == (id_of("a"), 1, said.span, said.text)
    (line,) = found(spoken, Layer.SCREEN, "glaser")
    read = spoken.screen(id_of("a")).unwrap()[1]
    assert (line.layer, line.span, line.text) == (Layer.SCREEN, read.span, read.text)


def test_layers_are_searched_apart(spoken: LibraryView) -> None:
    assert found(spoken, Layer.SCREEN, "table") == ()
    assert found(spoken, Layer.TRANSCRIPT, "exit") == ()
    assert found(spoken, Layer.SUMMARY, "table exit") == ()
    with pytest.raises(ValueError, match="no texts"):
        spoken.full_text(Layer.VISUAL, "table", 3)


def test_best_first_and_no_more_than_the_limit(spoken: LibraryView) -> None:
    hits = found(spoken, Layer.TRANSCRIPT, "glass")
    assert [hit.position for hit in hits] == [4, 0]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert found(spoken, Layer.TRANSCRIPT, "glass", limit=1) == hits[:1]
    assert found(spoken, Layer.TRANSCRIPT, "glass", limit=0) == ()


@pytest.mark.parametrize(
    "query", ["", "   ", '"', "(", "^~*?", "+ - && ||", ":", "\\", "\0", "...", "'", "%_"]
)
def test_a_query_without_words_matches_nothing(spoken: LibraryView, query: str) -> None:
    assert found(spoken, Layer.TRANSCRIPT, query) == ()


@pytest.mark.parametrize(
    ("query", "position"),
    [
        ('AND OR "( ^', 2),
        ('"noir', 1),
        ("text:noir", 1),
        ("noir~2 ^5", 1),
        ("+noir -table*", 1),
        ("'; noir --", 1),
        ("noir" * 30 + " noir", 1),
    ],
)
def test_operators_in_a_query_are_no_more_than_characters(
    spoken: LibraryView, query: str, position: int
) -> None:
    assert position in {hit.position for hit in found(spoken, Layer.TRANSCRIPT, query)}


def test_rows_of_other_videos_do_not_use_up_the_limit(library: Library) -> None:
    """Old texts, replaced and removed, leave room for what is there."""
    for i in range(4):
        record = record_of("a", {Stage.TRANSCRIPT: i})
        library.commit(record, [indexed.transcript(*["noise"] * 30)]).unwrap()
    library.commit(
        record_of("a", {Stage.TRANSCRIPT: 9}), [indexed.transcript(*["noise and a word"] * 3)]
    ).unwrap()
    hits = found(view_of(library), Layer.TRANSCRIPT, "noise", limit=5)
    assert [hit.text for hit in hits] == ["noise and a word"] * 3
    assert [hit.position for hit in hits] == [0, 1, 2]


def test_equal_scores_are_ordered_by_video_and_position(library: Library) -> None:
    for name in ("d", "a", "c", "b"):
        record = record_of(name, {Stage.TRANSCRIPT: 0})
        library.commit(record, [indexed.transcript(*["the same"] * 20)]).unwrap()
    hits = found(view_of(library), Layer.TRANSCRIPT, "same", limit=30)
    ids = sorted(map(id_of, "abcd"))
    expected = [(video, i) for video in ids for i in range(20)][:30]
    assert [(hit.video, hit.position) for hit in hits] == expected


@pytest.mark.parametrize("build", [lance.build, memory.build])
def test_without_create_there_must_be_a_library(
    build: Callable[..., object], tmp_path: Path
) -> None:
    path = str(tmp_path / "nothing")
    assert build(path, create=False) == Failure(NoLibrary(path))
    assert not Path(path).exists()
