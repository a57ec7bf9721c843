"""Graphs are written once, by a process of its own, and say what the published networks say."""

import pickle
import subprocess
import sys
from pathlib import Path
from weakref import ref

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure

from kuavi.adapters._cache_dir import cache_dir, cached
from kuavi.adapters._lite0 import Lite0, fitted, lite0_for
from kuavi.adapters._minilm import BATCH_TOKENS, MAX_TOKENS, MiniLm, batches, minilm_for
from kuavi.adapters._onnx import session_for
from kuavi.adapters._weights import Verified, needed, verified
from kuavi.adapters.taggers import lite0 as tagger
from kuavi.adapters.text import minilm as minilm_text
from kuavi.domain.plan import Source, Weights
from kuavi.domain.presets import EMBEDDED
from tests.pictures import noisy, real_frames


def files(*suffixes: str) -> tuple[Verified, ...]:
    return needed(EMBEDDED.joint, verified(EMBEDDED.joint).unwrap(), *suffixes).unwrap()


@pytest.fixture
def lite0() -> Lite0:
    return lite0_for(EMBEDDED.tagger, *files(".pth")).unwrap()


@pytest.fixture
def minilm() -> MiniLm:
    return minilm_for(EMBEDDED.text, *files(".safetensors", "tokenizer.json")).unwrap()


def test_lite0_equals_its_torch_original(lite0: Lite0) -> None:
    import torch
    from efficientnet_lite_pytorch import EfficientNet

    original = EfficientNet.from_name("efficientnet-lite0").eval()
    original.load_state_dict(torch.load(files(".pth")[0].path, weights_only=True))
    frames = [noisy(5, (240, 320)), real_frames("bikes")[0], real_frames("carphone_pristine")[0]]
    pictures = np.stack([fitted(frame.pixels) for frame in frames]).astype(np.float32)
    with torch.no_grad():
        inputs = torch.from_numpy((pictures - 127) / 128).permute(0, 3, 1, 2)
        logits = original(inputs).numpy()
        features = original.extract_features(inputs).mean(dim=(2, 3)).numpy()
    looks = lite0.look(frames).unwrap()
    np.testing.assert_allclose(looks.logits, logits, atol=1e-4)
    np.testing.assert_allclose(looks.features, features, atol=1e-5)


def test_minilm_equals_its_torch_original(minilm: MiniLm) -> None:
    import torch
    from transformers import AutoTokenizer, BertModel

    folder = files(".safetensors")[0].path.parent
    original = BertModel.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    texts = ["a red car", "Two women, laughing, cook pasta à la carte.", "long " * 400]
    tokens = tokenizer(
        texts, padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
    )
    with torch.no_grad():
        states = original(**tokens).last_hidden_state
    mask = tokens["attention_mask"][..., None]
    means = ((states * mask).sum(1) / mask.sum(1)).numpy()
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    np.testing.assert_allclose(minilm.embed(texts).unwrap(), means, atol=1e-5)


def test_a_frame_runs_through_lite0_once(lite0: Lite0) -> None:
    frames = [noisy(seed) for seed in (901, 902, 901)]
    first, runs = lite0.look(frames).unwrap(), lite0.runs
    again = lite0.look([noisy(902), noisy(901)]).unwrap()
    assert lite0.runs == runs
    np.testing.assert_array_equal(again.logits, first.logits[[1, 0]])
    lite0.look([noisy(903)]).unwrap()
    assert lite0.runs == runs + 1


def test_a_frame_looks_alike_alone_and_in_a_batch_when_nothing_is_remembered() -> None:
    session = session_for("net", "lite0", files(".pth")[0], 2).unwrap()
    lite0, frames = Lite0(session, remembered=0), [noisy(seed) for seed in range(9)]
    alone = [lite0.look([frame]).unwrap() for frame in frames]
    together = lite0.look([noisy(seed) for seed in range(9)]).unwrap()
    assert lite0.runs == 18
    logits = np.concatenate([looks.logits for looks in alone])
    features = np.concatenate([looks.features for looks in alone])
    np.testing.assert_allclose(together.logits, logits, atol=1e-5)
    np.testing.assert_allclose(together.features, features, atol=1e-5)


def test_a_frame_that_lives_is_looked_at_once_and_forgotten_when_it_dies() -> None:
    session = session_for("net", "lite0", files(".pth")[0], 1).unwrap()
    lite0, frame = Lite0(session, remembered=0), noisy(5)
    first = lite0.look([frame, frame]).unwrap()
    again = lite0.look([noisy(6), frame]).unwrap()
    assert lite0.runs == 2
    np.testing.assert_array_equal(first.features[1], again.features[1])
    gone = ref(frame)
    del frame
    assert gone() is None


