"""What is said badly is found, with its reason and its place."""

import pytest
from attrs import evolve
from returns.result import Failure

from kuavi.apps.usecases.audit import Audit, NothingSaid, audit
from kuavi.apps.usecases.enhance import enhance_video
from kuavi.apps.usecases.scoring import Told
from kuavi.domain.annotation import NOBODY, Action, Annotation, Summary
from kuavi.domain.described import Caption
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.manifest import Gap, Stage, with_stage
from kuavi.domain.quality_signal import Measure
from kuavi.domain.spans import Span
from kuavi.domain.tell_plan import Mode, TellPlan
from kuavi.ports.library import NoSuchVideo
from tests.painted import Painted, painted
from tests.worlds import World

REFUSED = Annotation(
    Summary("I'm sorry, I can't help.", "I can't see anything."), Action("N/A", "N/A", "N/A")
)


@pytest.fixture
def film() -> Painted:
    return painted()


def audited(film: Painted) -> Audit:
    return audit(film.video, film.world.tell_ports()).unwrap()


def test_annotations_that_fit_are_not_flagged(film: Painted) -> None:
    film.annotated({}, film.world.tell_ports())
    told = audited(film)
    assert [one.node for one in told.judged] == sorted(film.fitting)
    assert {one.told for one in told.judged} == {Told.ANNOTATION}
    figures = {one.name: one for one in told.figures(Told.ANNOTATION)}
    assert set(figures) == set(Measure)
    assert figures[Measure.FORMAT].mean == 1.0
    for name in (Measure.FORMAT, Measure.COHERENCE, Measure.TEMPORAL, Measure.DEGENERACY):
        assert (figures[name].measured, figures[name].low) == (11, 0)
    assert min(one.quality.total for one in told.judged) > 0.7
    assert told.dominant == ()


def test_a_foreign_a_refused_and_an_ill_formed_annotation_are_the_worst(film: Painted) -> None:
    nodes = list(film.fitting_captions)
    foreign, refused, ill_formed = nodes[0], nodes[1], nodes[2]
    fits = film.fitting[ill_formed]
    damaged = {
        foreign: film.fitting[nodes[3]],
        refused: REFUSED,
        ill_formed: evolve(fits, action=evolve(fits.action, brief="washing the big old car there")),
    }
    film.annotated(damaged, film.world.tell_ports())
    told = audited(film)
    worst = {one.node: one for one in told.worst(20)}
    assert set(damaged) <= set(worst)
    assert {one.node for one in told.worst(2)} == {foreign, refused}
    assert Measure.VISUAL in worst[foreign].quality.flags
    assert Measure.TEMPORAL in worst[foreign].quality.flags
    assert any("other frames of the video" in fault for fault in worst[foreign].faults)
    assert worst[refused].faults[0].startswith("degeneracy: summary.brief is a refusal")
    assert worst[ill_formed].quality.flags == (Measure.FORMAT,)
    assert worst[ill_formed].span == film.tree.span_of(ill_formed)
    assert told.worst(1) == (min(told.judged, key=lambda one: one.quality.total),)
    assert told.flags == sum(len(one.quality.flags) for one in worst.values())


def test_nobodys_acting_has_no_coherence_to_measure(film: Painted) -> None:
    node = next(iter(film.fitting_captions))
    still = evolve(film.fitting[node], action=Action(NOBODY, NOBODY, NOBODY))
    film.annotated({node: still}, film.world.tell_ports())
    told = next(one for one in audited(film).judged if one.node == node)
    assert told.quality.signal(Measure.COHERENCE) is None
    assert told.quality.signal(Measure.FORMAT) is not None


def test_one_action_for_most_segments_is_told(film: Painted) -> None:
    same = Action("stir pot", "Stir the pot with a spoon.", "two cooks")
    damaged = {node: evolve(one, action=same) for node, one in list(film.fitting.items())[:7]}
    film.annotated(damaged, film.world.tell_ports())
    told = audited(film)
    [(by, most)] = told.dominant
    assert (by, most.action, most.n, most.of) == (Told.ANNOTATION, "stir pot", 7, 11)
    degenerate = {one.node for one in told.judged if Measure.DEGENERACY in one.quality.flags}
    assert degenerate == set(damaged)


