"""Writes ONNX graphs node by node.

A network built here needs no exporter: its file holds exactly these nodes, the same on every
machine, whatever version of a training framework is installed.
"""

from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 20
IR_VERSION = 10  # onnxruntime 1.20 reads it

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

KINDS = {"uint8": TensorProto.UINT8, "int64": TensorProto.INT64, "float32": TensorProto.FLOAT}


class Graph:
    """A graph under construction.  Values are named by strings; each node has one output."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[Any] = []
        self._weights: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []

    def input(self, name: str, kind: str, shape: tuple[int | str, ...]) -> str:
        """Declare an input; a string in `shape` names a free dimension."""
        self._inputs.append(helper.make_tensor_value_info(name, KINDS[kind], shape))
        return name

    def weight(self, array: Array | np.float32) -> str:
        """A constant of the graph."""
        name = f"w{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(self, op: str, *inputs: str, **attributes: object) -> str:
        """Append an operation and name its output."""
        name = f"v{len(self._nodes)}"
        self._nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name

    def output(self, name: str, value: str, shape: tuple[int | str, ...]) -> None:
        """Give a float32 value out under a name."""
        self._nodes.append(helper.make_node("Identity", [value], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def save(self, path: Path) -> None:
        """Check the graph and write it."""
        graph = helper.make_graph(
            self._nodes, self._name, self._inputs, self._outputs, self._weights
        )
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
        onnx.checker.check_model(model)
        onnx.save(model, path)