@given(st.lists(st.integers(2, MAX_TOKENS)))
def test_batches_hold_every_text_with_words_once_and_are_bounded(lengths: list[int]) -> None:
    found = list(batches(lengths))
    assert sorted(i for batch in found for i in batch) == [
        i for i, length in enumerate(lengths) if length > 2
    ]
    for batch in found:
        assert 0 < len(batch) * max(lengths[i] for i in batch) <= BATCH_TOKENS


def test_what_lite0_remembers_is_bounded() -> None:
    session = session_for("net", "lite0", files(".pth")[0], 1).unwrap()
    lite0 = Lite0(session, remembered=2)
    for seed, runs in ((1, 1), (2, 2), (1, 2), (3, 3), (1, 3), (2, 4)):
        lite0.look([noisy(seed)]).unwrap()
        assert lite0.runs == runs


@pytest.mark.parametrize("size", [(224, 224), (1080, 1920), (48, 64), (8, 800), (600, 8)])
def test_any_picture_is_fitted_to_the_square(size: tuple[int, int]) -> None:
    assert fitted(np.zeros((*size, 3), np.uint8)).shape == (224, 224, 3)


@pytest.mark.usefixtures("lite0", "minilm")
def test_with_a_warm_cache_no_torch_is_imported() -> None:
    code = (
        "import sys; from kuavi.domain.presets import EMBEDDED as e;"
        "from kuavi.adapters.taggers import lite0; lite0.build(e.tagger).unwrap();"
        "from kuavi.adapters.joint import conse; conse.build(e.joint).unwrap();"
        "heavy = {'torch', 'transformers', 'onnx', 'safetensors', 'huggingface_hub'};"
        "print(heavy & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_code_in_a_file_of_weights_does_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return Path.touch, (tmp_path / "ran",)

    monkeypatch.setenv("KUAVI_CACHE", str(tmp_path / "cache"))
    (tmp_path / "w.pth").write_bytes(pickle.dumps(Trap()))
    weights = Weights(Source.DIRECTORY, str(tmp_path), {"w.pth": ""})
    outcome = tagger.build(evolve(EMBEDDED.tagger, weights=weights))
    assert isinstance(outcome, Failure)
    assert "the export of lite0 failed" in outcome.failure().reason
    assert not (tmp_path / "ran").exists()
    assert not list((tmp_path / "cache" / "onnx").iterdir())


def test_weights_of_another_network_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.numpy import save_file

    monkeypatch.setenv("KUAVI_CACHE", str(tmp_path / "cache"))
    rows = np.zeros((4, 384), np.float32)
    layers = {f"encoder.layer.{i}.x": rows for i in range(12)}
    save_file({"embeddings.word_embeddings.weight": rows} | layers, tmp_path / "w.safetensors")
    (tmp_path / "tokenizer.json").write_bytes(files("tokenizer.json")[0].path.read_bytes())
    names = {"w.safetensors": "", "tokenizer.json": ""}
    weights = Weights(Source.DIRECTORY, str(tmp_path), names)
    outcome = minilm_text.build(evolve(EMBEDDED.text, weights=weights))
    assert isinstance(outcome, Failure)
    assert "not the weights of MiniLM-L6 (12 layers)" in outcome.failure().reason


def test_a_damaged_graph_says_to_delete_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUAVI_CACHE", str(tmp_path))
    tagger.build(EMBEDDED.tagger).unwrap()
    (graph,) = (tmp_path / "onnx").iterdir()
    graph.write_bytes(graph.read_bytes()[:1000])
    outcome = tagger.build(evolve(EMBEDDED.tagger, options={"threads": 3}))
    assert isinstance(outcome, Failure)
    assert str(graph) in outcome.failure().reason
    assert "delete" in outcome.failure().remedy


def test_the_cache_is_where_the_user_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUAVI_CACHE", str(tmp_path / "own"))
    assert cache_dir() == tmp_path / "own"
    monkeypatch.delenv("KUAVI_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_dir() == tmp_path / "kuavi"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_dir() == tmp_path / "home" / ".cache" / "kuavi"


def test_a_cached_file_is_made_once_and_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KUAVI_CACHE", str(tmp_path))
    made: list[Path] = []

    def write(target: Path) -> None:
        made.append(target)
        target.write_text("content", encoding="utf-8")

    def fail(target: Path) -> str:
        target.write_text("half", encoding="utf-8")
        return "it broke"

    failed = cached("a/file", fail)
    assert isinstance(failed, Failure)
    assert failed.failure() == "it broke"
    assert list((tmp_path / "a").iterdir()) == []
    path = cached("a/file", write).unwrap()
    assert path.read_text(encoding="utf-8") == "content"
    assert cached("a/file", write).unwrap() == path
    assert len(made) == 1
    assert made != [path]


def test_a_cache_that_cannot_be_written_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("KUAVI_CACHE", str(tmp_path / "file"))
    outcome = cached("a/file", lambda _: None)
    assert isinstance(outcome, Failure)
    assert "KUAVI_CACHE" in outcome.failure()
