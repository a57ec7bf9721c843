"""A published video as a library's record and parts."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from attrs import field, frozen
from returns.result import Failure, Success

from kuavi.apps.usecases.describing import describe
from kuavi.apps.usecases.stages import embed_text
from kuavi.domain.action100m import Metadata, PublishedVideo
from kuavi.domain.action100m_exchange import Told, origin_of, told_of
from kuavi.domain.action100m_speech import utterances_of
from kuavi.domain.action100m_tree import Grown
from kuavi.domain.evidence import Evidence, Heuristic, Learned, Model
from kuavi.domain.fingerprint import Fingerprint, Json, video_id
from kuavi.domain.manifest import (
    Gap,
    Stage,
    StageRecord,
    VideoRecord,
    stage_keys,
)
from kuavi.domain.media import MediaInfo
from kuavi.domain.outcome import Outcome
from kuavi.domain.tree import SegmentTree
from kuavi.domain.words import Utterance
from kuavi.ports.encoders import TextEncoder
from kuavi.ports.models import ModelFailure
from kuavi.ports.parts import Annotations, Captions, Part, Transcript, Tree

Parts: TypeAlias = tuple[Part, ...]

IMPORTED = Model("kuavi/action100m-import", "1")
"""Its revision grows whenever what is made of a record changes."""

STAGES = (
    Stage.TREE,
    Stage.TRANSCRIPT,
    Stage.TEXT,
    Stage.CAPTIONS,
    Stage.ANNOTATIONS,
    Stage.DESCRIPTIONS,
)
"""What an import makes: all that needs no pictures."""

_SCHEMA = "imported: Action100M schema"
_EVIDENCE: Mapping[Stage, Evidence] = {
    Stage.TREE: Heuristic(f"{_SCHEMA}, nodes"),
    Stage.TRANSCRIPT: Heuristic(f"{_SCHEMA}, transcript"),
    Stage.CAPTIONS: Learned(f"{_SCHEMA}, plm_* and llama3_caption"),
    Stage.ANNOTATIONS: Learned(f"{_SCHEMA}, gpt"),
}
"""Of what comes from the file; vectors are of the text encoder."""


@frozen(eq=False)
class Arrival:
    """A published video on its way into a library, from a place."""

    video: PublishedVideo
    grown: Grown
    content: Fingerprint
    path: str
    keys: Mapping[Stage, Fingerprint] = field(repr=False)

    @property
    def told(self) -> Told:
        return told_of(self.video, self.grown)

    @property
    def tree(self) -> SegmentTree:
        return self.grown.tree


def keys_of(content: Fingerprint, text: TextEncoder) -> dict[Stage, Fingerprint]:
    encoded: Json = [IMPORTED.as_json(), text.model.as_json()]
    settings: dict[Stage, Json] = {
        stage: IMPORTED.as_json() if stage in _EVIDENCE else encoded for stage in STAGES
    }
    return stage_keys(content, settings, STAGES)


def record_of(arrival: Arrival, now: str) -> VideoRecord:
    """The video's record, without stages."""
    video, span = arrival.video, arrival.tree.span
    about = video.metadata or Metadata()
    info = MediaInfo(
        container="Action100M",
        video_codec="",
        width=0,
        height=0,
        fps=0.0,
        duration_s=span.end_s if about.duration is None else float(about.duration),
        start_s=0.0,
        rotation=0,
        has_audio=bool(about.transcript),
    )
    return VideoRecord(
        video_id(arrival.content),
        arrival.content,
        (arrival.path,),
        info,
        now,
        span,
        origin=origin_of(video, arrival.grown),
    )


def made_of(
    arrival: Arrival, todo: Sequence[Stage], text: TextEncoder
) -> Outcome[tuple[tuple[StageRecord, ...], Parts], ModelFailure]:
    """The records and the parts of these stages."""
    told, parts = arrival.told, dict[Stage, Parts]()
    spoken, lost = _spoken(arrival)
    given: Mapping[Stage, Part] = {
        Stage.TREE: Tree(arrival.tree),
        Stage.TRANSCRIPT: Transcript(spoken),
        Stage.CAPTIONS: Captions(told.captions),
        Stage.ANNOTATIONS: Annotations(told.annotations),
    }
    for stage in todo:
        if stage in given:
            parts[stage] = (given[stage],)
            continue
        encoded = _described(arrival, text) if stage == Stage.DESCRIPTIONS else _said(spoken, text)
        if isinstance(encoded, Failure):
            return encoded
        parts[stage] = encoded.unwrap()
    gaps = {Stage.TRANSCRIPT: tuple(Gap(Stage.TRANSCRIPT, reason) for reason in lost)}
    records = tuple(
        StageRecord(
            stage,
            arrival.keys[stage],
            sum(part.items for part in parts[stage]),
            _EVIDENCE.get(stage, text.evidence),
            IMPORTED if stage in _EVIDENCE else text.model,
            gaps.get(stage, ()),
        )
        for stage in todo
    )
    return Success((records, tuple(part for stage in todo for part in parts[stage])))


def _spoken(arrival: Arrival) -> tuple[tuple[Utterance, ...], tuple[str, ...]]:
    lines = (arrival.video.metadata or Metadata()).transcript
    if lines is None:
        return (), ("the record has no transcript",)
    return utterances_of(lines, arrival.tree.span.end_s)


def _said(spoken: Sequence[Utterance], text: TextEncoder) -> Outcome[Parts, ModelFailure]:
    made = embed_text(spoken, (), text)
    return made if isinstance(made, Failure) else Success(made.unwrap()[0])


def _described(arrival: Arrival, text: TextEncoder) -> Outcome[Parts, ModelFailure]:
    """Summaries and actions of all nodes of which something is said, with their vectors."""
    told = arrival.told
    return describe(arrival.tree, told.captions, told.annotations, text)
