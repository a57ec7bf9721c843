"""A library opened for use: every tool once, as plain typed methods.

What the Python API hands out and what every face stands on.  Expected failures are raised as
`KuaviError`, whose text is one clear line for a person and whose `failure` is the typed reason.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing

from attrs import evolve
from returns.result import Failure

from kuavi.apps.toolbox.asking import Asking
from kuavi.apps.toolbox.auditing import Auditing
from kuavi.apps.toolbox.errors import KuaviError
from kuavi.apps.toolbox.exchanging import Exchanging
from kuavi.apps.toolbox.foreseeing import Foreseeing
from kuavi.apps.toolbox.indexed import Indexed, find, indexed_of
from kuavi.apps.toolbox.mapping import Mapped
from kuavi.apps.toolbox.outcomes import PathLike, Seconds, absolute, checked, ok
from kuavi.apps.toolbox.probing import Probing
from kuavi.apps.toolbox.telling import Telling
from kuavi.apps.usecases.check_sketch import SketchRecall, sketch_recalls
from kuavi.apps.usecases.look import Sheet, SheetRequest, frames_at, sheet
from kuavi.apps.usecases.manage import remove
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
from kuavi.apps.usecases.scenes import Transcript, transcript
from kuavi.apps.usecases.search import search
from kuavi.apps.usecases.several import index_all
from kuavi.apps.wiring import compose
from kuavi.apps.wiring.registry import Family
from kuavi.domain.budget import UNLIMITED, Budget
from kuavi.domain.choices import NO_CHOICES, ModelChoices
from kuavi.domain.limits import DecodeLimits
from kuavi.domain.manifest import Tier, VideoRecord
from kuavi.domain.media import AtTimes, Frame, Keyframe, View
from kuavi.domain.nearest import MANY
from kuavi.domain.plan import IndexPlan
from kuavi.domain.presets import plan_for
from kuavi.domain.spans import Span
from kuavi.domain.tell_plan import TellPlan
from kuavi.ports.health import Health
from kuavi.ports.progress import Cancelled, Progress, VideoDone

__all__ = ["Indexed", "KuaviError", "OpenLibrary", "absolute", "open_library"]


class OpenLibrary(Probing, Foreseeing, Mapped, Asking, Telling, Auditing, Exchanging):
    """A library, the preset's models (loaded when first needed), and every tool on them."""

    def index(
        self,
        *paths: PathLike,
        plan: IndexPlan | None = None,
        tier: Tier | str | None = None,
        progress: Progress | None = None,
        jobs: int | None = None,
        budget: Budget = UNLIMITED,
    ) -> tuple[Indexed, ...]:
        """Index files and all videos below folders; one that fails stops none of the others.

        `jobs` videos at a time: None is two where there are two cores, 0 one a core (at most 4).
        Results are in order of path.  With a caption preset videos are put into words too, within
        the budget: in mode fast at tier index, full at tier deep.
        """
        done = tuple(self.indexing(*paths, plan=plan, tier=tier, progress=progress, jobs=jobs))
        if jobs != 1:
            done = tuple(sorted(done, key=lambda one: one.path))
        mode = self.captions_at(Tier(tier) if tier else (plan or IndexPlan()).tier)
        if mode is None:
            return done
        videos = [one.report.video.id for one in done if one.report is not None]
        told = self.enhancing(*videos, plan=TellPlan(mode), budget=budget, progress=progress)
        by_id = {one.video.id: one for one in told} if videos else {}
        return tuple(
            evolve(one, enhanced=None if one.report is None else by_id.get(one.report.video.id))
            for one in done
        )

    def indexing(
        self,
        *paths: PathLike,
        plan: IndexPlan | None = None,
        tier: Tier | str | None = None,
        progress: Progress | None = None,
        jobs: int | None = None,
    ) -> Iterator[Indexed]:
        """As `index`, giving each result as soon as it is there.

        With several jobs `progress` is told from other threads, by one at a time.
        """
        plan = plan or plan_for(self._models.preset)
        if tier is not None:
            plan = evolve(plan, tier=Tier(tier))
        progress = progress or Family("progress").builder("silent")()
        ports = ok(compose.index_ports(self._tools, self._models, plan, progress))
        found, problems = find(self._tools.files, paths)
        for problem in problems:
            if isinstance(progress.report(VideoDone(problem.path, problem.problem)), Failure):
                raise KuaviError(Cancelled())
            yield problem
        with closing(index_all(found, plan, ports, compose.jobs_for(jobs))) as results:
            for path, outcome in results:
                yield indexed_of(path, outcome)

    def search(
        self,
        text: str | None = None,
        *,
        image: PathLike | None = None,
        like: tuple[PathLike, Seconds] | None = None,
        field: Field | str | None = None,
        limit: int = 10,
        videos: Sequence[PathLike] = (),
        within: Seconds | None = None,
        scene_s: float | None = None,
        diverse: bool = False,
        duplicates: bool = False,
    ) -> SearchResult:
        """Moments that answer a text, look like a picture file, or are like a span of a video.

        Give exactly one of `text`, `image` and `like` (a video and its start and end in seconds).
        Without a `field` a text is looked for among brief actions where there are some, else in all
        fields.
        """
        request = checked(
            lambda: SearchRequest(
                self._query(text, image, like),
                None if field is None else Field(field),
                limit,
                tuple(self.video(video).id for video in videos),
                None if within is None else Span(*within),
                scene_s,
                diverse,
                duplicates,
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

    def keyframes(self, video: PathLike) -> tuple[Keyframe, ...]:
        """The pictures kept in the library, as JPEG bytes, with their times."""
        return ok(self._view().keyframes(self.video(video).id))

    def remove(self, video: PathLike) -> VideoRecord:
        """Forget a video; the file itself is not touched."""
        return ok(remove(self._tools.library, self.video(video).id))

    def doctor(self, *, repair: bool = False) -> Health:
        """Check the library; with `repair`, clear what interrupted runs left and compact."""
        return ok(self._tools.library.doctor(repair))

    def sketch_recalls(self) -> tuple[SketchRecall, ...]:
        """What search finds of an exact one, by layer, measured; empty where it is exact."""
        if max(self.doctor().rows.values(), default=0) < MANY:
            return ()
        return ok(sketch_recalls(ok(compose.search_ports(self._tools, self._models))))


def open_library(
    path: PathLike | None = None,
    *,
    scene_model_preset: str = "embedded",
    create: bool = True,
    models: Mapping[str, object] | None = None,
    choices: ModelChoices = NO_CHOICES,
    limits: DecodeLimits | None = None,
) -> OpenLibrary:
    """Open the library at `path` (default: $KUAVI_LIBRARY or the user's data folder).

    `models` puts your own encoders and detectors in the place of the preset's, by port: `joint`,
    `clips`, `text`, `shots`, `tagger`, `transcriber`, `ocr`, `predictor`, `classifier:TASK`.
    `choices` says which of the preset's alternatives to use and where weights are.

    `limits` is what decoding one file may take (kuavi.domain.limits.DecodeLimits); a file that
    needs more is refused, with the name of the limit.

    Raises:
        KuaviError: no library there (with `create` False), one of another version, or no such
            preset or choice.
    """
    place = compose.default_library() if path is None else absolute(path)
    built = ok(compose.open_models(scene_model_preset, models or {}, choices))
    return OpenLibrary(ok(compose.open_tools(place, create, limits)), built)
