"""Attentive probes: a learned query attends over a clip's frozen features, then one linear layer.

The head of V-JEPA 2 (arXiv 2506.09985, section 4.1; 16 heads, layer norms with eps 1e-5), here with
the pooling block alone unless `depth` asks for self-attention blocks before it: labelled spans are
few.  Training is full-batch AdamW with a share of the examples kept to stop on; several learning
rates compete on that share, as in the paper.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from attrs import frozen
from returns.result import Failure, Success
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  (its usual name)

from kuavi.adapters._vjepa2_net import Trunk
from kuavi.adapters._vjepa2_probe import EPS, HEADS, AttentiveProbe, ProbeArch
from kuavi.adapters.probes._store import Kept, read, write
from kuavi.domain.evidence import Model
from kuavi.domain.features import Features
from kuavi.domain.fingerprint import fingerprint_of
from kuavi.domain.holdout import HeldOut
from kuavi.domain.outcome import Outcome
from kuavi.domain.space import Embeddings, Motion, Space, SpaceMismatchError
from kuavi.ports.classifiers import Probabilities
from kuavi.ports.models import ModelFailed, ModelFailure
from kuavi.ports.probes import Lesson, Probe, ProbeKit, ProbeUnreadable, ProbeUnwritable, SavedProbe

KIND = "attentive"
MLP_RATIO, QUERY_STD = 4, 0.02
RATES = (3e-3, 1e-3, 3e-4)
MAX_STEPS, PATIENCE = 300, 40
WEIGHT_DECAY = 0.01
STOP_SHARE = 0.2
SEED = 20_261_124


@frozen(eq=False)
class TrainedProbe:
    labels: tuple[str, ...]
    space: Space[Motion]
    model: Model
    network: AttentiveProbe
    options: dict[str, int]
    features: Features

    def classify(self, clips: Sequence[Embeddings[Motion]]) -> Outcome[Probabilities, ModelFailure]:
        rows = np.zeros((len(clips), len(self.labels)))
        for i, clip in enumerate(clips):
            if clip.space != self.space:
                raise SpaceMismatchError(f"the probe reads {self.space}, got {clip.space}")
            if not len(clip):
                return Failure(ModelFailed(self.model.model_id, "a clip without features"))
            with torch.inference_mode():
                scores = self.network(_tensor(clip, self.features)[None])[0][0].double()
                rows[i] = torch.softmax(scores, dim=0).numpy()
        return Success(rows)


@frozen
class AttentiveKit:
    """Follows kuavi.ports.probes.ProbeKit."""

    depth: int = 0

    def train(self, lesson: Lesson) -> Outcome[Probe, ModelFailure]:
        heads = next(n for n in range(min(HEADS, lesson.space.dim), 0, -1) if fits(lesson, n))
        options = {"heads": heads, "depth": self.depth}
        tokens, mask = _padded(lesson)
        answers = torch.tensor(lesson.answers)
        learn, stop = _stop_split(lesson.answers)
        best: tuple[float, AttentiveProbe] | None = None
        with torch.random.fork_rng(devices=[]), _one_thread():
            for rate in RATES:
                torch.manual_seed(SEED)
                network = _network(lesson.space.dim, len(lesson.labels), options)
                nn.init.trunc_normal_(network.query, std=QUERY_STD)
                batch = _Batch(tokens, mask, answers, learn, stop)
                loss = _fit(network, batch, rate)
                if best is None or loss < best[0]:
                    best = loss, network
        if best is None or not np.isfinite(best[0]):
            return Failure(ModelFailed(KIND, "training did not converge"))
        return Success(_probe(lesson.labels, lesson.space, lesson.features, best[1], options))

    def save(self, probe: Probe, held_out: HeldOut, path: str) -> Outcome[str, ProbeUnwritable]:
        if not isinstance(probe, TrainedProbe):
            raise TypeError(f"a probe of another kit: {type(probe).__name__}")
        tensors = {name: value.numpy() for name, value in probe.network.state_dict().items()}
        features, options = probe.features, probe.options
        return write(Path(path), Kept(KIND, features, probe.space, held_out, options, tensors))

    def load(self, path: str) -> Outcome[SavedProbe, ProbeUnreadable]:
        stored = read(Path(path), KIND)
        if isinstance(stored, Failure):
            return stored
        kept = stored.unwrap()
        labels, options = kept.held_out.labels, dict(kept.options)
        try:
            network = _network(kept.space.dim, len(labels), options)
            network.load_state_dict({k: torch.from_numpy(v) for k, v in kept.tensors.items()})
        except (KeyError, RuntimeError) as error:
            return Failure(ProbeUnreadable(path, f"its weights don't fit ({error})"))
        probe = _probe(labels, kept.space, kept.features, network, options)
        return Success(SavedProbe(probe, kept.held_out))


def build(depth: int = 0) -> ProbeKit:
    """`depth` self-attention blocks before the pooling block (V-JEPA 2's own probes have 3)."""
    return AttentiveKit(depth)


def _network(dim: int, labels: int, options: Mapping[str, int]) -> AttentiveProbe:
    trunk = Trunk(dim, options["depth"], options["heads"], MLP_RATIO * dim, EPS)
    return AttentiveProbe(ProbeArch(trunk, queries=1, classes=(labels,)))


def fits(lesson: Lesson, heads: int) -> bool:
    return lesson.space.dim % heads == 0


@contextmanager
def _one_thread() -> Iterator[None]:
    """Small products only: on a busy machine threads would wait for each other at each of them."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@frozen(eq=False)
class _Batch:
    tokens: Tensor
    mask: Tensor
    answers: Tensor
    learn: Tensor
    stop: Tensor


def _fit(network: AttentiveProbe, batch: _Batch, rate: float) -> float:
    """Train until the loss on the kept share stops falling; the best state stays.  That loss."""
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=WEIGHT_DECAY)
    best, state, waited = float("inf"), network.state_dict(), 0
    for _ in range(MAX_STEPS):
        network.train()
        optimiser.zero_grad()
        part = batch.learn
        (scores,) = network(batch.tokens[part], batch.mask[part])
        F.cross_entropy(scores, batch.answers[part]).backward()
        optimiser.step()
        network.eval()
        with torch.no_grad():
            (scores,) = network(batch.tokens[batch.stop], batch.mask[batch.stop])
            loss = float(F.cross_entropy(scores, batch.answers[batch.stop]))
        if loss < best - 1e-4:
            state = {name: value.clone() for name, value in network.state_dict().items()}
            best, waited = loss, 0
        else:
            waited += 1
        if waited >= PATIENCE or best < 1e-3:
            break
    network.load_state_dict(state)
    return best


def _stop_split(answers: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Examples to learn from, and those to stop on: some of each label that has several."""
    stop: list[int] = []
    for label in sorted(set(answers)):
        own = [i for i, answer in enumerate(answers) if answer == label]
        n = min(max(1, round(len(own) * STOP_SHARE)), len(own) - 1)
        stop += [own[int((k + 0.5) * len(own) / n)] for k in range(n)]
    learn = [i for i in range(len(answers)) if i not in set(stop)]
    return torch.tensor(learn), torch.tensor(stop or learn)


def _padded(lesson: Lesson) -> tuple[Tensor, Tensor]:
    """Clips as (n, longest, dim), and where there is something (n, longest)."""
    clips = lesson.clips
    longest = max(len(clip) for clip in clips)
    tokens = torch.zeros(len(clips), longest, clips[0].space.dim)
    mask = torch.zeros(len(clips), longest, dtype=torch.bool)
    for i, clip in enumerate(clips):
        tokens[i, : len(clip)] = _tensor(clip, lesson.features)
        mask[i, : len(clip)] = True
    return tokens, mask


def _tensor(clip: Embeddings[Motion], features: Features) -> Tensor:
    """Entries of size about 1, as layer norms leave them: tokens as is, unit rows scaled to it."""
    scale = np.sqrt(clip.space.dim) if features == Features.MOTION else 1.0
    return torch.from_numpy(clip.rows * np.float32(scale))


def _probe(
    labels: tuple[str, ...],
    space: Space[Motion],
    features: Features,
    network: AttentiveProbe,
    options: dict[str, int],
) -> TrainedProbe:
    network.eval().requires_grad_(requires_grad=False)
    sums = [float(value.double().sum()) for value in network.state_dict().values()]
    mark = fingerprint_of([list(labels), space.model_id, space.revision, EPS, options, sums])
    model = Model("attentive-probe", mark[:16])
    return TrainedProbe(labels, space, model, network, options, features)
