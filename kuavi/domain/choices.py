"""What a user says about a preset's models: which, where their files lie, what is allowed.

Pure: a preset and the choices give another preset, whose specs say the same to every adapter.
"""

from collections.abc import Mapping
from typing import Any

from attrs import Factory, evolve, frozen
from returns.result import Failure, Success

from kuavi.domain.budget import Price
from kuavi.domain.caption_presets import CAPTION_PRESETS, CaptionPreset, with_captions
from kuavi.domain.hub_weights import (
    BGE_SMALL,
    EMBEDDINGGEMMA,
    MINILM_L12,
    MPNET,
    WHISPER_LARGE_V3,
    WHISPER_MEDIUM,
    WHISPER_SMALL,
)
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec, Preset, Source, Weights

TELLERS = ("captioner", "aggregator")


def _by_name(*specs: ModelSpec) -> dict[str, ModelSpec]:
    return {spec.model_id.rpartition("/")[2]: spec for spec in specs}


ALTERNATIVES: Mapping[str, Mapping[str, ModelSpec]] = {
    "text": _by_name(MINILM_L12, MPNET, BGE_SMALL, EMBEDDINGGEMMA),
    "transcriber": _by_name(WHISPER_SMALL, WHISPER_MEDIUM, WHISPER_LARGE_V3),
}
"""Models that may take the place of a preset's, by port and name."""


@frozen
class ModelChoices:
    """`models` names an alternative by port, `weights` a directory by what it holds the files of
    (a hub id, a package, a model id).  `download` lets the hub be asked for what is not here;
    `accept_licences` takes weights that are gated or not for commercial use.  `captions` names a
    caption preset, `caption_server` the address of its server, if it has one, `caption_price` what
    its models cost.
    """

    models: Mapping[str, str] = Factory(dict)
    weights: Mapping[str, str] = Factory(dict)
    download: bool = False
    accept_licences: bool = False
    captions: str = "none"
    caption_server: str = ""
    caption_price: Price | None = None


NO_CHOICES = ModelChoices()


@frozen
class BadChoice:
    """A choice that fits nothing, in words."""

    reason: str

    def __str__(self) -> str:
        return self.reason


def chosen(preset: Preset, choices: ModelChoices) -> Outcome[Preset, BadChoice]:
    """The preset with the choices made."""
    replaced = _replaced(preset, choices.models)
    if isinstance(replaced, Failure):
        return replaced
    made = replaced.unwrap()
    unknown = sorted(choices.weights.keys() - known_names(made))
    if unknown:
        known = ", ".join(sorted(known_names(made)))
        reason = f"preset {preset.name} has no weights {', '.join(unknown)}; it has {known}"
        return Failure(BadChoice(reason))
    settled: dict[str, Any] = {port: _settled(spec, choices) for port, spec in made.models.items()}
    for port in ("predictor", "captioner", "aggregator"):
        spec = made.extras.get(port)
        if spec is not None:
            settled[port] = _settled(spec, choices)
    settled["classifiers"] = {
        task: _settled(spec, choices) for task, spec in made.classifiers.items()
    }
    return Success(evolve(made, **settled))


def known_names(preset: Preset) -> set[str]:
    """The names that a directory of weights may be given for."""
    specs = (*preset.models.values(), *preset.extras.values())
    places = {weights.location for spec in specs for weights in spec.every_weights}
    return {*places, *(spec.model_id for spec in specs if spec.every_weights)}


def with_caption_choice(preset: Preset, choices: ModelChoices) -> Outcome[Preset, BadChoice]:
    """The preset with the captioning models that are chosen, under the names that are given."""
    captions = CAPTION_PRESETS.get(choices.captions)
    if captions is None:
        known = ", ".join(CAPTION_PRESETS)
        return Failure(BadChoice(f"no caption preset {choices.captions!r}; known: {known}"))
    made = with_captions(preset, captions)
    specs: dict[str, Any] = {}
    for port in TELLERS:
        spec = made.extras.get(port)
        if spec is None:
            continue
        name = choices.models.get(port)
        if name is not None:
            named = _named(spec, captions, port, name)
            if isinstance(named, Failure):
                return named
            spec = named.unwrap()
        if choices.caption_server:
            spec = evolve(spec, options={**spec.options, "base_url": choices.caption_server})
        price = choices.caption_price
        if price is not None:
            paid = {"usd_in": price.input_usd, "usd_out": price.output_usd}
            spec = evolve(spec, options={**spec.options, **paid})
        specs[port] = spec
    return Success(evolve(made, **specs))


def _named(
    spec: ModelSpec, captions: CaptionPreset, port: str, name: str
) -> Outcome[ModelSpec, BadChoice]:
    if captions.any_model:
        return Success(evolve(spec, model_id=name))
    offered = captions.alternatives.get(port, {})
    if name in offered:
        return Success(offered[name])
    known = f"choose {', '.join(offered)}" if offered else "it has no other"
    return Failure(BadChoice(f"no model {name!r} for {port} of {captions.name}; {known}"))


def _replaced(preset: Preset, names: Mapping[str, str]) -> Outcome[Preset, BadChoice]:
    specs: dict[str, Any] = {}
    for port, name in names.items():
        if port in TELLERS:
            continue
        offered = ALTERNATIVES.get(port, {})
        if name not in offered:
            ports = ", ".join(ALTERNATIVES)
            known = f"choose {', '.join(offered)}" if offered else f"ports with a choice: {ports}"
            return Failure(BadChoice(f"no model {name!r} for {port}; {known}"))
        specs[port] = offered[name]
    return Success(evolve(preset, **specs))


def _settled(spec: ModelSpec, choices: ModelChoices) -> ModelSpec:
    """The spec with its weights where the user has them, and the options that follow.

    The folder of a model's id has what is fetched by hand, else its first weights.
    """
    own = choices.weights.get(spec.model_id)
    by_hand = any(weights.source == Source.WEB for weights in spec.every_weights)
    weights, *more = (
        _placed(
            given, choices, own if given.source == Source.WEB or (not by_hand and not i) else None
        )
        for i, given in enumerate((spec.weights, *spec.more_weights))
    )
    options = dict(spec.options)
    if choices.download:
        options["download"] = True
    return evolve(spec, weights=weights, more_weights=tuple(more), options=options)


def _placed(weights: Weights, choices: ModelChoices, own: str | None) -> Weights:
    folder = choices.weights.get(weights.location) or own
    placed = weights
    if folder and weights.source != Source.NONE:
        placed = evolve(weights, source=Source.DIRECTORY, location=folder)
    return evolve(placed, terms="") if choices.accept_licences else placed
