"""Tools that put videos into words."""

from collections.abc import Iterator, Sequence

from attrs import frozen
from returns.result import Failure

from kuavi.apps.toolbox.errors import KuaviError
from kuavi.apps.toolbox.opened import Opened
from kuavi.apps.toolbox.outcomes import PathLike, Seconds, checked, ok
from kuavi.apps.usecases.enhance import enhance_video
from kuavi.apps.usecases.estimate import Estimate, estimate, sum_of
from kuavi.apps.usecases.ports import TellPorts
from kuavi.apps.usecases.telling import EnhanceReport
from kuavi.apps.wiring.models import TELLERS
from kuavi.apps.wiring.registry import Family
from kuavi.apps.wiring.telling import tell_ports
from kuavi.domain.budget import UNLIMITED, Budget
from kuavi.domain.manifest import Tier, VideoRecord
from kuavi.domain.spans import Span
from kuavi.domain.tell_plan import Mode, TellPlan
from kuavi.ports.progress import Cancelled, Progress, VideoDone, VideoStarted


@frozen
class Enhanced:
    """What came of one video: a report, or the problem in one line with its typed reason."""

    video: VideoRecord
    report: EnhanceReport | None
    problem: str | None = None
    failure: object | None = None

    @property
    def ok(self) -> bool:
        return self.report is not None and self.report.complete


class Telling(Opened):
    """Captions, brief actions and annotations, by the models of the caption preset."""

    def enhance(
        self,
        *videos: PathLike,
        mode: Mode | str = Mode.FAST,
        within: Seconds | None = None,
        scenes: Sequence[int] = (),
        rounds: int = 3,
        budget: Budget = UNLIMITED,
        progress: Progress | None = None,
    ) -> tuple[Enhanced, ...]:
        """Put videos into words, or all of the library: what is there already is left alone.

        `fast`: a caption and a brief action for each scene; `full`: captions of all nodes, and
        annotations of those that are long enough, written in `rounds` rounds.  `scenes` are
        numbers of a single video's scenes, from 1.
        """
        plan = self.tell_plan(videos, mode, within, scenes, rounds)
        return tuple(self.enhancing(*videos, plan=plan, budget=budget, progress=progress))

    def enhancing(
        self,
        *videos: PathLike,
        plan: TellPlan,
        budget: Budget = UNLIMITED,
        progress: Progress | None = None,
    ) -> Iterator[Enhanced]:
        """As `enhance`, giving each result as soon as it is there; it ends with the budget."""
        told = progress or Family("progress").builder("silent")()
        records = self._records(videos)
        ports = ok(tell_ports(self._tools, self._models, told, budget))
        for place, record in enumerate(records, 1):
            if isinstance(told.report(VideoStarted(record.path, place, len(records))), Failure):
                raise KuaviError(Cancelled())
            one = enhanced(record, plan, ports)
            yield one
            if one.report is not None and one.report.stopped:
                return

    def estimate(
        self,
        *videos: PathLike,
        mode: Mode | str = Mode.FAST,
        within: Seconds | None = None,
        scenes: Sequence[int] = (),
        rounds: int = 3,
    ) -> Estimate:
        """What `enhance` would ask at most, and what that costs.  Nothing is asked."""
        plan = self.tell_plan(videos, mode, within, scenes, rounds)
        silent = Family("progress").builder("silent")()
        ports = ok(tell_ports(self._tools, self._models, silent))
        return sum_of(
            tuple(ok(estimate(record.id, plan, ports)) for record in self._records(videos))
        )

    def captions_at(self, tier: Tier) -> Mode | None:
        """How far a run of a tier describes videos; None: not at all."""
        if tier is Tier.SCAN or not any(map(self._models.offers, TELLERS)):
            return None
        return Mode.FULL if tier is Tier.DEEP else Mode.FAST

    def _records(self, videos: Sequence[PathLike]) -> tuple[VideoRecord, ...]:
        return tuple(self.video(video) for video in videos) if videos else self.videos()

    def tell_plan(
        self,
        videos: Sequence[PathLike],
        mode: Mode | str,
        within: Seconds | None,
        scenes: Sequence[int],
        rounds: int,
    ) -> TellPlan:
        """The plan of `enhance`; KuaviError where something does not fit."""
        if (scenes or within) and len(videos) != 1:
            raise KuaviError("a span or scenes are of one video; name one")
        nodes = None
        if scenes:
            listed = self.scenes(videos[0])
            wrong = [number for number in scenes if not 1 <= number <= len(listed)]
            if wrong:
                raise KuaviError(f"no scene {wrong[0]}; there are {len(listed)}, from 1")
            nodes = tuple(listed[number - 1].node for number in scenes)
        span = checked(lambda: None if within is None else Span(*within))
        return checked(lambda: TellPlan(Mode(mode), span, nodes, rounds))


def enhanced(record: VideoRecord, plan: TellPlan, ports: TellPorts) -> Enhanced:
    """One video put into words; raises KuaviError where the user stopped it."""
    outcome = enhance_video(record.id, plan, ports)
    if isinstance(outcome, Failure):
        problem = outcome.failure()
        if isinstance(problem, Cancelled):
            raise KuaviError(problem)
        ports.progress.report(VideoDone(record.path, str(problem)))
        return Enhanced(record, None, str(problem), problem)
    report = outcome.unwrap()
    ports.progress.report(VideoDone(record.path, None))
    return Enhanced(report.video, report)
