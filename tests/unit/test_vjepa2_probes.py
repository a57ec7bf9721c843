"""V-JEPA 2's probes: 16 heads and an eps of their own, the levels they saw, honest labels."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from attrs import evolve
from returns.result import Failure
from torch import nn

from kuavi.adapters._vjepa2_frames import normalised
from kuavi.adapters._vjepa2_names import HF_PROBE, REPO_PROBE, filled, renamed, without_wrappers
from kuavi.adapters._vjepa2_net import Trunk
from kuavi.adapters._vjepa2_probe import EPS, HEADS, AttentiveProbe, ProbeArch
from kuavi.adapters._vjepa2_tasks import NOT_RELEASED, RELEASED, availability, epic_labels
from kuavi.adapters._vjepa2_weights import flat_shapes
from kuavi.adapters.classifiers import hf_vjepa2, repo_vjepa2
from kuavi.adapters.clips import hf_vjepa2 as hf_clips
from kuavi.domain.media import Frame
from kuavi.domain.plan import ModelSpec
from tests.pictures import noisy
from tests.tiny import (
    GRID,
    LABELS,
    classifier_of,
    hf_spec,
    original_encoder,
    original_predictor,
    original_probe,
    pixels,
    save_original,
    saved_hf,
    saved_repo,
    saved_repo_probe,
    weights_in,
)

N = GRID**2


def as_trained(model: Any, heads: int = 16, eps: float = 1e-5) -> Any:
    """transformers' pooler with the heads and eps of the original probes."""
    for module in model.pooler.modules():
        if hasattr(module, "num_heads"):
            module.num_heads = heads
            module.head_dim = module.embed_dim // heads
            module.scale = module.head_dim**-0.5
        if isinstance(module, nn.LayerNorm):
            module.eps = eps
    return model


def native(model: Any, layout: str, heads: int = HEADS) -> AttentiveProbe:
    if layout == "hf":
        parts = {n: t for n, t in model.state_dict().items() if not n.startswith("vjepa2.")}
        state = renamed(parts, HF_PROBE).unwrap()
    else:
        parts = {without_wrappers(n): t for n, t in original_probe(model).items()}
        state = renamed(parts, REPO_PROBE).unwrap()
    dim, config = model.config.hidden_size, model.config
    trunk = Trunk(dim, config.num_pooler_layers, heads, 4 * dim, EPS)
    probe = AttentiveProbe(ProbeArch(trunk, 1, (len(LABELS),)))
    assert filled(probe, flat_shapes(state)) is None
    return probe.eval()


def tokens_of(dim: int, n: int = 12) -> torch.Tensor:
    return torch.randn(2, n, dim, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("layout", ["hf", "repo"])
@pytest.mark.parametrize("shape", ["l", "h", "g"])
def test_logits_are_those_of_transformers_with_16_heads(shape: str, layout: str) -> None:
    model = as_trained(classifier_of(shape))
    tokens = tokens_of(model.config.hidden_size)
    with torch.inference_mode():
        theirs = model.classifier(model.pooler(tokens))
        (ours,) = native(model, layout)(tokens)
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)


def test_22_heads_on_the_width_of_vitg_give_other_logits() -> None:
    """transformers' probe takes the backbone's heads, 22 in ViT-g; the originals have 16."""
    model = classifier_of(
        "g", hidden_size=1408, num_attention_heads=22, num_hidden_layers=1, num_pooler_layers=1
    )
    tokens = tokens_of(1408)
    with torch.inference_mode():
        with_22 = model.classifier(model.pooler(tokens))
        (ours,) = native(model, "hf")(tokens)
        with_16 = as_trained(model).classifier(model.pooler(tokens))
        (wrong,) = native(model, "hf", heads=22)(tokens)
    torch.testing.assert_close(ours, with_16, atol=1e-5, rtol=0)
    assert (with_22 - with_16).abs().max() > 1e-2
    assert (wrong - with_16).abs().max() > 1e-2


def window(seed: int, n_frames: int = 8) -> tuple[Frame, ...]:
    return tuple(noisy(100 * seed + i) for i in range(n_frames))


def hf(**options: Any) -> Any:
    outcome = hf_vjepa2.build(evolve(saved_hf(), options={"task": "ssv2", **options}))
    assert not isinstance(outcome, Failure), str(outcome.failure())
    return outcome.unwrap()


