"""Presets pin what they use, say where it comes from, and stand for a plan."""

import pytest

from kuavi.domain.choices import ALTERNATIVES
from kuavi.domain.fingerprint import fingerprint
from kuavi.domain.plan import ModelSpec, Source
from kuavi.domain.presets import PRESETS, plan_for, windowing_named
from kuavi.domain.windows import Weighing, Windowing

VJEPA2 = {"fast": 16, "balanced": 32, "quality": 64}
"""Frames of a window, by preset."""

SPECS = {
    f"{name}/{port}": spec
    for name, preset in PRESETS.items()
    for port, spec in (preset.models | preset.extras).items()
} | {f"{port}/{name}": spec for port, specs in ALTERNATIVES.items() for name, spec in specs.items()}


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_every_file_is_pinned_and_every_source_told(spec: ModelSpec) -> None:
    """A file of the hub may be pinned by the commit that it is of."""
    for weights in spec.every_weights:
        assert weights.licence
        assert weights.files
        assert weights.origin
        assert weights.megabytes > 0 or weights.source == Source.WEB
        if weights.source == Source.HUB:
            assert len(spec.revision) == 40
            assert int(spec.revision, 16) > 0
        for sha256 in weights.files.values():
            if sha256 or weights.source == Source.PACKAGE:
                fingerprint(sha256)


def test_presets_are_named_by_their_key() -> None:
    assert list(PRESETS) == ["embedded", "fast", "balanced", "quality", "fake"]
    assert {name: preset.name for name, preset in PRESETS.items()} == {n: n for n in PRESETS}


@pytest.mark.parametrize(("name", "size"), VJEPA2.items())
def test_the_plan_of_a_vjepa2_preset_is_as_its_model_was_trained(name: str, size: int) -> None:
    plan = plan_for(PRESETS[name])
    assert (plan.preset, plan.sample_fps) == (name, 4.0)
    assert plan.windowing == Windowing(size, size // 2)
    assert windowing_named(PRESETS[name], "reference") == Windowing(64, 8)
    assert windowing_named(PRESETS[name], "wide") == Windowing(64, 32, Weighing.CENTRE)
    assert windowing_named(PRESETS[name], "apart") == Windowing(64, 64)


def test_the_plan_of_the_embedded_preset_is_what_it_was() -> None:
    plan = plan_for(PRESETS["embedded"])
    assert (plan.sample_fps, plan.windowing) == (2.5, Windowing(8, 4))


def test_what_is_told_otherwise_is_in_the_plan() -> None:
    plan = plan_for(PRESETS["fast"], 8.0, windowing_named(PRESETS["fast"], "32/4"))
    assert (plan.sample_fps, plan.windowing) == (8.0, Windowing(32, 4))
    assert windowing_named(PRESETS["fast"], "default") == PRESETS["fast"].windowing


@pytest.mark.parametrize("windowing", [Windowing(64, 32), Windowing(64, 32, Weighing.CENTRE)])
def test_a_windowing_is_read_as_it_is_written(windowing: Windowing) -> None:
    assert windowing_named(PRESETS["fast"], str(windowing)) == windowing


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("best", "default, reference, wide, apart"),
        ("16", "SIZE/STRIDE"),
        ("8/16", "skips"),
        ("a/b", "SIZE/STRIDE"),
        ("64/32:", "centre"),
        ("64/32:edge", "centre"),
        ("wide:centre", "centre"),
    ],
)
def test_a_windowing_that_is_none_says_what_there_is(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        windowing_named(PRESETS["fast"], text)


@pytest.mark.parametrize("name", VJEPA2)
def test_a_vjepa2_preset_predicts_with_the_model_that_sees(name: str) -> None:
    preset = PRESETS[name]
    assert preset.predictor is not None
    assert preset.predictor.weights == preset.clips.weights


def test_probes_are_offered_where_they_were_released() -> None:
    offered = {name: set(preset.classifiers) for name, preset in PRESETS.items()}
    every = {"ssv2", "diving48", "ek100"}
    assert offered["fast"] == offered["quality"] == every
    assert offered["balanced"] == offered["embedded"] == set()


def test_only_what_its_terms_restrict_is_to_be_accepted() -> None:
    restricted = {name for name, spec in SPECS.items() if any(w.terms for w in spec.every_weights)}
    assert restricted == {
        "fast/classifier:ek100",
        "quality/classifier:ek100",
        "text/embeddinggemma-300m",
    }


def test_the_fake_preset_uses_fakes_only() -> None:
    assert {spec.adapter for spec in PRESETS["fake"].models.values()} == {"fake"}


def test_the_embedded_preset_needs_no_hub() -> None:
    for spec in PRESETS["embedded"].models.values():
        sources = {weights.source for weights in (spec.weights, *spec.more_weights)}
        assert sources <= {Source.PACKAGE, Source.NONE}
