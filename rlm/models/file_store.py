"""Replies in files: one JSON file a key, `ab/abcd....json`, made whole or not at all.

A file that is torn, altered or of another form is a miss, and is written anew.  Neither requests
nor keys of servers are in it.
"""

import json
import os
import tempfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from attrs import frozen
from returns.result import Failure, Success

from rlm.models.messages import Reply, Usage
from rlm.models.store import StoreFailed
from rlm.outcome import Outcome

FORM = 1
HEX = frozenset("0123456789abcdef")


def _digest(key: str, reply: Any) -> str:
    return sha256(json.dumps([FORM, key, reply], sort_keys=True).encode()).hexdigest()


def written(key: str, reply: Reply) -> str:
    """The text of a file."""
    usage = reply.usage
    form = {
        "text": reply.text,
        "model": reply.model,
        "finish": reply.finish,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cost_usd": usage.cost_usd,
        "estimated": usage.estimated,
    }
    whole = {"form": FORM, "key": key, "reply": form, "sha256": _digest(key, form)}
    return json.dumps(whole, indent=1) + "\n"


def read(key: str, text: bytes) -> Reply | None:
    """The reply in a file, or None if it is not exactly what was written under this key."""
    try:
        whole = json.loads(text)
        form = whole["reply"]
        counts = form["input_tokens"], form["output_tokens"]
        usage = Usage(*counts, form["cost_usd"], form["estimated"])
        reply = Reply(form["text"], form["model"], usage, form["finish"])
        return reply if written(key, reply).encode() == text else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


@frozen
class FileStore:
    folder: Path

    def get(self, key: str) -> Outcome[Reply | None, StoreFailed]:
        path = self._path(key)
        try:
            return Success(read(key, path.read_bytes()))
        except (FileNotFoundError, NotADirectoryError):
            return Success(None)
        except OSError as error:
            return Failure(StoreFailed(str(path), error.strerror or type(error).__name__))

    def put(self, key: str, reply: Reply) -> Outcome[None, StoreFailed]:
        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._replace(path, written(key, reply))
        except OSError as error:
            return Failure(StoreFailed(str(path), error.strerror or type(error).__name__))
        return Success(None)

    def _replace(self, path: Path, text: str) -> None:
        handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise

    def _path(self, key: str) -> Path:
        """Raises ValueError for what is no key, so that no name leads out of the folder."""
        if len(key) != 64 or not HEX.issuperset(key):
            raise ValueError(f"no key of the reply cache: {key!r}")
        return self.folder / key[:2] / f"{key}.json"


def build(folder: Path) -> FileStore:
    """Replies below this folder, which is made with the first."""
    return FileStore(folder)
