"""The presets with what they use, and whether its files are here; and the plan one stands for."""

from attrs import frozen
from returns.result import Failure

from kuavi.apps.toolbox.errors import KuaviError
from kuavi.apps.wiring.compose import UnknownPreset, known_preset
from kuavi.apps.wiring.models import missing_weights
from kuavi.domain.caption_presets import CAPTION_PRESETS, CaptionPreset
from kuavi.domain.choices import NO_CHOICES, ModelChoices
from kuavi.domain.plan import IndexPlan, ModelSpec, Preset, Weights
from kuavi.domain.presets import PRESETS, plan_for, windowing_named


@frozen
class PortStatus:
    """One port of a preset; `missing` says which packages and weights aren't there."""

    port: str
    spec: ModelSpec
    missing: tuple[str, ...]

    @property
    def weights(self) -> tuple[Weights, ...]:
        """All weights the model is made of; none for one without."""
        return self.spec.every_weights


@frozen
class PresetStatus:
    """`extras` are the ports that indexing and searching do without."""

    preset: Preset
    ports: tuple[PortStatus, ...]
    extras: tuple[PortStatus, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for port in self.ports for name in port.missing))

    @property
    def weights(self) -> tuple[Weights, ...]:
        """All weights of the ports; those that several share, once."""
        every = {
            (weights.source, weights.location): weights
            for port in self.ports
            for weights in port.weights
        }
        return tuple(every.values())

    @property
    def megabytes(self) -> float:
        return sum(weights.megabytes for weights in self.weights)


@frozen
class CaptionStatus:
    """A caption preset with its models; `missing` says which packages and weights aren't there."""

    preset: CaptionPreset
    ports: tuple[PortStatus, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for port in self.ports for name in port.missing))


def caption_presets() -> tuple[CaptionStatus, ...]:
    """Every caption preset.  Files are looked for, nothing is asked of servers."""
    return tuple(_captions(preset) for preset in CAPTION_PRESETS.values())


def _captions(preset: CaptionPreset) -> CaptionStatus:
    specs = {"captioner": preset.captioner, "aggregator": preset.aggregator}
    return CaptionStatus(
        preset,
        tuple(
            PortStatus(port, spec, missing_weights(spec))
            for port, spec in specs.items()
            if spec is not None
        ),
    )


def presets(choices: ModelChoices = NO_CHOICES) -> tuple[PresetStatus, ...]:
    """Every preset.  Files are looked for, not read: use checks their hashes."""
    return tuple(_status(_settled(name, choices)) for name in PRESETS)


def _settled(name: str, choices: ModelChoices) -> Preset:
    """The preset with the choices made, where they fit it."""
    made = known_preset(name, choices)
    return PRESETS[name] if isinstance(made, Failure) else made.unwrap()


def _status(preset: Preset) -> PresetStatus:
    def of(specs: dict[str, ModelSpec]) -> tuple[PortStatus, ...]:
        return tuple(PortStatus(port, spec, missing_weights(spec)) for port, spec in specs.items())

    return PresetStatus(preset, of(preset.models), of(preset.extras))


def plan_of(
    scene_model_preset: str, sample_fps: float | None = None, windowing: str | None = None
) -> IndexPlan:
    """A preset's plan, with what is told otherwise; `windowing` by name or as SIZE/STRIDE.

    Raises:
        KuaviError: no such preset, or no such windowing.
    """
    if scene_model_preset not in PRESETS:
        raise KuaviError(UnknownPreset(scene_model_preset))
    preset = PRESETS[scene_model_preset]
    try:
        return plan_for(preset, sample_fps, windowing_named(preset, windowing or "default"))
    except ValueError as error:
        raise KuaviError(error) from error
