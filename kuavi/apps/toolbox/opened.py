"""What every group of tools stands on: an opened library, and failures as exceptions."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias, TypeVar

from returns.result import Success

from kuavi.apps.toolbox.errors import KuaviError
from kuavi.apps.usecases.manage import which
from kuavi.apps.usecases.scenes import Level, Scene, scenes
from kuavi.apps.wiring import compose
from kuavi.apps.wiring.models import Models
from kuavi.domain.manifest import VideoRecord
from kuavi.domain.outcome import Outcome
from kuavi.ports.library import LibraryView

T = TypeVar("T")
PathLike: TypeAlias = str | os.PathLike[str]
Seconds: TypeAlias = tuple[float, float]


class Opened:
    """A library and the preset's models, which are loaded when first needed."""

    def __init__(self, tools: compose.Tools, models: Models) -> None:
        self._tools = tools
        self._models = models

    @property
    def path(self) -> str:
        return self._tools.library.path

    def videos(self) -> tuple[VideoRecord, ...]:
        """Every video, sorted by path."""
        return ok(self._view().videos())

    def video(self, video: PathLike) -> VideoRecord:
        """The video meant by an id, the start of one, a path or a file name."""
        return ok(which(self._view(), os.fspath(video), absolute(video)))

    def scenes(
        self, video: PathLike, *, count: int | None = None, typical_s: float | None = None
    ) -> tuple[Scene, ...]:
        """A video's scenes: its own, or about `count` of them, or of a typical length."""
        level = checked(lambda: Level(count, typical_s))
        return ok(scenes(self._view(), self.video(video).id, level))

    def _view(self) -> LibraryView:
        return ok(self._tools.library.view())


def absolute(path: PathLike) -> str:
    return str(Path(path).expanduser().absolute())


def ok(outcome: Outcome[T, object]) -> T:
    if isinstance(outcome, Success):
        return outcome.unwrap()
    raise KuaviError(outcome.failure())


def checked(make: Callable[[], T]) -> T:
    """A request made of what the caller gave; what doesn't fit is an expected failure."""
    try:
        return make()
    except ValueError as error:
        raise KuaviError(error) from error
