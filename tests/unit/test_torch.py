"""Where models run, and which faults of theirs are failures."""

import pytest
import torch
from returns.result import Failure, Success

from kuavi.adapters._torch import device_of, dtype_of, ran
from kuavi.domain.plan import ModelSpec
from kuavi.ports.models import ModelFailed, OutOfMemory


def test_a_named_device_is_taken_and_else_the_best_there_is() -> None:
    assert device_of(ModelSpec("a", "net", options={"device": "cuda:1"})) == "cuda:1"
    best = device_of(ModelSpec("a", "net"))
    assert best == ("cuda" if torch.cuda.is_available() else best)
    torch.zeros(1, device=best)


def test_number_types_are_named_as_torch_names_them() -> None:
    assert dtype_of(ModelSpec("a", "net")) == Success(("float32", torch.float32))
    half = dtype_of(ModelSpec("a", "net", options={"dtype": "bfloat16"}))
    assert half == Success(("bfloat16", torch.bfloat16))
    assert isinstance(dtype_of(ModelSpec("a", "net", options={"dtype": "int3"})), Failure)


def raising(error: Exception) -> int:
    raise error


def test_what_goes_wrong_in_a_run_is_a_failure_and_a_bug_is_raised() -> None:
    assert ran("net", 4, lambda: raising(torch.OutOfMemoryError("CUDA out of memory"))) == Failure(
        OutOfMemory("net", 4)
    )
    assert ran("net", 4, lambda: raising(RuntimeError("no kernel"))) == Failure(
        ModelFailed("net", "RuntimeError: no kernel")
    )
    with pytest.raises(TypeError):
        ran("net", 4, lambda: raising(TypeError("a bug")))


def test_a_run_keeps_no_gradients() -> None:
    weight = torch.ones(1, requires_grad=True)
    assert not ran("net", 1, lambda: weight * 2).unwrap().requires_grad
