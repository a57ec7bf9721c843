"""Weights of V-JEPA 2 are taken whole or refused with a reason, from either layout."""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from attrs import evolve
from returns.result import Failure
from safetensors.torch import load_file, save_file

from kuavi.adapters._vjepa2_convert import main as convert
from kuavi.adapters.clips import hf_vjepa2, repo_vjepa2
from kuavi.adapters.predictors import hf_vjepa2 as hf_predictor
from kuavi.domain.plan import ModelSpec, Source, Weights
from tests.pictures import noisy
from tests.tiny import (
    CROP,
    classifier_of,
    config_of,
    hf_spec,
    model_of,
    original_encoder,
    original_predictor,
    repo_spec,
    save_original,
    saved_hf,
    saved_repo,
    sha256,
    weights_in,
)

WINDOW = tuple(noisy(i) for i in range(4))


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUAVI_CACHE", str(tmp_path / "cache"))


def rows(spec: ModelSpec, build: Callable[[ModelSpec], Any]) -> Any:
    outcome = build(spec)
    assert not isinstance(outcome, Failure), str(outcome.failure())
    return outcome.unwrap().encode([WINDOW]).unwrap()[0].rows


def refusal(spec: ModelSpec, build: Callable[[ModelSpec], Any]) -> str:
    outcome = build(spec)
    assert isinstance(outcome, Failure)
    return str(outcome.failure())


def parts_of(model: Any, prefix: str = "module.backbone.") -> dict[str, Any]:
    other = model_of(seed=5)
    return {
        "encoder": original_encoder(other, prefix),
        "target_encoder": original_encoder(model, prefix),
        "predictor": original_predictor(model, prefix),
    }


def checkpoint(folder: Path, model: Any, prefix: str = "module.backbone.") -> str:
    """A `.pt` as training writes it, with what is not needed too."""
    rest = {"opt": {"state": {0: {"step": torch.tensor(3.0)}}}, "epoch": 3, "loss": 0.5}
    torch.save(parts_of(model, prefix) | rest, folder / "vitt.pt")
    return "vitt.pt"


@pytest.fixture
def model() -> Any:
    return model_of()


@pytest.fixture
def expected(model: Any, tmp_path: Path) -> Any:
    folder = tmp_path / "expected"
    model.save_pretrained(folder)
    return rows(hf_spec(folder), hf_vjepa2.build)


def test_both_layouts_give_the_same_rows(model: Any, expected: Any, tmp_path: Path) -> None:
    save_original(tmp_path / "vitt.safetensors", parts_of(model))
    found = rows(repo_spec(tmp_path, "vitt.safetensors"), repo_vjepa2.build)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert np.abs(expected).max() > 0.1


def test_a_classification_checkpoint_is_its_backbone(tmp_path: Path) -> None:
    model = classifier_of()
    model.save_pretrained(tmp_path / "whole")
    model.vjepa2.save_pretrained(tmp_path / "backbone")
    whole, backbone = hf_spec(tmp_path / "whole"), hf_spec(tmp_path / "backbone")
    np.testing.assert_array_equal(rows(whole, hf_vjepa2.build), rows(backbone, hf_vjepa2.build))


