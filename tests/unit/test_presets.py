"""Presets pin what they use and say where it comes from."""

import pytest

from kuavi.domain.fingerprint import fingerprint
from kuavi.domain.plan import Preset, Source
from kuavi.domain.presets import PRESETS


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_every_file_is_pinned_and_every_source_told(preset: Preset) -> None:
    for port, spec in preset.models.items():
        for weights in (spec.weights, *spec.more_weights):
            assert weights.licence, port
            if weights.source != Source.NONE:
                assert weights.files, port
                assert weights.origin, port
                assert weights.megabytes > 0, port
            for sha256 in weights.files.values():
                fingerprint(sha256)


def test_presets_are_named_by_their_key() -> None:
    assert {name: preset.name for name, preset in PRESETS.items()} == {
        "embedded": "embedded",
        "fake": "fake",
    }


def test_the_fake_preset_uses_fakes_only() -> None:
    assert {spec.adapter for spec in PRESETS["fake"].models.values()} == {"fake"}


def test_the_embedded_preset_needs_no_hub() -> None:
    for spec in PRESETS["embedded"].models.values():
        sources = {weights.source for weights in (spec.weights, *spec.more_weights)}
        assert sources <= {Source.PACKAGE, Source.NONE}
