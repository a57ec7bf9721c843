"""Coherence: how surprising each moment of a video is, what breaks its flow, and why."""

from typing import TypeAlias

import attrs
import numpy as np
from attrs import frozen
from attrs.validators import ge
from returns.result import Failure, Success

from kuavi.apps.usecases.observing import NothingBefore, Sampling, usual_distance_s
from kuavi.apps.usecases.ports import ForesightPorts
from kuavi.apps.usecases.scene_table import scenes_of
from kuavi.apps.usecases.scenes import NotIndexed, not_indexed
from kuavi.apps.usecases.step_errors import StepFailure, predicted_surprise
from kuavi.domain.coherence import Flag, ForeignRule, Kind, Moments, flags
from kuavi.domain.evidence import Evidence, Heuristic
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.manifest import VideoRecord
from kuavi.domain.outcome import Outcome
from kuavi.domain.space import Matrix, unit
from kuavi.domain.spans import Span
from kuavi.domain.surprise import (
    LINEAR,
    PERSISTENCE,
    Surprise,
    SurpriseRule,
    between,
    linear_continuation,
    of_rows,
    persistence,
)
from kuavi.domain.tree import Reals, SegmentTree, shots
from kuavi.ports.files import Files, FilesFailure
from kuavi.ports.library import LibraryFailure, LibraryView
from kuavi.ports.plots import Chart, Curve, PlotFailed, Plots, Shade

SURPRISE = SurpriseRule()
PREDICTED = SurpriseRule(floor=1e-3, share=0.05)
"""A predictor's errors are mean absolute differences, of a scale of its own."""
FOREIGN = ForeignRule()

CoherenceFailure: TypeAlias = LibraryFailure | NotIndexed | StepFailure


@frozen
class CoherenceRequest:
    """`within`: what is told of; every moment is judged among those of the whole video."""

    video: VideoId
    within: Span | None = None


@frozen(eq=False)
class Judgement:
    """The surprise of a video's moments by one method."""

    method: str
    evidence: Evidence
    surprise: Surprise = attrs.field(repr=False)


@frozen(eq=False)
class Coherence:
    """The first judgement counts, the others stand beside it; flags are those within the span."""

    video: VideoRecord
    within: Span
    judgements: tuple[Judgement, ...]
    flags: tuple[Flag, ...]
    cuts_s: tuple[float, ...]
    notes: tuple[str, ...] = ()

    @property
    def method(self) -> str:
        return self.judgements[0].method

    @property
    def evidence(self) -> Evidence:
        return self.judgements[0].evidence

    @property
    def surprise(self) -> Surprise:
        return self.judgements[0].surprise


@frozen
class SurprisingScene:
    """A scene, a node of the tree, with its most surprising moment."""

    node: int
    span: Span
    at_s: float
    z: float


@frozen
class Summary:
    """The most surprising scenes, in time order, and by what they were judged."""

    video: VideoRecord
    method: str
    evidence: Evidence
    scenes: tuple[SurprisingScene, ...]
    of: int = attrs.field(validator=ge(0))


@frozen(eq=False)
class _Known:
    record: VideoRecord
    tree: SegmentTree
    moments: Moments


def verify_coherence(
    request: CoherenceRequest, ports: ForesightPorts
) -> Outcome[Coherence, CoherenceFailure]:
    """Judge every moment, by the predictor if there is one and by named baselines."""
    known = _read(request.video, ports)
    if isinstance(known, Failure):
        return known
    about = known.unwrap()
    judged = _judgements(about, ports)
    if isinstance(judged, Failure):
        return judged
    judgements = judged.unwrap()
    whole = about.record.span or about.moments.span
    within = whole if request.within is None else request.within.overlap(whole)
    if within is None:
        asked_s = request.within.start_s if request.within else 0.0
        return Failure(NothingBefore(about.record.title, asked_s, "the video ends before it"))
    found = flags(about.moments, judgements[0].surprise, FOREIGN)
    alone = "no predictor in this preset: baselines answer alone"
    return Success(
        Coherence(
            about.record,
            within,
            judgements,
            tuple(flag for flag in found if flag.span.overlap(within)),
            tuple(cut for cut in about.moments.cuts_s if within.contains(cut)),
            () if ports.predictor is not None else (alone,),
        )
    )


def surprising(video: VideoId, n: int, ports: ForesightPorts) -> Outcome[Summary, CoherenceFailure]:
    """The `n` scenes with the most surprising moments: a summary that leaves out what goes on."""
    known = _read(video, ports)
    if isinstance(known, Failure):
        return known
    about = known.unwrap()
    judged = _judgements(about, ports)
    if isinstance(judged, Failure):
        return judged
    best = judged.unwrap()[0]
    nodes = scenes_of(about.tree, None)
    scenes = [_peak(about.tree, node, best.surprise) for node in nodes.tolist()]
    told = sorted((s for s in scenes if s is not None), key=lambda s: (-s.z, s.span))[:n]
    kept = tuple(sorted(told, key=lambda s: s.span))
    return Success(Summary(about.record, best.method, best.evidence, kept, len(nodes)))


