"""The composition root: paths and presets become ports."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from attrs import evolve, frozen
from returns.result import Failure, Success

from kuavi.apps.usecases.classify import NOT_RELEASED, NoClassifier, WeightsNotReleased
from kuavi.apps.usecases.ports import IndexPorts, LookPorts, ProbePorts, SearchPorts
from kuavi.apps.wiring.heap import give_back_large
from kuavi.apps.wiring.models import Models
from kuavi.apps.wiring.registry import Family
from kuavi.apps.wiring.warming import Warming
from kuavi.domain.limits import DecodeLimits
from kuavi.domain.manifest import Tier
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import IndexPlan
from kuavi.domain.presets import PRESETS
from kuavi.domain.sketch import Engine
from kuavi.ports.classifiers import ClipClassifier
from kuavi.ports.clock import Clock
from kuavi.ports.files import Files
from kuavi.ports.library import Library, LibraryFailure
from kuavi.ports.models import ModelUnavailable
from kuavi.ports.pictures import Pictures
from kuavi.ports.probes import ProbeKit
from kuavi.ports.progress import Progress
from kuavi.ports.reader import FrameReader


@frozen
class UnknownPreset:
    name: str

    def __str__(self) -> str:
        return f"no preset {self.name!r}; known: {', '.join(PRESETS)}"


SCRATCH = "cache"
"""The folder of a library whose content may be lost at any time."""

ComposeFailure: TypeAlias = UnknownPreset | LibraryFailure


@frozen
class Tools:
    """The ports that need no model, and what counts the bits of sketches."""

    library: Library
    files: Files
    reader: FrameReader
    pictures: Pictures
    clock: Clock
    engine: Engine

    def look(self) -> LookPorts:
        return LookPorts(self.library, self.files, self.reader, self.pictures)


def default_library() -> str:
    """Where the library is unless told otherwise: $KUAVI_LIBRARY, or the user's data folder."""
    named = os.environ.get("KUAVI_LIBRARY")
    if named:
        return str(Path(named).expanduser().absolute())
    data = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return str(Path(data) / "kuavi" / "library")


def default_jobs() -> int:
    """Videos indexed at a time unless told otherwise: one a core this process may use, at most 4.

    More would wait for each other at the models.
    """
    return min(len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1, 4)


def open_tools(
    path: str, create: bool, limits: DecodeLimits | None = None
) -> Outcome[Tools, LibraryFailure]:
    """Open the library at a path, or with `create` make one there."""
    opened: Outcome[Library, LibraryFailure] = Family("libraries").builder("lance")(path, create)
    if isinstance(opened, Failure):
        return opened
    return Success(
        Tools(
            opened.unwrap(),
            Family("files").builder("local")(),
            Family("readers").builder("isolated")(limits),
            Family("pictures").builder("pillow")(),
            Family("clocks").builder("system")(),
            Warming(),
        )
    )


def open_models(preset: str, given: Mapping[str, object]) -> Outcome[Models, UnknownPreset]:
    """The models of a preset; nothing is loaded yet."""
    if preset not in PRESETS:
        return Failure(UnknownPreset(preset))
    return Success(Models(PRESETS[preset], given))


def index_ports(
    tools: Tools, models: Models, plan: IndexPlan, progress: Progress
) -> Outcome[IndexPorts, ModelUnavailable]:
    """Everything a plan needs, built before work begins."""
    give_back_large()
    scan = models.scan()
    if isinstance(scan, Failure):
        return scan
    maps = models.maps() if plan.tier == Tier.DEEP else Success(None)
    if isinstance(maps, Failure):
        return maps
    words = models.words() if plan.tier != Tier.SCAN else Success(None)
    if isinstance(words, Failure):
        return words
    return Success(
        IndexPorts(
            tools.library,
            tools.files,
            Family("readers").builder("ahead")(tools.reader),
            tools.pictures,
            evolve(scan.unwrap(), maps=maps.unwrap()),
            words.unwrap(),
            tools.clock,
            progress,
            Family("scratch").builder("disk")(str(Path(tools.library.path) / SCRATCH)),
        )
    )


def search_ports(tools: Tools, models: Models) -> Outcome[SearchPorts, ModelUnavailable]:
    """What search needs."""
    joint, clips, text = models.joint(), models.clips(), models.text()
    if isinstance(joint, Failure):
        return joint
    if isinstance(clips, Failure):
        return clips
    if isinstance(text, Failure):
        return text
    return Success(
        SearchPorts(
            tools.library,
            tools.files,
            tools.pictures,
            joint.unwrap(),
            clips.unwrap(),
            text.unwrap(),
            tools.engine,
        )
    )


def probe_ports(tools: Tools, models: Models) -> Outcome[ProbePorts, ModelUnavailable]:
    """What probes need; the clip encoder only names its space."""
    clips = models.clips()
    if isinstance(clips, Failure):
        return clips
    try:
        kit: ProbeKit = Family("probes").builder("attentive")()
    except ImportError as error:
        reason = f"the Python package {error.name or error} is not installed"
        remedy = f"pip install 'kuavi[{models.preset.extra}]'"
        return Failure(ModelUnavailable("attentive-probe", reason, remedy))
    return Success(ProbePorts(tools.library, tools.files, kit, clips.unwrap().space))


ClassifierFailure: TypeAlias = WeightsNotReleased | NoClassifier | ModelUnavailable


def classifier(models: Models, task: str) -> Outcome[ClipClassifier, ClassifierFailure]:
    """The preset's released classifier for a task."""
    known = models.preset.classifiers
    if task not in known and task in NOT_RELEASED:
        return Failure(WeightsNotReleased(task))
    if task not in known:
        return Failure(NoClassifier(task, models.preset.name, tuple(known)))
    return models.classifier(task)
