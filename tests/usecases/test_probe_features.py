"""What probes are shown: motion rows, or the tokens of feature maps that tier deep stored."""

from pathlib import Path

import numpy as np
import pytest
from attrs import evolve
from returns.result import Failure, Success

from kuavi.adapters.clips import fake as clips
from kuavi.adapters.probes import attentive, fake
from kuavi.adapters.readers.fake import FakeClip
from kuavi.apps.usecases.manage import which
from kuavi.apps.usecases.ports import ProbePorts
from kuavi.apps.usecases.probe_features import MAX_TOKENS, MixedMaps, NoMaps, shown_of
from kuavi.apps.usecases.probes import (
    OtherProbe,
    Trained,
    TrainFailure,
    TrainRequest,
    classify_by_probe,
    train_probe,
)
from kuavi.domain.evidence import Fitted
from kuavi.domain.features import Features
from kuavi.domain.manifest import Tier, VideoRecord
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import IndexPlan, Maps
from kuavi.domain.spans import Span
from tests.worlds import COLOURS as PAINT
from tests.worlds import DAY, FPS, Shot, World, film, scan_ports, spec

PLAN = IndexPlan(preset="fake", tier=Tier.DEEP, sample_fps=5.0, map_side=2)
RAW = evolve(PLAN, maps=Maps.RAW)
SHALLOW = evolve(PLAN, tier=Tier.INDEX)
COLOURS = ("red", "green", "blue")
ORDERS = ((0, 1, 2), (1, 2, 0), (2, 0, 1))
TABLE = ["video,start,end,label"] + [
    f"{i}.mp4,{4 * k},{4 * k + 4},{COLOURS[c]}"
    for i, o in enumerate(ORDERS)
    for k, c in enumerate(o)
]


def world(*plans: IndexPlan) -> World:
    """Three films of red, green and blue shots of 4 s, the last two indexed by other plans."""
    films = {
        f"/films/{i}.mp4": film(*(Shot(COLOURS[c], 4.0) for c in o)) for i, o in enumerate(ORDERS)
    }
    mapper = clips.build(spec("clips")).unwrap()
    made = World(
        films={**films, "/films/day.mp4": DAY},
        contents={"/labels.csv": "\n".join(TABLE).encode()},
        scan=evolve(scan_ports(), maps=mapper),
    )
    for path, plan in zip(films, plans, strict=True):
        made.indexed(path, plan=plan)
    return made


def ports(made: World) -> ProbePorts:
    return ProbePorts(made.library, made.search_ports.files, fake.build(), made.scan.clips.space)


def record(made: World, name: str) -> VideoRecord:
    return which(made.library.view().unwrap(), name, f"/films/{name}").unwrap()


def trained(made: World, output: Path) -> Outcome[Trained, TrainFailure]:
    request = TrainRequest("/labels.csv", str(output), features=Features.MAPS)
    view = made.library.view().unwrap()
    return train_probe(request, lambda name: which(view, name, f"/films/{name}"), ports(made))


def test_a_probe_learns_from_feature_maps_and_looks_at_them(tmp_path: Path) -> None:
    made = world(PLAN, PLAN, PLAN)
    outcome = trained(made, tmp_path / "p").unwrap()
    assert outcome.held_out.accuracy == 1.0
    assert isinstance(outcome.evidence, Fitted)
    assert outcome.evidence.on.startswith("the feature maps of 6 labelled spans")
    saved = fake.build().load(outcome.path).unwrap()
    assert (saved.probe.features, saved.evidence) == (Features.MAPS, outcome.evidence)
    made.indexed("/films/day.mp4", plan=PLAN)
    spans = [Span(0.5, 2.5), Span(4, 6), Span(20, 30), Span(7.5, 9.5)]
    told = classify_by_probe(record(made, "day.mp4"), spans, outcome.path, ports(made)).unwrap()
    assert [one.labels[0][0] for one in told.spans] == list(COLOURS)
    assert told.unseen == (Span(20, 30),)


