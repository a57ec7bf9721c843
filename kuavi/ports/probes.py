"""Probe port: classifiers that a user trains on frozen features of labelled spans."""

from collections.abc import Sequence
from typing import Protocol, TypeAlias

from attrs import frozen

from kuavi.domain.evidence import Evidence, Fitted, Model
from kuavi.domain.features import Features
from kuavi.domain.holdout import HeldOut
from kuavi.domain.outcome import Outcome
from kuavi.domain.space import Embeddings, Motion, Space
from kuavi.ports.classifiers import Probabilities
from kuavi.ports.models import ModelFailure


@frozen
class ProbeUnreadable:
    """A probe file that is missing, damaged or something else."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}; make one with `kuavi probe train LABELS.csv`"


@frozen
class ProbeUnwritable:
    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


class Probe(Protocol):
    """A classifier on rows of one motion space.  Contract: tests/contract/test_probe.py."""

    @property
    def features(self) -> Features:
        """What the rows are that it was trained on."""
        ...

    @property
    def labels(self) -> tuple[str, ...]: ...

    @property
    def space(self) -> Space[Motion]: ...

    @property
    def model(self) -> Model: ...

    def classify(self, clips: Sequence[Embeddings[Motion]]) -> Outcome[Probabilities, ModelFailure]:
        """One row per clip, in order; a clip is one or more rows of `space`, in any number."""
        ...


@frozen(eq=False)
class Lesson:
    """What a probe is trained on: clips of one space, and for each the ordinal of its label."""

    space: Space[Motion]
    labels: tuple[str, ...]
    clips: tuple[Embeddings[Motion], ...]
    answers: tuple[int, ...]
    features: Features = Features.MOTION

    def __attrs_post_init__(self) -> None:
        if len(self.clips) != len(self.answers):
            raise ValueError(f"{len(self.clips)} clips, {len(self.answers)} answers")
        if set(self.answers) != set(range(len(self.labels))):
            raise ValueError("each label needs an example, and each answer a label")


@frozen(eq=False)
class SavedProbe:
    """A probe with the score it was saved with."""

    probe: Probe
    held_out: HeldOut

    @property
    def evidence(self) -> Evidence:
        return evidence_of(self.held_out, self.probe.features)


def evidence_of(held_out: HeldOut, features: Features) -> Evidence:
    """By what a probe answers: how many examples it learned from, of what, and its score."""
    on = f"{held_out.learned_from} labelled spans, held out by {held_out.by}"
    if features == Features.MAPS:
        on = f"the feature maps of {on}"
    return Fitted(on, "accuracy", held_out.accuracy)


SaveFailure: TypeAlias = ModelFailure | ProbeUnwritable


class ProbeKit(Protocol):
    """Trains, saves and loads probes."""

    def train(self, lesson: Lesson) -> Outcome[Probe, ModelFailure]:
        """The same lesson gives the same probe."""
        ...

    def save(self, probe: Probe, held_out: HeldOut, path: str) -> Outcome[str, ProbeUnwritable]:
        """Write a probe of this kit whole or not at all; returns the absolute path."""
        ...

    def load(self, path: str) -> Outcome[SavedProbe, ProbeUnreadable]:
        """A saved probe, which answers as it did when it was saved."""
        ...
