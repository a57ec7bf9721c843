"""V-JEPA 2's encoder and predictor as torch modules of our own.  Inference only.

The network: Assran et al., "V-JEPA 2" (arXiv 2506.09985); of V-JEPA 2.1 (arXiv 2603.14482) the
encoder for video.  Weights in either published layout load
into it (`_vjepa2_names`).  What differs from the published code changes no result beyond rounding:
patches are embedded by one matrix product (the convolution's stride is its kernel), rotary tables
are made once in float64 and shared by all blocks, and attention never holds an N x N matrix.

Tokens are numbered in time-major order: id = (step * grid + row) * grid + column.
"""

from collections import deque
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from typing import TypeAlias

import torch
from attrs import frozen
from torch import Tensor, nn
from torch.nn import functional

Tables: TypeAlias = tuple[Tensor, Tensor]
"""Cosines and signed sines, each (b or 1, n, 1, 1, head_dim)."""

BASE = 10_000.0


class Rotary(StrEnum):
    """How an axis' frequencies f0..fk lie over its channels, which rotate in adjacent pairs.

    V-JEPA 2 was trained with f0..fk f0..fk, so that the two channels of a pair turn at different
    rates and attention depends on more than relative positions; V-JEPA 2.1 with f0 f0..fk fk.
    """

    TILED = "tiled"
    INTERLEAVED = "interleaved"


class Variant(StrEnum):
    """V-JEPA 2.1 turns channels otherwise, spreads rows and columns of any input over as many
    positions as the 16 patches along 256 pixels have, and adds what says that a token is of video.
    """

    V2 = "2"
    V2_1 = "2.1"

    @property
    def method(self) -> str:
        return f"V-JEPA {self.value}"

    @property
    def rotary(self) -> Rotary:
        return Rotary.TILED if self == Variant.V2 else Rotary.INTERLEAVED


SPREAD = 16
"""Rows and columns of a 2.1 input are as far apart as if there were so many."""


@frozen
class Trunk:
    """A stack of blocks: width, depth, heads, width of the MLP's hidden layer, LayerNorm's eps."""

    dim: int
    layers: int
    heads: int
    hidden: int
    eps: float


@frozen
class Arch:
    """A network's shape.  `crop` is the side of its input in pixels, `frames` its training length.

    `patch` is in pixels, `tubelet` in frames; `predictor` is None where there are no weights of it.
    """

    encoder: Trunk
    predictor: Trunk | None
    mask_tokens: int
    channels: int
    patch: int
    tubelet: int
    crop: int
    frames: int
    variant: Variant = Variant.V2

    @property
    def spacing(self) -> float:
        """The distance of neighbouring rows, or columns, in positions."""
        if self.variant == Variant.V2:
            return 1.0
        return (SPREAD - 1) / max(self.grid - 1, 1)

    @property
    def grid(self) -> int:
        """Patches along a side."""
        return self.crop // self.patch

    @property
    def tokens_per_step(self) -> int:
        return self.grid**2