def chart_of(coherence: Coherence) -> Chart:
    """The curves of robust z-scores, with flags shaded and cuts as ticks."""
    parts = [(one.method, between(one.surprise, coherence.within)) for one in coherence.judgements]
    curves = [Curve(method, part.start_s, part.z) for method, part in parts]
    shaded = [flag for flag in coherence.flags if flag.kind != Kind.CUT]
    return Chart(
        f"{coherence.video.title}: surprise over time",
        coherence.within,
        "robust z-score",
        tuple(curves),
        coherence.surprise.threshold,
        coherence.cuts_s,
        "cuts",
        tuple(Shade(flag.span, flag.kind.value) for flag in shaded),
    )


def draw(
    coherence: Coherence, output: str, plots: Plots, files: Files
) -> Outcome[str, PlotFailed | FilesFailure]:
    """Write the chart as PNG; returns its path."""
    drawn = plots.draw(chart_of(coherence))
    if isinstance(drawn, Failure):
        return drawn
    return files.write(output, drawn.unwrap())


def _read(video: VideoId, ports: ForesightPorts) -> Outcome[_Known, LibraryFailure | NotIndexed]:
    opened = ports.library.view()
    if isinstance(opened, Failure):
        return opened
    view = opened.unwrap()
    found, tree, motion = (
        view.video(video),
        view.tree(video),
        view.motion(ports.clips.space, only=video),
    )
    if isinstance(found, Failure):
        return found
    if isinstance(tree, Failure):
        return tree
    if isinstance(motion, Failure):
        return motion
    planted, rows = tree.unwrap(), motion.unwrap()
    if planted is None or len(rows) < 2:
        return Failure(not_indexed(found.unwrap(), "motion over time"))
    cuts = _cuts(view, video, planted)
    if isinstance(cuts, Failure):
        return cuts
    moments = Moments(unit(rows.embeddings.rows), rows.start_s, rows.end_s, cuts.unwrap())
    return Success(_Known(found.unwrap(), planted, moments))


def _cuts(
    view: LibraryView, video: VideoId, tree: SegmentTree
) -> Outcome[tuple[float, ...], LibraryFailure]:
    """The cuts that were detected and the boundaries of the tree's shots, gradual ones too."""
    hard = view.cuts(video)
    if isinstance(hard, Failure):
        return hard
    starts = tree.start_s[shots(tree)][1:]
    return Success(tuple(sorted({cut.time_s for cut in hard.unwrap()} | set(starts.tolist()))))


def _judgements(
    known: _Known, ports: ForesightPorts
) -> Outcome[tuple[Judgement, ...], CoherenceFailure]:
    moments = known.moments
    rows, start_s, end_s = _by_step(moments, ports.clips.step)
    by_rule = tuple(
        Judgement(
            name.partition(":")[0],
            Heuristic(name),
            of_rows(rows, start_s, end_s, errors_of, SURPRISE),
        )
        for name, errors_of in ((PERSISTENCE, persistence), (LINEAR, linear_continuation))
    )
    if ports.predictor is None:
        return Success(by_rule)
    sampling = Sampling(moments.start_s, usual_distance_s(moments.start_s))
    made = predicted_surprise(known.record, sampling, ports.predictor, ports, PREDICTED)
    if isinstance(made, Failure):
        return made
    learned = Judgement("predictor", ports.predictor.evidence, made.unwrap())
    return Success((learned, *by_rule))


def _by_step(moments: Moments, step: int) -> tuple[Matrix, Reals, Reals]:
    """One moment an encoder's step: rows, when they start and end.

    Frames of one step share its row, so that between them nothing changes: judged by frame, half
    of a video's changes would be none, and every other one far from the usual.
    """
    firsts = np.arange(0, len(moments.rows), step)
    lasts = np.minimum(firsts + step, len(moments.rows)) - 1
    return moments.rows[firsts], moments.start_s[firsts], moments.end_s[lasts]


def _peak(tree: SegmentTree, node: int, surprise: Surprise) -> SurprisingScene | None:
    """A scene's most surprising moment; None if no moment of it was judged."""
    span = tree.span_of(node)
    inside = np.flatnonzero((surprise.start_s >= span.start_s) & (surprise.start_s < span.end_s))
    if not len(inside):
        return None
    at = int(inside[surprise.z[inside].argmax()])
    return SurprisingScene(node, span, float(surprise.start_s[at]), float(surprise.z[at]))
