"""V-JEPA 2 loaded once a process: what its clip encoder, predictor and classifiers stand on."""

from collections.abc import Callable, Iterator, Sequence
from threading import Lock
from typing import TypeAlias
from weakref import WeakValueDictionary

import torch
from attrs import evolve, frozen
from returns.result import Failure, Success
from torch import Tensor

from kuavi.adapters._vjepa2_device import Need, Placement, placed
from kuavi.adapters._vjepa2_frames import Fitter, beside, normalised
from kuavi.adapters._vjepa2_names import State, filled
from kuavi.adapters._vjepa2_net import Arch, Predictor, VJepa2
from kuavi.adapters._vjepa2_weights import flat_shapes
from kuavi.adapters._weights import VerifiedWeights, verified
from kuavi.domain.evidence import Evidence, Learned, WeightsFile
from kuavi.domain.fingerprint import fingerprint_of
from kuavi.domain.media import Frame
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.domain.space import Motion, Space
from kuavi.ports.models import ModelUnavailable

RECIPE = 1
"""Raise when results change for the same weights."""
LOADING = (
    "batch",
    "crop",
    "device",
    "dtype",
    "encoder_key",
    "frames",
    "heads",
    "predictor_heads",
    "variant",
)
"""The options that say how a backbone is loaded."""
CHECK = "check the spec's weights and options"

Clips: TypeAlias = Sequence[Sequence[Frame]]


@frozen(eq=False)
class Read:
    """Weights under our names, the network they are of, and under which key they were found."""

    state: State
    arch: Arch
    key: str


Reader: TypeAlias = Callable[[ModelSpec, VerifiedWeights], Outcome[Read, str]]


@frozen(eq=False)
class Backbone:
    """A network on its device, and the record of what it was made of."""

    net: VJepa2
    arch: Arch
    placement: Placement
    fitter: Fitter
    files: tuple[WeightsFile, ...]
    key: str

    @property
    def evidence(self) -> Evidence:
        return Learned(self.arch.variant.method)

    @property
    def revision(self) -> str:
        """Changes with whatever may change tokens.

        The device is left out: it changes them by rounding alone, and the precision is in.
        """
        files = [[file.name, file.sha256] for file in self.files]
        precision, crop = self.placement.precision, self.arch.crop
        heads = [self.arch.encoder.heads, self.arch.encoder.eps, self.arch.variant.rotary.value]
        mark = fingerprint_of([RECIPE, files, self.key, precision, crop, heads])
        variant = self.arch.variant
        return f"vjepa{variant.value}-{self.key}-{precision}-{crop}px-{mark[:16]}"

    def space(self, model_id: str) -> Space[Motion]:
        """Where steps are: means of layer-normed tokens ("ln1"), as the predictor was trained on.

        Seen and predicted steps meet there.  The encoder's own tokens are in another space.
        """
        return Space(model_id, f"{self.revision}-ln1", self.arch.encoder.dim)

    def token_space(self, model_id: str) -> Space[Motion]:
        """Where single tokens are, as they leave the encoder."""
        return Space(model_id, f"{self.revision}-tokens", self.arch.encoder.dim)

    def batches(self, clips: Clips) -> Iterator[Clips]:
        """As many clips at a time as the device takes."""
        size = self.placement.batch
        return (clips[start : start + size] for start in range(0, len(clips), size))

    def pictures(self, clips: Clips) -> Tensor:
        """The network's input (b, frames, 3, crop, crop) on its device."""
        pictures = self.fitter.clips(clips).to(self.placement.device)
        return normalised(pictures).to(self.placement.dtype)

    def view(self, clips: Clips, number: int, n_views: int) -> Tensor:
        """As `pictures`, of one of several squares along the pictures' long side."""
        crop = self.arch.crop
        squares = [torch.stack([beside(f.pixels, crop, number, n_views) for f in c]) for c in clips]
        pictures = torch.stack(squares).to(self.placement.device)
        return normalised(pictures).to(self.placement.dtype)

    def tokens(self, clips: Clips) -> Tensor:
        """All tokens of clips, as they leave the encoder: (b, steps * grid * grid, dim)."""
        tokens: Tensor = self.net.encoder(self.pictures(clips))
        return tokens

    def predicted(self, seen: Tensor, first: int, steps: Sequence[int], mask_index: int) -> Tensor:
        """Layer-normed tokens of steps `first + step`, from all tokens (b, n, dim) of the steps
        before `first`: (b, len(steps) * grid * grid, dim).
        """
        assert isinstance(self.net.predictor, Predictor)
        batch, n, _ = seen.shape
        size, device = self.arch.tokens_per_step, seen.device
        begins = torch.tensor([(first + step) * size for step in steps], device=device)
        asked = (begins[:, None] + torch.arange(size, device=device)).flatten()
        seen_ids = torch.arange(n, device=device).expand(batch, -1)
        tokens: Tensor = self.net.predictor(seen, seen_ids, asked.expand(batch, -1), mask_index)
        return tokens

    def by_step(self, tokens: Tensor) -> Tensor:
        """Tokens (b, steps * grid * grid, dim) as (b, steps, grid * grid, dim)."""
        return tokens.unflatten(1, (-1, self.arch.tokens_per_step))


_LOADED: WeakValueDictionary[str, Backbone] = WeakValueDictionary()
_LOCK = Lock()


def backbone_for(spec: ModelSpec, read: Reader) -> Outcome[Backbone, ModelUnavailable]:
    """The process's one backbone for the spec's own weights (not `more_weights`) and options."""
    own = evolve(spec, more_weights=())
    found = verified(own)
    if isinstance(found, Failure):
        return found
    files = found.unwrap()
    options = {name: spec.options[name] for name in LOADING if name in spec.options}
    made_of = [[file.name, file.sha256] for file in files.records]
    name = fingerprint_of([read.__module__, made_of, options])
    with _LOCK:
        known = _LOADED.get(name)
        if known is not None:
            return Success(known)
        loaded = _loaded(own, files, read)
        if isinstance(loaded, Failure):
            return loaded
        _LOADED[name] = loaded.unwrap()
        return loaded


def _loaded(
    spec: ModelSpec, files: VerifiedWeights, read: Reader
) -> Outcome[Backbone, ModelUnavailable]:
    found = read(spec, files)
    if isinstance(found, Failure):
        return Failure(ModelUnavailable(spec.model_id, found.failure(), CHECK))
    weights = found.unwrap()
    placement = placed(spec, _need(weights))
    if isinstance(placement, Failure):
        return placement
    where = placement.unwrap()
    state = flat_shapes(weights.state)
    with torch.device("meta"):
        net = VJepa2(weights.arch)
    trouble = filled(net, {n: t.to(where.device, where.dtype) for n, t in state.items()})
    if trouble is not None:
        return Failure(ModelUnavailable(spec.model_id, trouble, CHECK))
    net.eval().requires_grad_(requires_grad=False)
    arch, fitter = weights.arch, Fitter(weights.arch.crop)
    return Success(Backbone(net, arch, where, fitter, files.records, weights.key))


def _need(read: Read) -> Need:
    """At once alive in a block: its input twice, the hidden layer twice, queries and keys twice."""
    arch = read.arch
    tokens = arch.frames // arch.tubelet * arch.tokens_per_step
    width = 8 * arch.encoder.dim + 2 * arch.encoder.hidden
    return Need(sum(t.numel() for t in read.state.values()), tokens * width)
