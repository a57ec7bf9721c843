"""What is worst is asked for again, with its faults, and replaced only by what is better."""

from collections.abc import Mapping

import pytest
from attrs import evolve
from returns.result import Failure, Success

from kuavi.adapters import _asking
from kuavi.apps.usecases.audit import NothingSaid, audit
from kuavi.apps.usecases.enhance import enhance_video
from kuavi.apps.usecases.mending import RepairPlan
from kuavi.apps.usecases.repair import RepairReport, repair
from kuavi.apps.usecases.scoring import Told
from kuavi.apps.usecases.telling import NoTellers
from kuavi.domain.annotation import NOBODY, Action, Annotation, Summary
from kuavi.domain.annotation_json import to_json
from kuavi.domain.budget import UNLIMITED, Budget
from kuavi.domain.described import Caption
from kuavi.domain.layers import Layer
from kuavi.domain.manifest import Stage
from kuavi.domain.markdown_text import defused
from kuavi.domain.outcome import Outcome
from kuavi.ports.progress import Cancelled, Event, StageDone
from rlm.models.messages import Request
from tests.painted import FULL, Answer, Painted, annotation, answering, painted
from tests.painted import Told as Models
from tests.worlds import World

MEND = "Automatic checks found it faulty"
REFUSED = Annotation(
    Summary("I'm sorry, I can't help.", "I can't see anything."), Action("N/A", "N/A", "N/A")
)
DREAM = annotation((5,))
PLAN = RepairPlan()


@pytest.fixture
def film() -> Painted:
    return painted()


def writing(film: Painted, entries: Mapping[int, Annotation]) -> Answer:
    """The entry of the node that is asked about, whatever the round."""
    return lambda request: to_json(entries[film.node_of(request.messages[-1].text)])


def damaged(film: Painted, n: int = 2) -> dict[int, Annotation]:
    """The first of the single boards are told as something else."""
    nodes = [node for node in film.fitting_captions if film.fitting[node] != DREAM][:n]
    return dict(zip(nodes, [REFUSED, evolve(DREAM, action=REFUSED.action)], strict=False))


def mended(film: Painted, models: Models, plan: RepairPlan = PLAN) -> RepairReport:
    return repair(film.video, plan, models.ports).unwrap()


def state(film: Painted) -> tuple[object, ...]:
    """All that is said of the film, and under which keys."""
    layers = [film.view.descriptions(film.video, layer).unwrap() for layer in (Layer.SUMMARY,)]
    stages = (Stage.CAPTIONS, Stage.ANNOTATIONS, Stage.DESCRIPTIONS)
    keys = [film.key(stage) for stage in stages]
    return film.annotations(), film.captions(), layers, keys


def test_better_answers_replace_what_is_wrong_and_nothing_else(film: Painted) -> None:
    models = answering(film.world, writing(film, film.fitting))
    wrong = damaged(film)
    film.annotated(wrong, models.ports)
    told = audit(film.video, models.ports).unwrap()
    totals = {one.node: one.quality.total for one in told.judged}
    report = mended(film, models)
    assert {one.node for one in report.kept} == set(wrong)
    assert report.attempts == report.kept
    first = report.attempts[0]
    assert (first.told, first.before) == (Told.ANNOTATION, totals[first.node])
    assert all(one.after is not None and one.after > one.before for one in report.kept)
    assert film.annotations() == film.fitting
    assert report.video == film.view.video(film.video).unwrap()
    assert report.spent.calls == len(models.texts)
    described = film.view.descriptions(film.video, Layer.SUMMARY).unwrap()
    texts = {one.node: one.text for one in described}
    assert all(film.fitting[node].summary.brief in texts[node] for node in wrong)


