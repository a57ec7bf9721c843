"""What every Progress must do; a new adapter adds one line to `ADAPTERS`."""

import json
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from io import BytesIO, StringIO, TextIOWrapper
from math import ceil, floor
from threading import Event as Flag
from types import TracebackType
from typing import Protocol, Self, TextIO

import pytest
from returns.result import Failure, Success

from kuavi.adapters.progress import cancellable, events, lines, memory, profiled, rich_bars, silent
from kuavi.adapters.progress.memory import MemoryProgress
from kuavi.domain.manifest import Gap, Stage
from kuavi.domain.outcome import Outcome
from kuavi.domain.pace import WEIGHTS
from kuavi.domain.spans import Span
from kuavi.ports.progress import (
    Advanced,
    Cancelled,
    Event,
    Progress,
    StageDone,
    StagesPlanned,
    VideoDone,
    VideoStarted,
)


class Closing(Progress, Protocol):
    """What `build` gives: a Progress that leaves its stream tidy."""

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


class Terminal(StringIO):
    """A stream that takes itself for a terminal."""

    def isatty(self) -> bool:
        return True


class Broken(StringIO):
    """A stream that nobody reads any more."""

    def write(self, _: str) -> int:
        raise BrokenPipeError("nobody reads this")

    def flush(self) -> None:
        raise BrokenPipeError("nobody reads this")


WRITERS: dict[str, Callable[[TextIO], Closing]] = {
    "rich_bars": rich_bars.build,
    "lines": lines.build,
    "events": events.build,
}
ADAPTERS: dict[str, Callable[[TextIO], Progress]] = {
    **WRITERS,
    "silent": lambda _: silent.build(),
    "memory": lambda _: memory.build(),
    "cancellable": lambda stream: cancellable.build(lines.build(stream), Flag()),
    "profiled": lambda stream: profiled.build(lines.build(stream)),
}
STOPPABLE: dict[str, Callable[[int], Progress]] = {
    "memory": memory.build,
    "cancellable": lambda n: cancellable.build(silent.build(), _true_after(n)),
}
STREAMS: dict[str, Callable[[], TextIO]] = {
    "file": StringIO,
    "terminal": Terminal,
    "ascii": lambda: TextIOWrapper(BytesIO(), encoding="ascii"),
    "broken": Broken,
    "closed": lambda: _closed(StringIO()),
}

HOLIDAY, BROKEN = "/videos/holiday.mp4", "/videos/broken.mkv"
RUN: tuple[Event, ...] = (
    VideoStarted(HOLIDAY, 1, 2),
    StagesPlanned(HOLIDAY, (Stage.VISUAL, Stage.TRANSCRIPT), (Stage.SHOTS,)),
    *(Advanced(HOLIDAY, Stage.VISUAL, float(t), 120.0, 12 * t) for t in range(0, 121, 4)),
    StageDone(HOLIDAY, Stage.VISUAL, 1440, 38.25, ()),
    *(Advanced(HOLIDAY, Stage.TRANSCRIPT, float(done_s), 0.0) for done_s in range(0, 70, 2)),
    StageDone(
        HOLIDAY,
        Stage.TRANSCRIPT,
        1,
        126.0,
        (
            Gap(Stage.TRANSCRIPT, "the sound is damaged", Span(12, 13)),
            Gap(Stage.TRANSCRIPT, "the sound is damaged", Span(15, 16)),
            Gap(Stage.TRANSCRIPT, "no language was recognised"),
        ),
    ),
    VideoDone(HOLIDAY, None),
    VideoStarted(BROKEN, 2, 2),
    StagesPlanned(BROKEN, (), ()),
    VideoDone(BROKEN, "/videos/broken.mkv: not a readable video: no index"),
)
ODD_PATHS = (
    "/videos/two\nlines \x1b[2J.mp4",
    "/videos/not utf-8 \udcff.mp4",
    "/videos/[bold]Ünter wössen 旅行[red].mp4",
    "C:\\videos\\a.mp4",
    "",
)


def _true_after(n: int) -> Callable[[], bool]:
    answers = iter([False] * n)
    return lambda: next(answers, True)


def _closed(stream: TextIO) -> TextIO:
    stream.close()
    return stream


def told(progress: Progress, run: Sequence[Event]) -> list[Outcome[None, Cancelled]]:
    return [progress.report(event) for event in run]


