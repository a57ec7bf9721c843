"""Many requests at a time, answers in order."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

from returns.result import Failure

from rlm.models.messages import Reply, Request
from rlm.models.port import LanguageModel
from rlm.models.trouble import ModelTrouble, OverBudget
from rlm.outcome import Outcome

Answer = Outcome[Reply, ModelTrouble]


def complete_all(
    model: LanguageModel, requests: Iterable[Request], workers: int
) -> Iterator[Answer]:
    """One outcome a request, in order; a failure is its own request's alone.

    Requests are pulled in the caller's thread, at most 2 * workers ahead of what was given out,
    since they hold images.  Once a call is refused with `OverBudget` no more are pulled: those
    under way are given out, then it ends, so there may be fewer outcomes than requests.

    Raises:
        ValueError: workers is below 1.
    """
    if workers < 1:
        raise ValueError(f"{workers = } must be at least 1")
    return _answers(model, iter(requests), workers)


def _answers(model: LanguageModel, requests: Iterator[Request], workers: int) -> Iterator[Answer]:
    over = Event()

    def ask(request: Request) -> Answer:
        outcome = model.complete(request)
        if isinstance(outcome, Failure) and isinstance(outcome.failure(), OverBudget):
            over.set()
        return outcome

    waiting: deque[Future[Answer]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="language-model")
    try:
        while True:
            while len(waiting) < 2 * workers and not over.is_set():
                request = next(requests, None)
                if request is None:
                    break
                waiting.append(pool.submit(ask, request))
                del request
            if not waiting:
                return
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
