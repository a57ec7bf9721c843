"""ONNX graphs, written once from a network's weights, and the sessions that run them.

A graph is cached under the SHA-256 of its weights and the revision of the code that wrote it.
Later runs import neither torch nor anything else but onnxruntime.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import onnxruntime as ort
from onnxruntime.capi.onnxruntime_pybind11_state import (
    EPFail,
    Fail,
    InvalidArgument,
    InvalidProtobuf,
    RuntimeException,
)
from returns.result import Failure, Success

from kuavi.adapters._cache_dir import cached
from kuavi.adapters._weights import INSTALL, Verified
from kuavi.domain.outcome import Outcome
from kuavi.ports.models import ModelFailed, ModelFailure, ModelUnavailable, OutOfMemory

GRAPH_REVISIONS: Mapping[str, int] = {"lite0": 1, "minilm": 1}
"""Raise a network's number whenever `_export_<network>` writes another graph."""
EXPORT_SECONDS = 600
DEFAULT_THREADS = 2

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
Session: TypeAlias = ort.InferenceSession


def session_for(
    model_id: str, network: str, weights: Verified, threads: int
) -> Outcome[Session, ModelUnavailable]:
    """A session of the network with these weights; one per process and number of threads."""
    name = f"onnx/{network}-{GRAPH_REVISIONS[network]}-{weights.sha256[:32]}.onnx"
    graph = cached(name, lambda target: _export(network, weights.path, target))
    if isinstance(graph, Failure):
        remedy = f"see the reason, or install again: {INSTALL}"
        return Failure(ModelUnavailable(model_id, graph.failure(), remedy))
    path = graph.unwrap()
    try:
        return Success(_session(path, threads))
    except (Fail, InvalidProtobuf, RuntimeException) as error:
        reason = f"onnxruntime can't load {path} ({error})"
        return Failure(ModelUnavailable(model_id, reason, "delete the file; it will be made anew"))


def run(
    model_id: str, session: Session, inputs: Mapping[str, Array]
) -> Outcome[list[Array], ModelFailure]:
    """All outputs of the session for one batch."""
    batch = len(next(iter(inputs.values())))
    try:
        return Success(session.run(None, dict(inputs)))
    except (EPFail, Fail, InvalidArgument, RuntimeException) as error:
        if "allocat" in str(error).lower():
            return Failure(OutOfMemory(model_id, batch))
        return Failure(ModelFailed(model_id, f"onnxruntime: {error}"))
    except MemoryError:
        return Failure(OutOfMemory(model_id, batch))


@lru_cache(maxsize=8)
def _session(path: Path, threads: int) -> Session:
    """A session that computes the same on every run, and whose idle threads sleep."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _export(network: str, weights: Path, target: Path) -> str | None:
    """Write the graph in a child process; returns what went wrong."""
    root = str(Path(__file__).parents[2])
    paths = [root, os.environ.get("PYTHONPATH", "")]
    command = [sys.executable, "-m", "kuavi.adapters._export", network, str(weights), str(target)]
    try:
        done = subprocess.run(
            command,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=EXPORT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"the export of {network} could not run ({error})"
    if done.returncode or not target.is_file():
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        return f"the export of {network} failed ({lines[-1]})"
    return None