def repo(*more: Any, **options: Any) -> ModelSpec:
    told = {**saved_repo().options, "task": "ssv2", **options}
    return evolve(saved_repo(), options=told, more_weights=(saved_repo_probe(), *more))


def test_one_segment_is_classified_as_by_transformers() -> None:
    model, clip = as_trained(classifier_of()), window(1)
    with torch.inference_mode():
        theirs = model(pixels(clip)).logits.softmax(dim=1).numpy()
    found = hf(segments=1)
    np.testing.assert_allclose(found.classify([clip]).unwrap(), theirs, atol=1e-5)
    assert found.labels == LABELS
    assert found.frames == 8


def test_segments_are_encoded_apart_and_looked_at_together() -> None:
    model, clip = as_trained(classifier_of()), window(1, 16)
    with torch.inference_mode():
        parts = [model.vjepa2.encoder(pixels(p)).last_hidden_state for p in (clip[:8], clip[8:])]
        logits = model.classifier(model.pooler(torch.cat(parts, dim=1)))
    found = hf()
    assert found.frames == 16
    np.testing.assert_allclose(
        found.classify([clip]).unwrap(), logits.softmax(dim=1).numpy(), atol=1e-5
    )


def test_a_probe_of_several_levels_sees_them_all() -> None:
    model, clip = as_trained(classifier_of()), window(1)
    with torch.inference_mode():
        states = model.vjepa2(
            pixels(clip), skip_predictor=True, output_hidden_states=True
        ).hidden_states
        norm = model.vjepa2.encoder.layernorm
        tokens = torch.cat([norm(states[i + 1]) for i in (0, 2)], dim=1)
        expected = model.classifier(model.pooler(tokens)).softmax(dim=1).numpy()
    found = hf(task="diving48", segments=1, levels="0,2").classify([clip]).unwrap()
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert not np.allclose(found, hf(segments=1).classify([clip]).unwrap(), atol=1e-3)


def test_both_layouts_give_the_same_answers() -> None:
    original = repo_vjepa2.build(repo(views=1)).unwrap()
    clips = [window(1, 16), window(2, 16)]
    np.testing.assert_allclose(
        original.classify(clips).unwrap(), hf().classify(clips).unwrap(), atol=1e-6
    )


def squares(clip: Sequence[Frame], number: int) -> torch.Tensor:
    """One of three views (1, frames, 3, 32, 32) of 48 x 64 frames, by OpenCV: 32 x 42, 5 apart."""
    scaled = [cv2.resize(f.pixels, (42, 32), interpolation=cv2.INTER_LINEAR) for f in clip]
    cut = np.stack([one[:, 5 * number : 5 * number + 32] for one in scaled])
    return normalised(torch.from_numpy(cut).permute(0, 3, 1, 2))[None]


def test_an_original_probe_answers_with_the_mean_of_three_views() -> None:
    model, clip = as_trained(classifier_of()), window(1, 16)
    answers = []
    for number in range(3):
        with torch.inference_mode():
            parts = [
                model.vjepa2.encoder(squares(part, number)).last_hidden_state
                for part in (clip[:8], clip[8:])
            ]
            logits = model.classifier(model.pooler(torch.cat(parts, dim=1)))
        answers.append(logits.softmax(dim=1).numpy())
    found = repo_vjepa2.build(repo()).unwrap()
    # OpenCV rounds some pixels to the grey level beside ours
    np.testing.assert_allclose(found.classify([clip]).unwrap(), np.mean(answers, axis=0), atol=2e-3)
    assert np.ptp(answers, axis=0).max() > 0.02
    both = found.classify([clip, window(2, 16)]).unwrap()
    np.testing.assert_allclose(both[:1], found.classify([clip]).unwrap(), atol=1e-6)


def test_the_views_of_a_task_are_those_it_was_evaluated_with(
    epic: tuple[Any, Any, ModelSpec],
) -> None:
    """16 x 2 x 3 and 32 x 4 x 3 in the original repository; a released HF model sees the centre."""
    assert repo_vjepa2.build(repo()).unwrap().regime.views == 3
    diving = repo(task="diving48", levels="0,2")
    assert repo_vjepa2.build(diving).unwrap().regime.views == 3
    assert repo_vjepa2.build(epic[2]).unwrap().regime.views == 1
    assert hf().regime.views == 1
    assert hf(views=3).regime.views == 3
    assert hf(views=3).model != hf().model


