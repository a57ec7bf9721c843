"""How captioners and aggregators ask a language model: within a budget, not twice for the same.

A run has one `Asking`, which its captioner and its aggregator share: one ledger, one cache of
replies.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Lock

from attrs import Factory, define, evolve, frozen
from returns.result import Failure, Success

from kuavi.domain import budget
from kuavi.domain.budget import UNLIMITED, Budget, Spent
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.ports.telling import OutOfBudget, TellFailure, Unanswered, Unreachable
from rlm.models import trouble as rlm_trouble
from rlm.models.assembly import assembled
from rlm.models.file_store import build as file_store
from rlm.models.ledger import Ledger, Limits
from rlm.models.messages import LENGTH, STOP, Price, Reply, Request, Usage
from rlm.models.parallel import complete_all
from rlm.models.port import LanguageModel
from rlm.models.retrying import Patience
from rlm.models.store import ReplyStore
from rlm.models.trouble import ModelTrouble

WORKERS = 4
PATIENT = Patience()


@define(eq=False)
class Asking:
    """What a run may spend, and where replies are kept.  One for all models of a process."""

    ledger: Ledger
    store: ReplyStore | None = None
    patience: Patience = PATIENT

    def keep(self, replies: str) -> None:
        """Replies are kept in a folder."""
        self.store = file_store(Path(replies))

    def renew(self, allowed: Budget) -> None:
        """Another run begins."""
        self.ledger = Ledger(limits_of(allowed))


@define(eq=False)
class Tally:
    """What calls cost, every try of them: they are made in several threads."""

    spent: Spent = Factory(Spent)
    lock: Lock = Factory(Lock)

    def add(self, usage: Usage) -> None:
        with self.lock:
            so_far, usd = self.spent, usage.cost_usd
            self.spent = evolve(
                so_far,
                calls=so_far.calls + 1,
                input_tokens=so_far.input_tokens + usage.input_tokens,
                output_tokens=so_far.output_tokens + usage.output_tokens,
                usd=None if so_far.usd is None or usd is None else so_far.usd + usd,
            )

    def add_kept(self) -> None:
        with self.lock:
            self.spent = evolve(self.spent, cached=self.spent.cached + 1)


@frozen
class Counted:
    """A model whose calls are counted, also those whose answers nobody waits for any more."""

    inner: LanguageModel
    tally: Tally

    @property
    def model_id(self) -> str:
        return self.inner.model_id

    @property
    def revision(self) -> str:
        return self.inner.revision

    @property
    def takes_images(self) -> bool:
        return self.inner.takes_images

    @property
    def price(self) -> Price | None:
        return self.inner.price

    @property
    def _unknown(self) -> Usage:
        """Of a call that failed: it may have been charged for, nobody says how much."""
        return Usage(0, 0, None if self.price else 0.0)

    def complete(self, request: Request) -> Outcome[Reply, ModelTrouble]:
        outcome = self.inner.complete(request)
        if isinstance(outcome, Success):
            self.tally.add(outcome.unwrap().usage)
        elif rlm_trouble.may_have_cost(outcome.failure()):
            self.tally.add(_told_usage(outcome.failure()) or self._unknown)
        return outcome


@define(eq=False)
class Asker:
    """A language model asked for many texts, `workers` at a time; it counts what they cost."""

    model: LanguageModel
    asking: Asking
    workers: int = WORKERS
    tally: Tally = Factory(Tally)

    @property
    def spent(self) -> Spent:
        return self.tally.spent

    @property
    def price(self) -> budget.Price | None:
        """None: nobody said what it costs."""
        told = self.model.price
        if told is None:
            return None
        return budget.Price(told.input_per_million, told.output_per_million)

    def texts(self, requests: Iterable[Request]) -> Iterator[Outcome[str, TellFailure]]:
        """A text for each request, in order; `OutOfBudget` or `Unreachable` is the last item."""
        asking = self.asking
        counted = Counted(self.model, self.tally)
        model = assembled(counted, asking.ledger, asking.store, asking.patience)
        for outcome in complete_all(model, requests, self.workers):
            told = self._told(outcome)
            yield told
            if isinstance(told, Failure) and not isinstance(told.failure(), Unanswered):
                return

    def _told(self, outcome: Outcome[Reply, ModelTrouble]) -> Outcome[str, TellFailure]:
        if isinstance(outcome, Failure):
            return Failure(told_of(self.model.model_id, outcome.failure()))
        reply = outcome.unwrap()
        if reply.cached:
            self.tally.add_kept()
        if reply.finish not in (STOP, LENGTH):  # one cut off is judged by who reads it
            reason = f"the answer is not complete ({reply.finish})"
            return Failure(Unanswered(self.model.model_id, reason))
        return Success(reply.text)


def _told_usage(trouble: ModelTrouble) -> Usage | None:
    return trouble.usage if isinstance(trouble, rlm_trouble.BadReply) else None


def told_of(model_id: str, trouble: ModelTrouble) -> TellFailure:
    """The trouble as the ports name it: whether to ask on or not."""
    reason = str(trouble).removeprefix(f"{model_id}: ")
    match trouble:
        case rlm_trouble.OverBudget():
            return OutOfBudget(model_id, reason)
        case (
            rlm_trouble.NoKey()
            | rlm_trouble.NoImages()
            | rlm_trouble.NoPrice()
            | rlm_trouble.Unloadable()
            | rlm_trouble.Unreachable()
        ):
            return Unreachable(model_id, reason)
        case rlm_trouble.Refused(status=status) if status in (401, 402, 403, 404):
            return Unreachable(model_id, reason)
        case _:
            return Unanswered(model_id, reason)


def price_of(spec: ModelSpec) -> Price | None:
    """Options `usd_in` and `usd_out`: US dollars for a million tokens; None unless both are."""
    paid, made = spec.options.get("usd_in"), spec.options.get("usd_out")
    return None if paid is None or made is None else Price(float(paid), float(made))


def limits_of(allowed: Budget) -> Limits:
    return Limits(calls=allowed.calls, tokens=allowed.tokens, cost_usd=allowed.usd)


def build(
    allowed: Budget = UNLIMITED, replies: str | None = None, patience: Patience = PATIENT
) -> Asking:
    """A run's budget, a folder for replies (None: none are kept), and how often to try again."""
    store = None if replies is None else file_store(Path(replies))
    return Asking(Ledger(limits_of(allowed)), store, patience)
