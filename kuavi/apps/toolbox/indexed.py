"""Files to index, and what came of each."""

from collections.abc import Sequence

from attrs import frozen
from returns.result import Failure, Success

from kuavi.apps.toolbox.errors import KuaviError
from kuavi.apps.toolbox.outcomes import PathLike, absolute
from kuavi.apps.toolbox.telling import Enhanced
from kuavi.apps.usecases.index import IndexFailure
from kuavi.apps.usecases.report import IndexReport
from kuavi.domain.outcome import Outcome
from kuavi.ports.files import Files
from kuavi.ports.progress import Cancelled


@frozen
class Indexed:
    """What came of one file or folder: a report, or the problem in one line.

    `failure` is the typed reason of the problem.  `enhanced` is what captioning models made of it,
    where the library was opened with a caption preset.
    """

    path: str
    report: IndexReport | None
    problem: str | None = None
    failure: object | None = None
    enhanced: Enhanced | None = None

    @property
    def ok(self) -> bool:
        """Whether every stage that was planned is there, and, with captions, nothing is missing."""
        indexed = self.report is not None and not self.report.failed
        return indexed and (self.enhanced is None or self.enhanced.ok)


def find(files: Files, paths: Sequence[PathLike]) -> tuple[list[str], list[Indexed]]:
    """The video files that paths lead to, and the paths that lead nowhere."""
    found: dict[str, None] = {}
    problems: list[Indexed] = []
    for path in paths:
        below = files.find(absolute(path))
        if isinstance(below, Failure):
            problem = below.failure()
            problems.append(Indexed(absolute(path), None, str(problem), problem))
        else:
            found |= dict.fromkeys(below.unwrap())
    return list(found), problems


def indexed_of(path: str, outcome: Outcome[IndexReport, IndexFailure]) -> Indexed:
    if isinstance(outcome, Success):
        return Indexed(path, outcome.unwrap())
    problem = outcome.failure()
    if isinstance(problem, Cancelled):
        raise KuaviError(problem)
    return Indexed(path, None, str(problem), problem)
