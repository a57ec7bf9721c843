"""Foresight and coherence as JSON objects, by the rules of `as_json`."""

from kuavi.apps.cli.as_json import Object, of_named, of_span
from kuavi.apps.usecases.anticipate import Anticipation, Candidate, Prediction, Ranked, Steps
from kuavi.apps.usecases.coherence import Coherence, Judgement, Summary
from kuavi.domain.coherence import Flag
from kuavi.domain.evidence import describe
from kuavi.domain.spans import Span
from kuavi.domain.surprise import between


def of_anticipation(told: Anticipation) -> Object:
    first, *others = (_ranked(one) for one in told.answers)
    return {
        "video": of_named(told.video),
        "at_s": told.at_s,
        "horizon_s": told.horizon_s,
        "observed": of_span(told.observed),
        "extrapolated": told.extrapolated,
        **first,
        "baselines": others,
        "through": None if told.through is None else describe(told.through),
        "notes": list(told.notes),
    }


def _ranked(ranked: Ranked) -> Object:
    return {
        "method": ranked.method,
        "evidence": describe(ranked.evidence),
        "candidates": [_candidate(rank, one) for rank, one in enumerate(ranked.candidates, 1)],
    }


def _candidate(rank: int, one: Candidate) -> Object:
    return {
        "rank": rank,
        "score": one.score,
        "text": one.text or None,
        "video": one.video,
        "title": one.title or None,
        "scene": of_span(one.span),
    }


def of_prediction(told: Prediction) -> Object:
    first, *others = (_steps(one) for one in told.answers)
    return {
        "video": of_named(told.video),
        "at_s": told.at_s,
        "horizon_s": told.horizon_s,
        "observed": of_span(told.observed),
        "extrapolated": told.extrapolated,
        **first,
        "baselines": others,
        "notes": list(told.notes),
    }


def _steps(answer: Steps) -> Object:
    return {
        "method": answer.method,
        "evidence": describe(answer.evidence),
        "steps": [
            {
                "span": of_span(step.span),
                "came": step.came,
                "alike": [
                    {
                        "video": one.video,
                        "title": one.title,
                        "moment": of_span(one.span),
                        "similarity": one.similarity,
                    }
                    for one in step.alike
                ],
            }
            for step in answer.steps
        ],
    }


def of_coherence(told: Coherence, plot: str | None) -> Object:
    first, *others = (_judgement(one, told.within) for one in told.judgements)
    return {
        "video": of_named(told.video),
        "within": of_span(told.within),
        "threshold": told.surprise.threshold,
        "flags": [_flag(flag) for flag in told.flags],
        "cuts_s": list(told.cuts_s),
        **first,
        "baselines": others,
        "plot": plot,
        "notes": list(told.notes),
    }


def of_summary(told: Summary) -> Object:
    return {
        "video": of_named(told.video),
        "of": told.of,
        "method": told.method,
        "evidence": describe(told.evidence),
        "scenes": [
            {"scene": of_span(one.span), "at_s": one.at_s, "z": one.z} for one in told.scenes
        ],
    }


def _flag(flag: Flag) -> Object:
    return {
        "span": of_span(flag.span),
        "kind": flag.kind.value,
        "reason": flag.reason,
        "z": flag.z,
        "p": flag.p,
    }


def _judgement(judgement: Judgement, within: Span) -> Object:
    part = between(judgement.surprise, within)
    return {
        "method": judgement.method,
        "evidence": describe(judgement.evidence),
        "moments": [
            {"at_s": at_s, "until_s": until_s, "error": error, "z": z}
            for at_s, until_s, error, z in zip(
                part.start_s.tolist(),
                part.end_s.tolist(),
                part.error.tolist(),
                part.z.tolist(),
                strict=True,
            )
        ],
    }
