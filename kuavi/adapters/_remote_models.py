"""Language models behind a server, from a preset's spec: what captioners and aggregators share."""

import os
from collections.abc import Mapping
from typing import Any

from returns.result import Failure, Success

from kuavi.adapters._asking import Asker, Asking, price_of
from kuavi.domain.caption_presets import EXTRAS
from kuavi.domain.evidence import Model
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.ports.models import ModelUnavailable
from rlm.models.registry import builder
from rlm.models.spec import ModelSpec as RemoteSpec
from rlm.models.trouble import ModelTrouble, NoKey

UNNAMED = "default"
TIMEOUT_S = 300.0
WORKERS = 4
OWN_OPTIONS = frozenset(
    {"key_env", "base_url", "usd_in", "usd_out", "timeout_s", "workers", "max_frames", "download"}
)
"""Options that are ours; all others are the adapter's of `rlm.models`."""


def remote(
    spec: ModelSpec, asking: Asking, images: bool, environ: Mapping[str, str] = os.environ
) -> Outcome[Asker, ModelUnavailable]:
    """Options `base_url` (else the environment's, for OpenAI's protocol), `key_env`, `usd_in` and
    `usd_out` (US dollars for a million tokens), `timeout_s`, `workers` (calls at a time).
    """
    if spec.model_id == UNNAMED and not environ.get("OPENAI_MODEL"):
        remedy = "name it: --model captioner=NAME --model aggregator=NAME, or set OPENAI_MODEL"
        return Failure(ModelUnavailable(spec.adapter, "the server's model has no name", remedy))
    built: Outcome[Any, ModelTrouble] | None = _built(spec, images, environ)
    if built is None:
        reason = "a Python package for it is not installed"
        remedy = f"pip install 'kuavi[{EXTRAS[spec.adapter]}]'"
        return Failure(ModelUnavailable(spec.model_id, reason, remedy))
    if isinstance(built, Failure):
        return Failure(_unavailable(spec, built.failure()))
    workers = int(spec.options.get("workers", WORKERS))
    return Success(Asker(built.unwrap(), asking, workers))


def identity(asked: Asker) -> Model:
    """What is recorded of a remote model: its name, and where and how it is asked."""
    return Model(asked.model.model_id, asked.model.revision)


def _built(
    spec: ModelSpec, images: bool, environ: Mapping[str, str]
) -> Outcome[Any, ModelTrouble] | None:
    """None where a package is missing."""
    options = {name: value for name, value in spec.options.items() if name not in OWN_OPTIONS}
    given = spec.options.get("base_url")
    url = environ.get("OPENAI_BASE_URL") if spec.adapter == "openai_compatible" else None
    named = environ["OPENAI_MODEL"] if spec.model_id == UNNAMED else spec.model_id
    key = spec.options.get("key_env")
    remote_spec = RemoteSpec(
        spec.adapter,
        named,
        str(given) if given else url,
        None if key is None else str(key),
        images,
        price_of(spec),
        float(spec.options.get("timeout_s", TIMEOUT_S)),
        options,
    )
    try:
        made: Outcome[Any, ModelTrouble] = builder(spec.adapter)(remote_spec, environ)
    except ImportError:
        return None
    return made


def _unavailable(spec: ModelSpec, trouble: ModelTrouble) -> ModelUnavailable:
    if isinstance(trouble, NoKey):
        return ModelUnavailable(spec.model_id, "it needs a key", f"set {trouble.variable}")
    return ModelUnavailable(spec.model_id, str(trouble), "check --caption-server and its address")
