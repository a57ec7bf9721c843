"""The odd files of tests/odd.py: what is promised for each, and what happened.

    python -m bench.odd_files [--keep FOLDER]

Each file is read and indexed through the isolated reader with its usual limits, the models' fakes
and a library in memory.  Ends with 1 if a promise was broken.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from returns.result import Failure

from kuavi.adapters.readers import isolated
from kuavi.domain.manifest import Stage
from tests.odd import ODD, Corpus, Odd
from tests.odd_checks import Happened, broken_promises, tried


def row(odd: Odd, path: str, happened: Happened, broken: list[str]) -> str:
    """One line of the table."""
    read = str(happened).replace(f"{path}: ", "")
    kept = "; ".join(broken) or "kept"
    indexed = in_index(happened).replace(f"{path}: ", "")
    return f"| {odd.name} | {odd.what} | {odd.promise} | {read} | {indexed} | {kept} |"


def in_index(happened: Happened) -> str:
    if isinstance(happened.indexed, Failure):
        failure = happened.indexed.failure()
        return f"{type(failure).__name__}: {failure}"
    video = happened.indexed.unwrap().video
    damage = [gap.reason for gap in video.gaps if gap.stage == Stage.SHOTS]
    sound = [gap.reason for gap in video.gaps if gap.stage == Stage.TRANSCRIPT]
    covered = "nothing" if video.span is None else f"0 to {video.span.end_s:.2f} s"
    return "; ".join([f"covers {covered}", *damage, *sound])


def run(folder: Path) -> int:
    """Print the table; 1 if a promise was broken."""
    corpus = Corpus(folder)
    n_broken, slowest_s = 0, 0.0
    print("| file | what it is | promised | reader | index | promise |")
    print("|---|---|---|---|---|---|")
    for odd in ODD:
        path = str(corpus.path(odd))
        happened = tried(path, isolated.build())
        broken = list(broken_promises(odd, path, happened))
        n_broken += bool(broken)
        slowest_s = max(slowest_s, happened.wall_s)
        print(row(odd, path, happened, broken), flush=True)
    print(f"\n{len(ODD)} files, {n_broken} broken promises, slowest {slowest_s:.1f} s")
    return min(n_broken, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="write the files here, an empty folder")
    kept: Path | None = parser.parse_args().keep
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        sys.exit(run(kept))
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(run(Path(folder)))


if __name__ == "__main__":
    main()
