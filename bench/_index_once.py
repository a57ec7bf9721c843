"""Index some files in this process, which is a fresh one, and print what that took as JSON.

    python -m bench._index_once TIER JOBS FILE...

CPU time and memory are of this process and its children, imports too.  With one job it is told by
part; the models that look at pictures work in the thread that asks them: its time is theirs.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import thread_time
from typing import Any

import kuavi
from kuavi.adapters.progress import profiled, silent
from kuavi.apps.wiring.models import Models
from kuavi.domain.presets import EMBEDDED

PICTURE_MODELS = ("joint", "clips", "tagger")
CALLS = {"encode", "encode_frames", "tag"}


class Timed:
    """A model, and the CPU seconds its calls took."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.cpu_s = inner, 0.0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.inner, name)
        return self._timed(found) if name in CALLS else found

    def _timed(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any) -> Any:
            began = thread_time()
            try:
                return call(*arguments)
            finally:
                self.cpu_s += thread_time() - began

        return timed


def once(tier: str, jobs: int, files: Sequence[str]) -> dict[str, Any]:
    progress = profiled.build(silent.build())
    models = Models(EMBEDDED, {})
    timed = {name: Timed(models.port(name).unwrap()) for name in PICTURE_MODELS}
    with tempfile.TemporaryDirectory() as folder:
        library = kuavi.open_library(Path(folder) / "library", models=timed)
        done = library.index(*files, tier=tier, jobs=jobs, progress=progress)
    if not all(one.ok for one in done):
        raise SystemExit(f"not indexed: {[one.problem for one in done]}")
    now = profiled.reading()
    parts = {name: used.cpu_s for name, used in progress.ledger.items()}
    return {
        "cpu_s": now.cpu_s,
        "wall_s": sum(used.wall_s for used in progress.ledger.values()),
        "peak_mb": max(used.peak_mb for used in progress.ledger.values()),
        "parts": parts,
        "peaks": {name: used.peak_mb for name, used in progress.ledger.items()},
        "models": {name: one.cpu_s for name, one in timed.items()},
        "pictures": models.port("tagger").unwrap().pictures.runs,
    }


if __name__ == "__main__":
    print(json.dumps(once(sys.argv[1], int(sys.argv[2]), sys.argv[3:])))
