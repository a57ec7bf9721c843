"""Encoder ports: pictures, text and clips in, vectors of one space out.

Every encoder answers alike for an item alone and in a batch, leaves its input untouched, and gives
rows of length 1 or, for input without any signal, 0.
"""

from collections.abc import Sequence
from typing import Protocol

from kuavi.domain.evidence import Evidence, Model
from kuavi.domain.features import FeatureMap
from kuavi.domain.media import Frame
from kuavi.domain.outcome import Outcome
from kuavi.domain.space import Embeddings, Joint, Motion, Space, Text
from kuavi.ports.models import ModelFailure


class JointEncoder(Protocol):
    """Pictures and text in one space.  Contract: tests/contract/test_joint_encoder.py."""

    @property
    def space(self) -> Space[Joint]: ...

    @property
    def model(self) -> Model: ...

    @property
    def evidence(self) -> Evidence: ...

    def encode_frames(self, frames: Sequence[Frame]) -> Outcome[Embeddings[Joint], ModelFailure]:
        """One row per frame, in order; frames may differ in size."""
        ...

    def encode_texts(self, texts: Sequence[str]) -> Outcome[Embeddings[Joint], ModelFailure]:
        """One row per text, in order, comparable with the frames' rows by cosine."""
        ...


class TextEncoder(Protocol):
    """Sentences.  Contract: tests/contract/test_text_encoder.py."""

    @property
    def space(self) -> Space[Text]: ...

    @property
    def model(self) -> Model: ...

    @property
    def evidence(self) -> Evidence: ...

    @property
    def floor(self) -> float:
        """Sentences below this cosine have nothing to do with each other."""
        ...

    def encode(self, texts: Sequence[str]) -> Outcome[Embeddings[Text], ModelFailure]:
        """One row per text, in order."""
        ...

    def encode_queries(self, texts: Sequence[str]) -> Outcome[Embeddings[Text], ModelFailure]:
        """As `encode`, of what is asked for: comparable with `encode`'s rows by cosine.

        The same where the model makes no difference between questions and answers.
        """
        ...


class ClipEncoder(Protocol):
    """Windows of frames.  Contract: tests/contract/test_clip_encoder.py."""

    @property
    def space(self) -> Space[Motion]: ...

    @property
    def model(self) -> Model: ...

    @property
    def evidence(self) -> Evidence: ...

    @property
    def step(self) -> int:
        """Frames per step (the tubelet): a window's size must be a multiple of it."""
        ...

    def encode(
        self, windows: Sequence[Sequence[Frame]]
    ) -> Outcome[tuple[Embeddings[Motion], ...], ModelFailure]:
        """For each window of frames, one row per step in time order: (len(window) // step, dim).

        All windows have the same number of frames, a multiple of `step`, sampled evenly in time.
        """
        ...


class FeatureEncoder(Protocol):
    """A further ability of some clip encoders: what they see at each place.

    Contract: tests/contract/test_clip_encoder.py.
    """

    @property
    def feature_space(self) -> Space[Motion]:
        """That of single places; not the space of steps, which are pooled and normalised."""
        ...

    def features(
        self, windows: Sequence[Sequence[Frame]]
    ) -> Outcome[tuple[FeatureMap, ...], ModelFailure]:
        """For each window, as in `ClipEncoder.encode`, a map (steps, rows, columns, dim)."""
        ...
