"""V-JEPA 2's published probes: the part that does not depend on where the weights come from.

What a probe is shown is what it was trained on: the blocks of `levels`, all `segments` of a clip,
16 heads and an eps of 1e-5, whatever the backbone's own are.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import torch
from attrs import frozen
from returns.result import Failure, Success
from torch import Tensor

from kuavi.adapters._vjepa2_backbone import CHECK, Backbone, Clips, Reader, backbone_for
from kuavi.adapters._vjepa2_clips import per_clip
from kuavi.adapters._vjepa2_names import State, filled
from kuavi.adapters._vjepa2_net import Variant
from kuavi.adapters._vjepa2_probe import EPS, HEADS, AttentiveProbe, ProbeArch
from kuavi.adapters._vjepa2_tasks import HEADS as EPIC_HEADS
from kuavi.adapters._vjepa2_tasks import RELEASED, Anticipation, Task, availability
from kuavi.adapters._vjepa2_weights import flat_shapes, trunk_of
from kuavi.domain.evidence import Evidence, Model, WeightsFile
from kuavi.domain.fingerprint import Json, fingerprint_of
from kuavi.domain.media import Frame
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.ports.classifiers import Probabilities
from kuavi.ports.models import ModelFailure, ModelUnavailable

RECIPE = 1
"""Raise when answers change for the same weights."""


@frozen
class Regime:
    """How clips are shown to the probe.  `levels` are blocks; empty means the last one.

    One of `views` is the centre of the picture; more are squares along its long side.
    """

    frames: int
    segments: int
    levels: tuple[int, ...]
    anticipation: Anticipation | None
    views: int

    @property
    def mark(self) -> list[Json]:
        """What answers depend on; one view is left out, as it was before there were more."""
        views = [] if self.views == 1 else [self.views]
        return [self.segments, list(self.levels), *views]


@frozen(eq=False)
class ProbeRead:
    """A probe's weights under our names, names of classes by head (empty where there are none),
    and the files that were read.
    """

    state: State
    labels: Sequence[Sequence[str]]
    files: tuple[WeightsFile, ...]


ProbeReader: TypeAlias = Callable[[ModelSpec], Outcome[ProbeRead, ModelUnavailable]]


@frozen(eq=False)
class VJepa2Classifier:
    """One head of a probe.  A clip's frames are made a multiple by showing the last one longer."""

    task: str
    labels: tuple[str, ...]
    model: Model
    evidence: Evidence
    regime: Regime
    head: int
    probe: AttentiveProbe
    backbone: Backbone

    @property
    def frames(self) -> int:
        return self.regime.frames * self.regime.segments

    def classify(self, clips: Clips) -> Outcome[Probabilities, ModelFailure]:
        """Softmax of the head's logits, its mean over views."""
        if any(not clip for clip in clips) or len({len(clip) for clip in clips}) > 1:
            raise ValueError("clips must have the same number of frames, one or more")
        multiple = self.backbone.arch.tubelet * self.regime.segments
        whole = [[*clip, *[clip[-1]] * (-len(clip) % multiple)] for clip in clips]
        answers = per_clip(self.model, self.backbone, whole, self._probabilities)
        if isinstance(answers, Failure):
            return answers
        rows = answers.unwrap()
        return Success(np.stack(rows) if rows else np.empty((0, len(self.labels))))

    def _probabilities(self, clips: Clips) -> Tensor:
        """(b, labels) float64."""
        views = [self._of_view(clips, view) for view in range(self.regime.views)]
        return torch.stack(views).mean(dim=0)

    def _of_view(self, clips: Clips, view: int) -> Tensor:
        length = len(clips[0]) // self.regime.segments
        starts = range(0, len(clips[0]), length)
        parts = [self._shown([clip[s : s + length] for clip in clips], view) for s in starts]
        logits: Tensor = self.probe(torch.cat(parts, dim=1))[self.head]
        return logits.double().softmax(dim=1)

    def _shown(self, segment: Sequence[Sequence[Frame]], view: int) -> Tensor:
        """Tokens (b, n, dim) that the probe sees of one segment."""
        regime, encoder = self.regime, self.backbone.net.encoder
        pictures = (
            self.backbone.pictures(segment)
            if regime.views == 1
            else self.backbone.view(segment, view, regime.views)
        )
        if regime.levels:
            return encoder.levels(pictures, regime.levels)
        tokens: Tensor = encoder(pictures)
        ahead = self.regime.anticipation
        if ahead is None:
            return tokens
        first = tokens.shape[1] // self.backbone.arch.tokens_per_step
        later = self.backbone.predicted(tokens, first, [ahead.after], ahead.mask_index)
        return torch.cat([tokens, later], dim=1)


