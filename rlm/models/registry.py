"""Finds adapters by name, and imports one only when it is asked for."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

ADAPTERS = ("gemini", "openai_compatible", "scripted", "transformers_local")


class UnknownAdapterError(LookupError):
    """The configuration names an adapter that does not exist."""


def builder(name: str) -> Callable[..., Any]:
    """The adapter's `build`.

    Raises:
        UnknownAdapterError: no such adapter; the message lists those that exist.
        ImportError: the adapter needs a package that is not installed.
    """
    if name not in ADAPTERS:
        raise UnknownAdapterError(f"no model adapter {name!r}; known: {', '.join(ADAPTERS)}")
    build: Callable[..., Any] = import_module(f"rlm.models.{name}").build
    return build
