"""Where a torch network runs, in which precision, how many inputs at once, and how it fails."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch
from attrs import frozen
from returns.result import Failure, Success

from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.ports.models import ModelFailed, ModelFailure, ModelUnavailable, OutOfMemory

T = TypeVar("T")

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
MOST = 32
"""Larger batches are no faster."""
SHARE = 0.6
"""Of the memory left beside the weights, what batches may take."""


@frozen
class Need:
    """Weights' number, and one input's activations' (an estimate of what is alive at once)."""

    weights: int
    activations: int


@frozen
class Placement:
    """`why` says what decided."""

    device: torch.device
    dtype: torch.dtype
    batch: int
    why: str

    @property
    def precision(self) -> str:
        return str(self.dtype).removeprefix("torch.")

    def __str__(self) -> str:
        return f"{self.device}, {self.precision}, {self.batch} at a time ({self.why})"


def placed(spec: ModelSpec, need: Need) -> Outcome[Placement, ModelUnavailable]:
    """By the options `device`, `dtype`, `batch`; else CUDA in bfloat16 if it fits, else the CPU."""
    asked = str(spec.options.get("device", "auto"))
    device = _device(spec, need, asked)
    if isinstance(device, Failure):
        return device
    where, why = device.unwrap()
    dtype = str(spec.options.get("dtype", "auto"))
    if dtype == "auto":
        dtype = "bfloat16" if where.type == "cuda" and torch.cuda.is_bf16_supported() else "float32"
    if dtype not in DTYPES:
        return _refused(spec, f"there is no dtype {dtype}", f"one of auto, {', '.join(DTYPES)}")
    size = DTYPES[dtype].itemsize
    free = free_bytes(where)
    if free is not None and free < need.weights * size:
        reason = f"its weights take {need.weights * size / 1e9:.1f} GB, {free / 1e9:.1f} are free"
        return _refused(spec, f"{reason} on {where}", "choose a smaller model or another device")
    batch = int(spec.options.get("batch", 0)) or _batch(where, free, need, size)
    if batch < 1:
        return _refused(spec, f"a batch of {batch} is nothing", "leave the option `batch` out")
    return Success(Placement(where, DTYPES[dtype], batch, why))


def guarded(model_id: str, batch: int, run: Callable[[], T]) -> Outcome[T, ModelFailure]:
    """Run a network without gradients; memory that ran out is a failure, a bug is raised."""
    try:
        with torch.inference_mode():
            return Success(run())
    except (torch.OutOfMemoryError, MemoryError):
        return Failure(OutOfMemory(model_id, batch))
    except torch.AcceleratorError as error:
        return Failure(ModelFailed(model_id, f"the device failed ({error})"))
    except RuntimeError as error:
        if "allocate memory" in str(error):
            return Failure(OutOfMemory(model_id, batch))
        raise


def free_bytes(device: torch.device) -> int | None:
    """Free memory, or None where it is not known."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return int(free)
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(ln.split()[1]) * 1024 for ln in lines if ln.startswith("MemAvailable")), None)


def _device(
    spec: ModelSpec, need: Need, asked: str
) -> Outcome[tuple[torch.device, str], ModelUnavailable]:
    if asked == "auto":
        if not torch.cuda.is_available():
            return Success((torch.device("cpu"), "no CUDA device"))
        cuda, wanted = torch.device("cuda"), 2 * (need.weights + need.activations)
        free = free_bytes(cuda) or 0
        if free < wanted:
            why = f"CUDA has {free / 1e9:.1f} GB free, {wanted / 1e9:.1f} are needed"
            return Success((torch.device("cpu"), why))
        return Success((cuda, f"CUDA has {free / 1e9:.1f} GB free"))
    try:
        device = torch.device(asked)
    except RuntimeError:
        return _refused(spec, f"there is no device {asked}", "one of auto, cpu, cuda, cuda:1, ...")
    if device.type == "cuda" and not torch.cuda.is_available():
        return _refused(spec, "there is no CUDA device", "set the option `device` to auto or cpu")
    return Success((device, "as set"))


def _batch(device: torch.device, free: int | None, need: Need, size: int) -> int:
    """On a CPU one at a time: more is no faster, and an input's answer is the same in any batch."""
    if device.type != "cuda" or free is None:
        return 1
    left = SHARE * (free - need.weights * size)
    return max(1, min(MOST, int(left / (need.activations * size))))


def _refused(spec: ModelSpec, reason: str, remedy: str) -> Failure[ModelUnavailable]:
    return Failure(ModelUnavailable(spec.model_id, reason, remedy))