def test_an_original_probe_numbers_its_classes_unless_a_file_names_them(tmp_path: Path) -> None:
    assert repo_vjepa2.build(repo()).unwrap().labels == ("0", "1", "2")
    named = tmp_path / "something-id2label.json"
    named.write_text('{"1": "b", "0": "a", "2": "c"}', encoding="utf-8")
    labels = weights_in(tmp_path, named.name)
    assert repo_vjepa2.build(repo(labels)).unwrap().labels == ("a", "b", "c")
    named.write_text('{"0": "a", "1": "b"}', encoding="utf-8")
    refused = repo_vjepa2.build(repo(weights_in(tmp_path, named.name)))
    assert isinstance(refused, Failure)
    assert "2 labels for 3 classes" in str(refused.failure())


ROWS = (
    (3, 40, "take", "cup"),
    (0, 7, "open", "door"),
    (3, 7, "take", "door"),
    (3, 2, "grab", "pan"),
)
ORDER = list({(verb, noun) for verb, noun, _, _ in ROWS})


def annotations(folder: Path) -> Path:
    path = folder / "EPIC_100_train.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["narration_id", "verb", "verb_class", "noun", "noun_class"])
        writer.writerows([["x", verb, v, noun, n] for v, n, verb, noun in ROWS])
    return path


def test_action_names_follow_the_order_that_the_probe_was_trained_with(tmp_path: Path) -> None:
    labels = epic_labels(annotations(tmp_path)).unwrap()
    verbs, nouns = {0: "open", 3: "take"}, {40: "cup", 7: "door", 2: "pan"}
    assert list(labels["action"]) == [f"{verbs[verb]} {nouns[noun]}" for verb, noun in ORDER]
    assert sorted(labels["verb"]) == ["open", "take"]
    assert sorted(labels["noun"]) == ["cup", "door", "pan"]


@pytest.fixture
def epic(tmp_path: Path) -> tuple[Any, Any, ModelSpec]:
    """An EK100 probe with three heads, as the original repository keeps it."""
    model, rng = as_trained(classifier_of()), torch.Generator().manual_seed(2)
    probe = {n: t for n, t in original_probe(model).items() if "linear" not in n}
    probe["module.pooler.query_tokens"] = torch.randn(1, 3, 128, generator=rng)
    for name, size in (("verb", 2), ("noun", 3), ("action", 4)):
        probe[f"module.{name}_classifier.weight"] = torch.randn(size, 128, generator=rng) / 11
        probe[f"module.{name}_classifier.bias"] = torch.randn(size, generator=rng)
    save_original(tmp_path / "ek100.safetensors", {"classifiers": probe})
    annotations(tmp_path)
    spec = repo(task="ek100")
    return model, probe, evolve(spec, more_weights=(weights_in(tmp_path, "ek100.safetensors"),))


def test_anticipation_sees_the_clip_and_a_step_ahead(epic: tuple[Any, Any, ModelSpec]) -> None:
    model, probe, spec = epic
    clip = window(1, 4)
    asked = torch.arange(N)[None] + N * (2 + 4)
    with torch.inference_mode():
        seen = model.vjepa2.encoder(pixels(clip)).last_hidden_state
        later = model.vjepa2.predictor(seen, [torch.arange(2 * N)[None]], [asked])
        model.pooler.query_tokens = nn.Parameter(probe["module.pooler.query_tokens"])
        pooled = model.pooler(torch.cat([seen, later.last_hidden_state], dim=1))[0]
        logits = [
            probe[f"module.{name}_classifier.weight"] @ pooled[i]
            + probe[f"module.{name}_classifier.bias"]
            for i, name in enumerate(("verb", "noun", "action"))
        ]
    for i, name in enumerate(("verb", "noun", "action")):
        told = evolve(spec, options={**spec.options, "head": name})
        found = repo_vjepa2.build(told).unwrap()
        np.testing.assert_allclose(
            found.classify([clip]).unwrap()[0], logits[i].softmax(dim=0).numpy(), atol=1e-5
        )


