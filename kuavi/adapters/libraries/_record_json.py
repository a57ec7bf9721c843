"""A video's record as JSON and back.  JSON only: nothing that is read from disk can run code."""

import json
from typing import Any, assert_never

from attrs import astuple

from kuavi.domain.evidence import Evidence, Fitted, Heuristic, Learned, Model, WeightsFile
from kuavi.domain.fingerprint import Json, VideoId, fingerprint
from kuavi.domain.manifest import Gap, Origin, Stage, StageRecord, VideoRecord
from kuavi.domain.media import MediaInfo
from kuavi.domain.spans import Span


def record_json(record: VideoRecord) -> str:
    """One line of ASCII; paths that aren't valid Unicode survive as escaped surrogates."""
    info = record.info
    return json.dumps(
        {
            "id": record.id,
            "content": record.content,
            "paths": list(record.paths),
            "info": {name: getattr(info, name) for name in _INFO},
            "indexed_at": record.indexed_at,
            "span": _span(record.span),
            "stages": [_stage(stage) for stage in record.stages],
            **_origin(record.origin),
        }
    )


def parse_record(text: str) -> VideoRecord:
    """The record of `record_json`; ValueError where the text is anything else."""
    try:
        raw = json.loads(text)
        return VideoRecord(
            id=VideoId(raw["id"]),
            content=fingerprint(raw["content"]),
            paths=tuple(raw["paths"]),
            info=MediaInfo(**{name: raw["info"][name] for name in _INFO if name in raw["info"]}),
            indexed_at=raw["indexed_at"],
            span=_parse_span(raw["span"]),
            stages=tuple(_parse_stage(stage) for stage in raw["stages"]),
            origin=Origin(*raw["origin"]) if "origin" in raw else None,
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"damaged record: {error!r}") from error


_INFO = tuple(MediaInfo.__annotations__)


def _origin(origin: Origin | None) -> dict[str, Json]:
    """Nothing for a video that wasn't imported: as records were before there were imports."""
    return {} if origin is None else {"origin": list(astuple(origin))}


def _span(span: Span | None) -> Json:
    return None if span is None else [span.start_s, span.end_s]


def _parse_span(raw: Any) -> Span | None:
    return None if raw is None else Span(raw[0], raw[1])


def _stage(record: StageRecord) -> Json:
    return {
        "stage": record.stage.value,
        "key": record.key,
        "items": record.items,
        "evidence": _evidence(record.evidence),
        "model": None if record.model is None else record.model.as_json(),
        "gaps": [[gap.stage.value, gap.reason, _span(gap.span)] for gap in record.gaps],
    }


def _parse_stage(raw: Any) -> StageRecord:
    return StageRecord(
        stage=Stage(raw["stage"]),
        key=fingerprint(raw["key"]),
        items=raw["items"],
        evidence=_parse_evidence(raw["evidence"]),
        model=None if raw["model"] is None else _parse_model(raw["model"]),
        gaps=tuple(Gap(Stage(stage), why, _parse_span(at)) for stage, why, at in raw["gaps"]),
    )


def _parse_model(raw: Any) -> Model:
    files = tuple(WeightsFile(name, fingerprint(sha256)) for name, sha256 in raw["weights"])
    return Model(raw["model_id"], raw["revision"], files)


def _evidence(evidence: Evidence) -> Json:
    match evidence:
        case Learned(model):
            return {"learned": model}
        case Fitted(on, metric, held_out):
            return {"fitted": [on, metric, held_out]}
        case Heuristic(name):
            return {"heuristic": name}
        case _:
            assert_never(evidence)


def _parse_evidence(raw: Any) -> Evidence:
    if "learned" in raw:
        return Learned(raw["learned"])
    if "fitted" in raw:
        return Fitted(*raw["fitted"])
    return Heuristic(raw["heuristic"])