def test_captions_are_judged_by_what_can_be_measured_of_them(film: Painted) -> None:
    nodes = list(film.fitting_captions)
    damaged = {
        nodes[1]: Caption(frame="I cannot see an image.", action="seeing"),
        nodes[3]: evolve(film.fitting_captions[nodes[3]], action=""),
        nodes[4]: Caption(action=NOBODY),
    }
    film.captioned(damaged, film.world.tell_ports())
    told = audited(film)
    by_node = {one.node: one for one in told.judged}
    assert set(by_node) == set(nodes) - {nodes[4]}
    assert {one.told for one in told.judged} == {Told.CAPTION}
    assert set(by_node[nodes[1]].quality.flags) >= {Measure.FORMAT, Measure.DEGENERACY}
    assert by_node[nodes[3]].quality.signal(Measure.FORMAT) is None
    assert by_node[nodes[2]].quality.flags == ()
    assert (told.coverage.captioned, told.coverage.dead, told.coverage.annotated) == (5, 1, 0)


def test_a_caption_of_other_pictures_does_not_fit_its_own(film: Painted) -> None:
    first, _, other, *_ = film.fitting_captions
    film.captioned({first: film.fitting_captions[other]}, film.world.tell_ports())
    told = audited(film)
    assert {one.node: one.quality.flags for one in told.worst(20)} == {first: (Measure.VISUAL,)}
    measured = {one.name for one in told.figures(Told.CAPTION)}
    assert measured == {Measure.VISUAL, Measure.FORMAT, Measure.DEGENERACY}


def test_an_annotation_stands_for_its_node_and_a_caption_where_there_is_none(
    film: Painted,
) -> None:
    ports = film.world.tell_ports()
    film.captioned({}, ports)
    nodes = list(film.fitting)
    film.annotated({}, ports)
    told = audited(film)
    assert [one.node for one in told.of(Told.ANNOTATION)] == sorted(nodes)
    assert told.of(Told.CAPTION) == ()
    assert told.coverage.captioned == 6
    assert told.coverage.undescribed == len(film.tree) - len(nodes)


def test_gaps_and_scenes_of_which_nothing_is_said_are_told(film: Painted) -> None:
    film.captioned({}, film.world.tell_ports())
    record = film.view.video(film.video).unwrap()
    captions = record.record(Stage.CAPTIONS)
    assert captions is not None
    gap = Gap(Stage.CAPTIONS, "the answer is not complete", Span(0.0, 4.0))
    film.world.library.commit(with_stage(record, evolve(captions, gaps=(gap,)))).unwrap()
    told = audited(film)
    assert told.gaps == (gap,)
    assert (told.coverage.scenes, told.coverage.bare_scenes) == (6, 0)


def test_what_enhance_makes_can_be_audited() -> None:
    world = World()
    video = world.indexed().video.id
    enhance_video(video, TellPlan(Mode.FAST), world.tell_ports()).unwrap()
    told = audit(video, world.tell_ports()).unwrap()
    assert [(one.text, one.action) for one in told.judged] == [
        ("A green picture.", "a green picture"),
        ("A blue picture.", "a blue picture"),
    ]
    assert (told.coverage.captioned, told.coverage.dead) == (2, 1)
    assert all(one.quality.flags == (Measure.FORMAT,) for one in told.judged)
    assert all(one.quality.signal(Measure.VISUAL) is None for one in told.judged)  # two are few


def test_a_video_of_which_nothing_is_said_is_a_clear_failure() -> None:
    world = World()
    video = world.indexed().video.id
    outcome = audit(video, world.tell_ports())
    assert isinstance(outcome, Failure)
    assert outcome.failure() == NothingSaid("day.mp4")
    assert "kuavi enhance" in str(outcome.failure())
    other = audit(VideoId("f" * 16), world.tell_ports())
    assert isinstance(other, Failure)
    assert isinstance(other.failure(), NoSuchVideo)
