"""Presets as JSON objects, by the rules of `as_json`."""

from collections.abc import Sequence

from kuavi.apps.cli.as_json import Object
from kuavi.apps.toolbox.presets import CaptionStatus, PortStatus, PresetStatus
from kuavi.domain.plan import Weights
from kuavi.domain.windows import Windowing


def of_presets(presets: Sequence[PresetStatus], captions: Sequence[CaptionStatus]) -> Object:
    return {
        "presets": [_preset(status) for status in presets],
        "caption_presets": [_captions(status) for status in captions],
    }


def _captions(status: CaptionStatus) -> Object:
    preset = status.preset
    return {
        "name": preset.name,
        "summary": preset.summary,
        "licence": preset.licence,
        "vram_gb": preset.vram_gb,
        "any_model": preset.any_model,
        "missing": list(status.missing),
        "ports": {port.port: _port(port) for port in status.ports},
    }


def _preset(status: PresetStatus) -> Object:
    return {
        "name": status.preset.name,
        "summary": status.preset.summary,
        "megabytes": status.megabytes,
        "installed": not status.missing,
        "missing": list(status.missing),
        "sample_fps": status.preset.sample_fps,
        "windowing": _windowing(status.preset.windowing),
        "windowings": {
            name: _windowing(windowing) for name, windowing in status.preset.windowings.items()
        },
        "memory_gb": status.preset.memory_gb,
        "ports": {port.port: _port(port) for port in status.ports},
        "extras": {port.port: _port(port) for port in status.extras},
    }


def _windowing(windowing: Windowing) -> Object:
    weighing = windowing.weighing.value
    return {"size": windowing.size, "stride": windowing.stride, "weighing": weighing}


def _port(port: PortStatus) -> Object:
    return {
        "adapter": port.spec.adapter,
        "model": port.spec.model_id,
        "revision": port.spec.revision,
        "installed": not port.missing,
        "weights": [_weights(weights) for weights in port.weights],
    }


def _weights(weights: Weights) -> Object:
    return {
        "source": weights.source.value,
        "location": weights.location,
        "origin": weights.origin,
        "licence": weights.licence,
        "terms": weights.terms,
        "megabytes": weights.megabytes,
    }
