"""Shot detector port: frames in time order in, cuts out."""

from typing import Protocol

from kuavi.domain.evidence import Evidence, Model
from kuavi.domain.media import Frame, View
from kuavi.domain.outcome import Outcome
from kuavi.domain.shots import Cut
from kuavi.ports.models import ModelFailure


class ShotTracker(Protocol):
    """One video's detection under way; it may hold a bounded number of frames back."""

    def push(self, frame: Frame) -> Outcome[tuple[Cut, ...], ModelFailure]:
        """The next frame; returns the cuts that are now certain, ascending."""
        ...

    def finish(self) -> Outcome[tuple[Cut, ...], ModelFailure]:
        """No more frames; returns the remaining cuts."""
        ...


class ShotDetector(Protocol):
    """Finds cuts while a video is decoded.  Contract: tests/contract/test_shot_detector.py."""

    @property
    def model(self) -> Model: ...

    @property
    def evidence(self) -> Evidence: ...

    @property
    def view(self) -> View:
        """The frames it needs."""
        ...

    def start(self) -> Outcome[ShotTracker, ModelFailure]:
        """A tracker for one video."""
        ...
