"""Several videos: one after the other, or some at a time in threads that share the models.

Decoding and the networks leave the interpreter alone while they work, so threads keep the cores
busy, and memory grows by what a decoder holds, not by the models.  A video's result does not depend
on what else is under way.
"""

from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from threading import Lock
from typing import TypeAlias

from attrs import Factory, evolve, frozen
from returns.result import Failure

from kuavi.apps.usecases.index import IndexFailure, index_video
from kuavi.apps.usecases.ports import IndexPorts
from kuavi.apps.usecases.report import IndexReport
from kuavi.apps.usecases.turns import taking_turns
from kuavi.domain.fingerprint import Fingerprint
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import IndexPlan
from kuavi.ports.files import Files, FilesFailure
from kuavi.ports.progress import Cancelled, Event, Progress, VideoDone, VideoStarted

One: TypeAlias = tuple[str, Outcome[IndexReport, IndexFailure]]
"""A path, and what came of it."""


class _Shared:
    """A progress told by one thread at a time; a request to stop holds for all of them."""

    def __init__(self, inner: Progress) -> None:
        self._inner = inner
        self._lock = Lock()
        self._stopped = False

    def report(self, event: Event) -> Outcome[None, Cancelled]:
        with self._lock:
            answer = self._inner.report(event)
            self._stopped |= isinstance(answer, Failure)
            return Failure(Cancelled()) if self._stopped else answer

    def stop(self) -> None:
        """From the next event on."""
        with self._lock:
            self._stopped = True

    @property
    def stopped(self) -> bool:
        return self._stopped


@frozen(eq=False)
class _Named:
    """Files, with the fingerprint of one that is known already."""

    inner: Files
    path: str
    content: Outcome[Fingerprint, FilesFailure]

    def find(self, path: str) -> Outcome[tuple[str, ...], FilesFailure]:
        return self.inner.find(path)

    def fingerprint(self, path: str) -> Outcome[Fingerprint, FilesFailure]:
        return self.content if path == self.path else self.inner.fingerprint(path)

    def read(self, path: str) -> Outcome[bytes, FilesFailure]:
        return self.inner.read(path)

    def write(self, path: str, content: bytes) -> Outcome[str, FilesFailure]:
        return self.inner.write(path, content)


@frozen(eq=False)
class _Contents:
    """A lock for each content: copies of a file are one video, which has one writer at a time."""

    lock: Lock = Factory(Lock)
    locks: defaultdict[Fingerprint, Lock] = Factory(lambda: defaultdict(Lock))

    def of(self, content: Outcome[Fingerprint, FilesFailure]) -> Lock:
        if isinstance(content, Failure):
            return Lock()
        with self.lock:
            return self.locks[content.unwrap()]


def index_all(
    paths: Sequence[str], plan: IndexPlan, ports: IndexPorts, jobs: int = 1
) -> Generator[One]:
    """Index files, `jobs` at a time; each result as soon as it is there.

    A file that fails stops none of the others.  A request to stop stops all: what was under way
    then gives nothing, and one `Cancelled` is the last item.  The models are called by one thread
    at a time, the progress too.
    """
    jobs = min(jobs, len(paths))
    places = list(enumerate(paths, 1))
    if jobs <= 1:
        yield from _in_turn(places, lambda place: _index(place, len(paths), plan, ports))
        return
    shared = _Shared(ports.progress)
    safe, contents = taking_turns(evolve(ports, progress=shared)), _Contents()

    def work(place: tuple[int, str]) -> One:
        path = place[1]
        if shared.stopped:
            return path, Failure(Cancelled())
        content = ports.files.fingerprint(path)
        with contents.of(content):
            named = evolve(safe, files=_Named(ports.files, path, content))
            return _index(place, len(paths), plan, named)

    yield from _at_once(places, work, jobs, shared.stop)


def _in_turn(
    places: Sequence[tuple[int, str]], work: Callable[[tuple[int, str]], One]
) -> Iterator[One]:
    for place in places:
        one = work(place)
        yield one
        if _is_stop(one):
            return


def _at_once(
    places: Sequence[tuple[int, str]],
    work: Callable[[tuple[int, str]], One],
    jobs: int,
    stop: Callable[[], None],
) -> Iterator[One]:
    """Whatever ends this early, an error in one of the threads too, stops the others."""
    cancelled: One | None = None
    with ThreadPoolExecutor(jobs, "kuavi-index") as pool:
        futures = [pool.submit(work, place) for place in places]
        try:
            for future in as_completed(futures):
                one = future.result()
                if _is_stop(one):
                    cancelled = one
                else:
                    yield one
        except BaseException:
            stop()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    if cancelled is not None:
        yield cancelled


def _is_stop(one: One) -> bool:
    outcome = one[1]
    return isinstance(outcome, Failure) and isinstance(outcome.failure(), Cancelled)


def _index(place: tuple[int, str], of: int, plan: IndexPlan, ports: IndexPorts) -> One:
    position, path = place
    told = ports.progress.report(VideoStarted(path, position, of))
    outcome = told if isinstance(told, Failure) else index_video(path, plan, ports)
    if isinstance(outcome, Failure):
        problem = outcome.failure()
        if not isinstance(problem, Cancelled):
            ports.progress.report(VideoDone(path, str(problem)))
    else:
        ports.progress.report(VideoDone(path, None))
    return path, outcome
