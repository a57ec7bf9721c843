"""The composition root: paths and presets become ports."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from attrs import frozen
from returns.result import Failure, Success

from kuavi.apps.usecases.ports import ForesightPorts, IndexPorts, LookPorts, SearchPorts
from kuavi.apps.wiring.models import Models
from kuavi.apps.wiring.registry import Family
from kuavi.domain.manifest import Tier
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import IndexPlan
from kuavi.domain.presets import PRESETS
from kuavi.ports.clock import Clock
from kuavi.ports.files import Files
from kuavi.ports.library import Library, LibraryFailure
from kuavi.ports.models import ModelUnavailable
from kuavi.ports.pictures import Pictures
from kuavi.ports.plots import Plots
from kuavi.ports.progress import Progress
from kuavi.ports.reader import FrameReader


@frozen
class UnknownPreset:
    name: str

    def __str__(self) -> str:
        return f"no preset {self.name!r}; known: {', '.join(PRESETS)}"


ComposeFailure: TypeAlias = UnknownPreset | LibraryFailure


@frozen
class Tools:
    """The ports that need no model."""

    library: Library
    files: Files
    reader: FrameReader
    pictures: Pictures
    clock: Clock

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


def open_tools(path: str, create: bool) -> Outcome[Tools, LibraryFailure]:
    """Open the library at a path, or with `create` make one there."""
    opened: Outcome[Library, LibraryFailure] = Family("libraries").builder("lance")(path, create)
    if isinstance(opened, Failure):
        return opened
    return Success(
        Tools(
            opened.unwrap(),
            Family("files").builder("local")(),
            Family("readers").builder("isolated")(),
            Family("pictures").builder("pillow")(),
            Family("clocks").builder("system")(),
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
    scan = models.scan()
    if isinstance(scan, Failure):
        return scan
    words = models.words() if plan.tier != Tier.SCAN else Success(None)
    if isinstance(words, Failure):
        return words
    return Success(
        IndexPorts(
            tools.library,
            tools.files,
            Family("readers").builder("ahead")(tools.reader),
            tools.pictures,
            scan.unwrap(),
            words.unwrap(),
            tools.clock,
            progress,
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
        )
    )


def foresight_ports(tools: Tools, models: Models) -> Outcome[ForesightPorts, ModelUnavailable]:
    """What foresight and coherence need; without a predictor, where the preset has none."""
    joint, clips, predictor = models.joint(), models.clips(), models.predictor()
    if isinstance(joint, Failure):
        return joint
    if isinstance(clips, Failure):
        return clips
    if isinstance(predictor, Failure):
        return predictor
    return Success(
        ForesightPorts(
            tools.library,
            tools.files,
            tools.reader,
            tools.pictures,
            clips.unwrap(),
            joint.unwrap(),
            predictor.unwrap(),
        )
    )


def plots() -> Outcome[Plots, ModelUnavailable]:
    """What draws curves; loaded when a picture is asked for."""
    try:
        built: Plots = Family("plots").builder("matplotlib")()
    except ImportError as error:
        return Failure(
            ModelUnavailable(
                "plots",
                f"the Python package {error.name or error} is not installed",
                "pip install 'kuavi[embedded]'",
            )
        )
    return Success(built)
