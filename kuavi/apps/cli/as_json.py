"""Results as JSON objects: a stable format, described in docs/cli.md.

Spans are [start, end] in seconds, evidence is a phrase, pictures and vectors are left out.
"""

from collections.abc import Sequence
from typing import TypeAlias

from kuavi.apps.toolbox.session import Indexed
from kuavi.apps.usecases.check_sketch import SketchRecall
from kuavi.apps.usecases.look import Sheet
from kuavi.apps.usecases.queries import FieldMatch, Hit, SearchResult
from kuavi.apps.usecases.scenes import Scene, Transcript
from kuavi.domain.annotation import Annotation
from kuavi.domain.described import Caption
from kuavi.domain.evidence import describe
from kuavi.domain.fingerprint import Json
from kuavi.domain.manifest import Gap, Origin, StageRecord, VideoRecord
from kuavi.domain.spans import Span
from kuavi.domain.transcript import PhraseHit
from kuavi.domain.words import Tag, Utterance
from kuavi.ports.health import Health

Object: TypeAlias = dict[str, Json]


def of_span(span: Span | None) -> Json:
    return None if span is None else [span.start_s, span.end_s]


def of_search(result: SearchResult, sheet: Sheet | None) -> Object:
    return {
        "hits": [of_hit(rank, hit) for rank, hit in enumerate(result.hits, 1)],
        "searched": [field.value for field in result.searched],
        "notes": list(result.notes),
        "sheet": None if sheet is None else of_sheet(sheet),
    }


def of_hit(rank: int, hit: Hit) -> Object:
    return {
        "rank": rank,
        "video": hit.video,
        "title": hit.title,
        "path": hit.path,
        "node": hit.node,
        "scene": of_span(hit.scene),
        "moment": of_span(hit.moment),
        "score": hit.score,
        "text": hit.text,
        "tags": _tags(hit.tags),
        "thumbnail_s": hit.thumbnail_s,
        "alike": hit.alike,
        "matches": [_match(match) for match in hit.matches],
    }


def _match(match: FieldMatch) -> Object:
    return {
        "field": match.field.value,
        "method": match.method,
        "rank": match.rank,
        "score": match.score,
        "evidence": describe(match.evidence),
        "moment": of_span(match.moment),
        "text": match.text,
    }


def _tags(tags: Sequence[Tag]) -> Json:
    return [{"label": tag.label, "probability": tag.probability} for tag in tags]


def of_sheet(sheet: Sheet) -> Object:
    return {"path": sheet.path, "times_s": list(sheet.times_s)}


def of_scenes(video: VideoRecord, scenes: Sequence[Scene]) -> Object:
    return {"video": of_named(video), "scenes": [of_scene(scene) for scene in scenes]}


def of_scene(scene: Scene) -> Object:
    told = scene.described
    return {
        "node": scene.node,
        "level": scene.level,
        "span": of_span(scene.span),
        "spoken": scene.spoken,
        "written": list(scene.written),
        "tags": _tags(scene.tags),
        "annotation": _annotation(told) if isinstance(told, Annotation) else None,
        "unannotated": None if isinstance(told, Annotation) else told.reason,
        "caption": None if scene.caption is None else _caption(scene.caption),
        "keyframe_s": scene.keyframe_s,
    }


def _caption(caption: Caption) -> Object:
    return {"text": caption.text, "action": caption.action}


def _annotation(told: Annotation) -> Object:
    summary, action = told.summary, told.action
    return {
        "summary": {"brief": summary.brief, "detailed": summary.detailed},
        "action": {
            "brief": action.brief,
            "detailed": action.detailed,
            "actor": action.actor,
        },
    }


def of_transcript(said: Transcript) -> Object:
    record = said.video.stages
    made_by = next((describe(r.evidence) for r in record if r.stage == "transcript"), None)
    return {
        "video": of_named(said.video),
        "evidence": made_by,
        "utterances": [_utterance(utterance) for utterance in said.utterances],
        "found": [_phrase(hit) for hit in said.found],
    }


def _utterance(utterance: Utterance) -> Object:
    return {
        "span": of_span(utterance.span),
        "text": utterance.text,
        "words": [
            {"span": of_span(word.span), "text": word.text, "probability": word.probability}
            for word in utterance.words
        ],
    }


def _phrase(hit: PhraseHit) -> Object:
    place: Object = {"span": of_span(hit.span), "text": hit.text, "snippet": hit.snippet}
    return place | {"first": hit.first, "last": hit.last}


def of_named(video: VideoRecord) -> Object:
    return {"id": video.id, "title": video.title, "path": video.path}


def of_video(video: VideoRecord) -> Object:
    info = video.info
    return {
        **of_named(video),
        "paths": list(video.paths),
        "content": video.content,
        "indexed_at": video.indexed_at,
        "span": of_span(video.span),
        "info": {
            "container": info.container,
            "video_codec": info.video_codec,
            "width": info.width,
            "height": info.height,
            "fps": info.fps,
            "duration_s": info.duration_s,
            "rotation": info.rotation,
            "has_audio": info.has_audio,
            "unread": info.unread,
        },
        "stages": [_stage(record) for record in video.stages],
        "origin": _origin(video.origin),
    }


def _origin(origin: Origin | None) -> Json:
    return None if origin is None else {"form": origin.form, "uid": origin.uid}


def _stage(record: StageRecord) -> Object:
    return {
        "stage": record.stage.value,
        "items": record.items,
        "evidence": describe(record.evidence),
        "model": None if record.model is None else record.model.as_json(),
        "gaps": [_gap(gap) for gap in record.gaps],
    }


def _gap(gap: Gap) -> Object:
    return {"stage": gap.stage.value, "reason": gap.reason, "span": of_span(gap.span)}


def of_videos(library: str, videos: Sequence[VideoRecord]) -> Object:
    return {"library": library, "videos": [of_video(video) for video in videos]}


def of_indexed(one: Indexed) -> Object:
    report = one.report
    return {
        "path": one.path,
        "ok": one.ok,
        "problem": one.problem,
        "video": None if report is None else of_video(report.video),
        "done": [stage.value for stage in report.done] if report else [],
        "kept": [stage.value for stage in report.kept] if report else [],
        "failed": [
            {"stage": trouble.stage.value, "reason": trouble.reason} for trouble in report.failed
        ]
        if report
        else [],
        "replaced": list(report.replaced) if report else [],
    }


def of_health(health: Health, recalls: Sequence[SketchRecall] | None) -> Object:
    return {
        "path": health.path,
        "schema": health.schema,
        "videos": health.videos,
        "rows": dict(health.rows),
        "fragments": dict(health.fragments),
        "bytes_on_disk": health.bytes_on_disk,
        "cache_bytes": health.cache_bytes,
        "findings": [
            {"problem": finding.problem, "repaired": finding.repaired}
            for finding in health.findings
        ],
        "sketches": [
            {
                "layer": told.layer.value,
                "rows": told.rows,
                "queries": told.queries,
                "best": told.best,
                "recall": told.recall,
                "same": told.same,
            }
            for told in recalls
        ]
        if recalls is not None
        else None,
    }