@pytest.mark.parametrize("prefix", ["", "module.", "backbone.", "module.backbone."])
def test_what_training_wrapped_around_names_is_taken_off(
    model: Any, expected: Any, prefix: str, tmp_path: Path
) -> None:
    save_original(tmp_path / "vitt.safetensors", parts_of(model, prefix))
    found = rows(repo_spec(tmp_path, "vitt.safetensors"), repo_vjepa2.build)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_pt_is_converted_once_outside_of_this_process(
    model: Any, expected: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = repo_spec(tmp_path, checkpoint(tmp_path, model))
    np.testing.assert_allclose(rows(spec, repo_vjepa2.build), expected, atol=1e-6)
    (made,) = (tmp_path / "cache" / "vjepa2").iterdir()
    digest = sha256(tmp_path / "vitt.pt")
    assert made.name == f"{digest[:32]}-target_encoder.safetensors"
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    np.testing.assert_allclose(rows(spec, repo_vjepa2.build), expected, atol=1e-6)
    other = refusal(repo_spec(tmp_path, "vitt.pt", encoder_key="encoder"), repo_vjepa2.build)
    assert "could not be converted" in other


def test_the_encoder_is_the_one_that_is_named(model: Any, expected: Any, tmp_path: Path) -> None:
    save_original(tmp_path / "vitt.safetensors", parts_of(model))
    spec = repo_spec(tmp_path, "vitt.safetensors", encoder_key="encoder")
    trained = repo_vjepa2.build(spec).unwrap()
    averaged = repo_vjepa2.build(repo_spec(tmp_path, "vitt.safetensors")).unwrap()
    assert not np.allclose(rows(spec, repo_vjepa2.build), expected, atol=1e-2)
    assert "-encoder-" in trained.model.revision
    assert "-target_encoder-" in averaged.model.revision
    assert trained.space != averaged.space


def test_a_bare_state_dict_is_flat(model: Any, expected: Any, tmp_path: Path) -> None:
    save_file(original_encoder(model, "module."), tmp_path / "bare.safetensors")
    spec = repo_spec(tmp_path, "bare.safetensors", encoder_key="flat")
    np.testing.assert_allclose(rows(spec, repo_vjepa2.build), expected, atol=1e-6)


def test_a_pt_may_be_one_state_dict_or_a_list_of_them(model: Any, tmp_path: Path) -> None:
    bare = original_encoder(model, "")
    torch.save(bare, tmp_path / "bare.pt")
    torch.save({"classifiers": [bare, {}]}, tmp_path / "list.pt")
    for name, key in (("bare.pt", "flat"), ("list.pt", "classifiers")):
        convert([str(tmp_path / name), key, str(tmp_path / "made")])
        made = load_file(tmp_path / "made")
        assert made.keys() == {f"{key}.{n}" for n in bare}
        assert all(torch.equal(made[f"{key}.{n}"], weight) for n, weight in bare.items())


def test_positions_that_were_stored_are_not_needed(
    model: Any, expected: Any, tmp_path: Path
) -> None:
    parts = parts_of(model)
    parts["target_encoder"]["module.backbone.pos_embed"] = torch.zeros(1, 16, 128)
    parts["predictor"]["module.backbone.predictor_pos_embed"] = torch.zeros(1, 16, 64)
    save_original(tmp_path / "vitt.safetensors", parts)
    found = rows(repo_spec(tmp_path, "vitt.safetensors"), repo_vjepa2.build)
    np.testing.assert_allclose(found, expected, atol=1e-6)


class Planted:
    """What a hostile pickle would run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


def test_a_pickle_that_would_run_code_is_refused(tmp_path: Path) -> None:
    torch.save({"target_encoder": Planted(tmp_path / "ran")}, tmp_path / "bad.pt")
    assert "can't be converted" in refusal(repo_spec(tmp_path, "bad.pt"), repo_vjepa2.build)
    assert not (tmp_path / "ran").exists()


BAD: Mapping[str, tuple[Callable[[Path], object], str]] = {
    "empty": (lambda path: path.write_bytes(b""), "."),
    "text": (lambda path: path.write_text("no weights", encoding="utf-8"), "."),
    "list": (lambda path: torch.save([1, 2], path), "holds a list"),
    "other": (lambda path: torch.save({"encoder": {}}, path), "no state dict target_encoder"),
    "number": (lambda path: torch.save({"target_encoder": 3}, path), "not a state dict"),
}


@pytest.mark.parametrize("kind", BAD)
def test_other_files_are_not_converted(kind: str, tmp_path: Path) -> None:
    write, words = BAD[kind]
    write(tmp_path / "bad.pt")
    with pytest.raises(SystemExit, match=words) as ended:
        convert([str(tmp_path / "bad.pt"), "target_encoder", str(tmp_path / "made")])
    assert len(str(ended.value).splitlines()) == 1
    assert not (tmp_path / "made").exists()


def test_other_files_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "text.safetensors").write_text("no weights", encoding="utf-8")
    assert "can't be read" in refusal(repo_spec(tmp_path, "text.safetensors"), repo_vjepa2.build)
    save_file({"weird": torch.ones(1)}, tmp_path / "weird.safetensors")
    reason = refusal(repo_spec(tmp_path, "weird.safetensors"), repo_vjepa2.build)
    assert "no state dict target_encoder; it has weird" in reason


def test_the_later_network_is_refused_by_name(model: Any, tmp_path: Path) -> None:
    parts = parts_of(model)
    parts["target_encoder"]["module.backbone.norms_block.0.weight"] = torch.ones(128)
    save_original(tmp_path / "vitt.safetensors", parts)
    reason = refusal(repo_spec(tmp_path, "vitt.safetensors"), repo_vjepa2.build)
    assert "V-JEPA 2.1, another network" in reason


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda s: s.pop("encoder.layer.1.mlp.fc1.bias"),
            "encoder.blocks.1.up.bias of the network",
        ),
        (
            lambda s: s.pop("encoder.layer.1.attention.key.bias"),
            "qkv.bias of the weights are not w",
        ),
        (lambda s: s.pop("predictor.proj.weight"), "predictor.out.weight of the network have no"),
        (
            lambda s: s.update({"encoder.extra": torch.ones(1)}),
            "encoder.extra of the weights are un",
        ),
        (lambda s: s.update({"extra": torch.ones(1)}), "extra of the weights are unknown"),
        (
            lambda s: s.update({"encoder.layernorm.weight": torch.ones(64)}),
            "encoder.norm.weight is (64,), the network has (128,)",
        ),
        (lambda s: s.pop("encoder.layer.2.norm1.weight"), "encoder.blocks.2.norm1.weight of the n"),
    ],
)
def test_weights_that_do_not_fit_are_refused(
    change: Callable[[Any], Any], words: str, model: Any, tmp_path: Path
) -> None:
    model.save_pretrained(tmp_path)
    state = load_file(tmp_path / "model.safetensors")
    change(state)
    save_file(state, tmp_path / "model.safetensors")
    assert words in refusal(hf_spec(tmp_path), hf_vjepa2.build)


def test_shards_of_an_index_are_one_checkpoint(model: Any, expected: Any, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path, max_shard_size="400KB")
    shards = sorted(path.name for path in tmp_path.glob("*.safetensors"))
    assert len(shards) > 2
    names = ("config.json", "model.safetensors.index.json", *shards)
    spec = evolve(saved_hf(), weights=weights_in(tmp_path, *names))
    np.testing.assert_allclose(rows(spec, hf_vjepa2.build), expected, atol=1e-6)
    assert [file.name for file in hf_vjepa2.build(spec).unwrap().model.weights] == list(names)
    fewer = evolve(spec, weights=weights_in(tmp_path, *names[:-1]))
    assert f"do not name {names[-1]}" in refusal(fewer, hf_vjepa2.build)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"num_hidden_layers": 2}, "num_hidden_layers is 2, the weights have 3"),
        ({"hidden_size": 256}, "hidden_size is 256, the weights have 128"),
        ({"hidden_act": "relu"}, "hidden_act is relu"),
        ({"model_type": "vit"}, "not the configuration of a V-JEPA 2"),
        ({"num_attention_heads": 3}, "128 can't be split into 3 heads"),
        ({"crop_size": 40}, "40 pixels is not a multiple of the patch"),
        ({"crop_size": "wide"}, "can't be read"),
    ],
)
def test_a_configuration_that_disagrees_is_refused(
    change: dict[str, Any], words: str, model: Any, tmp_path: Path
) -> None:
    model.save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    (tmp_path / "config.json").write_text(json.dumps(config | change), encoding="utf-8")
    assert words in refusal(hf_spec(tmp_path), hf_vjepa2.build)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"encoder_key": ""}, "encoder_key must be one of encoder, target_encoder"),
        ({"encoder_key": "predictor"}, "encoder_key must be one of"),
        ({"heads": 0}, "can't be split into 0 heads"),
        ({"crop": 30}, "30 pixels is not a multiple"),
    ],
)
def test_what_an_original_file_does_not_tell_must_be_told(
    options: dict[str, Any], words: str
) -> None:
    spec = evolve(saved_repo(), options={**saved_repo().options, **options})
    assert words in refusal(spec, repo_vjepa2.build)


def test_the_input_side_must_be_told_for_an_original_file() -> None:
    options = {n: v for n, v in saved_repo().options.items() if n != "crop"}
    assert "option crop" in refusal(evolve(saved_repo(), options=options), repo_vjepa2.build)


def test_spec_without_files_says_what_is_missing(model: Any, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path)
    for names, words in (
        (("config.json",), ".safetensors"),
        (("model.safetensors",), "config.json"),
    ):
        spec = evolve(saved_hf(), weights=weights_in(tmp_path, *names))
        assert f"name no {words}" in refusal(spec, hf_vjepa2.build)
    nothing = evolve(saved_repo(), weights=Weights(Source.NONE))
    assert "name no file .pt" in refusal(nothing, repo_vjepa2.build)


def test_a_backbone_is_loaded_once_for_all_who_need_it(tmp_path: Path) -> None:
    model_of(seed=9).save_pretrained(tmp_path)
    clips = hf_vjepa2.build(hf_spec(tmp_path)).unwrap()
    predictor = hf_predictor.build(hf_spec(tmp_path, mask_index=3)).unwrap()
    again = hf_vjepa2.build(hf_spec(tmp_path)).unwrap()
    assert predictor.backbone is clips.backbone
    assert again.backbone is clips.backbone
    other = hf_vjepa2.build(hf_spec(tmp_path, crop=2 * CROP)).unwrap()
    assert other.backbone is not clips.backbone
    assert other.space != clips.space


def test_other_weights_are_another_model_and_another_space(tmp_path: Path) -> None:
    built = []
    for seed in (1, 2):
        model_of(seed=seed).save_pretrained(tmp_path / str(seed))
        built.append(hf_vjepa2.build(hf_spec(tmp_path / str(seed))).unwrap())
    assert built[0].model.revision != built[1].model.revision
    assert built[0].space != built[1].space


def test_the_width_is_the_weights_own(tmp_path: Path) -> None:
    for shape, width in (("l", 128), ("h", 160), ("g", 192)):
        model_of(shape).save_pretrained(tmp_path / shape)
        assert hf_vjepa2.build(hf_spec(tmp_path / shape)).unwrap().space.dim == width
    assert config_of("g").hidden_size == 192
