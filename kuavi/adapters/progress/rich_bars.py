"""A terminal's view of a run: what is done as tidy lines, what is under way as bars below them."""

from collections.abc import Callable
from time import monotonic
from typing import IO, TextIO, assert_never, cast

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
)
from rich.text import Text

from kuavi.adapters.progress._paces import Paces
from kuavi.adapters.progress._reporter import Reporter
from kuavi.adapters.progress._stream import Steadfast
from kuavi.adapters.progress._words import (
    count,
    duration,
    frame_rate,
    gap_lines,
    listed,
    printable,
    share,
    speed,
    time_left,
    title,
)
from kuavi.domain.manifest import Stage
from kuavi.domain.pace import Pace, fraction, frames_a_second, left_s, times_real
from kuavi.domain.spans import clock
from kuavi.ports.progress import (
    Advanced,
    Event,
    StageDone,
    StagesPlanned,
    VideoDone,
    VideoStarted,
)

INDENT = " "
NAME_WIDTH = max(len(stage.value) for stage in Stage)


class _Name(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(task.description.ljust(NAME_WIDTH))


class _Share(ProgressColumn):
    """How much of the video is done: `43 %`."""

    def render(self, task: Task) -> Text:
        return Text(share(task.completed).rjust(5), style="bold")


class _Speed(ProgressColumn):
    """Pictures looked at in a second, or seconds of video; or where a stage of no length is."""

    max_refresh = 0.5

    def render(self, task: Task) -> Text:
        pace, now_s = _pace(task), task.get_time()
        frames, rate = frames_a_second(pace, now_s), times_real(pace, now_s)
        if frames is not None:
            return Text(frame_rate(frames), style="cyan")
        if not pace.known:
            return Text(f"at {clock(pace.marks[-1].reached_s)}", style="cyan")
        return Text("" if rate is None else f"{speed(rate)} real time", style="cyan")


class _Left(ProgressColumn):
    """Until the video is done."""

    max_refresh = 0.5

    def render(self, task: Task) -> Text:
        left = left_s(_pace(task), task.get_time())
        return Text("" if left is None else time_left(left), style="dim")


def _pace(task: Task) -> Pace:
    pace: Pace = task.fields["pace"]
    return pace


def _next(pace: Pace) -> Stage | None:
    """The first stage that is not over."""
    return next((stage for stage in pace.todo if stage not in pace.over), None)


class Bars:
    def __init__(self, stream: TextIO, elapsed_s: Callable[[], float]) -> None:
        out = Steadfast(stream)
        self._fancy = out.encoding.lower().startswith("utf")
        self._console = Console(file=cast(IO[str], out), highlight=False)
        self._elapsed_s = elapsed_s
        self._bars = Progress(
            TextColumn(INDENT),
            SpinnerColumn("dots" if self._fancy else "line"),
            _Name(),
            BarColumn(bar_width=24),
            _Share(),
            _Speed(),
            _Left(),
            console=self._console,
            get_time=elapsed_s,
            disable=not self._console.is_terminal,
            redirect_stdout=False,  # results may go there, and not to this stream
        )
        self._tasks: dict[str, TaskID] = {}
        self._paces = Paces()
        self._began: dict[str, float] = {}

    def tell(self, event: Event) -> None:
        pace = self._paces.after(event, self._elapsed_s())
        match event:
            case VideoStarted():
                self._video_started(event)
            case StagesPlanned():
                self._planned(event, pace)
            case Advanced():
                self._draw(event.path, event.stage, pace)
            case StageDone():
                self._stage_done(event, pace)
            case VideoDone():
                self._video_done(event)
            case _:
                assert_never(event)

    def end(self) -> None:
        self._bars.stop()

    def _video_started(self, event: VideoStarted) -> None:
        self._began[event.path] = self._elapsed_s()
        place = (f"[{event.position}/{event.of}] ", "dim")
        name = (title(event.path), "bold")
        self._console.print(Text.assemble(place, name), soft_wrap=True)

    def _planned(self, event: StagesPlanned, pace: Pace) -> None:
        if event.kept:
            self._say("=", "dim", f"kept: {listed(event.kept)}")
        self._say(">", "dim", f"to do: {listed(event.todo) or 'nothing'}")
        if event.todo:
            self._draw(event.path, event.todo[0], pace)

    def _draw(self, path: str, stage: Stage, pace: Pace) -> None:
        """One bar a video, named by the stage under way."""
        new = path not in self._tasks
        if new:
            self._bars.start()
            self._tasks[path] = self._bars.add_task("", total=1.0, visible=False, pace=pace)
        task, done, name = self._tasks[path], fraction(pace), stage.value
        self._bars.update(
            task, completed=done, description=name, visible=True, refresh=new, pace=pace
        )

    def _stage_done(self, event: StageDone, pace: Pace) -> None:
        if event.path in self._tasks:
            self._draw(event.path, _next(pace) or event.stage, pace)
        name = event.stage.value.ljust(NAME_WIDTH)
        amount = f"{count(event.items, 'item'):>14}  {duration(event.took_s):>12}"
        self._say("✓" if self._fancy else "+", "green", f"{name} {amount}")
        for line in gap_lines(event.gaps):
            self._say("!", "yellow", f"{name} {line}", "yellow")

    def _video_done(self, event: VideoDone) -> None:
        task = self._tasks.pop(event.path, None)
        if task is not None:
            self._bars.remove_task(task)
        began = self._began.pop(event.path, None)
        took = "" if began is None else f" in {duration(self._elapsed_s() - began)}"
        if event.problem is None:
            self._say("✓" if self._fancy else "+", "green", f"done{took}", "bold green")
        else:
            mark = "✗" if self._fancy else "x"
            self._say(mark, "bold red", f"failed: {printable(event.problem)}", "red")

    def _say(self, mark: str, mark_style: str, text: str, style: str = "") -> None:
        line = Text.assemble(INDENT + " ", (mark, mark_style), " ", (text, style))
        self._console.print(line, soft_wrap=True)


def build(stream: TextIO, elapsed_s: Callable[[], float] = monotonic) -> Reporter:
    """Draw on `stream`; where that is no terminal, only the finished lines are written."""
    bars = Bars(stream, elapsed_s)
    return Reporter(bars.tell, bars.end)
