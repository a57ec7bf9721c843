"""What every ClipEncoder must do; a new adapter adds one line to `ADAPTERS`."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest
from attrs import evolve, frozen
from returns.result import Failure

from kuavi.adapters.clips import fake, frame_change, hf_vjepa2, repo_vjepa2
from kuavi.domain.media import Frame
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.domain.presets import EMBEDDED, FAKE
from kuavi.domain.space import Embeddings, Matrix, Motion
from kuavi.domain.windows import Windowing, mean_per_frame, window_starts
from kuavi.ports.encoders import ClipEncoder, FeatureEncoder
from kuavi.ports.models import ModelUnavailable
from tests.pictures import noisy, real_frames
from tests.tiny import saved_hf, saved_repo


@frozen
class Case:
    build: Callable[[ModelSpec], Outcome[ClipEncoder, ModelUnavailable]]
    spec_of: Callable[[], ModelSpec]

    @property
    def spec(self) -> ModelSpec:
        return self.spec_of()


ADAPTERS = {
    "fake": Case(fake.build, lambda: FAKE.clips),
    "fake, 2 frames a step": Case(fake.build, lambda: evolve(FAKE.clips, options={"step": 2})),
    "frame_change": Case(frame_change.build, lambda: EMBEDDED.clips),
    "hf_vjepa2": Case(hf_vjepa2.build, saved_hf),
    "repo_vjepa2": Case(repo_vjepa2.build, saved_repo),
}
MAPPERS: Mapping[str, Callable[[ModelSpec], Outcome[FeatureEncoder, ModelUnavailable]]] = {
    "fake": fake.build,
    "hf_vjepa2": hf_vjepa2.build,
    "repo_vjepa2": repo_vjepa2.build,
}
"""The adapters that give feature maps too."""
SIZE = 4
WINDOWS = tuple(tuple(noisy(10 * w + i) for i in range(SIZE)) for w in range(3))


@pytest.fixture(params=ADAPTERS)
def case(request: pytest.FixtureRequest) -> Case:
    return ADAPTERS[request.param]


@pytest.fixture
def encoder(case: Case) -> ClipEncoder:
    outcome = case.build(case.spec)
    assert not isinstance(outcome, Failure), str(outcome.failure())
    return outcome.unwrap()


def encoded(
    encoder: ClipEncoder, windows: Sequence[Sequence[Frame]]
) -> tuple[Embeddings[Motion], ...]:
    outcome = encoder.encode(windows)
    assert not isinstance(outcome, Failure), str(outcome.failure())
    return outcome.unwrap()


def per_frame(encoder: ClipEncoder, frames: Sequence[Frame], windowing: Windowing) -> Matrix:
    """One row per frame, as an index run gets them."""
    starts = window_starts(len(frames), windowing)
    windows = encoded(encoder, [frames[s : s + windowing.size] for s in starts])
    cube = np.stack([window.rows for window in windows])
    return mean_per_frame(cube, starts, windowing.size, len(frames))


def test_one_row_per_step_in_the_declared_space(encoder: ClipEncoder) -> None:
    rows = encoded(encoder, WINDOWS)
    assert [len(window) for window in rows] == [SIZE // encoder.step] * 3
    assert {window.space for window in rows} == {encoder.space}


def test_nothing_in_gives_nothing_out(encoder: ClipEncoder) -> None:
    assert encoded(encoder, []) == ()


def test_a_window_of_one_step_is_enough(encoder: ClipEncoder) -> None:
    (rows,) = encoded(encoder, [WINDOWS[0][: encoder.step]])
    assert len(rows) == 1


def test_rows_have_length_one(encoder: ClipEncoder) -> None:
    rows = np.concatenate([window.rows for window in encoded(encoder, WINDOWS)])
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_a_window_encodes_alike_alone_and_in_a_batch(encoder: ClipEncoder) -> None:
    alone = [encoded(encoder, [window])[0].rows for window in WINDOWS]
    together = [window.rows for window in encoded(encoder, WINDOWS)]
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_different_windows_differ(encoder: ClipEncoder) -> None:
    first, second, _ = encoded(encoder, WINDOWS)
    assert not np.allclose(first.rows, second.rows, atol=1e-2)


def test_what_happens_in_another_order_differs(encoder: ClipEncoder) -> None:
    forward, backward = encoded(encoder, [WINDOWS[0], WINDOWS[0][::-1]])
    assert not np.allclose(forward.rows, backward.rows[::-1], atol=1e-2)


def test_the_frames_are_left_untouched(encoder: ClipEncoder) -> None:
    before = [frame.pixels.copy() for frame in WINDOWS[0]]
    encoded(encoder, WINDOWS)
    for frame, pixels in zip(WINDOWS[0], before, strict=True):
        np.testing.assert_array_equal(frame.pixels, pixels)


def test_the_identity_is_stable_and_names_what_was_read(case: Case, encoder: ClipEncoder) -> None:
    again = case.build(case.spec).unwrap()
    assert again.model == encoder.model
    assert again.space == encoder.space
    pinned = list(case.spec.weights.files.values())
    assert [file.sha256 for file in encoder.model.weights] == pinned


def test_a_cut_is_the_largest_step_of_the_rows(encoder: ClipEncoder) -> None:
    """Averaged over overlapping windows, whatever their phase, the cut stays where it is."""
    for n_before in (8, 10):
        bunny, phone = real_frames("bigbuckbunny"), real_frames("carphone_pristine")
        frames = (*bunny[:n_before], *phone[: 18 - n_before])
        rows = per_frame(encoder, frames, Windowing(size=8, stride=4))
        steps = np.linalg.norm(np.diff(rows, axis=0), axis=1)
        assert steps.argmax() + 1 == n_before


@pytest.fixture(params=MAPPERS)
def mapper(request: pytest.FixtureRequest) -> FeatureEncoder:
    outcome = MAPPERS[request.param](ADAPTERS[request.param].spec)
    assert not isinstance(outcome, Failure), str(outcome.failure())
    return outcome.unwrap()


def test_a_feature_map_per_window_in_a_space_of_its_own(mapper: FeatureEncoder) -> None:
    maps = mapper.features(WINDOWS).unwrap()
    assert {one.space for one in maps} == {mapper.feature_space}
    assert len({one.values.shape for one in maps}) == 1
    assert len(maps) == len(WINDOWS)
    assert maps[0].values.shape[3] == mapper.feature_space.dim
    assert not np.array_equal(maps[0].values, maps[1].values)
    assert mapper.features([]).unwrap() == ()


def test_a_feature_map_is_the_same_alone_and_in_a_batch(mapper: FeatureEncoder) -> None:
    together = [one.values for one in mapper.features(WINDOWS).unwrap()]
    alone = [mapper.features([window]).unwrap()[0].values for window in WINDOWS]
    np.testing.assert_allclose(together, alone, atol=1e-2)


def test_places_are_rows_and_columns_of_the_picture(mapper: FeatureEncoder) -> None:
    """What changes in the lower half of the picture shows most in the lower rows."""
    still = tuple(noisy(1, (48, 48)) for _ in range(SIZE))
    pixels = still[0].pixels.copy()
    pixels[24:] = 255 - pixels[24:]
    other = tuple(Frame(float(i), pixels) for i in range(SIZE))
    first, second = (
        one.values.astype(np.float32) for one in mapper.features([still, other]).unwrap()
    )
    change = np.abs(first - second).mean(axis=(0, 2, 3))
    half = len(change) // 2
    assert change[half:].mean() > 1.2 * change[:half].mean()
