"""Audit: how far what is said of a video can be trusted, and what is not said.

Nothing is asked and nothing is written.
"""

from typing import TypeAlias

from attrs import frozen
from returns.result import Failure, Success

from kuavi.apps.usecases.ports import AuditPorts, TellPorts
from kuavi.apps.usecases.scene_table import scenes_of
from kuavi.apps.usecases.scoring import (
    Judged,
    Told,
    captions_only,
    frames_of,
    judged,
    scorer_of,
)
from kuavi.apps.usecases.stored import Stored, StoredFailure, stored
from kuavi.domain.caption_quality import apart
from kuavi.domain.degeneracy import Dominant, dominant
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.manifest import DESCRIBED, Gap, VideoRecord
from kuavi.domain.outcome import Outcome
from kuavi.domain.quality_signal import Measure
from kuavi.ports.models import ModelFailure


@frozen
class NothingSaid:
    """The video has neither captions nor annotations."""

    title: str

    def __str__(self) -> str:
        return f"{self.title}: nothing is said of it yet; run `kuavi enhance` on it first"


@frozen
class Figure:
    """One signal over those nodes where it could be measured; `low` of them are low."""

    name: Measure
    measured: int
    mean: float
    low: int


@frozen
class Coverage:
    """Of so many `nodes` and, among them, `scenes`: how many are described.

    `annotated` have an annotation, `captioned` a caption that says something, `dead` show nothing;
    `undescribed` are nodes, `bare_scenes` scenes with neither caption nor annotation.
    """

    nodes: int
    captioned: int
    annotated: int
    dead: int
    undescribed: int
    scenes: int
    bare_scenes: int


@frozen
class Audit:
    """`judged` in ascending order of node; `gaps` are what could not be said, and why.

    `dominant`: by what the segments are told, an action that most of them have.
    """

    video: VideoRecord
    judged: tuple[Judged, ...]
    coverage: Coverage
    dominant: tuple[tuple[Told, Dominant], ...]
    gaps: tuple[Gap, ...]

    def of(self, told: Told) -> tuple[Judged, ...]:
        return tuple(one for one in self.judged if one.told is told)

    def figures(self, told: Told) -> tuple[Figure, ...]:
        """The signals that could be measured of annotations, or of captions."""
        found = []
        for name in Measure:
            signals = [one.quality.signal(name) for one in self.of(told)]
            there = [signal for signal in signals if signal is not None]
            if there:
                mean = sum(signal.value for signal in there) / len(there)
                found.append(Figure(name, len(there), mean, sum(signal.low for signal in there)))
        return tuple(found)

    @property
    def flags(self) -> int:
        """How many signals are low, over all nodes."""
        return sum(len(one.quality.flags) for one in self.judged)

    def worst(self, n: int) -> tuple[Judged, ...]:
        """At most n nodes with a low signal, the lowest total first."""
        flagged = [one for one in self.judged if one.quality.flags]
        return tuple(sorted(flagged, key=lambda one: one.quality.total)[:n])


AuditFailure: TypeAlias = StoredFailure | ModelFailure | NothingSaid


def audit(video: VideoId, ports: AuditPorts | TellPorts) -> Outcome[Audit, AuditFailure]:
    """Judge everything that is said of a video as it stands in the library."""
    found = said(video, ports)
    if isinstance(found, Failure):
        return found
    there = found.unwrap()
    frames = frames_of(there, ports.joint)
    if isinstance(frames, Failure):
        return frames
    scorer = scorer_of(there, frames.unwrap(), ports.text, ports.joint)
    scores = judged(there.tree, there.captions, there.annotations, scorer)
    if isinstance(scores, Failure):
        return scores
    records = [there.video.record(stage) for stage in DESCRIBED]
    gaps = tuple(gap for record in records if record is not None for gap in record.gaps)
    each = scores.unwrap()
    return Success(Audit(there.video, each, _coverage(there), _dominant(there), gaps))


def said(video: VideoId, ports: AuditPorts | TellPorts) -> Outcome[Stored, AuditFailure]:
    """What is stored of a video that is described at least in part."""
    found = stored(video, ports.library)
    if isinstance(found, Failure):
        return found
    there = found.unwrap()
    if not there.captions and not there.annotations:
        return Failure(NothingSaid(there.video.title))
    return Success(there)


def _coverage(there: Stored) -> Coverage:
    told = {node for node, caption in there.captions.items() if caption.text}
    dead = set(there.captions) - told - set(there.annotations)
    known = {*there.captions, *there.annotations}
    scenes = scenes_of(there.tree, None).tolist()
    return Coverage(
        len(there.tree),
        len(told),
        len(there.annotations),
        len(dead),
        len(there.tree) - len(known),
        len(scenes),
        sum(scene not in known for scene in scenes),
    )


def _dominant(there: Stored) -> tuple[tuple[Told, Dominant], ...]:
    """Among the same segments as where degeneracy is measured."""
    bare = captions_only(there.captions, there.annotations)
    actions = {
        Told.ANNOTATION: [one.action.brief for one in there.annotations.values()],
        Told.CAPTION: apart(bare, there.tree),
    }
    found = [(told, dominant(named)) for told, named in actions.items()]
    return tuple((told, most) for told, most in found if most is not None)
