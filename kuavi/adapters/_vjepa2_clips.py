"""Clips through V-JEPA 2: the part that does not depend on where the weights come from."""

from collections.abc import Callable
from functools import partial

import numpy as np
from attrs import frozen
from returns.result import Failure, Success
from torch import Tensor

from kuavi.adapters._arrays import Array
from kuavi.adapters._vjepa2_backbone import Backbone, Clips, Reader, backbone_for
from kuavi.adapters._vjepa2_device import guarded
from kuavi.adapters._vjepa2_net import layer_normed
from kuavi.domain.evidence import Evidence, Model
from kuavi.domain.features import FeatureMap
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.domain.space import Embeddings, Motion, Space, unit
from kuavi.ports.models import ModelFailed, ModelFailure, ModelUnavailable


@frozen(eq=False)
class VJepa2Clips:
    """`placement` of the backbone says where it runs.  The predictor is never run."""

    space: Space[Motion]
    feature_space: Space[Motion]
    model: Model
    evidence: Evidence
    backbone: Backbone

    @property
    def step(self) -> int:
        return self.backbone.arch.tubelet

    def encode(self, windows: Clips) -> Outcome[tuple[Embeddings[Motion], ...], ModelFailure]:
        """A step's row is the mean of its layer-normed tokens, scaled to length 1."""
        same_length(windows, self.step)
        answers = per_clip(self.model, self.backbone, windows, self._step_means)
        if isinstance(answers, Failure):
            return answers
        return Success(tuple(Embeddings(self.space, unit(rows)) for rows in answers.unwrap()))

    def features(self, windows: Clips) -> Outcome[tuple[FeatureMap, ...], ModelFailure]:
        """A step's tokens as they leave the encoder, by row and column of patches."""
        same_length(windows, self.step)
        answers = per_clip(self.model, self.backbone, windows, self._token_maps)
        if isinstance(answers, Failure):
            return answers
        return Success(tuple(FeatureMap(self.feature_space, maps) for maps in answers.unwrap()))

    def _step_means(self, windows: Clips) -> Tensor:
        """(b, steps, dim) float32, pooled on the device."""
        tokens = layer_normed(self.backbone.tokens(windows))
        return self.backbone.by_step(tokens).mean(dim=2)

    def _token_maps(self, windows: Clips) -> Tensor:
        """(b, steps, rows, columns, dim) float16."""
        grid = self.backbone.arch.grid
        tokens = self.backbone.tokens(windows).half()
        return self.backbone.by_step(tokens).unflatten(2, (grid, grid))


def per_clip(
    model: Model, backbone: Backbone, clips: Clips, run: Callable[[Clips], Tensor]
) -> Outcome[tuple[Array, ...], ModelFailure]:
    """One clip's part each of what `run` makes of a batch of clips, computed on the device."""
    answers: list[Array] = []
    for batch in backbone.batches(clips):
        ran = guarded(model.model_id, len(batch), partial(_on_cpu, run, batch))
        if isinstance(ran, Failure):
            return ran
        if not np.isfinite(ran.unwrap()).all():
            reason = f"values are not finite in {backbone.placement.precision}"
            return Failure(ModelFailed(model.model_id, reason))
        answers.extend(ran.unwrap())
    return Success(tuple(answers))


def same_length(clips: Clips, tubelet: int) -> None:
    """Raises ValueError if clips differ in length, or are no multiple of the tubelet."""
    lengths = {len(clip) for clip in clips}
    if len(lengths) > 1:
        raise ValueError(f"clips differ in length: {sorted(lengths)} frames")
    for length in lengths:
        if length < tubelet or length % tubelet:
            raise ValueError(f"a clip of {length} frames is not a multiple of {tubelet}")


def _on_cpu(run: Callable[[Clips], Tensor], batch: Clips) -> Array:
    array: Array = run(batch).cpu().numpy()
    return array


def clips_for(spec: ModelSpec, read: Reader) -> Outcome[VJepa2Clips, ModelUnavailable]:
    """The clip encoder of a spec whose weights `read` understands."""
    loaded = backbone_for(spec, read)
    if isinstance(loaded, Failure):
        return loaded
    backbone = loaded.unwrap()
    model = Model(spec.model_id, backbone.revision, backbone.files)
    space, tokens = backbone.space(spec.model_id), backbone.token_space(spec.model_id)
    return Success(VJepa2Clips(space, tokens, model, backbone.evidence, backbone))
