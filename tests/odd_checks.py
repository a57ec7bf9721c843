"""What happened to an odd file, in the reader and in the index, and whether that was promised."""

import time
from collections.abc import Iterator
from itertools import pairwise

from attrs import evolve, frozen
from returns.result import Failure, Success

from kuavi.adapters.clocks import system
from kuavi.adapters.files import local
from kuavi.adapters.pictures import pillow
from kuavi.apps.usecases.index import IndexFailure, index_video
from kuavi.apps.usecases.report import IndexReport
from kuavi.domain.manifest import TIERS, Stage, Tier
from kuavi.domain.media import EveryFrame, Lost, Seen, View
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import IndexPlan
from kuavi.ports.reader import Damaged, FrameReader, ReadFailure
from tests.media import pictures_in
from tests.odd import Odd, Read, Refused
from tests.worlds import World

WALL_S = 60.0
LONG_SIDE = 400
SAMPLE_FPS = 2.5


@frozen(eq=False)
class Happened:
    """The reader's pictures and failure, the index's answer, and how long both took."""

    info: Outcome[object, ReadFailure]
    seen: tuple[Seen, ...]
    failures: tuple[ReadFailure, ...]
    lost: tuple[Lost, ...]
    indexed: Outcome[IndexReport, IndexFailure]
    wall_s: float

    @property
    def end_s(self) -> float:
        return self.seen[-1].until_s if self.seen else 0.0

    def __str__(self) -> str:
        if not self.seen:
            return "; ".join(f"{type(f).__name__}: {f}" for f in self.failures)
        ending = "".join(f", then {type(f).__name__}: {f}" for f in self.failures)
        lost_s = sum(loss.span.duration_s for loss in self.lost)
        losing = f", {lost_s:.2f} s lost" if self.lost else ""
        return f"pictures: {len(self.seen)}, to {self.end_s:.2f} s{losing}{ending}"


def tried(path: str, reader: FrameReader) -> Happened:
    """Read a file, then index it with the models' fakes into a library in memory."""
    started_s = time.monotonic()
    info = reader.info(path)
    outcomes = list(reader.frames(path, [View(EveryFrame(), LONG_SIDE)]))
    good = [o.unwrap() for o in outcomes if isinstance(o, Success)]
    ports = evolve(
        World().index_ports,
        reader=reader,
        files=local.build(),
        pictures=pillow.build(),
        clock=system.build(),
    )
    indexed = index_video(path, IndexPlan(preset="fake"), ports)
    return Happened(
        info,
        tuple(pictures_in(outcomes)),
        tuple(o.failure() for o in outcomes if isinstance(o, Failure)),
        tuple(item for item in good if isinstance(item, Lost)),
        indexed,
        time.monotonic() - started_s,
    )


def broken_promises(odd: Odd, path: str, happened: Happened) -> Iterator[str]:
    """What is not as promised; nothing if all is well."""
    if happened.wall_s > WALL_S:
        yield f"took {happened.wall_s:.0f} s"
    match odd.promise:
        case Refused():
            yield from _not_refused(odd, odd.promise, path, happened)
        case Read():
            yield from _not_read(odd.promise, happened)
            yield from _not_indexed(happened)
            if odd.promise.loses != bool(happened.lost):
                yield f"lost: {happened.lost}"
            yield from _not_told(odd, happened)


def _not_refused(odd: Odd, promise: Refused, path: str, happened: Happened) -> Iterator[str]:
    if happened.seen or len(happened.failures) != 1:
        yield f"read: {happened}"
        return
    (failure,) = happened.failures
    if not isinstance(failure, promise.kind) or promise.words not in str(failure):
        yield f"refused otherwise: {failure!r}"
    if happened.info != Failure(failure):
        yield f"info says {happened.info}"
    if path not in str(failure):
        yield f"the failure does not name the file: {failure}"
    if isinstance(happened.indexed, Success):
        yield "indexed"
        return
    told = str(happened.indexed.failure())
    if path not in told or (odd.at_index or promise.words).lower() not in told.lower():
        yield f"the index says {told}"


def _not_read(promise: Read, happened: Happened) -> Iterator[str]:
    least, most = promise.pictures
    if not least <= len(happened.seen) <= most:
        yield f"{len(happened.seen)} pictures"
        return
    if happened.seen[0].frame.time_s != 0:
        yield f"the first picture is at {happened.seen[0].frame.time_s} s"
    if any(a.until_s != b.frame.time_s for a, b in pairwise(happened.seen)):
        yield "holes between pictures"
    if abs(happened.end_s - promise.end_s) > promise.within_s:
        yield f"ends at {happened.end_s} s"
    sizes = {seen.frame.pixels.shape[1::-1] for seen in happened.seen}
    if sizes != {promise.size}:
        yield f"sizes {sizes}"
    if not all(isinstance(failure, Damaged) for failure in happened.failures):
        yield f"then {happened.failures}"
    if promise.breaks_off not in (None, bool(happened.failures)):
        yield f"failures: {happened.failures}"


def _not_told(odd: Odd, happened: Happened) -> Iterator[str]:
    """Each loss must be a gap of the index, with its time; and what else is promised."""
    if isinstance(happened.indexed, Failure):
        return
    gaps = happened.indexed.unwrap().video.gaps
    if odd.gap and not any(odd.gap in gap.reason for gap in gaps):
        yield f"no gap says {odd.gap!r}: {gaps}"
    for loss in happened.lost:
        spans = [g.span for g in gaps if g.reason.startswith(loss.reason) and g.span is not None]
        if not any(span.start_s <= loss.span.middle_s < span.end_s for span in spans):
            yield f"no gap tells of {loss}"
    if not happened.lost and any("s in all)" in gap.reason for gap in gaps):
        yield f"the index lost what the reader did not: {gaps}"


def _not_indexed(happened: Happened) -> Iterator[str]:
    """The index must say what it covers, and each thing that is missing."""
    if isinstance(happened.indexed, Failure):
        yield f"not indexed: {happened.indexed.failure()}"
        return
    report = happened.indexed.unwrap()
    span, gaps = report.video.span, report.video.gaps
    if span is None or span.start_s != 0 or abs(span.end_s - happened.end_s) > 1 / SAMPLE_FPS:
        yield f"covers {span}, but pictures end at {happened.end_s} s"
    if report.failed or {record.stage for record in report.video.stages} != set(TIERS[Tier.INDEX]):
        yield f"stages failed: {report.failed}"
    told = any("damaged from" in gap.reason for gap in gaps)
    if told != bool(happened.failures):
        yield f"gaps: {gaps}"
    unheard = any(gap.stage == Stage.TRANSCRIPT for gap in gaps)
    if not report.video.info.has_audio and not unheard:
        yield "says nothing of the sound that is missing"
