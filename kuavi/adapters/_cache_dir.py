"""The user's cache: what can be computed again, named by what it was computed from."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from returns.result import Failure, Success

from kuavi.domain.outcome import Outcome


def cache_dir() -> Path:
    """`$KUAVI_CACHE`, else `kuavi` in `$XDG_CACHE_HOME` or `~/.cache`."""
    own = os.environ.get("KUAVI_CACHE")
    if own:
        return Path(own).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "kuavi"


def cached(name: str, make: Callable[[Path], str | None]) -> Outcome[Path, str]:
    """The cached file `name`, made if it is missing.

    `make` writes to the path it is given and returns what went wrong, if anything.  The file
    appears under its name only when complete, so that a killed or a concurrent process never
    leaves a torn one.
    """
    path = cache_dir() / name
    if path.is_file():
        return Success(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            made = Path(folder) / path.name
            trouble = make(made)
            if trouble is not None:
                return Failure(trouble)
            with made.open("rb+") as file:
                os.fsync(file.fileno())
            made.replace(path)
    except OSError as error:
        return Failure(f"cache {path.parent} can't be written ({error.strerror}); set KUAVI_CACHE")
    return Success(path)