def classifier_for(
    spec: ModelSpec, read: Reader, read_probe: ProbeReader
) -> Outcome[VJepa2Classifier, ModelUnavailable]:
    """The classifier of a spec; options `task`, `head`, `clip_frames`, `segments`, `levels`,
    `views`, `probe_heads`.
    """
    task = str(spec.options.get("task", ""))
    trouble = availability(task)
    if trouble:
        return Failure(ModelUnavailable(spec.model_id, trouble, "set the option `task` to one"))
    probe = read_probe(spec)
    if isinstance(probe, Failure):
        return probe
    loaded = backbone_for(spec, read)
    if isinstance(loaded, Failure):
        return loaded
    built = _built(spec, task, loaded.unwrap(), probe.unwrap())
    if isinstance(built, Failure):
        return Failure(ModelUnavailable(spec.model_id, built.failure(), CHECK))
    return built


def _built(
    spec: ModelSpec, task: str, backbone: Backbone, read: ProbeRead
) -> Outcome[VJepa2Classifier, str]:
    if backbone.arch.variant != Variant.V2:
        return Failure("the published probes stand on V-JEPA 2, not on V-JEPA 2.1")
    regime = _regime(spec, RELEASED[task], backbone)
    if isinstance(regime, Failure):
        return regime
    heads = int(spec.options.get("probe_heads", HEADS))
    loaded = probe_of(read.state, backbone, heads)
    if isinstance(loaded, Failure):
        return loaded
    probe, shown = loaded.unwrap(), regime.unwrap()
    head = _head(spec, len(probe.heads))
    if isinstance(head, Failure):
        return head
    number = head.unwrap()
    n_classes = probe.heads[number].out_features
    named = read.labels[number] if read.labels else [str(i) for i in range(n_classes)]
    if len(named) != n_classes:
        return Failure(f"there are {len(named)} labels for {n_classes} classes")
    files = tuple(dict.fromkeys((*backbone.files, *read.files)))
    mark = fingerprint_of(
        {
            "recipe": RECIPE,
            "backbone": backbone.revision,
            "files": [[file.name, file.sha256] for file in files],
            "shown": shown.mark,
            "probe": [number, heads, EPS],
        }
    )
    model = Model(spec.model_id, f"{task}-{mark[:16]}", files)
    return Success(
        VJepa2Classifier(
            task, tuple(named), model, backbone.evidence, shown, number, probe, backbone
        )
    )


def probe_of(state: State, backbone: Backbone, heads: int) -> Outcome[AttentiveProbe, str]:
    """The probe with these weights, beside its backbone."""
    shaped = flat_shapes(state)
    query, dim = shaped.get("query"), backbone.arch.encoder.dim
    if query is None or query.shape[1] != dim:
        width = "none" if query is None else query.shape[1]
        return Failure(f"the probe's width is {width}, the backbone's {dim}")
    trunk = trunk_of(shaped, "", dim, heads, EPS)
    if isinstance(trunk, Failure):
        return trunk
    names = sorted(n for n in shaped if n.startswith("heads.") and n.endswith(".weight"))
    if len(names) != len(query):
        return Failure(f"the probe has {len(query)} queries for {len(names)} heads")
    classes = tuple(len(shaped[name]) for name in names)
    with torch.device("meta"):
        probe = AttentiveProbe(ProbeArch(trunk.unwrap(), len(query), classes))
    where = backbone.placement
    trouble = filled(probe, {n: t.to(where.device, where.dtype) for n, t in shaped.items()})
    if trouble is not None:
        return Failure(trouble)
    probe.eval().requires_grad_(requires_grad=False)
    return Success(probe)


def _regime(spec: ModelSpec, task: Task, backbone: Backbone) -> Outcome[Regime, str]:
    arch, options = backbone.arch, spec.options
    frames = int(options.get("clip_frames", task.frames.get(arch.encoder.dim, arch.frames)))
    segments = int(options.get("segments", task.segments))
    views = int(options.get("views", task.views))
    layers = arch.encoder.layers
    levels = task.levels.get(layers, ())
    if "levels" in options:
        try:
            levels = tuple(int(level) for level in str(options["levels"]).split(",") if level)
        except ValueError:
            return Failure(f"levels are numbers of blocks, as 17,19,21,23, not {options['levels']}")
    if any(not 0 <= level < layers for level in levels):
        return Failure(f"levels are 0 to {layers - 1}, not {', '.join(map(str, levels))}")
    if min(frames, segments, views) < 1 or frames % arch.tubelet:
        reason = f"{segments} segments of {frames} frames in {views} views can't be shown"
        return Failure(reason)
    ahead = task.anticipation
    if ahead and arch.mask_tokens <= ahead.mask_index:
        return Failure("the probe needs a predictor, which the backbone's weights do not hold")
    if task.levels and not levels:
        return Failure(f"which levels the probe saw is not known for {layers} blocks: set `levels`")
    return Success(Regime(frames, segments, levels, ahead, views))


def _head(spec: ModelSpec, n_heads: int) -> Outcome[int, str]:
    """The head's number: EK100 has three."""
    if n_heads == 1:
        return Success(0)
    name = str(spec.options.get("head", "action"))
    if n_heads != len(EPIC_HEADS) or name not in EPIC_HEADS:
        return Failure(f"there is no head {name} among {n_heads}")
    return Success(EPIC_HEADS.index(name))
