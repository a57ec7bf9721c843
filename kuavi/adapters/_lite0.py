"""EfficientNet-Lite0: what each frame looks like, computed once however many adapters ask.

The network and its ImageNet classes: Tan & Le, "EfficientNet" (arXiv 1905.11946), Lite variant.
"""

from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from threading import Lock
from weakref import WeakKeyDictionary

import cv2
import numpy as np
from attrs import frozen
from returns.result import Failure, Success

from kuavi.adapters._arrays import Vector
from kuavi.adapters._onnx import Session, run, session_for
from kuavi.adapters._weights import Verified
from kuavi.domain.media import Frame, Pixels
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.domain.space import Matrix
from kuavi.ports.models import ModelFailure, ModelUnavailable

NETWORK = "EfficientNet-Lite0"
SIDE = 224
N_CLASSES = 1000
N_FEATURES = 1280
BATCH = 2
"""Larger batches take more memory and are no faster on a CPU."""
REMEMBERED = 1024
"""Pictures whose results are kept: 9 MB."""
THREADS = 1
"""The frames are decoded meanwhile, which keeps the other cores busy; two threads on one frame cost
a fifth more CPU time for the same values."""


@frozen(eq=False)
class Looks:
    """Of n frames: `logits` (n, 1000) of the ImageNet classes, `features` (n, 1280) before them.

    Features are means of ReLU6 activations: not negative, not normalised.
    """

    logits: Matrix
    features: Matrix

    def probabilities(self, temperature: float) -> Matrix:
        """Softmax of the logits divided by the temperature: (n, 1000), rows summing to 1."""
        scaled = self.logits / np.float32(temperature)
        shares = np.exp(scaled - scaled.max(axis=1, keepdims=True, initial=-np.inf))
        return shares / shares.sum(axis=1, keepdims=True)


class Lite0:
    """Runs the network, remembering results as long as a frame lives, and the latest by content.

    Several adapters ask about the same frames: only the first has them fitted and looked at.
    Pictures that do not change, as cards, go through the network once.
    """

    def __init__(self, session: Session, remembered: int = REMEMBERED) -> None:
        self._session = session
        self._remembered = remembered
        self._of_frame: WeakKeyDictionary[Frame, Vector] = WeakKeyDictionary()
        self._known: OrderedDict[bytes, Vector] = OrderedDict()
        self._lock = Lock()
        self.runs = 0
        """Frames that went through the network."""

    def look(self, frames: Sequence[Frame]) -> Outcome[Looks, ModelFailure]:
        """Logits and features of each frame, in order; frames may differ in size."""
        with self._lock:
            found = {frame: self._of_frame[frame] for frame in frames if frame in self._of_frame}
        new = [frame for frame in dict.fromkeys(frames) if frame not in found]
        for start in range(0, len(new), BATCH):
            batch = new[start : start + BATCH]
            part = self._rows([fitted(frame.pixels) for frame in batch])
            if isinstance(part, Failure):
                return part
            found |= zip(batch, part.unwrap(), strict=True)
        with self._lock:
            self._of_frame.update((frame, found[frame]) for frame in new)
        rows = np.empty((len(frames), N_CLASSES + N_FEATURES), dtype=np.float32)
        for position, frame in enumerate(frames):
            rows[position] = found[frame]
        return Success(Looks(rows[:, :N_CLASSES], rows[:, N_CLASSES:]))

    def _rows(self, pictures: Sequence[Pixels]) -> Outcome[Matrix, ModelFailure]:
        """Logits beside features (n, 2280) of pictures of the network's size."""
        names = [blake2b(picture.tobytes(), digest_size=16).digest() for picture in pictures]
        rows = self._recalled(names)
        new = {name: p for name, p in zip(names, pictures, strict=True) if name not in rows}
        if new:
            ran = run(NETWORK, self._session, {"pictures": np.stack(list(new.values()))})
            if isinstance(ran, Failure):
                return ran
            found = dict(zip(new, np.concatenate(ran.unwrap(), axis=1), strict=True))
            self._remember(found)
            rows |= found
        return Success(np.stack([rows[name] for name in names]))

    def _recalled(self, names: Sequence[bytes]) -> dict[bytes, Vector]:
        with self._lock:
            rows = {name: self._known[name] for name in names if name in self._known}
            for name in rows:
                self._known.move_to_end(name)
        return rows

    def _remember(self, rows: dict[bytes, Vector]) -> None:
        with self._lock:
            self.runs += len(rows)
            self._known |= rows
            while len(self._known) > self._remembered:
                self._known.popitem(last=False)


def fitted(pixels: Pixels) -> Pixels:
    """A picture squashed to the network's square: area average to shrink, bilinear to enlarge.

    A squash keeps the edges of wide video, which a centre crop would lose.
    """
    height, width = pixels.shape[:2]
    if (height, width) == (SIDE, SIDE):
        return pixels
    shrinks = height >= SIDE and width >= SIDE
    return cv2.resize(
        pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    )


def lite0_for(spec: ModelSpec, weights: Verified) -> Outcome[Lite0, ModelUnavailable]:
    """The process's one runner for these weights; option `threads` limits its threads."""
    threads = int(spec.options.get("threads", THREADS))
    session = session_for(spec.model_id, "lite0", weights, threads)
    if isinstance(session, Failure):
        return session
    return Success(_runner(session.unwrap()))


@lru_cache(maxsize=4)
def _runner(session: Session) -> Lite0:
    return Lite0(session)