@pytest.fixture(params=STREAMS)
def stream(request: pytest.FixtureRequest) -> TextIO:
    return STREAMS[request.param]()


@pytest.fixture(params=ADAPTERS)
def build(request: pytest.FixtureRequest) -> Callable[[TextIO], Progress]:
    return ADAPTERS[request.param]


@pytest.fixture(params=WRITERS)
def writer(request: pytest.FixtureRequest) -> Callable[[TextIO], Closing]:
    return WRITERS[request.param]


def closed(progress: Progress) -> None:
    """Close whatever can be closed, twice, as wiring and `with` may both do."""
    for _ in range(2):
        getattr(progress, "close", lambda: None)()


def test_a_run_goes_on_whatever_the_stream(
    build: Callable[[TextIO], Progress], stream: TextIO, capfd: pytest.CaptureFixture[str]
) -> None:
    progress = build(stream)
    assert told(progress, RUN) == [Success(None)] * len(RUN)
    closed(progress)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("path", ODD_PATHS, ids=ascii)
def test_any_file_name_can_be_told(
    build: Callable[[TextIO], Progress], stream: TextIO, path: str
) -> None:
    run = (
        VideoStarted(path, 1, 1),
        Advanced(path, Stage.VISUAL, 1, 2),
        StageDone(path, Stage.VISUAL, 1, 1, (Gap(Stage.VISUAL, path),)),
        VideoDone(path, path),
    )
    progress = build(stream)
    assert told(progress, run) == [Success(None)] * len(run)
    closed(progress)


def test_events_may_come_without_those_that_usually_precede_them(
    build: Callable[[TextIO], Progress], stream: TextIO
) -> None:
    for event in RUN:
        progress = build(stream)
        assert progress.report(event) == Success(None)
        closed(progress)


@pytest.mark.parametrize("build_stoppable", STOPPABLE.values(), ids=STOPPABLE)
@pytest.mark.parametrize("n", [0, 3])
def test_once_told_to_stop_it_says_so_to_every_event(
    build_stoppable: Callable[[int], Progress], n: int
) -> None:
    answers = told(build_stoppable(n), RUN)
    assert answers[:n] == [Success(None)] * n
    assert answers[n:] == [Failure(Cancelled())] * (len(RUN) - n)


def test_all_that_matters_is_written(writer: Callable[[TextIO], Closing]) -> None:
    stream = StringIO()
    with writer(stream) as progress:
        told(progress, RUN)
    text = stream.getvalue()
    for word in ("holiday.mp4", "broken.mkv", "not a readable video", "shots", "visual"):
        assert word in text
    for word in ("the sound is damaged", "no language was recognised", "transcript"):
        assert word in text


def test_nothing_is_written_after_the_end(writer: Callable[[TextIO], Closing]) -> None:
    stream = StringIO()
    with writer(stream) as progress:
        told(progress, RUN[:5])
    text = stream.getvalue()
    assert progress.report(RUN[0]) == Success(None)
    progress.close()
    assert stream.getvalue() == text
    assert not stream.closed


def test_an_exception_passes_and_the_terminal_is_left_tidy() -> None:
    stream = Terminal()

    def interrupted() -> None:
        with rich_bars.build(stream) as progress:
            told(progress, RUN[:8])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    hidden, shown = (stream.getvalue().rfind(code) for code in ("\x1b[?25l", "\x1b[?25h"))
    assert -1 < hidden < shown


def test_standard_output_is_left_alone_while_bars_are_drawn() -> None:
    before = sys.stdout
    with rich_bars.build(Terminal()) as progress:
        told(progress, RUN[:8])
        assert sys.stdout is before


def test_bars_show_share_speed_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    stream, now_s = Terminal(), [0.0]
    with rich_bars.build(stream, lambda: now_s[0]) as progress:
        for event in RUN[: RUN.index(Advanced(HOLIDAY, Stage.VISUAL, 60.0, 120.0, 720)) + 1]:
            progress.report(event)
            now_s[0] += 2.0
    drawn = [line for line in stream.getvalue().splitlines() if "visual" in line and "%" in line]
    shots, visual, transcript = (WEIGHTS[s] for s in (Stage.SHOTS, Stage.VISUAL, Stage.TRANSCRIPT))
    whole = shots + visual + transcript
    assert f" {floor(100 * shots / whole)} %" in drawn[0]  # they are kept
    assert f" {floor(100 * (shots + visual / 2) / whole)} %" in drawn[-1]
    assert "22 frames/s" in drawn[-1]  # 720 in the last 32 s
    left_s = ceil(32 * (visual / 2 + transcript) / (visual / 2))
    assert f"{timedelta(seconds=left_s)} left" in drawn[-1]


