"""Finds adapters by name: a name is a module, and a module has one `build`."""

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from attrs import frozen

from kuavi import adapters


class UnknownAdapterError(LookupError):
    """The configuration names an adapter that does not exist."""


@frozen
class Family:
    """One port's adapters: Family("joint") is kuavi/adapters/joint/*.py."""

    name: str

    def names(self) -> tuple[str, ...]:
        """Adapter names, without importing any of them."""
        folders = [f"{path}/{self.name}" for path in adapters.__path__]
        return tuple(sorted(m.name for m in iter_modules(folders) if not m.name.startswith("_")))

    def builder(self, name: str) -> Callable[..., Any]:
        """The adapter's `build`; "package.module:function" names one outside kuavi.

        Raises:
            UnknownAdapterError: no such adapter; the message lists those that exist.
            ImportError: the adapter needs a package that is not installed.
        """
        module, _, function = name.partition(":")
        if not function:
            if name not in self.names():
                known = ", ".join(self.names())
                raise UnknownAdapterError(f"no {self.name} adapter {name!r}; known: {known}")
            module, function = f"{adapters.__name__}.{self.name}.{name}", "build"
        builder: Callable[..., Any] = getattr(import_module(module), function)
        return builder