def test_the_tokens_of_a_span_are_those_of_its_steps_each_moment_once() -> None:
    """12 s are 60 frames: seven windows of 8, and the last one, which begins 4 frames early."""
    made = world(RAW, RAW, RAW)
    video = record(made, "0.mp4")
    maps = made.library.view().unwrap().feature_maps(video.id).unwrap()
    assert maps is not None
    every = [maps.map(i).unwrap().values for i in range(len(maps.extents))]
    assert len(every) == 8
    whole = np.concatenate([*every[:7], every[7][4:]]).astype(np.float32)
    (some,) = shown_of([(video, Span(10.85, 11.75))], Features.MAPS, ports(made)).unwrap().clips
    assert some.space == maps.space
    np.testing.assert_array_equal(some.rows, whole[54:59].reshape(-1, some.space.dim))
    (all_of_it,) = shown_of([(video, Span(0, 12))], Features.MAPS, ports(made)).unwrap().clips
    steps = np.linspace(0, 59, MAX_TOKENS // 36).round().astype(int)
    np.testing.assert_array_equal(all_of_it.rows, whole[steps].reshape(-1, some.space.dim))
    assert len(all_of_it) <= MAX_TOKENS


def test_a_video_without_maps_is_told_and_nothing_takes_their_place(tmp_path: Path) -> None:
    outcome = trained(world(PLAN, SHALLOW, PLAN), tmp_path / "p")
    assert isinstance(outcome, Failure)
    assert isinstance(outcome.failure(), NoMaps)
    assert str(outcome.failure()).startswith("1.mp4: no feature maps are stored of it; index it")
    assert not (tmp_path / "p").exists()
    made = world(PLAN, PLAN, PLAN)
    path = trained(made, tmp_path / "p").unwrap().path
    made.indexed("/films/day.mp4", plan=SHALLOW)
    asked = classify_by_probe(record(made, "day.mp4"), [Span(0, 1)], path, ports(made))
    assert isinstance(asked, Failure)
    assert isinstance(asked.failure(), NoMaps)


@pytest.mark.parametrize("plans", [(PLAN, PLAN, RAW), (RAW, PLAN, PLAN)])
def test_pooled_and_raw_maps_do_not_mix(plans: tuple[IndexPlan, ...], tmp_path: Path) -> None:
    outcome = trained(world(*plans), tmp_path / "p")
    assert isinstance(outcome, Failure)
    assert isinstance(outcome.failure(), MixedMaps)
    assert "index all of them alike" in str(outcome.failure())


def test_a_probe_on_pooled_maps_refuses_raw_ones(tmp_path: Path) -> None:
    made = world(PLAN, PLAN, PLAN)
    path = trained(made, tmp_path / "p").unwrap().path
    made.indexed("/films/day.mp4", plan=RAW)
    asked = classify_by_probe(record(made, "day.mp4"), [Span(0, 1)], path, ports(made))
    assert isinstance(asked, Failure)
    assert isinstance(asked.failure(), OtherProbe)


def patterned(*kinds: str) -> FakeClip:
    """2 s each of red and blue `halves`, or of fine `stripes` of as much red and blue."""
    red, blue = np.array(PAINT["red"], np.uint8), np.array(PAINT["blue"], np.uint8)
    column = np.arange(96)
    is_red = {"halves": column < 48, "stripes": column % 4 < 2}
    looks = {n: np.tile(np.where(r[:, None], red, blue), (64, 1, 1)) for n, r in is_red.items()}
    frames = [(i / FPS, looks[kind]) for i, kind in enumerate(np.repeat(kinds, 2 * FPS).tolist())]
    return FakeClip(tuple(frames), frames[-1][0] + 1 / FPS)


@pytest.mark.parametrize(("features", "right"), [(Features.MAPS, 1.0), (Features.MOTION, 0.5)])
def test_maps_show_what_means_over_the_picture_do_not(
    features: Features, right: float, tmp_path: Path
) -> None:
    """Both kinds have the same colours on the whole, but not at any one place."""
    films, rows = {}, ["video,start,end,label"]
    for i in range(4):
        kinds = ("halves", "stripes") * 2 if i % 2 else ("stripes", "halves") * 2
        films[f"/films/{i}.mp4"] = patterned(*kinds)
        rows += [f"{i}.mp4,{2 * k + 0.3},{2 * k + 1.7},{kind}" for k, kind in enumerate(kinds)]
    made = World(
        films=films,
        contents={"/labels.csv": "\n".join(rows).encode()},
        scan=evolve(scan_ports(), maps=clips.build(spec("clips")).unwrap()),
    )
    for path in films:
        made.indexed(path, plan=PLAN)
    request = TrainRequest("/labels.csv", str(tmp_path / "p"), features=features)
    learning = evolve(ports(made), kit=attentive.build())
    told = train_probe(request, lambda name: Success(record(made, name)), learning).unwrap()
    assert told.held_out.accuracy == right


def test_without_spans_nothing_is_told(tmp_path: Path) -> None:
    made = world(PLAN, PLAN, PLAN)
    path = trained(made, tmp_path / "p").unwrap().path
    told = classify_by_probe(record(made, "0.mp4"), [], path, ports(made)).unwrap()
    assert (told.spans, told.unseen) == ((), ())