def test_lines_read_as_a_log(same_text: Callable[[str, str], None]) -> None:
    stream, now_s = StringIO(), [0.0]
    with lines.build(stream, lambda: now_s[0]) as progress:
        for event in RUN:
            progress.report(event)
            now_s[0] += 2.0
    same_text("progress_lines.txt", stream.getvalue())


@pytest.mark.parametrize("step_s", [0.001, 0.1, 3.0, 100.0])
def test_lines_are_neither_many_nor_long_awaited(step_s: float) -> None:
    stream, now_s, at_s = StringIO(), [0.0], list[float]()
    with lines.build(stream, lambda: now_s[0]) as progress:
        for i in range(1000):
            before = stream.getvalue()
            progress.report(Advanced(HOLIDAY, Stage.VISUAL, i, 1000))
            at_s += [now_s[0]] * (stream.getvalue() != before)
            now_s[0] += step_s
    waits = [late - early for early, late in zip([0.0, *at_s], at_s, strict=False)]
    assert all(wait >= lines.PAUSE_S for wait in waits)
    assert now_s[0] - max([0.0, *at_s]) <= lines.PATIENCE_S + step_s
    assert all(wait <= lines.PATIENCE_S + step_s for wait in waits)
    assert len(at_s) <= max(10, now_s[0] / lines.PATIENCE_S + 1)


@pytest.mark.parametrize("path", ODD_PATHS, ids=ascii)
def test_a_file_name_can_not_steer_a_log_or_terminal(path: str) -> None:
    for build_one in (lines.build, rich_bars.build):
        stream = StringIO()
        with build_one(stream) as progress:
            told(progress, [VideoStarted(path, 1, 1), VideoDone(path, path)])
        assert len(stream.getvalue().splitlines()) == 2
        assert all(line.isprintable() for line in stream.getvalue().splitlines())


def test_a_bracketed_name_is_shown_as_it_is() -> None:
    stream = StringIO()
    with rich_bars.build(stream) as progress:
        progress.report(VideoStarted("/videos/[bold]Ünter[red].mp4", 2, 14))
    assert stream.getvalue() == "[2/14] [bold]Ünter[red].mp4\n"


def test_each_event_is_one_json_object_with_all_its_fields() -> None:
    stream, now_s = StringIO(), [0.0]
    with events.build(stream, lambda: now_s[0]) as progress:
        for event in RUN:
            progress.report(event)
            now_s[0] += 2.0
    records = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert len(records) == len(RUN)
    assert records[0] == {"event": "video_started", "path": HOLIDAY, "position": 1, "of": 2}
    assert records[1]["todo"] == ["visual", "transcript"]
    assert records[1]["kept"] == ["shots"]
    assert records[3] == {
        "event": "advanced", "path": HOLIDAY, "stage": "visual", "done_s": 4.0, "of_s": 120.0,
        "frames": 48, "frames_per_s": 24.0, "fraction": 0.3749, "left_s": 314.5,
    }  # fmt: skip
    done = next(r for r in records if r["event"] == "stage_done" and r["stage"] == "transcript")
    assert (done["items"], done["took_s"], len(done["gaps"])) == (1, 126.0, 3)
    assert done["gaps"][1] == {"reason": "the sound is damaged", "start_s": 15, "end_s": 16}
    assert done["gaps"][2]["start_s"] is None
    assert records[-1]["event"] == "video_done"
    assert "not a readable video" in records[-1]["problem"]


def test_cancellable_heeds_flag_and_callable_and_passes_events_on() -> None:
    flag, inner = Flag(), memory.build()
    progress = cancellable.cancellable(inner, flag)
    assert progress.report(RUN[0]) == Success(None)
    flag.set()
    assert progress.report(RUN[1]) == Failure(Cancelled())
    assert inner.events == RUN[:2]
    asked_by_inner = cancellable.cancellable(MemoryProgress(0), lambda: False)
    assert asked_by_inner.report(RUN[0]) == Failure(Cancelled())
