"""What `python -m bench.windowing` measures of half the tokens: each at its true position."""

import numpy as np
import pytest
import torch

from bench.half_tokens import HalfTokens, Kept
from kuavi.adapters._vjepa2_clips import VJepa2Clips
from kuavi.adapters._vjepa2_net import layer_normed
from kuavi.adapters.clips import hf_vjepa2
from kuavi.domain.space import unit
from tests.pictures import noisy
from tests.tiny import GRID, saved_hf

N = GRID**2
STEPS = 3


@pytest.fixture(scope="module")
def encoder() -> VJepa2Clips:
    return hf_vjepa2.build(saved_hf()).unwrap()


def test_half_of_each_step_s_places_is_kept(encoder: VJepa2Clips) -> None:
    still = torch.zeros(1, STEPS, N, 5)
    still[0, 1, N // 2 :] = 1.0
    still[0, 2, : N // 2] = 1.0
    still[0, 2, N // 2 :] = 1.5
    chess = HalfTokens(encoder, Kept.CHESS).ids(still)[0]
    for step, ids in enumerate(chess.tolist()):
        fields = [divmod(i - step * N, GRID) for i in ids]
        assert len(fields) == N // 2
        assert {(row + column + step) % 2 for row, column in fields} == {0}
    moved = HalfTokens(encoder, Kept.MOVED).ids(still)[0]
    late, early = range(N // 2, N), range(N // 2)
    wanted = [late, [N + i for i in late], [2 * N + i for i in early]]
    assert moved.tolist() == [list(ids) for ids in wanted]


@pytest.mark.parametrize("kept", list(Kept))
def test_rows_are_means_of_the_tokens_kept(encoder: VJepa2Clips, kept: Kept) -> None:
    clip = [noisy(i) for i in range(2 * STEPS)]
    half = HalfTokens(encoder, kept)
    (rows,) = half.encode([clip]).unwrap()
    net, backbone = encoder.backbone.net, encoder.backbone
    with torch.inference_mode():
        pictures = backbone.pictures([clip])
        ids = half.ids(backbone.by_step(net.encoder.patches(pictures)))
        tokens = layer_normed(net.encoder(pictures, ids.reshape(1, -1)))[0]
    means = tokens.reshape(STEPS, N // 2, -1).mean(dim=1).numpy()
    np.testing.assert_allclose(rows.rows, unit(means), atol=1e-6)
    (whole,) = encoder.encode([clip]).unwrap()
    assert rows.space != whole.space
    assert 0.5 < (rows.rows * whole.rows).sum(axis=1).mean() < 0.999
