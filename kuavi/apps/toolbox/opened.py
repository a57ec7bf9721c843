"""What every group of tools stands on: an opened library and its videos."""

import os

from kuavi.apps.toolbox.outcomes import PathLike, absolute, checked, ok
from kuavi.apps.usecases.manage import which
from kuavi.apps.usecases.scenes import Level, Scene, scenes
from kuavi.apps.wiring import compose
from kuavi.apps.wiring.models import Models
from kuavi.domain.manifest import VideoRecord
from kuavi.ports.library import LibraryView


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
