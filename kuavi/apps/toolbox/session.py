"""A library opened for use: every tool once, as plain typed methods.

What the Python API hands out and what every face stands on.  Expected failures are raised as
`KuaviError`, whose text is one clear line for a person and whose `failure` is the typed reason.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing

from attrs import evolve

from kuavi.apps.toolbox.errors import KuaviError
from kuavi.apps.toolbox.indexed import Indexed, find, indexed_of
from kuavi.apps.toolbox.outcomes import PathLike, Seconds, absolute, checked, ok
from kuavi.apps.usecases.anticipate import Anticipation, Prediction, anticipate, predict_future
from kuavi.apps.usecases.coherence import (
    Coherence,
    CoherenceRequest,
    Summary,
    draw,
    surprising,
    verify_coherence,
)
from kuavi.apps.usecases.look import Sheet, SheetRequest, frames_at, sheet
from kuavi.apps.usecases.manage import remove, which
from kuavi.apps.usecases.observing import Ask
from kuavi.apps.usecases.ports import ForesightPorts
from kuavi.apps.usecases.queries import (
    ByImage,
    BySpan,
    ByText,
    EmptyQuery,
    Field,
    Query,
    SearchRequest,
    SearchResult,
)
from kuavi.apps.usecases.scenes import Level, Scene, Transcript, scenes, transcript
from kuavi.apps.usecases.search import search
from kuavi.apps.usecases.several import index_all
from kuavi.apps.wiring import compose
from kuavi.apps.wiring.models import Models
from kuavi.apps.wiring.registry import Family
from kuavi.domain.manifest import Tier, VideoRecord
from kuavi.domain.media import AtTimes, Frame, Keyframe, View
from kuavi.domain.plan import IndexPlan
from kuavi.domain.spans import Span
from kuavi.ports.library import Health, LibraryView
from kuavi.ports.progress import Progress

__all__ = ["Indexed", "KuaviError", "OpenLibrary", "absolute", "open_library"]


class OpenLibrary:
    """A library, the preset's models (loaded when first needed), and every tool on them."""

    def __init__(self, tools: compose.Tools, models: Models) -> None:
        self._tools = tools
        self._models = models

    @property
    def path(self) -> str:
        return self._tools.library.path

    def index(
        self,
        *paths: PathLike,
        plan: IndexPlan | None = None,
        tier: Tier | str | None = None,
        progress: Progress | None = None,
        jobs: int | None = 1,
    ) -> tuple[Indexed, ...]:
        """Index files and all videos below folders; one that fails stops none of the others.

        `jobs` videos at a time, None for one a core (at most 4); results are in order of path.
        """
        done = self.indexing(*paths, plan=plan, tier=tier, progress=progress, jobs=jobs)
        return tuple(sorted(done, key=lambda one: one.path) if jobs != 1 else done)

    def indexing(
        self,
        *paths: PathLike,
        plan: IndexPlan | None = None,
        tier: Tier | str | None = None,
        progress: Progress | None = None,
        jobs: int | None = 1,
    ) -> Iterator[Indexed]:
        """As `index`, giving each result as soon as it is there.

        With several jobs `progress` is told from other threads, by one at a time.
        """
        plan = plan or IndexPlan(preset=self._models.preset.name)
        if tier is not None:
            plan = evolve(plan, tier=Tier(tier))
        progress = progress or Family("progress").builder("silent")()
        ports = ok(compose.index_ports(self._tools, self._models, plan, progress))
        found, problems = find(self._tools.files, paths)
        yield from problems
        n_jobs = compose.default_jobs() if jobs is None else jobs
        with closing(index_all(found, plan, ports, n_jobs)) as results:
            for path, outcome in results:
                yield indexed_of(path, outcome)

    def search(
        self,
        text: str | None = None,
        *,
        image: PathLike | None = None,
        like: tuple[PathLike, Seconds] | None = None,
        field: Field | str = Field.ALL,
        limit: int = 10,
        videos: Sequence[PathLike] = (),
        within: Seconds | None = None,
        scene_s: float | None = None,
        diverse: bool = False,
    ) -> SearchResult:
        """Moments that answer a text, look like a picture file, or are like a span of a video.

        Give exactly one of `text`, `image` and `like` (a video and its start and end in seconds).
        """
        request = checked(
            lambda: SearchRequest(
                self._query(text, image, like),
                Field(field),
                limit,
                tuple(self.video(video).id for video in videos),
                None if within is None else Span(*within),
                scene_s,
                diverse,
            )
        )
        return ok(search(request, ok(compose.search_ports(self._tools, self._models))))

    def _query(
        self,
        text: str | None,
        image: PathLike | None,
        like: tuple[PathLike, Seconds] | None,
    ) -> Query:
        if sum(given is not None for given in (text, image, like)) > 1:
            raise ValueError("give one of text, image and like, not several")
        if like is not None:
            return BySpan(self.video(like[0]).id, Span(*like[1]))
        if image is not None:
            return ByImage(absolute(image))
        if text is None:
            raise KuaviError(EmptyQuery())
        return ByText(text)

    def scenes(
        self, video: PathLike, *, count: int | None = None, typical_s: float | None = None
    ) -> tuple[Scene, ...]:
        """A video's scenes: its own, or about `count` of them, or of a typical length."""
        level = checked(lambda: Level(count, typical_s))
        return ok(scenes(self._view(), self.video(video).id, level))

    def transcript(self, video: PathLike, phrase: str | None = None) -> Transcript:
        """What is said, and where a phrase is said."""
        return ok(transcript(self._view(), self.video(video).id, phrase))

    def look(
        self, video: PathLike, times_s: Sequence[float], *, max_side: int = 1280
    ) -> tuple[Frame, ...]:
        """The frames on screen at these times, ascending, from the video file itself."""
        if not times_s:
            raise KuaviError("no times given; say which moments to look at")
        asked = checked(lambda: View(AtTimes(tuple(sorted(map(float, times_s)))), max_side))
        return ok(frames_at(self.video(video), asked, self._tools.look()))

    def sheet(
        self,
        video: PathLike,
        output: PathLike,
        *,
        within: Seconds | None = None,
        times_s: Sequence[float] = (),
        tiles: int = 24,
        columns: int = 4,
        tile_width: int = 320,
    ) -> Sheet:
        """Write a contact sheet (PNG or JPEG by the output's name) with the times on it."""
        request = checked(
            lambda: SheetRequest(
                self.video(video).id,
                None if within is None else Span(*within),
                tuple(sorted(float(t) for t in times_s)),
                tiles,
                columns,
                tile_width,
            )
        )
        return ok(sheet(request, absolute(output), self._tools.look()))

    def anticipate(
        self,
        video: PathLike,
        at_s: float,
        *,
        horizon_s: float = 4.0,
        since_s: float | None = None,
        candidates: Sequence[str] = (),
        limit: int = 5,
    ) -> Anticipation:
        """What is likely to come: these texts ranked, or without any the library's scenes."""
        ask = checked(lambda: Ask(self.video(video).id, at_s, horizon_s, since_s, limit))
        return ok(anticipate(ask, tuple(candidates), self._foresight()))

    def predict(
        self, video: PathLike, at_s: float, *, horizon_s: float = 4.0, limit: int = 3
    ) -> Prediction:
        """Each step after a moment, by the moments of the library that resemble it most."""
        ask = checked(lambda: Ask(self.video(video).id, at_s, horizon_s, None, limit))
        return ok(predict_future(ask, self._foresight()))

    def coherence(self, video: PathLike, *, within: Seconds | None = None) -> Coherence:
        """How surprising each moment is, and what breaks the flow."""
        span = checked(lambda: None if within is None else Span(*within))
        request = CoherenceRequest(self.video(video).id, span)
        return ok(verify_coherence(request, self._foresight()))

    def plot(self, coherence: Coherence, output: PathLike) -> str:
        """Write the curve of surprise as PNG; returns its path."""
        return ok(draw(coherence, absolute(output), ok(compose.plots()), self._tools.files))

    def surprising(self, video: PathLike, n: int = 5) -> Summary:
        """The scenes with the most surprising moments, in time order."""
        if n < 1:
            raise KuaviError(f"at least one scene is told of, got {n}")
        return ok(surprising(self.video(video).id, n, self._foresight()))

    def _foresight(self) -> ForesightPorts:
        return ok(compose.foresight_ports(self._tools, self._models))

    def keyframes(self, video: PathLike) -> tuple[Keyframe, ...]:
        """The pictures kept in the library, as JPEG bytes, with their times."""
        return ok(self._view().keyframes(self.video(video).id))

    def videos(self) -> tuple[VideoRecord, ...]:
        """Every video, sorted by path."""
        return ok(self._view().videos())

    def video(self, video: PathLike) -> VideoRecord:
        """The video meant by an id, the start of one, a path or a file name."""
        return ok(which(self._view(), os.fspath(video), absolute(video)))

    def remove(self, video: PathLike) -> VideoRecord:
        """Forget a video; the file itself is not touched."""
        return ok(remove(self._tools.library, self.video(video).id))

    def doctor(self, *, repair: bool = False) -> Health:
        """Check the library; with `repair`, clear what interrupted runs left and compact."""
        return ok(self._tools.library.doctor(repair))

    def _view(self) -> LibraryView:
        return ok(self._tools.library.view())


def open_library(
    path: PathLike | None = None,
    *,
    preset: str = "embedded",
    create: bool = True,
    models: Mapping[str, object] | None = None,
) -> OpenLibrary:
    """Open the library at `path` (default: $KUAVI_LIBRARY or the user's data folder).

    `models` puts your own encoders and detectors in the place of the preset's, by port: `joint`,
    `clips`, `text`, `shots`, `tagger`, `transcriber`, `ocr`.

    Raises:
        KuaviError: no library there (with `create` False), one of another version, or no such
            preset.
    """
    place = compose.default_library() if path is None else absolute(path)
    built = ok(compose.open_models(preset, models or {}))
    return OpenLibrary(ok(compose.open_tools(place, create)), built)