def test_the_faults_and_the_former_entry_are_named_then_the_new_one_is_verified(
    film: Painted,
) -> None:
    models = answering(film.world, writing(film, film.fitting))
    [node] = damaged(film, 1)
    film.annotated({node: REFUSED}, models.ports)
    mended(film, models, RepairPlan(rounds=3))
    mend, revise = models.texts  # the revision comes back unchanged: there is no third round
    assert MEND in mend
    assert "- degeneracy: summary.brief is a refusal" in mend
    assert defused(to_json(REFUSED)) in mend
    assert MEND not in revise
    assert to_json(film.fitting[node]) in revise


def test_worse_answers_change_nothing(film: Painted) -> None:
    nodes = list(damaged(film))
    models = answering(film.world, writing(film, dict.fromkeys(film.fitting, REFUSED)))
    film.annotated(dict.fromkeys(nodes, DREAM), models.ports)
    before = state(film)
    report = mended(film, models)
    assert {one.node for one in report.attempts} == set(nodes)
    assert report.kept == ()
    assert {one.reason for one in report.attempts} == {"the new one is no better"}
    assert state(film) == before


def test_the_same_answer_changes_nothing(film: Painted) -> None:
    wrong = damaged(film)
    models = answering(film.world, writing(film, {**film.fitting, **wrong}))
    film.annotated(wrong, models.ports)
    before = state(film)
    report = mended(film, models)
    assert [one.reason for one in report.attempts] == ["the new one says the same"] * 2
    assert state(film) == before


def test_an_answer_about_nobody_is_not_better_for_saying_less(film: Painted) -> None:
    """Without an action there is no incoherence; all else is as it was."""
    node = next(iter(damaged(film)))
    fits = film.fitting[node]
    incoherent = evolve(fits, action=DREAM.action)
    silent = evolve(fits, action=Action(NOBODY, NOBODY, NOBODY))
    models = answering(film.world, writing(film, {**film.fitting, node: silent}))
    film.annotated({node: incoherent}, models.ports)
    report = mended(film, models, RepairPlan(worst=1, below=0.9))
    [attempt] = report.attempts
    assert attempt.after is not None
    assert attempt.after > attempt.before
    assert not attempt.kept
    assert film.annotations()[node] == incoherent


def test_an_answer_that_is_no_annotation_leaves_what_is_there_and_a_gap(film: Painted) -> None:
    models = answering(film.world, lambda _: "I don't know.")
    film.annotated(damaged(film), models.ports)
    before = state(film)
    report = mended(film, models)
    assert report.attempts == ()
    assert len(report.gaps) == 2
    assert "no JSON object" in report.gaps[0].reason
    assert state(film) == before


def test_only_so_many_of_the_worst_below_the_limit_are_asked_for(film: Painted) -> None:
    models = answering(film.world, writing(film, film.fitting))
    film.annotated(damaged(film), models.ports)
    report = mended(film, models, RepairPlan(worst=1))
    assert (report.low, len(report.attempts)) == (2, 1)
    (left,) = audit(film.video, models.ports).unwrap().worst(1)
    assert left.quality.total < 0.5
    assert mended(film, models, RepairPlan(below=left.quality.total)).attempts == ()
    assert mended(film, models).kept[0].node == left.node


def test_without_a_budget_nothing_is_asked_and_nothing_changes(film: Painted) -> None:
    models = answering(film.world, writing(film, film.fitting), budget=Budget(calls=0))
    film.annotated(damaged(film), models.ports)
    before = state(film)
    report = mended(film, models)
    assert "limit" in report.stopped
    assert (report.attempts, report.spent.calls, models.texts) == ((), 0, [])
    assert state(film) == before


def test_a_budget_is_kept_and_its_drafts_are_used(film: Painted) -> None:
    models = answering(film.world, writing(film, film.fitting), budget=Budget(calls=2))
    film.annotated(damaged(film), models.ports)
    report = mended(film, models)
    assert report.stopped
    assert report.spent.calls == len(models.texts) == 2
    assert len(report.kept) == 2
    assert film.annotations() == film.fitting


