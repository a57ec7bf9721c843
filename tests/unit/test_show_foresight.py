"""Foresight and coherence as they are read: who answered, how sure, how far."""

import io

import pytest
from attrs import evolve
from rich.console import Console

from kuavi.apps.cli import as_json_foresight
from kuavi.apps.cli.show_foresight import anticipation_lines, note_lines, prediction_lines
from kuavi.apps.cli.texts import Line
from kuavi.apps.usecases.anticipate import (
    Anticipation,
    Candidate,
    Prediction,
    Ranked,
    Step,
    Steps,
)
from kuavi.domain.evidence import Fitted, Heuristic, Learned
from kuavi.domain.fingerprint import VideoId, fingerprint_of
from kuavi.domain.manifest import VideoRecord
from kuavi.domain.media import MediaInfo
from kuavi.domain.spans import Span

VIDEO = VideoRecord(
    VideoId("0123456789abcdef"),
    fingerprint_of("x"),
    ("/films/a.mp4",),
    MediaInfo("mp4", "h264", 640, 360, 25.0, 125.0, 0.0, 0, True),
    "2026-03-01T10:20:30",
)
LEARNED = Ranked("predictor", Learned("V"), (Candidate(0.3, "a fall"), Candidate(0.1, "a dive")))
BESIDE = Ranked("persistence", Heuristic("stays"), (Candidate(0.2, "a dive"),))
TOLD = Anticipation(
    VIDEO, 75.0, 4.0, Span(70, 75), True, (LEARNED, BESIDE), Fitted("90 scenes", "recall@1", 0.4)
)


def drawn(lines: list[Line]) -> str:
    console = Console(file=io.StringIO(), width=200, highlight=False)
    with console.capture() as shown:
        for line in lines:
            console.print(line)
    return shown.get()


def test_the_predictor_answers_first_and_baselines_stand_beside_it() -> None:
    rows = drawn(anticipation_lines(TOLD)).splitlines()
    assert rows[0] == "4.0 s after 1:15.0, seen: 1:10.0\N{EN DASH}1:15.0"
    assert rows[1] == "predictor  learned (V)"
    assert rows[2].split() == ["1", "0.30", "a", "fall"]
    assert rows[4] == "beside it, persistence  heuristic (stays)"
    assert "fitted on 90 scenes (recall@1 0.40 held out)" in rows[-1]


def test_extrapolation_is_said() -> None:
    assert note_lines(("a note",), extrapolated=False) == ["a note"]
    assert note_lines((), extrapolated=True)[0].startswith("extrapolated")


def test_json_names_the_answer_and_its_baselines() -> None:
    told = as_json_foresight.of_anticipation(TOLD)
    assert (told["method"], told["extrapolated"]) == ("predictor", True)
    assert told["through"] == "fitted on 90 scenes (recall@1 0.40 held out)"
    alone = as_json_foresight.of_anticipation(evolve(TOLD, answers=(BESIDE,), through=None))
    assert (alone["method"], alone["baselines"], alone["through"]) == ("persistence", [], None)


@pytest.mark.parametrize(("came", "shown"), [(None, False), (0.5, True)])
def test_what_came_is_shown_where_it_is_known(came: float | None, shown: bool) -> None:
    step = Step(Span(75, 75.4), (), came)
    told = Prediction(
        VIDEO, 75.0, 4.0, Span(70, 75), False, (Steps("persistence", Heuristic("s"), (step,)),)
    )
    text = drawn(prediction_lines(told))
    assert ("came true 0.50" in text) == shown
    assert "like nothing else that is indexed" in text
