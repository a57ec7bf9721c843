"""SigLIP 2 sees and reads as the checkpoint's own processor does, and refuses what does not fit."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from attrs import evolve
from PIL import Image
from returns.result import Failure
from tokenizers import Tokenizer, models, normalizers
from transformers import SiglipModel
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil
from transformers.models.siglip2.tokenization_siglip2 import Siglip2Tokenizer

from kuavi.adapters.joint import siglip2
from kuavi.adapters.joint.siglip2 import TokenReader, pixel_values
from kuavi.domain.plan import ModelSpec
from kuavi.domain.space import unit
from tests.pictures import noisy
from tests.tiny_encoders import spec_of, tiny_siglip

SIZES = [(256, 256), (480, 270), (270, 480), (31, 47), (1080, 1920), (8, 300)]


@pytest.mark.parametrize("size", SIZES)
def test_pictures_are_prepared_as_transformers_processor_does(size: tuple[int, int]) -> None:
    """With the checkpoint's settings: 256 x 256, bilinear, mean and deviation 0.5."""
    pixels = np.random.default_rng(1).integers(0, 256, (*size, 3), dtype=np.uint8)
    processor = SiglipImageProcessorPil(
        size={"height": 256, "width": 256},
        resample=Image.Resampling.BILINEAR,
        image_mean=[0.5] * 3,
        image_std=[0.5] * 3,
    )
    expected = processor(images=pixels, return_tensors="np")["pixel_values"][0]
    np.testing.assert_allclose(pixel_values(pixels, 256), expected, atol=3e-7)


def test_texts_are_read_as_transformers_tokenizer_does() -> None:
    """Lower-cased, <eos> at the end, <pad> on the right, cut to fit with <eos> kept."""
    vocab = {"<pad>": 0, "<eos>": 1, "<bos>": 2, "<unk>": 3, "<mask>": 4, "\u2581": 5}
    vocab |= {letter: 6 + i for i, letter in enumerate("abcdefghijklmnopqrstuvwxyz")}
    vocab |= {"ca": 40, "cat": 41}
    merges = [("c", "a"), ("ca", "t")]
    theirs = Siglip2Tokenizer(vocab=dict(vocab), merges=list(merges))
    theirs.padding_side = "right"
    tokenizer = Tokenizer(
        models.BPE(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    )
    tokenizer.normalizer = normalizers.Replace(" ", "\u2581")
    texts = ["A Cat on a mat", "CAT", "z" * 200]
    expected = [
        ids + [1] + [0] * (63 - len(ids))
        for ids in (theirs(text, add_special_tokens=False)["input_ids"][:63] for text in texts)
    ]
    assert TokenReader(tokenizer, 64).ids(texts).tolist() == expected
    assert 41 in expected[0]
    assert [row[-1] for row in expected] == [0, 0, 1]


def test_rows_are_the_models_own_features() -> None:
    spec = tiny_siglip()
    encoder = siglip2.build(spec).unwrap()
    model = SiglipModel.from_pretrained(spec.weights.location).eval()
    frames = [noisy(1), noisy(2)]
    values = np.stack([pixel_values(frame.pixels, 32) for frame in frames])
    with torch.inference_mode():
        features = model.get_image_features(pixel_values=torch.from_numpy(values)).pooler_output
    rows = encoder.encode_frames(frames).unwrap().rows
    np.testing.assert_allclose(rows, unit(features.numpy()), atol=1e-6)


def test_what_changes_vectors_changes_the_space() -> None:
    spec = tiny_siglip()
    plain = siglip2.build(spec).unwrap().space
    half = siglip2.build(evolve(spec, options={"dtype": "bfloat16"})).unwrap().space
    batch = siglip2.build(evolve(spec, options={"batch": 2})).unwrap().space
    assert half != plain
    assert batch == plain


def copied(folder: Path) -> Path:
    source = Path(tiny_siglip().weights.location)
    for path in source.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def refusal(spec: ModelSpec) -> str:
    outcome = siglip2.build(spec)
    assert isinstance(outcome, Failure)
    return str(outcome.failure())


def test_weights_of_another_shape_are_refused_not_filled_in_at_random(tmp_path: Path) -> None:
    config = json.loads((copied(tmp_path) / "config.json").read_text("utf-8"))
    config["vision_config"]["num_hidden_layers"] = 3
    (tmp_path / "config.json").write_text(json.dumps(config), "utf-8")
    assert "lack" in refusal(spec_of("siglip2", tmp_path))


def test_a_broken_tokenizer_and_an_unknown_dtype_are_refused(tmp_path: Path) -> None:
    (copied(tmp_path) / "tokenizer.json").write_text("{}", "utf-8")
    assert "can't be" in refusal(spec_of("siglip2", tmp_path))
    assert "dtype float8" in refusal(evolve(tiny_siglip(), options={"dtype": "float8"}))
