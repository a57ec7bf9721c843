"""What adapters on torch share: where a model runs, and how its faults become failures.

Options: `device` ("auto": CUDA, then MPS, then the CPU; or a name of torch's), `dtype`
("float32", "bfloat16", "float16").
"""

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from returns.result import Failure, Success

from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.ports.models import ModelFailed, ModelFailure, ModelUnavailable, OutOfMemory

T = TypeVar("T")

DTYPES = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}
LOADING = (OSError, ValueError, RuntimeError, KeyError, TypeError, ImportError, AttributeError)
"""What loading a checkpoint that does not fit raises."""


def device_of(spec: ModelSpec) -> str:
    """The device that the spec names, or the best there is."""
    named = str(spec.options.get("device", "auto"))
    if named != "auto":
        return named
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def dtype_of(spec: ModelSpec) -> Outcome[tuple[str, Any], ModelUnavailable]:
    """The name of the number type, and the type."""
    name = str(spec.options.get("dtype", "float32"))
    if name not in DTYPES:
        reason = f"there is no option dtype {name}"
        return Failure(ModelUnavailable(spec.model_id, reason, f"say one of {', '.join(DTYPES)}"))
    return Success((name, DTYPES[name]))


def ran(model_id: str, batch: int, run: Callable[[], T]) -> Outcome[T, ModelFailure]:
    """The result of a run without gradients, or what went wrong."""
    try:
        with torch.inference_mode():
            return Success(run())
    except (torch.OutOfMemoryError, MemoryError):
        return Failure(OutOfMemory(model_id, batch))
    except (RuntimeError, ValueError, IndexError) as error:
        return Failure(ModelFailed(model_id, f"{type(error).__name__}: {error}"))
