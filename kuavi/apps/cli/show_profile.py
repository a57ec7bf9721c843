"""Where an index run's time and memory went, for reading and for programs."""

from collections.abc import Mapping
from typing import Any

from rich.text import Text

from kuavi.apps.cli.texts import Line

HEAD = f"{'':<22} {'CPU s':>8} {'wall s':>8} {'peak MB':>8}"


def profile_lines(ledger: Mapping[str, Any]) -> list[Line]:
    """A line a part, and their sum; memory is the process's highest until the part's end."""
    rows = [_row(name, used.cpu_s, used.wall_s, used.peak_mb) for name, used in ledger.items()]
    total = _row("all", *_total(ledger))
    return [Line(Text(HEAD, "dim")), *(Line(Text(row)) for row in rows), Line(Text(total, "bold"))]


def profile_json(ledger: Mapping[str, Any]) -> dict[str, Any]:
    """The event `profile`."""
    parts = [
        {"part": name, "cpu_s": used.cpu_s, "wall_s": used.wall_s, "peak_mb": used.peak_mb}
        for name, used in ledger.items()
    ]
    cpu_s, wall_s, peak_mb = _total(ledger)
    total = {"cpu_s": cpu_s, "wall_s": wall_s, "peak_mb": peak_mb}
    return {"event": "profile", "parts": parts, **total}


def _total(ledger: Mapping[str, Any]) -> tuple[float, float, float]:
    used = list(ledger.values())
    return (
        sum(one.cpu_s for one in used),
        sum(one.wall_s for one in used),
        max((one.peak_mb for one in used), default=0.0),
    )


def _row(name: str, cpu_s: float, wall_s: float, peak_mb: float) -> str:
    return f"{name:<22} {cpu_s:>8.2f} {wall_s:>8.2f} {peak_mb:>8.0f}"
