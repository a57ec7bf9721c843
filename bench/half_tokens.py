"""V-JEPA 2 on half the tokens of a clip, each at its true position: a cheaper encoder, to measure.

Its encoder was trained on subsets of tokens, and attention over half of them costs a quarter.  A
step's row is the mean of the tokens that were kept of it; half are kept of each step.
"""

from collections.abc import Sequence
from enum import StrEnum

import torch
from attrs import frozen
from returns.result import Failure, Success
from torch import Tensor

from kuavi.adapters._vjepa2_clips import VJepa2Clips, per_clip, same_length
from kuavi.adapters._vjepa2_net import layer_normed
from kuavi.domain.evidence import Evidence, Model
from kuavi.domain.media import Frame
from kuavi.domain.outcome import Outcome
from kuavi.domain.space import Embeddings, Motion, Space, unit
from kuavi.ports.models import ModelFailure


class Kept(StrEnum):
    """Which half: the fields of a chessboard, black and white in turn; or what changed most."""

    CHESS = "chess"
    MOVED = "moved"


@frozen(eq=False)
class HalfTokens:
    """Follows kuavi.ports.encoders.ClipEncoder."""

    whole: VJepa2Clips
    kept: Kept

    @property
    def space(self) -> Space[Motion]:
        whole = self.whole.space
        return Space[Motion](whole.model_id, f"{whole.revision}-half-{self.kept}", whole.dim)

    @property
    def model(self) -> Model:
        return Model(self.space.model_id, self.space.revision)

    @property
    def evidence(self) -> Evidence:
        return self.whole.evidence

    @property
    def step(self) -> int:
        return self.whole.step

    def encode(
        self, windows: Sequence[Sequence[Frame]]
    ) -> Outcome[tuple[Embeddings[Motion], ...], ModelFailure]:
        same_length(windows, self.step)
        answers = per_clip(self.model, self.whole.backbone, windows, self._means)
        if isinstance(answers, Failure):
            return answers
        return Success(tuple(Embeddings(self.space, unit(rows)) for rows in answers.unwrap()))

    def _means(self, windows: Sequence[Sequence[Frame]]) -> Tensor:
        backbone = self.whole.backbone
        pictures = backbone.pictures(windows)
        ids = self.ids(backbone.by_step(backbone.net.encoder.patches(pictures)))
        tokens = layer_normed(backbone.net.encoder(pictures, ids.flatten(1)))
        return tokens.unflatten(1, ids.shape[1:]).mean(dim=2)

    def ids(self, patches: Tensor) -> Tensor:
        """Of patches (b, steps, places, values), the tokens kept: (b, steps, places // 2)."""
        batch, steps, places, _ = patches.shape
        first = torch.arange(steps, device=patches.device)[:, None] * places
        if self.kept == Kept.MOVED:
            return _changed_most(patches) + first
        grid = self.whole.backbone.arch.grid
        at = torch.arange(places, device=patches.device)
        colour = (at // grid + at % grid) % 2
        half = torch.stack([at[colour == step % 2] for step in range(steps)])
        return (half + first).expand(batch, -1, -1)


def _changed_most(patches: Tensor) -> Tensor:
    """Places of each step that changed most since the step before, ascending; of the first, until
    the next.
    """
    change = (patches[:, 1:] - patches[:, :-1]).abs().mean(dim=3)
    change = torch.cat([change[:, :1], change], dim=1)
    return change.topk(patches.shape[2] // 2, dim=2).indices.sort(dim=2).values
