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

from kuavi.adapters.progress._reporter import Reporter
from kuavi.adapters.progress._stream import Steadfast
from kuavi.adapters.progress._words import (
    count,
    duration,
    gap_lines,
    listed,
    printable,
    speed,
    time_left,
    title,
)
from kuavi.domain.manifest import Stage
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
    """`43 %`, or the time reached where the length is unknown."""

    def render(self, task: Task) -> Text:
        share = clock(task.completed) if task.total is None else f"{task.percentage:.0f} %"
        return Text(share.rjust(6), style="bold")


class _Speed(ProgressColumn):
    """Seconds of video in a second, over the last half minute."""

    def render(self, task: Task) -> Text:
        return Text(f"{speed(task.speed)} real time" if task.speed else "", style="cyan")


class _Left(ProgressColumn):
    def render(self, task: Task) -> Text:
        left = task.time_remaining
        return Text("" if left is None else time_left(left), style="dim")


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
        self._tasks: dict[tuple[str, Stage], TaskID] = {}
        self._began: dict[str, float] = {}

    def tell(self, event: Event) -> None:
        match event:
            case VideoStarted():
                self._video_started(event)
            case StagesPlanned():
                self._planned(event)
            case Advanced():
                self._advanced(event)
            case StageDone():
                self._stage_done(event)
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

    def _planned(self, event: StagesPlanned) -> None:
        if event.kept:
            self._say("=", "dim", f"kept: {listed(event.kept)}")
        self._say(">", "dim", f"to do: {listed(event.todo) or 'nothing'}")

    def _advanced(self, event: Advanced) -> None:
        key = (event.path, event.stage)
        total = event.of_s if event.of_s > 0 else None
        if key not in self._tasks:
            self._bars.start()
            self._tasks[key] = self._bars.add_task(event.stage.value, total=total)
        self._bars.update(self._tasks[key], completed=event.done_s, total=total)

    def _stage_done(self, event: StageDone) -> None:
        self._drop((event.path, event.stage))
        name = event.stage.value.ljust(NAME_WIDTH)
        amount = f"{count(event.items, 'item'):>14}  {duration(event.took_s):>12}"
        self._say("✓" if self._fancy else "+", "green", f"{name} {amount}")
        for line in gap_lines(event.gaps):
            self._say("!", "yellow", f"{name} {line}", "yellow")

    def _video_done(self, event: VideoDone) -> None:
        for key in [key for key in self._tasks if key[0] == event.path]:
            self._drop(key)
        began = self._began.pop(event.path, None)
        took = "" if began is None else f" in {duration(self._elapsed_s() - began)}"
        if event.problem is None:
            self._say("✓" if self._fancy else "+", "green", f"done{took}", "bold green")
        else:
            mark = "✗" if self._fancy else "x"
            self._say(mark, "bold red", f"failed: {printable(event.problem)}", "red")

    def _drop(self, key: tuple[str, Stage]) -> None:
        task = self._tasks.pop(key, None)
        if task is not None:
            self._bars.remove_task(task)

    def _say(self, mark: str, mark_style: str, text: str, style: str = "") -> None:
        line = Text.assemble(INDENT + " ", (mark, mark_style), " ", (text, style))
        self._console.print(line, soft_wrap=True)


def build(stream: TextIO, elapsed_s: Callable[[], float] = monotonic) -> Reporter:
    """Draw on `stream`; where that is no terminal, only the finished lines are written."""
    bars = Bars(stream, elapsed_s)
    return Reporter(bars.tell, bars.end)