def test_actions_have_names_only_with_the_annotations(
    epic: tuple[Any, Any, ModelSpec], tmp_path: Path
) -> None:
    _, _, spec = epic
    assert repo_vjepa2.build(spec).unwrap().labels == ("0", "1", "2", "3")
    known = weights_in(tmp_path, "EPIC_100_train.csv")
    named = evolve(spec, more_weights=(*spec.more_weights, known))
    labels = repo_vjepa2.build(named).unwrap().labels
    assert len(labels) == 4
    assert set(labels) == {"take cup", "open door", "take door", "take pan"}
    (tmp_path / "EPIC_100_train.csv").write_text("verb,noun\na,b\n", encoding="utf-8")
    odd = evolve(
        spec, more_weights=(*spec.more_weights, weights_in(tmp_path, "EPIC_100_train.csv"))
    )
    assert "can't be read" in str(repo_vjepa2.build(odd).failure())


@pytest.mark.parametrize("task", NOT_RELEASED)
def test_probes_that_were_never_released_are_not_promised(task: str) -> None:
    outcome = hf_vjepa2.build(evolve(saved_hf(), options={"task": task}))
    assert isinstance(outcome, Failure)
    assert "weights not released" in str(outcome.failure())


def test_what_is_released_is_said() -> None:
    assert sorted(RELEASED) == ["diving48", "ek100", "ssv2"]
    assert all(availability(task) == "" for task in RELEASED)
    assert "only for ssv2, diving48, ek100" in availability("dancing")
    assert "without a name" in availability("")


def refusal(outcome: Any) -> str:
    assert isinstance(outcome, Failure)
    return str(outcome.failure())


def test_probes_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    model = classifier_of()
    model.vjepa2.save_pretrained(tmp_path)
    bare = hf_spec(tmp_path, task="ssv2")
    assert "has no classifier" in refusal(hf_vjepa2.build(bare))
    original_probe_only = evolve(saved_repo(), options={**saved_repo().options, "task": "ssv2"})
    assert "no probe is named" in refusal(repo_vjepa2.build(original_probe_only))
    save_original(tmp_path / "h.safetensors", {"classifiers": original_probe(classifier_of("h"))})
    wide = evolve(repo(), more_weights=(weights_in(tmp_path, "h.safetensors"),))
    assert "the probe's width is 160, the backbone's 128" in refusal(repo_vjepa2.build(wide))
    state = original_probe(model)
    del state["module.pooler.blocks.1.attn.proj.bias"]
    save_original(tmp_path / "less.safetensors", {"classifiers": state})
    less = evolve(repo(), more_weights=(weights_in(tmp_path, "less.safetensors"),))
    assert "blocks.1.out.bias of the network have no weights" in refusal(repo_vjepa2.build(less))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"levels": "0,9"}, "levels are 0 to 2"),
        ({"levels": "last"}, "levels are numbers of blocks"),
        ({"task": "diving48"}, "not known for 3 blocks: set `levels`"),
        ({"segments": 0}, "0 segments of 8 frames"),
        ({"views": 0}, "in 0 views"),
        ({"clip_frames": 3}, "segments of 3 frames"),
        ({"probe_heads": 3}, "128 can't be split into 3 heads"),
    ],
)
def test_a_regime_that_can_not_be_is_refused(options: dict[str, Any], words: str) -> None:
    spec = evolve(saved_hf(), options={"task": "ssv2", **options})
    assert words in refusal(hf_vjepa2.build(spec))


def test_anticipation_needs_a_predictor(epic: tuple[Any, Any, ModelSpec], tmp_path: Path) -> None:
    model, _, spec = epic
    encoder = original_encoder(model.vjepa2)
    save_original(tmp_path / "alone.safetensors", {"target_encoder": encoder})
    alone = evolve(spec, weights=weights_in(tmp_path, "alone.safetensors"))
    assert "needs a predictor" in refusal(repo_vjepa2.build(alone))
    assert len(original_predictor(model.vjepa2)) > 0


def test_the_backbone_is_shared_with_the_clip_encoder() -> None:
    encoder = hf_clips.build(saved_hf()).unwrap()
    assert hf().backbone is encoder.backbone
