"""The presets with what they use, and whether its files are here."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from attrs import frozen

from kuavi.domain.plan import ModelSpec, Preset, Source, Weights
from kuavi.domain.presets import PRESETS


@frozen
class PortStatus:
    """One port of a preset: `missing` are the packages and files of weights that aren't there."""

    port: str
    spec: ModelSpec
    missing: tuple[str, ...]

    @property
    def weights(self) -> tuple[Weights, ...]:
        """All weights the model is made of; none for one without."""
        every = (self.spec.weights, *self.spec.more_weights)
        return tuple(weights for weights in every if weights.source != Source.NONE)


@frozen
class PresetStatus:
    preset: Preset
    ports: tuple[PortStatus, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for port in self.ports for name in port.missing))

    @property
    def weights(self) -> tuple[Weights, ...]:
        """All weights; those that several ports share, once."""
        every = {
            (weights.source, weights.location): weights
            for port in self.ports
            for weights in port.weights
        }
        return tuple(every.values())

    @property
    def megabytes(self) -> float:
        return sum(weights.megabytes for weights in self.weights)


def presets() -> tuple[PresetStatus, ...]:
    """Every preset.  Files are looked for, not read: use checks their hashes."""
    return tuple(
        PresetStatus(
            preset,
            tuple(
                PortStatus(port, spec, _missing_of(spec)) for port, spec in preset.models.items()
            ),
        )
        for preset in PRESETS.values()
    )


def _missing_of(spec: ModelSpec) -> tuple[str, ...]:
    every = (spec.weights, *spec.more_weights)
    return tuple(name for weights in every for name in missing(weights))


def missing(weights: Weights) -> tuple[str, ...]:
    """The package or the files that aren't there."""
    match weights.source:
        case Source.NONE:
            return ()
        case Source.PACKAGE:
            found = find_spec(weights.location)
            folders = list(found.submodule_search_locations or ()) if found else []
            return _absent(weights, folders) if folders else (f"package {weights.location}",)
        case Source.DIRECTORY:
            return _absent(weights, [str(Path(weights.location).expanduser())])
        case Source.HUB:
            return (f"hub {weights.location} (looked for when it is used)",)


def _absent(weights: Weights, folders: Sequence[str]) -> tuple[str, ...]:
    return tuple(
        f"{weights.location}/{name}"
        for name in weights.files
        if not any((Path(folder) / name).is_file() for folder in folders)
    )
