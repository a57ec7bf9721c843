"""V-JEPA 2's predictor: the part that does not depend on where the weights come from.

Only the observed frames are encoded; what is asked for are mask tokens at the true positions of
later steps.  Published networks were trained to fill in blocks within a clip, not to foresee, and a
pure future lies outside of what they saw: in the authors' own ablation the predictor adds little.
"""

from collections.abc import Sequence

import numpy as np
from attrs import frozen
from returns.result import Failure, Success
from torch import Tensor

from kuavi.adapters._vjepa2_backbone import Backbone, Clips, Reader, backbone_for
from kuavi.adapters._vjepa2_clips import per_clip, same_length
from kuavi.adapters._vjepa2_net import Variant, layer_normed
from kuavi.domain.evidence import Evidence, Model
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.domain.space import Embeddings, Motion, Space, no_rows, unit
from kuavi.ports.models import ModelUnavailable
from kuavi.ports.predictors import PredictFailure, StepErrors, TooFarAhead

MASK_INDEX = 0
"""The mask token that was trained, as is reported of the published weights; the others are zero."""

NOT_2_1 = (
    "V-JEPA 2.1's predictor is not run: that of ViT-B and ViT-L answers in the space of the ViT-G "
    "they were distilled from, that of ViT-g and ViT-G sees and foretells four levels at once, and "
    "whether its answers were layer-normed in training is not known"
)


@frozen(eq=False)
class VJepa2Predictor:
    """Steps asked for together are predicted together: each sees the others' positions."""

    space: Space[Motion]
    model: Model
    evidence: Evidence
    max_steps: int
    mask_index: int
    backbone: Backbone

    @property
    def step(self) -> int:
        return self.backbone.arch.tubelet

    @property
    def trained_steps(self) -> int:
        return self.backbone.arch.frames // self.backbone.arch.tubelet

    def predict(
        self, observed: Clips, ahead: Sequence[int]
    ) -> Outcome[tuple[Embeddings[Motion], ...], PredictFailure]:
        """A step's row is the mean of its predicted tokens, scaled to length 1."""
        same_length(observed, self.step)
        if any(step < 0 for step in ahead):
            raise ValueError(f"steps ahead count from 0, got {list(ahead)}")
        if not observed or not ahead:
            return Success(tuple(no_rows(self.space) for _ in observed))
        steps = sorted(set(ahead))
        first = len(observed[0]) // self.step
        if first + steps[-1] >= self.max_steps:
            asked = first + steps[-1] + 1
            return Failure(TooFarAhead(self.model.model_id, asked, self.max_steps))
        places = [steps.index(step) for step in ahead]

        def means(batch: Clips) -> Tensor:
            seen = self.backbone.tokens(batch)
            tokens = self.backbone.predicted(seen, first, steps, self.mask_index).float()
            return self.backbone.by_step(tokens).mean(dim=2)

        answers = per_clip(self.model, self.backbone, observed, means)
        if isinstance(answers, Failure):
            return answers
        rows = (unit(answer)[places] for answer in answers.unwrap())
        return Success(tuple(Embeddings(self.space, row) for row in rows))

    def errors(self, clips: Clips, context: int) -> Outcome[tuple[StepErrors, ...], PredictFailure]:
        """Mean absolute difference between predicted tokens and the layer-normed tokens of the
        encoder that sees the whole clip.
        """
        same_length(clips, self.step)
        n_steps = len(clips[0]) // self.step if clips else 0
        if clips and not 1 <= context <= n_steps:
            raise ValueError(f"a context of {context} steps in a clip of {n_steps}")
        if n_steps > self.max_steps:
            return Failure(TooFarAhead(self.model.model_id, n_steps, self.max_steps))
        rest = range(n_steps - context)
        if not rest:
            return Success(tuple(np.empty(0) for _ in clips))

        def off(batch: Clips) -> Tensor:
            seen = self.backbone.tokens([clip[: context * self.step] for clip in batch])
            guess = self.backbone.predicted(seen, context, rest, self.mask_index).float()
            target = layer_normed(self.backbone.tokens(batch))[:, seen.shape[1] :]
            return self.backbone.by_step((guess - target).abs()).mean(dim=(2, 3))

        answers = per_clip(self.model, self.backbone, clips, off)
        if isinstance(answers, Failure):
            return answers
        return Success(tuple(answer.astype(np.float64) for answer in answers.unwrap()))


def predictor_for(spec: ModelSpec, read: Reader) -> Outcome[VJepa2Predictor, ModelUnavailable]:
    """The predictor of a spec whose weights `read` understands; options `mask_index`, `max_steps`.

    A mask token that is all zero was never trained: it is used only where the spec names it.
    """
    loaded = backbone_for(spec, read)
    if isinstance(loaded, Failure):
        return loaded
    backbone = loaded.unwrap()
    mask = int(spec.options.get("mask_index", MASK_INDEX))
    trouble = _unusable(backbone, mask, "mask_index" in spec.options)
    if trouble:
        remedy = "use weights with a trained predictor, or name a mask token by `mask_index`"
        return Failure(ModelUnavailable(spec.model_id, trouble, remedy))
    arch = backbone.arch
    most = int(spec.options.get("max_steps", 2 * (arch.frames // arch.tubelet)))
    if most < 2:
        remedy = "set the option `max_steps` to 2 or more"
        return Failure(ModelUnavailable(spec.model_id, f"max_steps is {most}", remedy))
    model = Model(spec.model_id, f"{backbone.revision}-mask{mask}", backbone.files)
    space = backbone.space(spec.model_id)
    return Success(VJepa2Predictor(space, model, backbone.evidence, most, mask, backbone))


def _unusable(backbone: Backbone, mask: int, named: bool) -> str:
    """Why the predictor can't be used with this mask token; empty if it can."""
    predictor = backbone.net.predictor
    if backbone.arch.variant == Variant.V2_1:
        return NOT_2_1
    if predictor is None:
        return "its weights hold no predictor"
    if not 0 <= mask < len(predictor.mask_tokens):
        return f"there is no mask token {mask}, only 0 to {len(predictor.mask_tokens) - 1}"
    trained = predictor.mask_tokens.any(dim=1).nonzero().flatten().tolist()
    if mask in trained or named:
        return ""
    others = ", ".join(map(str, trained)) or "none"
    return f"mask token {mask} is all zero, so it was never trained; not zero: {others}"
