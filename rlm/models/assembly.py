"""The wrappers in the one right order: cache, then tries, then the ledger, then the model."""

from rlm.models.cached import cached
from rlm.models.ledger import Ledger
from rlm.models.metered import metered
from rlm.models.port import LanguageModel
from rlm.models.retrying import Patience, retrying
from rlm.models.store import ReplyStore


def assembled(
    model: LanguageModel,
    ledger: Ledger | None = None,
    store: ReplyStore | None = None,
    patience: Patience | None = None,
) -> LanguageModel:
    """Each try is reserved and paid for, a hit is neither; None leaves a wrapper out."""
    whole = model if ledger is None else metered(model, ledger)
    whole = whole if patience is None else retrying(whole, patience)
    return whole if store is None else cached(whole, store)