def test_a_second_repair_has_nothing_to_do(film: Painted) -> None:
    models = answering(film.world, writing(film, film.fitting))
    film.annotated(damaged(film), models.ports)
    mended(film, models)
    before, asked = state(film), len(models.texts)
    again = mended(film, models)
    assert (again.low, again.attempts) == (0, ())
    assert len(models.texts) == asked
    assert state(film) == before


def test_enhance_neither_undoes_a_repair_nor_asks_for_it_again(film: Painted) -> None:
    """The stage is still that of the same models and settings, under another key."""
    models = answering(film.world, writing(film, film.fitting))
    ports = evolve(models.ports, captioner=None)
    film.annotated(damaged(film), ports)
    key = film.key(Stage.ANNOTATIONS)
    repair(film.video, RepairPlan(), ports).unwrap()
    assert film.key(Stage.ANNOTATIONS) != key
    before, asked = state(film), len(models.texts)
    report = enhance_video(film.video, FULL, ports).unwrap()
    assert (report.counts.annotated, len(models.texts)) == (0, asked)
    assert state(film) == before
    other = evolve(FULL, rounds=1)
    assert enhance_video(film.video, other, ports).unwrap().counts.annotated == len(film.fitting)


def test_a_repair_stays_when_more_is_annotated_later(film: Painted) -> None:
    models = answering(film.world, writing(film, film.fitting))
    ports = evolve(models.ports, captioner=None)
    [node, *_] = damaged(film)
    part = evolve(FULL, nodes=(node,))
    bad = answering(film.world, writing(film, {node: REFUSED}))
    asking = evolve(bad.ports, captioner=None)
    assert enhance_video(film.video, part, asking).unwrap().counts.annotated == 1
    assert film.annotations() == {node: REFUSED}
    assert len(repair(film.video, RepairPlan(), ports).unwrap().kept) == 1
    assert film.annotations() == {node: film.fitting[node]}
    report = enhance_video(film.video, FULL, ports).unwrap()
    assert report.counts.annotated == len(film.fitting) - 1
    assert film.annotations() == film.fitting
    before = state(film)
    assert enhance_video(film.video, FULL, ports).unwrap().counts.annotated == 0
    assert state(film) == before


def test_replies_that_are_kept_do_not_answer_a_repair(film: Painted, tmp_path: object) -> None:
    """The question names the faults, so it is a new one; asked again, it costs nothing."""
    asking = _asking.build(UNLIMITED, str(tmp_path))
    wrong = damaged(film)

    def write(request: Request) -> str:
        text = request.messages[-1].text
        node = film.node_of(text)
        better = MEND in text or to_json(film.fitting[node]) in text
        return to_json(film.fitting[node] if better else {**film.fitting, **wrong}[node])

    models = answering(film.world, write, asking=asking)
    ports = evolve(models.ports, captioner=None)
    enhance_video(film.video, FULL, ports).unwrap()
    assert {node: film.annotations()[node] for node in wrong} == wrong
    report = repair(film.video, RepairPlan(), ports).unwrap()
    assert {one.node for one in report.kept} == set(wrong)
    film.annotated(wrong, ports)
    again = repair(film.video, RepairPlan(), ports).unwrap()
    assert (again.spent.calls, len(again.kept)) == (0, 2)


def naming(action: str) -> Answer:
    return lambda _: f'{{"1": "{action}"}}'


def test_a_caption_is_made_again_from_its_pictures(film: Painted) -> None:
    node, right = next(iter(film.fitting_captions.items()))
    wrong = Caption(frame="I cannot see an image.", action="seeing")
    models = answering(film.world, naming(right.action), lambda _: right.frame or "")
    film.captioned({node: wrong}, models.ports)
    report = mended(film, models)
    [attempt] = report.kept
    assert (attempt.node, attempt.told) == (node, Told.CAPTION)
    kept = film.captions()[node]
    assert (kept.text, kept.action) == (right.text, right.action)
    assert film.captions() == {**film.fitting_captions, node: kept}
    [request] = models.seen.record
    assert request.images
    assert "degeneracy: caption is a refusal" in request.messages[-1].text
    found = film.view.descriptions(film.video, Layer.ACTION).unwrap()
    assert right.action in {one.text for one in found if one.node == node}
    before = state(film)
    assert mended(film, models).attempts == ()
    assert state(film) == before


