"""Probes on labelled spans of indexed films, with the shipped fakes."""

from collections.abc import Iterator, Sequence
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
from kuavi.domain.fingerprint import Fingerprint
from kuavi.domain.holdout import BY_SPAN, BY_VIDEO
from kuavi.domain.manifest import VideoRecord
from kuavi.domain.media import AudioChunk, Frame, FrameItem, MediaInfo, View
from kuavi.domain.outcome import Outcome
from kuavi.domain.spans import Span
from kuavi.ports.classifiers import Probabilities
from kuavi.ports.files import Files, FilesFailure
from kuavi.ports.models import ModelFailure
from kuavi.ports.reader import FrameReader, ReadFailure
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
    assert told.unseen == ()


@frozen(eq=False)
class CountedReader:
    """Notes each decode."""

    reader: FrameReader
    asked: list[str]

    def info(self, path: str) -> Outcome[MediaInfo, ReadFailure]:
        return self.reader.info(path)

    def frames(
        self, path: str, views: Sequence[View], within: Span | None = None
    ) -> Iterator[Outcome[FrameItem, ReadFailure]]:
        self.asked.append("decoded")
        return self.reader.frames(path, views, within)

    def audio(
        self, path: str, within: Span | None = None
    ) -> Iterator[Outcome[AudioChunk, ReadFailure]]:
        return self.reader.audio(path, within)


@frozen(eq=False)
class CountedFiles:
    """Notes each check of a file's content."""

    files: Files
    asked: list[str]

    def find(self, path: str) -> Outcome[tuple[str, ...], FilesFailure]:
        return self.files.find(path)

    def fingerprint(self, path: str) -> Outcome[Fingerprint, FilesFailure]:
        self.asked.append("checked")
        return self.files.fingerprint(path)

    def read(self, path: str) -> Outcome[bytes, FilesFailure]:
        return self.files.read(path)

    def write(self, path: str, content: bytes) -> Outcome[str, FilesFailure]:
        return self.files.write(path, content)


@frozen
class Fingers:
    """Another answer for each other clip, as fingerprints are."""

    task: str = "fingers"
    labels: tuple[str, ...] = ("more", "less")
    frames: int = 4
    evidence: Evidence = RED

    @property
    def model(self) -> Model:
        return Model("fingers", "1")

    def classify(self, clips: Sequence[Sequence[Frame]]) -> Outcome[Probabilities, ModelFailure]:
        marks = [[f.time_s for f in clip] for clip in clips]
        shares = [sum(mark) / (100 + sum(mark)) + len(set(mark)) / 1000 for mark in marks]
        return Success(np.array([[share, 1 - share] for share in shares]))


def test_a_file_is_checked_and_decoded_once_for_all_its_spans() -> None:
    """Spans in any order, alike, one in another: each gets the pictures it gets alone."""
    world = World()
    record = world.indexed().video
    look = world.look_ports
    asked = list[str]()
    spans = [Span(7, 10), Span(0, 10), Span(0.2, 2.8), Span(4, 4.01), Span(0, 10), Span(9.9, 99)]
    counted = CountedReader(look.reader, asked), CountedFiles(look.files, asked)
    all_at_once = evolve(look, reader=counted[0], files=counted[1])
    told = classify_by_model(record, spans, Fingers(), all_at_once).unwrap()
    assert asked == ["checked", "decoded"]
    for span, found in zip(spans, told.spans, strict=True):
        alone = classify_by_model(record, [span], Fingers(), look).unwrap()
        assert (found,) == alone.spans
    assert len({one.labels for one in told.spans}) > 3
    assert classify_by_model(record, [], Fingers(), look).unwrap().spans == ()


def test_spans_after_damage_are_told_apart() -> None:
    cut = evolve(DAY, damaged_at_s=5.0)
    world = World()
    record = world.indexed().video
    broken = world.later(films={"/films/day.mp4": cut})
    spans = [Span(0.2, 2.8), Span(3.2, 6.8), Span(7.2, 9.8)]
    told = classify_by_model(record, spans, Reddish(), broken.look_ports).unwrap()
    assert [one.span for one in told.spans] == spans[:2]
    assert told.unseen == (spans[2],)
    nothing = world.later(films={"/films/day.mp4": evolve(DAY, damaged_at_s=0.0)})
    assert isinstance(classify_by_model(record, spans, Reddish(), nothing.look_ports), Failure)
