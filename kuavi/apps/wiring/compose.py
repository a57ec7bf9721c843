"""The composition root: paths and presets become ports."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from attrs import evolve, frozen
from returns.result import Failure, Success

from kuavi.adapters._memory import resident_mb
from kuavi.apps.usecases.ports import (
    IndexPorts,
    LookPorts,
    ScanPorts,
    SearchPorts,
)
from kuavi.apps.wiring.heap import give_back_large
from kuavi.apps.wiring.models import SCAN, SEARCH, WORDS, Models
from kuavi.apps.wiring.registry import Family
from kuavi.apps.wiring.warming import Warming
from kuavi.domain.choices import (
    NO_CHOICES,
    BadChoice,
    ModelChoices,
    chosen,
    known_names,
    with_caption_choice,
)
from kuavi.domain.limits import DecodeLimits
from kuavi.domain.manifest import Tier
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import IndexPlan, Preset
from kuavi.domain.presets import PRESETS
from kuavi.domain.sketch import Engine
from kuavi.ports.clock import Clock
from kuavi.ports.files import Files
from kuavi.ports.library import Library, LibraryFailure
from kuavi.ports.models import ModelUnavailable
from kuavi.ports.pictures import Pictures
from kuavi.ports.progress import Progress
from kuavi.ports.reader import FrameReader

__all__ = [
    "BadPlan",
    "ComposeFailure",
    "ModelsFailure",
    "SomeUnavailable",
    "Tools",
    "UnknownPreset",
    "clock",
    "default_library",
    "index_ports",
    "jobs_for",
    "known_preset",
    "open_models",
    "open_tools",
    "resident_mb",
    "search_ports",
]


@frozen
class UnknownPreset:
    name: str

    def __str__(self) -> str:
        return f"no preset {self.name!r}; known: {', '.join(PRESETS)}"


SCRATCH = "cache"
"""The folder of a library whose content may be lost at any time."""


@frozen
class SomeUnavailable:
    """Several of a preset's models can't be built."""

    preset: str
    models: tuple[ModelUnavailable, ...]

    def __str__(self) -> str:
        listed = "; ".join(map(str, self.models))
        return (
            f"preset {self.preset} needs {len(self.models)} things that are not here "
            f"(`kuavi doctor --models` checks): {listed}"
        )


@frozen
class BadPlan:
    """A plan that the preset's models can't follow."""

    reason: str

    def __str__(self) -> str:
        return self.reason


ModelsFailure: TypeAlias = ModelUnavailable | SomeUnavailable
ComposeFailure: TypeAlias = UnknownPreset | BadChoice | LibraryFailure


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


def jobs_for(asked: int | None) -> int:
    """Videos to index at a time: so many, 0 for one a core, at most 4, or None for up to two.

    Two keep two cores busy; more wait for each other at the models and hold more memory.
    """
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    if asked is None:
        return min(cores, 2)
    return asked or min(cores, 4)


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
            clock(),
            Warming(),
        )
    )


def clock() -> Clock:
    made: Clock = Family("clocks").builder("system")()
    return made


def open_models(
    preset: str, given: Mapping[str, object], choices: ModelChoices = NO_CHOICES
) -> Outcome[Models, UnknownPreset | BadChoice]:
    """The models of a preset; nothing is loaded yet."""
    made = known_preset(preset, choices)
    return made if isinstance(made, Failure) else Success(Models(made.unwrap(), given))


def known_preset(name: str, choices: ModelChoices) -> Outcome[Preset, UnknownPreset | BadChoice]:
    """A preset by name, with the choices made and $KUAVI_WEIGHTS looked through."""
    if name not in PRESETS:
        return Failure(UnknownPreset(name))
    told = with_caption_choice(PRESETS[name], choices)
    if isinstance(told, Failure):
        return told
    named = chosen(told.unwrap(), ModelChoices(models=choices.models))
    if isinstance(named, Failure):
        return named
    weights = _own_weights(named.unwrap()) | dict(choices.weights)
    return chosen(named.unwrap(), evolve(choices, weights=weights))


def _own_weights(preset: Preset) -> dict[str, str]:
    """The folders of $KUAVI_WEIGHTS that bear the name of something the preset needs."""
    root = os.environ.get("KUAVI_WEIGHTS")
    if not root:
        return {}
    folders = {name: Path(root).expanduser() / name for name in known_names(preset)}
    return {name: str(folder.absolute()) for name, folder in folders.items() if folder.is_dir()}


def index_ports(
    tools: Tools, models: Models, plan: IndexPlan, progress: Progress
) -> Outcome[IndexPorts, ModelsFailure | BadPlan]:
    """Everything a plan needs, built before work begins."""
    give_back_large()
    wordless = plan.tier == Tier.SCAN
    ready = _looked_for(models, SCAN if wordless else (*SCAN, *WORDS))
    if isinstance(ready, Failure):
        return ready
    scan = models.scan(maps=plan.tier == Tier.DEEP)
    if isinstance(scan, Failure):
        return scan
    misfit = _misfit(plan, scan.unwrap())
    if misfit is not None:
        return Failure(misfit)
    words = Success(None) if wordless else models.words()
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
            Family("scratch").builder("disk")(str(Path(tools.library.path) / SCRATCH)),
        )
    )


def _looked_for(models: Models, ports: tuple[str, ...]) -> Outcome[None, ModelsFailure]:
    """Whether the weights of these ports are here: all that are not, told at once."""
    missing = tuple(dict.fromkeys(models.obstacles(*ports)))
    if len(missing) > 1:
        return Failure(SomeUnavailable(models.preset.name, missing))
    return Failure(missing[0]) if missing else Success(None)


def _misfit(plan: IndexPlan, scan: ScanPorts) -> BadPlan | None:
    size, step = plan.windowing.size, scan.clips.step
    if size % step == 0:
        return None
    return BadPlan(
        f"windows of {size} frames don't fit {scan.clips.model.model_id}, which sees {step} "
        f"frames at a step; use a multiple of {step}"
    )


def search_ports(tools: Tools, models: Models) -> Outcome[SearchPorts, ModelsFailure]:
    """What search needs."""
    ready = _looked_for(models, SEARCH)
    if isinstance(ready, Failure):
        return ready
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
