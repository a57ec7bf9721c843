"""EfficientNet-Lite0 as an ONNX graph, from its published PyTorch weights.

The network: Tan & Le, "EfficientNet" (arXiv 1905.11946), in the Lite variant of the TensorFlow TPU
models (no squeeze-and-excitation, ReLU6 for swish, fixed stem and head).  Batch normalisation is
folded into the convolutions.  Imported only in the child process that fills the cache, since
reading the weights takes torch.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from kuavi.adapters._arrays import Array
from kuavi.adapters._graph import Graph

SIDE = 224
N_BLOCKS = 16
HALVING = (1, 3, 5, 11)
"""The blocks that halve the picture's size."""
BN_EPSILON = 1e-3
SAFE_TORCH = (2, 10)
"""Earlier releases had holes in `weights_only`."""
MEAN, SCALE = 127.0, 128.0

Weights = Mapping[str, Array]


def export(source: Path, target: Path) -> None:
    """Read a `.pth` file of weights and write the graph.

    Input `pictures` (n, 224, 224, 3) uint8 RGB; outputs `logits` (n, 1000) and `features`
    (n, 1280), the last convolution's mean over the picture.
    """
    if tuple(map(int, torch.__version__.split(".")[:2])) < SAFE_TORCH:
        raise RuntimeError(f"torch {torch.__version__} is too old to read weights safely")
    tensors = torch.load(source, map_location="cpu", weights_only=True)
    weights = {name: tensor.numpy() for name, tensor in tensors.items()}
    blocks = {name.split(".")[1] for name in weights if name.startswith("_blocks.")}
    if len(blocks) != N_BLOCKS or weights["_fc.weight"].shape != (1000, 1280):
        raise ValueError(f"these are not the weights of EfficientNet-Lite0 ({len(blocks)} blocks)")
    graph = Graph("efficientnet-lite0")
    x, size = _stem(graph, weights), SIDE // 2
    for index in range(N_BLOCKS):
        stride = 2 if index in HALVING else 1
        x = _block(graph, weights, index, x, (size, stride))
        size //= stride
    x = _convolution(graph, weights, ("_conv_head", "_bn1"), x, (size, 1))
    x = graph.node("GlobalAveragePool", _relu6(graph, x))
    features = graph.node("Flatten", x, axis=1)
    fc, bias = graph.weight(weights["_fc.weight"]), graph.weight(weights["_fc.bias"])
    logits = graph.node("Gemm", features, fc, bias, transB=1)
    graph.output("logits", logits, ("n", 1000))
    graph.output("features", features, ("n", 1280))
    graph.save(target)


def _stem(graph: Graph, weights: Weights) -> str:
    pictures = graph.input("pictures", "uint8", ("n", SIDE, SIDE, 3))
    x = graph.node("Cast", pictures, to=1)
    x = graph.node("Sub", x, graph.weight(np.float32(MEAN)))
    x = graph.node("Div", x, graph.weight(np.float32(SCALE)))
    x = graph.node("Transpose", x, perm=[0, 3, 1, 2])
    return _relu6(graph, _convolution(graph, weights, ("_conv_stem", "_bn0"), x, (SIDE, 2)))


def _block(graph: Graph, weights: Weights, index: int, x: str, shape: tuple[int, int]) -> str:
    """An inverted residual: widen, filter each channel, narrow; add the input where it fits."""
    at, y, (size, stride) = f"_blocks.{index}.", x, shape
    if f"{at}_expand_conv.weight" in weights:
        names = (f"{at}_expand_conv", f"{at}_bn0")
        y = _relu6(graph, _convolution(graph, weights, names, y, (size, 1)))
    names = (f"{at}_depthwise_conv", f"{at}_bn1")
    y = _relu6(graph, _convolution(graph, weights, names, y, shape))
    names = (f"{at}_project_conv", f"{at}_bn2")
    y = _convolution(graph, weights, names, y, (size // stride, 1))
    first = weights.get(f"{at}_expand_conv.weight", weights[f"{at}_depthwise_conv.weight"])
    in_channels = first.shape[1] if f"{at}_expand_conv.weight" in weights else first.shape[0]
    same = stride == 1 and in_channels == len(weights[f"{at}_project_conv.weight"])
    return graph.node("Add", x, y) if same else y


def _convolution(
    graph: Graph, weights: Weights, names: tuple[str, str], x: str, shape: tuple[int, int]
) -> str:
    """A convolution and the batch normalisation after it, as one.  `shape` is (size, stride).

    Padding is TensorFlow's SAME: the odd pixel goes right and below.
    """
    (conv, norm), (size, stride) = names, shape
    kernel = weights[f"{conv}.weight"].astype(np.float64)
    deviation = np.sqrt(weights[f"{norm}.running_var"].astype(np.float64) + BN_EPSILON)
    factor = weights[f"{norm}.weight"] / deviation
    bias = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * factor
    width = kernel.shape[2]
    pad = max((-(-size // stride) - 1) * stride + width - size, 0)
    before, after = pad // 2, pad - pad // 2
    return graph.node(
        "Conv",
        x,
        graph.weight((kernel * factor[:, None, None, None]).astype(np.float32)),
        graph.weight(bias.astype(np.float32)),
        kernel_shape=[width, width],
        strides=[stride, stride],
        pads=[before, before, after, after],
        group=len(kernel) if kernel.shape[1] == 1 else 1,
    )


def _relu6(graph: Graph, x: str) -> str:
    low, high = graph.weight(np.float32(0)), graph.weight(np.float32(6))
    return graph.node("Clip", x, low, high)