def test_a_worse_caption_is_not_kept(film: Painted) -> None:
    nodes = list(film.fitting_captions)
    wrong = film.fitting_captions[nodes[2]]
    models = answering(film.world, naming("seeing"), lambda _: "I'm sorry, as an AI I can't.")
    film.captioned({nodes[0]: wrong}, models.ports)
    before = state(film)
    report = mended(film, models, RepairPlan(worst=1, below=0.9))
    [attempt] = report.attempts
    assert (attempt.node, attempt.kept) == (nodes[0], False)
    assert state(film) == before


def test_without_an_aggregator_a_caption_keeps_its_action(film: Painted) -> None:
    node, right = next(iter(film.fitting_captions.items()))
    models = answering(film.world, naming("never asked"), lambda _: right.text)
    ports = evolve(models.ports, aggregator=None)
    film.captioned({node: evolve(right, frame="I cannot see an image.")}, models.ports)
    report = repair(film.video, RepairPlan(), ports).unwrap()
    assert len(report.kept) == 1
    assert (film.captions()[node].text, film.captions()[node].action) == (right.text, right.action)
    assert models.texts == []


def test_what_the_preset_has_no_model_for_is_told(film: Painted) -> None:
    models = answering(film.world, writing(film, film.fitting))
    film.annotated(damaged(film), models.ports)
    none = repair(film.video, RepairPlan(), evolve(models.ports, aggregator=None)).unwrap()
    assert (none.low, none.attempts) == (2, ())
    assert [gap.stage for gap in none.gaps] == [Stage.ANNOTATIONS]
    neither = evolve(models.ports, aggregator=None, captioner=None)
    outcome = repair(film.video, RepairPlan(), neither)
    assert isinstance(outcome, Failure)
    assert isinstance(outcome.failure(), NoTellers)


class StopsAt:
    """Asks the run to stop when so many events were told."""

    def __init__(self, after: int) -> None:
        self.left = after
        self.events: list[Event] = []

    def report(self, event: Event) -> Outcome[None, Cancelled]:
        self.events.append(event)
        self.left -= 1
        return Success(None) if self.left >= 0 else Failure(Cancelled())


def test_stopped_by_the_user_what_was_better_is_kept(film: Painted) -> None:
    models = answering(film.world, writing(film, film.fitting))
    wrong = damaged(film)
    film.annotated(wrong, models.ports)
    told = StopsAt(1)
    outcome = repair(film.video, RepairPlan(), evolve(models.ports, progress=told))
    assert isinstance(outcome, Failure)
    assert outcome.failure() == Cancelled()
    fixed = [node for node in wrong if film.annotations()[node] == film.fitting[node]]
    assert fixed
    stages = [event.stage for event in told.events if isinstance(event, StageDone)]
    assert stages == [Stage.ANNOTATIONS, Stage.DESCRIPTIONS]


def test_a_video_of_which_nothing_is_said_is_a_clear_failure() -> None:
    world = World()
    video = world.indexed().video.id
    outcome = repair(video, RepairPlan(), world.tell_ports())
    assert isinstance(outcome, Failure)
    assert outcome.failure() == NothingSaid("day.mp4")


def test_a_plan_that_makes_no_sense_is_refused() -> None:
    for wrong in ({"worst": 0}, {"below": 0.0}, {"below": 1.1}, {"rounds": 0}):
        with pytest.raises(ValueError, match="must be"):
            RepairPlan(**wrong)