@lru_cache(maxsize=16)
def axis_tables(
    dim: int, n: int, spacing: float, rotary: Rotary, device: torch.device, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """Cosines and signed sines of n positions from 0 on, evenly spaced on an axis: (n, dim)."""
    with torch.inference_mode(False):
        rates = BASE ** -(torch.arange(dim // 2, dtype=torch.float64) / (dim / 2))
        angles = torch.arange(n, dtype=torch.float64)[:, None] * spacing * rates
        match rotary:
            case Rotary.TILED:
                angles = angles.repeat(1, 2)
            case Rotary.INTERLEAVED:
                angles = angles.repeat_interleave(2, dim=1)
        signs = torch.tensor([-1.0, 1.0], dtype=torch.float64).repeat(dim // 2)
        return angles.cos().to(device, dtype), (angles.sin() * signs).to(device, dtype)


def rotary_tables(ids: Tensor, arch: Arch, head_dim: int, like: Tensor) -> Tables:
    """Tables for tokens at ids (b or 1, n): a third of the channels turns by step, row, column.

    Channels left over (head_dim is not a multiple of 6) do not turn.
    """
    dim, grid = head_dim // 3 // 2 * 2, arch.grid
    steps = ids // grid**2

    def tables(n: int, spacing: float) -> Tables:
        return axis_tables(dim, n, spacing, arch.variant.rotary, like.device, like.dtype)

    in_time = tables(max(grid, int(steps.max()) + 1), 1.0)
    in_space = in_time if arch.spacing == 1 else tables(grid, arch.spacing)
    places = (ids % grid**2 // grid, ids % grid)
    rest = (*ids.shape, head_dim - 3 * dim)
    cos, sin = (
        torch.cat([when[steps], *(where[p] for p in places), left], dim=-1)
        for when, where, left in zip(
            in_time, in_space, (like.new_ones(rest), like.new_zeros(rest)), strict=True
        )
    )
    return cos[:, :, None, None], sin[:, :, None, None]


def rotated(x: Tensor, tables: Tables) -> Tensor:
    """Turn adjacent pairs of the last dimension of x (b, n, k, heads, head_dim)."""
    cos, sin = tables
    swapped = x.unflatten(-1, (-1, 2)).flip(-1).flatten(-2)
    return (x * cos).addcmul_(swapped, sin)


class Block(nn.Module):
    """A pre-norm transformer block; with tables, queries and keys are turned by position."""

    def __init__(self, trunk: Trunk) -> None:
        super().__init__()
        self.heads = trunk.heads
        self.norm1 = nn.LayerNorm(trunk.dim, eps=trunk.eps)
        self.qkv = nn.Linear(trunk.dim, 3 * trunk.dim)
        self.out = nn.Linear(trunk.dim, trunk.dim)
        self.norm2 = nn.LayerNorm(trunk.dim, eps=trunk.eps)
        self.up = nn.Linear(trunk.dim, trunk.hidden)
        self.down = nn.Linear(trunk.hidden, trunk.dim)

    def forward(
        self, x: Tensor, tables: Tables | None = None, there: Tensor | None = None
    ) -> Tensor:
        """(b, n, dim) to the same; tokens that are not `there` (b, n) are not attended to."""
        x = x + self.out(self._attended(self.norm1(x), tables, there))
        return x + self.down(functional.gelu(self.up(self.norm2(x))))

    def _attended(self, x: Tensor, tables: Tables | None, there: Tensor | None) -> Tensor:
        qkv = self.qkv(x).unflatten(-1, (3, self.heads, -1))
        if tables is None:
            q, k, v = qkv.unbind(2)
        else:
            q, k = rotated(qkv[:, :, :2], tables).unbind(2)
            v = qkv[:, :, 2]
        return attended(q, k, v, there)


def attended(q: Tensor, k: Tensor, v: Tensor, there: Tensor | None = None) -> Tensor:
    """Attention of q (b, m, heads, d) over k and v (b, n, heads, d): (b, m, heads * d).

    With `there` (b, n), only over what is there.
    """
    # a head's rows side by side: on a CPU attention is a tenth faster than over strided ones
    q, k, v = (part.transpose(1, 2).contiguous() for part in (q, k, v))
    mask = None if there is None else there[:, None, None]
    mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    return mixed.transpose(1, 2).flatten(2)


class Encoder(nn.Module):
    """Clips to tokens.  The input's side must be the one that token ids are counted with."""

    def __init__(self, arch: Arch) -> None:
        super().__init__()
        self.arch = arch
        trunk = arch.encoder
        self.patch = nn.Linear(arch.channels * arch.tubelet * arch.patch**2, trunk.dim)
        self.blocks = nn.ModuleList(Block(trunk) for _ in range(trunk.layers))
        self.norm = nn.LayerNorm(trunk.dim, eps=trunk.eps)
        of_video = None if arch.variant == Variant.V2 else nn.Parameter(torch.zeros(trunk.dim))
        self.register_parameter("of_video", of_video)

    def forward(self, clips: Tensor, ids: Tensor | None = None) -> Tensor:
        """Clips (b, frames, channels, crop, crop) to tokens (b, n, dim), after the last norm.

        With `ids` (b, n) only these tokens are looked at, each at its true position.
        """
        (last,) = deque(self._after_blocks(clips, ids), maxlen=1)
        return self.norm(last)

    def levels(self, clips: Tensor, which: tuple[int, ...]) -> Tensor:
        """Normed tokens after each block of `which`, joined along tokens: (b, levels * n, dim)."""
        states = enumerate(self._after_blocks(clips, None))
        return torch.cat([self.norm(state) for i, state in states if i in which], dim=1)

    def _after_blocks(self, clips: Tensor, ids: Tensor | None) -> Iterator[Tensor]:
        patches = self.patches(clips)
        if ids is None:
            ids = torch.arange(patches.shape[1], device=clips.device)[None]
        else:
            patches = patches.take_along_dim(ids[..., None], dim=1)
        x = self.patch(patches)
        del patches
        if self.of_video is not None:
            x = x + self.of_video
        trunk, arch = self.arch.encoder, self.arch
        tables = rotary_tables(ids, arch, trunk.dim // trunk.heads, x)
        for block in self.blocks:
            x = block(x, tables)
            yield x

    def patches(self, clips: Tensor) -> Tensor:
        """Clips cut into tubelets of pixels: (b, n, channels * tubelet * patch * patch).

        Raises:
            ValueError: if frames are not a multiple of the tubelet, or the side is not `crop`.
        """
        arch, n_frames, size = self.arch, clips.shape[1], tuple(clips.shape[2:])
        if size != (arch.channels, arch.crop, arch.crop):
            raise ValueError(f"pictures are {size}, the network takes {arch.crop} pixels square")
        if n_frames < arch.tubelet or n_frames % arch.tubelet:
            raise ValueError(f"{n_frames} frames are not a multiple of {arch.tubelet}")
        cut = clips.unflatten(4, (arch.grid, arch.patch)).unflatten(3, (arch.grid, arch.patch))
        cut = cut.unflatten(1, (-1, arch.tubelet))
        # b, steps, tubelet, channels, rows, y, columns, x
        return cut.permute(0, 1, 4, 6, 3, 2, 5, 7).flatten(4).flatten(1, 3)


class Predictor(nn.Module):
    """Tokens at ids that were seen, to tokens at ids that were not.

    Its answers are in the space of *layer-normed* encoder tokens, where it was trained.
    """

    def __init__(self, arch: Arch, trunk: Trunk) -> None:
        super().__init__()
        self.arch, self.trunk = arch, trunk
        self.embed = nn.Linear(arch.encoder.dim, trunk.dim)
        self.mask_tokens = nn.Parameter(torch.zeros(arch.mask_tokens, trunk.dim))
        self.blocks = nn.ModuleList(Block(trunk) for _ in range(trunk.layers))
        self.norm = nn.LayerNorm(trunk.dim, eps=trunk.eps)
        self.out = nn.Linear(trunk.dim, arch.encoder.dim)

    def forward(self, seen: Tensor, seen_ids: Tensor, asked_ids: Tensor, mask_index: int) -> Tensor:
        """Encoder tokens `seen` (b, n, dim) at `seen_ids` (b, n) to (b, m, dim) at `asked_ids`.

        All tokens attend to all, so the order of ids has no effect beyond rounding.
        """
        batch, n = seen_ids.shape
        masks = self.mask_tokens[mask_index].expand(batch, asked_ids.shape[1], -1)
        x = torch.cat([self.embed(seen), masks], dim=1)
        ids = torch.cat([seen_ids, asked_ids], dim=1)
        head_dim = self.trunk.dim // self.trunk.heads
        tables = rotary_tables(ids, self.arch, head_dim, x)
        for block in self.blocks:
            x = block(x, tables)
        return self.out(self.norm(x[:, n:]))


class VJepa2(nn.Module):
    """Encoder and, where there are weights of it, predictor.  Neither calls the other."""

    def __init__(self, arch: Arch) -> None:
        super().__init__()
        self.encoder = Encoder(arch)
        self.predictor = None if arch.predictor is None else Predictor(arch, arch.predictor)


def layer_normed(tokens: Tensor) -> Tensor:
    """Tokens (..., dim) in float32 with mean 0 and variance 1 each: the training target's space."""
    return functional.layer_norm(tokens.float(), tokens.shape[-1:])
