"""V-JEPA 2's encoder: arithmetic per CPU second, beside transformers' and a plain matrix product.

Random weights of ViT-L's shape with few layers (the cost is linear in them), 256 pixels, one
thread; the product is of the same precision, in the same process, between the runs.  With --memory
a whole ViT-L of random weights goes through the real adapter in a process of its own, one window of
64 frames, and its peak memory is printed: some minutes of CPU time and 1.3 GB of disk.

usage: python -m bench.vjepa2 [--rounds N] [--memory]
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import VJEPA2Config, VJEPA2Model

from kuavi.adapters._vjepa2_names import HF, filled, renamed
from kuavi.adapters._vjepa2_net import VJepa2
from kuavi.adapters._vjepa2_weights import Unseen, arch_of, flat_shapes
from kuavi.adapters.clips import hf_vjepa2
from kuavi.domain.media import Frame
from kuavi.domain.plan import ModelSpec, Source, Weights

CROP, PATCH, TUBELET = 256, 16, 2
SPACE = (CROP // PATCH) ** 2
CASES = ((16, 4), (64, 1))
"""Frames, and layers that are run."""


def encoder_flop(frames: int, layers: int, dim: int = 1024) -> float:
    """Of multiplications and additions: patches, linear maps and attention."""
    n = frames // TUBELET * SPACE
    patches = 2 * n * 3 * TUBELET * PATCH**2 * dim
    return patches + layers * (24 * n * dim**2 + 4 * n**2 * dim)


def product_rate(dtype: torch.dtype) -> float:
    """GFLOP per CPU second of a matrix product."""
    left, right = torch.randn(2048, 1024, dtype=dtype), torch.randn(1024, 4096, dtype=dtype)
    start = process_time()
    for _ in range(8):
        left @ right
    return 8 * 2 * 2048 * 1024 * 4096 / (process_time() - start) / 1e9


def cpu_seconds(run: Callable[[], object]) -> float:
    start = process_time()
    run()
    return process_time() - start


def networks(layers: int) -> tuple[VJepa2, VJEPA2Model]:
    """Ours and transformers', with the same weights."""
    config = VJEPA2Config(num_hidden_layers=layers, pred_num_hidden_layers=1)
    theirs = VJEPA2Model(config).eval()
    state = renamed(theirs.state_dict(), HF).unwrap()
    arch = arch_of(state, Unseen(16, 12, 1e-6, CROP, 64)).unwrap()
    ours = VJepa2(arch)
    trouble = filled(ours, flat_shapes(state))
    assert trouble is None, trouble
    return ours.eval(), theirs


def compare(frames: int, layers: int, dtype: torch.dtype, rounds: int) -> None:
    ours, theirs = networks(layers)
    ours, theirs = ours.to(dtype), theirs.to(dtype)
    clip = torch.randn(1, frames, 3, CROP, CROP, dtype=dtype)
    runs: dict[str, Callable[[], object]] = {
        "ours": lambda: ours.encoder(clip),
        "transformers": lambda: theirs(clip, skip_predictor=True),
    }
    took: dict[str, list[float]] = {name: [] for name in runs}
    products = []
    for _ in range(rounds):
        products.append(product_rate(dtype))
        for name, run in runs.items():
            took[name].append(cpu_seconds(run))
    product, work = median(products), encoder_flop(frames, layers) / 1e9
    precision = str(dtype).removeprefix("torch.")
    for name, seconds in took.items():
        rate = work / median(seconds)
        print(
            f"{frames} frames, {layers} layers, {precision}, {name}: {median(seconds):.2f} CPU-s, "
            f"{rate:.0f} GFLOP per CPU-s, {rate / product:.2f} of a product's {product:.0f}"
        )
    gain = median(took["transformers"]) / median(took["ours"])
    print(f"  ours over transformers: {gain:.2f}; load {os.getloadavg()[0]:.1f}", flush=True)


def random_checkpoint(folder: Path) -> None:
    """A whole ViT-L of random weights, as transformers keeps it."""
    config = VJEPA2Config(architectures=["VJEPA2Model"])
    with torch.device("meta"):
        shapes = {name: w.shape for name, w in VJEPA2Model(config).state_dict().items()}
    save_file({n: torch.randn(s) * 0.02 for n, s in shapes.items()}, folder / "model.safetensors")
    config.save_pretrained(folder)


def one_window(folder: str) -> None:
    """Encode a window in this process and print what it took."""
    files = {"config.json": "", "model.safetensors": ""}
    spec = ModelSpec("hf_vjepa2", "random ViT-L", weights=Weights(Source.DIRECTORY, folder, files))
    before = process_time()
    encoder = hf_vjepa2.build(spec).unwrap()
    loaded, peak = process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rng = np.random.default_rng(0)
    frames = [Frame(i, rng.integers(0, 256, (360, 640, 3), dtype=np.uint8)) for i in range(64)]
    (rows,) = encoder.encode([frames]).unwrap()
    at_end = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"64 frames, 24 layers, {encoder.backbone.placement}: {rows.rows.shape}, "
        f"load {loaded - before:.1f} CPU-s, window {process_time() - loaded:.1f} CPU-s, "
        f"peak {peak / 1024:.0f} MiB loaded, {at_end / 1024:.0f} MiB in all"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--window", metavar="FOLDER", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.window:
        one_window(arguments.window)
        return
    if arguments.memory:
        with tempfile.TemporaryDirectory() as folder:
            random_checkpoint(Path(folder))
            command = [sys.executable, "-m", "bench.vjepa2", "--window", folder]
            subprocess.run(command, check=True)
        return
    torch.set_num_threads(1)
    with torch.inference_mode():
        for frames, layers in CASES:
            for dtype in (torch.float32, torch.bfloat16):
                compare(frames, layers, dtype, arguments.rounds)


if __name__ == "__main__":
    main()
