"""Tools that judge what is said of videos, and mend it."""

from returns.result import Failure

from kuavi.apps.toolbox.errors import KuaviError
from kuavi.apps.toolbox.opened import Opened
from kuavi.apps.toolbox.outcomes import PathLike, checked, ok
from kuavi.apps.usecases.audit import Audit, audit
from kuavi.apps.usecases.mending import RepairPlan
from kuavi.apps.usecases.repair import RepairReport, repair
from kuavi.apps.wiring.registry import Family
from kuavi.apps.wiring.telling import audit_ports, tell_ports
from kuavi.domain.budget import UNLIMITED, Budget
from kuavi.ports.progress import Cancelled, Progress, VideoDone, VideoStarted


class Auditing(Opened):
    """How far captions and annotations can be trusted, and better ones for the worst."""

    def audit(self, video: PathLike) -> Audit:
        """Quality signals of all that is said of a video, what is flagged, and what is missing.

        No captioning model is asked, and nothing is written.
        """
        return ok(audit(self.video(video).id, ok(audit_ports(self._tools, self._models))))

    def repair(
        self,
        video: PathLike,
        *,
        worst: int = 10,
        below: float = 0.5,
        rounds: int = 3,
        budget: Budget = UNLIMITED,
        progress: Progress | None = None,
    ) -> RepairReport:
        """Ask again, naming the faults, for the `worst` of what is of a total less than `below`.

        A new caption or annotation is kept only if its total is higher in the old one's place.
        """
        plan = checked(lambda: RepairPlan(worst, below, rounds))
        told = progress or Family("progress").builder("silent")()
        record = self.video(video)
        ports = ok(tell_ports(self._tools, self._models, told, budget))
        if isinstance(told.report(VideoStarted(record.path, 1, 1)), Failure):
            raise KuaviError(Cancelled())
        outcome = repair(record.id, plan, ports)
        report = ok(outcome)
        told.report(VideoDone(record.path, None))
        return report
