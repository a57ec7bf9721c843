"""Interrupt whole runs at random moments, and see whether the library keeps what it promises.

    python -m bench.crash [--trials 200] [--faults 10] [--seed 1] [--minutes M] [--case NAME]

Each trial copies a library, lets another process do an operation on it (preset `fake`, films of 2
to 3 s), and kills that process or makes the disk refuse.  Then a new process opens the library.  A
trial is *lost* unless all of this holds:

- what is shown is, bit for bit, one of the states that the undisturbed operation passes through;
- a reader that was open before still reads the state from before, after repairs as well;
- the doctor finds nothing, or nothing after a repair, which changes nothing that is shown;
- the same operation, done again, ends in the undisturbed operation's last state;
- an operation that told success is there.

It is *repaired* where the doctor found something (half of the trials repair before they resume, the
others after), *consistent* where it found nothing.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.crash_cases import CASES, Place, write_films
from bench.crash_jobs import Fault
from bench.crash_trial import Known, Trial, known, tried

VERDICTS = ("consistent", "repaired", "lost")


def drawn(kind: str, draw: random.Random) -> Fault:
    """A fault of a kind at a random moment."""
    match kind:
        case "kill" | "read-only":
            return Fault(kind, draw.uniform(0.0, 1.0))
        case "file size":
            return Fault(kind, 2 ** draw.uniform(7.0, 14.0))
        case "full":
            return Fault(kind, 4096 * draw.randint(0, 60))
        case _:
            return Fault(kind, draw.randint(1, 30))


def kinds() -> tuple[str, ...]:
    """The kinds of faults other than a kill that can be made here."""
    return (
        "refused",
        "done but refused",
        "file size",
        "read-only",
        *(["full"] if mounts() else []),
    )


def mounts() -> bool:
    """Whether a small file system can be mounted."""
    if os.getuid() != 0 or shutil.which("mount") is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]
        if subprocess.run(command, check=False, capture_output=True).returncode != 0:
            return False
        subprocess.run(["umount", folder], check=True)
    return True


def trials(
    place: Place, names: Sequence[str], kills: int, faults: int, seed: int
) -> Iterator[tuple[Known, Trial]]:
    """`kills` trials in all and `faults` of each other kind, spread over the cases, one by one."""
    draw = random.Random(seed)
    write_films(place)
    ready: dict[str, Known] = {}
    plan = ["kill"] * kills + [kind for kind in kinds() for _ in range(faults)]
    for number, kind in enumerate(plan):
        name = names[number % len(names)]
        if name not in ready:
            ready[name] = known(place, CASES[name])
        yield ready[name], tried(place, ready[name], drawn(kind, draw), repair=draw.random() < 0.5)


def table(done: Sequence[Trial]) -> str:
    """Verdicts by operation and fault; faults that came too late apart."""
    counts = Counter((t.case, t.fault.kind, t.verdict) for t in done if t.met)
    late = Counter((t.case, t.fault.kind) for t in done if not t.met)
    left = Counter((t.case, t.fault.kind) for t in done if t.met and t.leftovers)
    lines = [
        f"{'operation':10}{'fault':18}{'met':>5}{'consistent':>12}{'repaired':>10}{'lost':>6}"
        f"{'leftovers':>11}{'not met':>9}"
    ]
    for case, kind in sorted({(t.case, t.fault.kind) for t in done}):
        numbers = [counts[case, kind, verdict] for verdict in VERDICTS]
        lines.append(
            f"{case:10}{kind:18}{sum(numbers):5}{numbers[0]:12}{numbers[1]:10}{numbers[2]:6}"
            f"{left[case, kind]:11}{late[case, kind]:9}"
        )
    return "\n".join(lines)


def progress_table(done: Sequence[Trial], ready: Sequence[Known]) -> str:
    """How many of an operation's steps were there when it was killed."""
    lines = ["steps there at the kill (all steps: kills)"]
    for known_case in ready:
        name = known_case.case.name
        seen = Counter(
            t.stages for t in done if t.case == name and t.fault.kind == "kill" and t.met
        )
        steps = range(len(known_case.states))
        counted = " ".join(f"{step}:{seen[step]}" for step in steps)
        lines.append(f"{name:10}{known_case.took_s:6.2f} s   {counted}")
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench.crash", description="The crash table.")
    parser.add_argument("--trials", type=int, default=200, help="kills in all")
    parser.add_argument("--faults", type=int, default=14, help="trials of each other fault")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=1e9, help="begin no trial after them")
    parser.add_argument("--case", choices=list(CASES), action="append", help="only these")
    given = parser.parse_args(arguments)
    started_s = time.monotonic()
    done: list[Trial] = []
    ready: dict[str, Known] = {}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # one fault needs another user
        place = Place(Path(folder))
        names = given.case or list(CASES)
        for known_case, trial in trials(place, names, given.trials, given.faults, given.seed):
            ready[known_case.case.name] = known_case
            done.append(trial)
            if trial.verdict == "lost":
                print(f"LOST {trial}", flush=True)
            elif len(done) % 20 == 0:
                print(f"{len(done)} trials", file=sys.stderr, flush=True)
            if time.monotonic() - started_s > 60 * given.minutes:
                break
    print(table(done))
    print(progress_table(done, list(ready.values())))
    return int(any(trial.verdict == "lost" for trial in done))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
