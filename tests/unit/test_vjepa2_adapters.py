"""V-JEPA 2's clip encoder and predictor: what is computed from what, where, and how they fail."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from attrs import evolve
from returns.result import Failure, Success
from torch.nn.functional import layer_norm

from kuavi.adapters._vjepa2_clips import VJepa2Clips, per_clip
from kuavi.adapters._vjepa2_device import Need, free_bytes, guarded, placed
from kuavi.adapters._vjepa2_net import layer_normed
from kuavi.adapters._vjepa2_predictor import VJepa2Predictor
from kuavi.adapters.clips import hf_vjepa2
from kuavi.adapters.predictors import hf_vjepa2 as hf_predictor
from kuavi.domain.features import FeatureMap
from kuavi.domain.media import Frame
from kuavi.domain.plan import ModelSpec
from kuavi.domain.space import Space, SpaceMismatchError, unit
from kuavi.domain.windows import Windowing, mean_per_frame, window_starts
from kuavi.ports.models import ModelFailed, OutOfMemory
from tests.pictures import noisy, real_frames
from tests.tiny import GRID, classifier_of, hf_spec, model_of, pixels, saved_hf

N = GRID**2


@pytest.fixture(scope="module")
def encoder() -> VJepa2Clips:
    return hf_vjepa2.build(saved_hf()).unwrap()


@pytest.fixture(scope="module")
def predictor() -> VJepa2Predictor:
    return hf_predictor.build(saved_hf()).unwrap()


@pytest.fixture
def predictor_runs(predictor: VJepa2Predictor) -> Iterator[list[torch.Tensor]]:
    """What the predictor answered, run by run, while the test lasts."""
    network, answers = predictor.backbone.net.predictor, list[torch.Tensor]()
    assert network is not None
    handle = network.register_forward_hook(lambda _, __, answer: answers.append(answer))
    yield answers
    handle.remove()


def window(seed: int, n_frames: int = 4) -> tuple[Frame, ...]:
    return tuple(noisy(100 * seed + i) for i in range(n_frames))


def targets(frames: tuple[Frame, ...]) -> torch.Tensor:
    """Layer-normed tokens (steps, N, dim), by transformers."""
    model = classifier_of().vjepa2
    with torch.inference_mode():
        tokens = model(pixels(frames), skip_predictor=True).last_hidden_state[0]
        return layer_norm(tokens, tokens.shape[-1:]).unflatten(0, (-1, N))


def test_a_row_is_the_mean_of_a_steps_layer_normed_tokens(encoder: VJepa2Clips) -> None:
    (rows,) = encoder.encode([window(1)]).unwrap()
    expected = unit(targets(window(1)).mean(dim=1).numpy())
    np.testing.assert_allclose(rows.rows, expected, atol=1e-5)
    assert rows.space.revision.endswith("-ln1")


def test_feature_maps_are_the_tokens_as_they_leave_the_encoder(encoder: VJepa2Clips) -> None:
    (found,) = encoder.features([window(1)]).unwrap()
    with torch.inference_mode():
        tokens = classifier_of().vjepa2(pixels(window(1)), skip_predictor=True).last_hidden_state
    expected = tokens[0].unflatten(0, (-1, GRID, GRID)).numpy()
    np.testing.assert_allclose(found.values, expected, atol=5e-3)
    assert found.space.revision.endswith("-tokens")


def test_encoding_never_runs_the_predictor(
    encoder: VJepa2Clips, predictor: VJepa2Predictor, predictor_runs: list[torch.Tensor]
) -> None:
    assert encoder.backbone is predictor.backbone
    encoder.encode([window(1), window(2)]).unwrap()
    encoder.features([window(1)]).unwrap()
    assert predictor_runs == []
    predictor.predict([window(1)], [0]).unwrap()
    assert len(predictor_runs) == 1


def test_what_comes_after_the_context_changes_no_prediction(
    predictor: VJepa2Predictor, predictor_runs: list[torch.Tensor]
) -> None:
    context = window(1)
    for later in (window(2), window(3)):
        predictor.errors([(*context, *later)], 2).unwrap()
    predictor.predict([context], [0, 1]).unwrap()
    assert len(predictor_runs) == 3
    assert torch.equal(predictor_runs[0], predictor_runs[1])
    assert torch.equal(predictor_runs[0], predictor_runs[2])


def test_errors_are_off_from_layer_normed_tokens_of_the_whole_clip(
    predictor: VJepa2Predictor, predictor_runs: list[torch.Tensor]
) -> None:
    clip = window(1, 8)
    (errors,) = predictor.errors([clip], 1).unwrap()
    (guess,) = predictor_runs
    off = (guess[0].unflatten(0, (3, N)) - targets(clip)[1:]).abs().mean(dim=(1, 2))
    np.testing.assert_allclose(errors, off.numpy(), atol=1e-5)


def test_targets_do_not_see_the_scale_and_shift_of_raw_tokens() -> None:
    tokens = torch.randn(5, 128, generator=torch.Generator().manual_seed(0))
    shifted = tokens * torch.rand(5, 1) * 7 + 3
    torch.testing.assert_close(layer_normed(tokens), layer_normed(shifted), atol=1e-3, rtol=0)


def test_a_prediction_is_the_mean_of_predicted_tokens(
    predictor: VJepa2Predictor, predictor_runs: list[torch.Tensor]
) -> None:
    (rows,) = predictor.predict([window(1)], [3, 0]).unwrap()
    (tokens,) = predictor_runs
    means = unit(tokens[0].unflatten(0, (2, N)).mean(dim=1).numpy())
    np.testing.assert_allclose(rows.rows, means[::-1], atol=1e-6)


def test_steps_ahead_are_asked_for_at_their_true_positions(predictor: VJepa2Predictor) -> None:
    model, seen = classifier_of().vjepa2, window(1)
    model.predictor.embeddings.mask_tokens.data[1] = model.predictor.embeddings.mask_tokens[0]
    asked = torch.cat([torch.arange(N) + N * (2 + step) for step in (0, 3)])[None]
    with torch.inference_mode():
        tokens = model.encoder(pixels(seen)).last_hidden_state
        known = torch.arange(2 * N)[None]
        theirs = model.predictor(tokens, [known], [asked]).last_hidden_state[0]
    expected = unit(theirs.unflatten(0, (2, N)).mean(dim=1).numpy())
    (rows,) = predictor.predict([seen], [0, 3]).unwrap()
    np.testing.assert_allclose(rows.rows, expected, atol=1e-4)


def test_training_length_and_limit_follow_from_the_checkpoint(predictor: VJepa2Predictor) -> None:
    assert (predictor.trained_steps, predictor.max_steps) == (4, 8)
    shorter = hf_predictor.build(evolve(saved_hf(), options={"max_steps": 5})).unwrap()
    assert shorter.max_steps == 5


def test_a_mask_token_that_was_never_trained_must_be_asked_for(tmp_path: Path) -> None:
    model = model_of()
    masks = model.predictor.embeddings.mask_tokens.data
    masks[:] = 0
    masks[4] = torch.linspace(-1, 1, masks.shape[-1])
    model.save_pretrained(tmp_path)
    outcome = hf_predictor.build(hf_spec(tmp_path))
    assert isinstance(outcome, Failure)
    assert "mask token 0 is all zero, so it was never trained; not zero: 4" in str(
        outcome.failure()
    )
    named = [hf_predictor.build(hf_spec(tmp_path, mask_index=i)).unwrap() for i in (0, 4)]
    first, second = (one.predict([window(1)], [0]).unwrap()[0].rows for one in named)
    assert not np.allclose(first, second, atol=1e-3)
    assert named[0].model.revision != named[1].model.revision
    assert named[0].space == named[1].space


@pytest.mark.parametrize(
    ("options", "words"),
    [({"mask_index": 10}, "only 0 to 9"), ({"max_steps": 1}, "max_steps is 1")],
)
def test_predictor_options_out_of_range_are_refused(options: dict[str, Any], words: str) -> None:
    outcome = hf_predictor.build(evolve(saved_hf(), options=options))
    assert isinstance(outcome, Failure)
    assert words in str(outcome.failure())


@pytest.mark.parametrize("n_frames", [0, 1, 3])
def test_half_a_step_is_a_bug(
    encoder: VJepa2Clips, predictor: VJepa2Predictor, n_frames: int
) -> None:
    odd = window(1, n_frames)
    for run in (
        lambda: encoder.encode([odd]),
        lambda: encoder.features([odd]),
        lambda: predictor.predict([odd], [0]),
        lambda: predictor.errors([odd], 1),
    ):
        with pytest.raises(ValueError, match="not a multiple of 2"):
            run()
    with pytest.raises(ValueError, match="differ in length"):
        encoder.encode([window(1, 2), window(1, 4)])


def test_frames_of_other_sizes_are_fitted_to_the_input(encoder: VJepa2Clips) -> None:
    sizes = ((48, 64), (60, 32), (120, 240), (96, 96))
    mixed = tuple(noisy(i, size) for i, size in enumerate(sizes))
    (rows,) = encoder.encode([mixed]).unwrap()
    assert len(rows) == 2


def test_another_input_side_is_another_grid_and_space() -> None:
    wide = hf_vjepa2.build(evolve(saved_hf(), options={"crop": 64})).unwrap()
    (found,) = wide.features([window(1)]).unwrap()
    assert found.values.shape[:3] == (2, 4, 4)
    assert "-64px-" in wide.space.revision


def test_frames_get_the_means_of_their_steps_however_windows_are_cut(encoder: VJepa2Clips) -> None:
    frames, windowing = window(1, 11), Windowing(size=4, stride=2)
    starts = window_starts(len(frames), windowing)
    windows = [frames[start : start + 4] for start in starts]
    cube = np.stack([rows.rows for rows in encoder.encode(windows).unwrap()])
    per_frame = mean_per_frame(cube, starts, 4, len(frames))
    by_frame = np.repeat(cube, 2, axis=1)
    total, count = np.zeros((11, cube.shape[2])), np.zeros(11)
    for start, rows in zip(starts, by_frame, strict=True):
        total[start : start + 4] += rows
        count[start : start + 4] += 1
    assert count.min() >= 1
    np.testing.assert_allclose(per_frame, total / count[:, None], atol=1e-5)


def test_bigger_batches_give_the_same(encoder: VJepa2Clips) -> None:
    wide = hf_vjepa2.build(evolve(saved_hf(), options={"batch": 3})).unwrap()
    windows = [window(seed) for seed in range(4)]
    assert (encoder.backbone.placement.batch, wide.backbone.placement.batch) == (1, 3)
    for ours, theirs in zip(
        encoder.encode(windows).unwrap(), wide.encode(windows).unwrap(), strict=True
    ):
        np.testing.assert_allclose(ours.rows, theirs.rows, atol=1e-5)


def test_bfloat16_is_another_space_that_points_the_same_way(encoder: VJepa2Clips) -> None:
    half = hf_vjepa2.build(evolve(saved_hf(), options={"dtype": "bfloat16"})).unwrap()
    (full,), (low,) = encoder.encode([window(1)]).unwrap(), half.encode([window(1)]).unwrap()
    assert (full.rows * low.rows).sum(axis=1).min() > 0.999
    assert half.space != encoder.space
    assert "bfloat16" in half.space.revision


def test_real_clips_keep_the_place_of_a_cut(encoder: VJepa2Clips) -> None:
    bunny, phone = real_frames("bigbuckbunny"), real_frames("carphone_pristine")
    (rows,) = encoder.encode([(*bunny[:4], *phone[:4])]).unwrap()
    steps = np.linalg.norm(np.diff(rows.rows, axis=0), axis=1)
    assert steps.argmax() == 1


def test_memory_that_ran_out_is_a_failure_and_a_bug_is_not() -> None:
    outcome = guarded("net", 7, lambda: torch.empty(1 << 60, dtype=torch.uint8))
    assert outcome == Failure(OutOfMemory("net", 7))
    assert guarded("net", 7, lambda: 3) == Success(3)
    with pytest.raises(RuntimeError, match="size"):
        guarded("net", 7, lambda: torch.ones(2) + torch.ones(3))


def test_values_that_are_not_finite_are_a_failure(encoder: VJepa2Clips) -> None:
    def broken(clips: Any) -> torch.Tensor:
        return torch.full((len(clips), 2), float("nan"))

    outcome = per_clip(encoder.model, encoder.backbone, [window(1)], broken)
    assert isinstance(outcome, Failure)
    assert isinstance(outcome.failure(), ModelFailed)


def spec(**options: Any) -> ModelSpec:
    return ModelSpec("hf_vjepa2", "net", options=options)


def test_the_place_says_what_decided() -> None:
    place = placed(spec(), Need(1000, 1000)).unwrap()
    if torch.cuda.is_available():
        assert place.device.type == "cuda"
    else:
        assert str(place) == "cpu, float32, 1 at a time (no CUDA device)"
    told = placed(spec(device="cpu", dtype="bfloat16", batch=4), Need(1000, 1000)).unwrap()
    assert str(told) == "cpu, bfloat16, 4 at a time (as set)"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"device": "abacus"}, "no device abacus"),
        ({"dtype": "int3"}, "no dtype int3"),
        ({"batch": -1}, "batch of -1"),
    ],
)
def test_places_that_are_not_there_are_refused(options: dict[str, Any], words: str) -> None:
    outcome = placed(spec(**options), Need(1000, 1000))
    assert isinstance(outcome, Failure)
    assert words in str(outcome.failure())


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_missing_gpu_is_refused_when_asked_for() -> None:
    outcome = placed(spec(device="cuda"), Need(1000, 1000))
    assert isinstance(outcome, Failure)
    assert "no CUDA device" in str(outcome.failure())


@pytest.mark.skipif(free_bytes(torch.device("cpu")) is None, reason="free memory is not known")
def test_weights_that_do_not_fit_are_refused() -> None:
    outcome = placed(spec(device="cpu"), Need(10**14, 1000))
    assert isinstance(outcome, Failure)
    assert "take 400000.0 GB" in str(outcome.failure())


def test_a_feature_map_checks_its_values() -> None:
    space: Space[Any] = Space("net", "1", 3)
    FeatureMap(space, np.zeros((2, 2, 2, 3), dtype=np.float16))
    with pytest.raises(SpaceMismatchError, match="holds"):
        FeatureMap(space, np.zeros((2, 2, 2, 4), dtype=np.float16))
    with pytest.raises(TypeError, match="float16"):
        FeatureMap(space, np.zeros((2, 2, 2, 3), dtype=np.float32))
    with pytest.raises(ValueError, match="finite"):
        FeatureMap(space, np.full((2, 2, 2, 3), np.inf, dtype=np.float16))
