"""The attentive classifier of V-JEPA 2 (arXiv 2506.09985) in torch."""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  (its usual name)

EPS = 1e-5
MLP_RATIO = 4


class SelfAttentionBlock(nn.Module):
    """Norm, attention, norm, MLP, each with its residual; no positions."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(dim, EPS), nn.LayerNorm(dim, EPS)
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.fc1, self.fc2 = nn.Linear(dim, MLP_RATIO * dim), nn.Linear(MLP_RATIO * dim, dim)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        q, k, v = self.qkv(self.norm1(x)).chunk(3, dim=-1)
        x = x + self.proj(attended(q, k, v, self.heads, mask))
        return cast(Tensor, x + self.fc2(F.gelu(self.fc1(self.norm2(x)))))


class PoolingBlock(nn.Module):
    """A learned query attends over all tokens; no projection after it, as in the original."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Parameter(torch.empty(1, 1, dim))
        nn.init.trunc_normal_(self.query, std=0.02)
        self.norm1, self.norm2 = nn.LayerNorm(dim, EPS), nn.LayerNorm(dim, EPS)
        self.q, self.kv = nn.Linear(dim, dim), nn.Linear(dim, 2 * dim)
        self.fc1, self.fc2 = nn.Linear(dim, MLP_RATIO * dim), nn.Linear(MLP_RATIO * dim, dim)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        query = self.query.expand(len(x), -1, -1)
        k, v = self.kv(self.norm1(x)).chunk(2, dim=-1)
        pooled = query + attended(self.q(query), k, v, self.heads, mask)
        return cast(Tensor, pooled + self.fc2(F.gelu(self.fc1(self.norm2(pooled)))))


class AttentiveClassifier(nn.Module):
    """Tokens (n, t, dim), with a mask (n, t) of those that are there, to scores (n, labels)."""

    def __init__(self, dim: int, labels: int, heads: int, depth: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(SelfAttentionBlock(dim, heads) for _ in range(depth))
        self.pooler = PoolingBlock(dim, heads)
        self.linear = nn.Linear(dim, labels)

    def forward(self, tokens: Tensor, mask: Tensor | None) -> Tensor:
        for block in self.blocks:
            tokens = block(tokens, mask)
        return cast(Tensor, self.linear(self.pooler(tokens, mask)[:, 0]))


def attended(q: Tensor, k: Tensor, v: Tensor, heads: int, mask: Tensor | None) -> Tensor:
    """Multi-head attention (n, t, dim) that never makes the t x t table."""
    q, k, v = (part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in (q, k, v))
    seen = None if mask is None else mask[:, None, None, :]
    out = F.scaled_dot_product_attention(q, k, v, attn_mask=seen)
    return out.transpose(1, 2).flatten(-2)
