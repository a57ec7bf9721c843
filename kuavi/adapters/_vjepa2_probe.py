"""The attentive probe of V-JEPA 2: blocks over tokens, learned queries over those, linear heads.

Original probes have 16 heads of attention and a LayerNorm eps of 1e-5 whatever the backbone's are;
the backbone's own numbers (22 heads in ViT-g) give other answers from the same weights.
"""

import torch
from attrs import frozen
from torch import Tensor, nn
from torch.nn import functional

from kuavi.adapters._vjepa2_net import Block, Trunk, attended

HEADS = 16
EPS = 1e-5


@frozen
class ProbeArch:
    """Blocks' shape, queries, and number of classes of each head."""

    trunk: Trunk
    queries: int
    classes: tuple[int, ...]


class CrossBlock(nn.Module):
    """Queries over tokens.  There is no projection after the attention."""

    def __init__(self, trunk: Trunk) -> None:
        super().__init__()
        self.heads = trunk.heads
        self.norm1 = nn.LayerNorm(trunk.dim, eps=trunk.eps)
        self.q = nn.Linear(trunk.dim, trunk.dim)
        self.kv = nn.Linear(trunk.dim, 2 * trunk.dim)
        self.norm2 = nn.LayerNorm(trunk.dim, eps=trunk.eps)
        self.up = nn.Linear(trunk.dim, trunk.hidden)
        self.down = nn.Linear(trunk.hidden, trunk.dim)

    def forward(self, queries: Tensor, tokens: Tensor, there: Tensor | None = None) -> Tensor:
        """Queries (b, q, dim) over tokens (b, n, dim) that are there, to (b, q, dim)."""
        asked = self.q(queries).unflatten(-1, (self.heads, -1))
        k, v = self.kv(self.norm1(tokens)).unflatten(-1, (2, self.heads, -1)).unbind(2)
        queries = queries + attended(asked, k, v, there)
        return queries + self.down(functional.gelu(self.up(self.norm2(queries))))


class AttentiveProbe(nn.Module):
    """One linear head on each query's answer.  Tokens have no order."""

    def __init__(self, arch: ProbeArch) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.zeros(arch.queries, arch.trunk.dim))
        self.blocks = nn.ModuleList(Block(arch.trunk) for _ in range(arch.trunk.layers))
        self.cross = CrossBlock(arch.trunk)
        self.heads = nn.ModuleList(nn.Linear(arch.trunk.dim, n) for n in arch.classes)

    def forward(self, tokens: Tensor, there: Tensor | None = None) -> list[Tensor]:
        """Tokens (b, n, dim), all or those that are `there` (b, n), to logits by head."""
        for block in self.blocks:
            tokens = block(tokens, None, there)
        pooled = self.cross(self.query.expand(len(tokens), -1, -1), tokens, there)
        return [head(pooled[:, i]) for i, head in enumerate(self.heads)]
