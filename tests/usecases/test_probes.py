"""Probes on labelled spans of indexed films, with the shipped fakes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from attrs import evolve, frozen
from returns.result import Failure, Success

from kuavi.adapters.probes import fake
from kuavi.apps.usecases.classify import classify_by_model
from kuavi.apps.usecases.manage import WhichFailure, which
from kuavi.apps.usecases.ports import ProbePorts
from kuavi.apps.usecases.probes import (
    Classified,
    OtherProbe,
    ProbeFailure,
    Trained,
    TrainFailure,
    TrainRequest,
    classify_by_probe,
    train_probe,
)
from kuavi.domain.evidence import Evidence, Heuristic, Model
from kuavi.domain.holdout import BY_SPAN, BY_VIDEO
from kuavi.domain.manifest import VideoRecord
from kuavi.domain.media import Frame
from kuavi.domain.outcome import Outcome
from kuavi.domain.spans import Span
from kuavi.ports.classifiers import Probabilities
from kuavi.ports.models import ModelFailure
from tests.worlds import DAY, Shot, World, film

COLOURS = ("red", "green", "blue")
RED = Heuristic("red over green")


def rainbow() -> World:
    """Three films, each with three shots of 4 s: red, green, blue, in different orders."""
    orders = [(0, 1, 2), (1, 2, 0), (2, 0, 1)]
    films = {
        f"/films/{i}.mp4": film(*(Shot(COLOURS[c], 4.0) for c in order))
        for i, order in enumerate(orders)
    }
    rows = ["video,start,end,label"]
    for i, order in enumerate(orders):
        rows += [f"{i}.mp4,{4 * k},{4 * k + 4},{COLOURS[c]}" for k, c in enumerate(order)]
    table = "\n".join(rows).encode()
    world = World(films=films, contents={"/labels.csv": table})
    for path in films:
        world.indexed(path)
    return world


def ports(world: World) -> ProbePorts:
    space = world.scan.clips.space
    return ProbePorts(world.library, world.search_ports.files, fake.build(), space)


def locate(world: World, name: str) -> Outcome[VideoRecord, WhichFailure]:
    return which(world.library.view().unwrap(), name, f"/films/{name}")


def train(world: World, output: Path) -> Outcome[Trained, TrainFailure]:
    request = TrainRequest("/labels.csv", str(output))
    return train_probe(request, lambda name: locate(world, name), ports(world))


def test_a_probe_learns_labelled_spans_and_names_others(tmp_path: Path) -> None:
    world = rainbow().later(films={**rainbow().films, "/films/day.mp4": DAY})
    outcome = train(world, tmp_path / "colours")
    assert isinstance(outcome, Success), outcome.failure()
    trained = outcome.unwrap()
    assert trained.held_out.by == BY_VIDEO
    assert (trained.held_out.n, trained.held_out.accuracy) == (3, 1.0)
    day = world.indexed("/films/day.mp4").video
    spans = [Span(0.5, 2.5), Span(4, 6), Span(7.5, 9.5)]
    told = classify_by_probe(day, spans, trained.path, ports(world)).unwrap()
    assert [one.labels[0][0] for one in told.spans] == ["red", "green", "blue"]
    assert [one.span for one in told.spans] == spans
    assert all(sum(p for _, p in one.labels) == pytest.approx(1) for one in told.spans)
    assert told.evidence == trained.evidence


def test_spans_are_held_out_where_there_is_one_video(tmp_path: Path) -> None:
    rows = ["video,start,end,label", *(f"0.mp4,{k},{k + 1},{COLOURS[k // 4]}" for k in range(12))]
    world = rainbow().later(contents={"/labels.csv": "\n".join(rows).encode()})
    trained = train(world, tmp_path / "p").unwrap()
    assert trained.held_out.by == BY_SPAN


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("video,start,end,label\n9.mp4,0,1,x\n", "9.mp4: no such video"),
        ("video,start,end,label\n0.mp4,0,1,x\n0.mp4,90,95,y\n", "line 3: nothing of 0.mp4"),
        ("video,start,end,label\n0.mp4,0,1,x\n0.mp4,1,2,y\n", "label 'x' is there only once"),
        ("video,start\n", "line 1: no column end, label"),
    ],
)
def test_a_table_that_does_not_fit_is_told(table: str, told: str, tmp_path: Path) -> None:
    world = rainbow().later(contents={"/labels.csv": table.encode()})
    outcome = train(world, tmp_path / "p")
    assert isinstance(outcome, Failure)
    assert told in str(outcome.failure())
    assert not (tmp_path / "p").exists()


def test_a_probe_of_other_features_is_refused(tmp_path: Path) -> None:
    world = rainbow()
    path = train(world, tmp_path / "p").unwrap().path
    other = evolve(ports(world), space=evolve(ports(world).space, revision="other"))
    video = locate(world, "0.mp4").unwrap()
    outcome: Outcome[Classified, ProbeFailure] = classify_by_probe(video, [Span(0, 1)], path, other)
    assert isinstance(outcome, Failure)
    assert isinstance(outcome.failure(), OtherProbe)
    assert "train another" in str(outcome.failure())


@frozen
class Reddish:
    """A classifier that asks one thing: is the clip's first picture more red than green?"""

    task: str = "reddish"
    labels: tuple[str, ...] = ("red", "other")
    frames: int = 4
    evidence: Evidence = RED

    @property
    def model(self) -> Model:
        return Model("reddish", "1")

    def classify(self, clips: Sequence[Sequence[Frame]]) -> Outcome[Probabilities, ModelFailure]:
        assert all(len(clip) == self.frames for clip in clips)
        red = [float(c[0].pixels[..., 0].mean() > c[0].pixels[..., 1].mean()) for c in clips]
        return Success(np.array([[r, 1 - r] for r in red]))


def test_a_released_classifier_sees_pictures_of_each_span() -> None:
    world = World()
    record = world.indexed().video
    spans = [Span(0.2, 2.8), Span(3.2, 6.8), Span(9.85, 9.95)]
    told = classify_by_model(record, spans, Reddish(), world.look_ports).unwrap()
    assert [one.labels[0] for one in told.spans] == [("red", 1.0), ("other", 1.0), ("other", 1.0)]
    assert told.evidence == RED
