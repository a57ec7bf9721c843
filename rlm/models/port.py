"""The port: what a language model is, whoever runs it."""

from typing import Protocol

from rlm.models.messages import Price, Reply, Request
from rlm.models.trouble import ModelTrouble
from rlm.outcome import Outcome


class LanguageModel(Protocol):
    """A model that may be asked from several threads at a time.

    `model_id` names it for people.  `revision` tells apart all that may answer differently under
    that name (server, weights, the recipe of the adapter); both together are its identity in
    cache keys, and hold no secret.  `price` None: not known.
    """

    @property
    def model_id(self) -> str: ...

    @property
    def revision(self) -> str: ...

    @property
    def takes_images(self) -> bool: ...

    @property
    def price(self) -> Price | None: ...

    def complete(self, request: Request) -> Outcome[Reply, ModelTrouble]:
        """One reply.  A request with images to a model that takes none is `NoImages`."""
        ...
