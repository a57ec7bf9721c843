"""Whether inserted foreign segments are flagged, and nothing else is: coherence without a model.

    python -m bench.coherence [--clips DIR ...] [--seed N] [--quick]

Truth is made: a piece of one real shot is put into the middle of another (`spliced`), which should
be flagged within one sampled frame of where it is.  Nothing should be flagged as foreign where two
shots are only joined (`joined`), in a slow pan over a still picture (`pan`), or in whole clips as
they were filmed (`as filmed`), where a cutaway that is shown once may well be.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from attrs import frozen

import kuavi
from bench.footage import CLIPS, FPS, HEIGHT, SHOTS, WIDTH, Join, Piece, Shot, find_files, render
from bench.footage import piece_frames as frames_of
from kuavi.apps.toolbox.session import OpenLibrary
from kuavi.domain.coherence import Kind
from kuavi.domain.spans import Span
from tests.media import write_clip

LEAST_HOST_S = 3.0
SIDE_S = 1.2
"""So much of the host is seen on either side of an insertion, at least."""
SAMPLE_S = 0.4
INSERTED_S = (0.8, 1.2, 2.0)
PAN_S = 12.0


@frozen
class Case:
    """A file, and the foreign segment in it (None: there is none)."""

    kind: str
    path: Path
    foreign: Span | None


def cases(files: dict[str, Path], folder: Path, seed: int, quick: bool) -> Iterator[Case]:
    shots = [shot for shot in SHOTS if shot.file in files]
    rng = np.random.default_rng(seed)
    yield from _spliced(shots, files, folder, rng, quick)
    yield from _joined(shots, files, folder, rng)
    yield from _pans(shots, files, folder)
    for clip in CLIPS:
        if clip.file in files:
            yield Case("as filmed", files[clip.file], None)


def _spliced(
    shots: Sequence[Shot],
    files: dict[str, Path],
    folder: Path,
    rng: np.random.Generator,
    quick: bool,
) -> Iterator[Case]:
    """Each long shot is a host, for a piece of each of the other looks."""
    n = 0
    for host in shots:
        room_s = min(host.end_s - host.start_s, 12.0)
        guests = [shot for shot in shots if shot.look != host.look and shot.file != host.file]
        if room_s < LEAST_HOST_S:
            continue
        for guest in guests[:2] if quick else guests:
            longest = min(guest.end_s - guest.start_s, room_s / 2)
            length_s = min(float(rng.choice(INSERTED_S)), longest)
            at_s = float(rng.uniform(SIDE_S, room_s - SIDE_S))
            from_s = float(rng.uniform(guest.start_s, guest.end_s - length_s))
            pieces = [
                Piece(host, host.start_s, round(at_s * FPS), Join()),
                Piece(guest, from_s, round(length_s * FPS), Join()),
                Piece(host, host.start_s + at_s, round((room_s - at_s) * FPS), Join()),
            ]
            n += 1
            reel = render(pieces, files, folder / f"spliced{n}.mp4")
            yield Case("spliced", Path(reel.path), Span(*reel.truth_s))


def _joined(
    shots: Sequence[Shot], files: dict[str, Path], folder: Path, rng: np.random.Generator
) -> Iterator[Case]:
    for n, first in enumerate(shots):
        others = [shot for shot in shots if shot.look != first.look]
        second = others[int(rng.integers(len(others)))]
        pieces = [
            Piece(shot, shot.start_s, round(min(shot.end_s - shot.start_s, 8.0) * FPS), Join())
            for shot in (first, second)
        ]
        yield Case("joined", Path(render(pieces, files, folder / f"joined{n}.mp4").path), None)


def _pans(shots: Sequence[Shot], files: dict[str, Path], folder: Path) -> Iterator[Case]:
    """A window moves slowly over one picture of each file, at half its size."""
    seen = set[str]()
    for shot in shots:
        if shot.look in seen:
            continue
        seen.add(shot.look)
        still = frames_of(files[shot.file], Piece(shot, shot.start_s + 0.5, 1, Join()))[0]
        width, height, n = WIDTH // 2, HEIGHT // 2, round(PAN_S * FPS)
        lefts = np.linspace(0, WIDTH - width, n).round().astype(int)
        tops = np.linspace(0, HEIGHT - height, n).round().astype(int)
        moved = [still[t : t + height, x : x + width] for t, x in zip(tops, lefts, strict=True)]
        path = folder / f"pan{len(seen)}.mp4"
        yield Case("pan", write_clip(path, moved, FPS, options={"crf": "20"}), None)


@frozen
class Score:
    """`hits` of `truths`; `misplaced`: found, but more than a sampled frame off."""

    cases: int
    truths: int
    hits: int
    misplaced: int
    false_alarms: int
    surprises: int


def judge(library: OpenLibrary, case: Case) -> Score:
    flags = library.coherence(case.path).flags
    foreign = [flag for flag in flags if flag.kind == Kind.FOREIGN]
    surprises = sum(flag.kind == Kind.SURPRISE for flag in flags)
    truth = case.foreign
    if truth is None:
        return Score(1, 0, 0, 0, len(foreign), surprises)
    found = [flag for flag in foreign if flag.span.overlap(truth)]
    exact = [
        flag
        for flag in found
        if max(abs(flag.span.start_s - truth.start_s), abs(flag.span.end_s - truth.end_s))
        <= SAMPLE_S
    ]
    return Score(1, 1, bool(exact), bool(found) and not exact, len(foreign) - len(found), surprises)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clips", type=Path, nargs="*", default=[])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    files = find_files(options.clips)
    print("clips:", ", ".join(sorted(files)))
    table: dict[str, list[Score]] = {}
    with tempfile.TemporaryDirectory() as folder:
        library = kuavi.open_library(Path(folder) / "library")
        for case in cases(files, Path(folder), options.seed, options.quick):
            (indexed,) = library.index(case.path, tier="scan")
            if not indexed.ok:
                print(f"  {case.path.name}: {indexed.problem}")
                continue
            score = judge(library, case)
            table.setdefault(case.kind, []).append(score)
            if score.hits < score.truths or score.false_alarms:
                print(f"  {case.kind} {case.path.name}: truth {case.foreign}, {score}")
                for flag in library.coherence(case.path).flags:
                    print(f"    {flag}")
    print("kind       cases  hits  misplaced  missed  false alarms  other surprises")
    for kind, scores in table.items():
        hits, misplaced = sum(s.hits for s in scores), sum(s.misplaced for s in scores)
        missed = sum(s.truths for s in scores) - hits - misplaced
        alarms, others = (sum(getattr(s, n) for s in scores) for n in ("false_alarms", "surprises"))
        print(
            f"{kind:10} {len(scores):5} {hits:5} {misplaced:10} {missed:7} {alarms:13} {others:16}"
        )


if __name__ == "__main__":
    main()
