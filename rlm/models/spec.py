"""How a model is named in a configuration: plain data, and no key in it."""

from collections.abc import Mapping

from attrs import field, frozen
from attrs.validators import gt, min_len

from rlm.models.messages import Price

Option = str | int | float | bool


@frozen
class ModelSpec:
    """Which adapter, which model, and where.

    `model`: the name that the server knows, or the folder of a local model.  `base_url` None: the
    adapter's own.  `key_env`: the *name* of the environment variable that holds the key, None for
    no key.  `timeout_s` bounds one try.  `options` are the adapter's, told in its docstring.
    """

    adapter: str = field(validator=min_len(1))
    model: str = field(validator=min_len(1))
    base_url: str | None = None
    key_env: str | None = None
    takes_images: bool = False
    price: Price | None = None
    timeout_s: float = field(default=120.0, validator=gt(0.0))
    options: Mapping[str, Option] = field(factory=dict)
