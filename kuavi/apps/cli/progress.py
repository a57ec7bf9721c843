"""How a command tells of its progress: bars, lines or events."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kuavi.apps.cli.stopping import stoppable


@contextmanager
def progress_of(events: bool, plain: bool) -> Iterator[Any]:
    """The way to tell of progress, which also says when to stop."""
    from kuavi.apps.wiring.registry import Family

    family = Family("progress")
    adapter = "events" if events else "lines" if plain or not sys.stderr.isatty() else "rich_bars"
    told = family.builder(adapter)(sys.stdout if events else sys.stderr)
    with stoppable() as asked, told:
        yield family.builder("cancellable")(told, asked)
