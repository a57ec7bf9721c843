"""Whether a preset's models work on this machine."""

from collections.abc import Iterator, Mapping

from attrs import evolve
from returns.result import Failure

from kuavi.apps.toolbox.errors import KuaviError
from kuavi.apps.usecases.check_models import ModelCheck, check_model
from kuavi.apps.wiring import compose
from kuavi.domain.choices import NO_CHOICES, ModelChoices

__all__ = ["ModelCheck", "check_models"]


def check_models(
    scene_model_preset: str = "embedded",
    choices: ModelChoices = NO_CHOICES,
    models: Mapping[str, object] | None = None,
) -> Iterator[ModelCheck]:
    """Build and try each model of a preset, one after the other; `models` as in `open_library`.

    What indexing and searching do without is tried where it is here, and not downloaded for it.

    Raises:
        KuaviError: no such preset or choice.
    """
    opened = compose.open_models(scene_model_preset, models or {}, choices)
    if isinstance(opened, Failure):
        raise KuaviError(opened.failure())
    preset = opened.unwrap().preset
    clock = compose.clock()
    for port, spec in (preset.models | preset.extras).items():
        extra = port in preset.extras
        one = ModelCheck(port, spec.model_id, None, (), extra)
        told = evolve(choices, download=choices.download and not extra)
        alone = compose.open_models(scene_model_preset, models or {}, told).unwrap()
        yield check_model(one, alone.port, clock, compose.resident_mb)
