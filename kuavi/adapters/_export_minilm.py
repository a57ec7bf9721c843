"""A BERT sentence encoder (all-MiniLM-L6-v2) as an ONNX graph, from its safetensors.

The network: Devlin et al., "BERT" (arXiv 1810.04805), six layers; the sentence's vector is the mean
over its tokens, as in Sentence-BERT (arXiv 1908.10084).  Needs no torch.  Imported only in the
child process that fills the cache.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from kuavi.adapters._arrays import Array
from kuavi.adapters._graph import Graph

HEADS = 12
LAYERS = 6
DIM = 384
EPSILON = 1e-12
FAR = -1e4
"""Added to the attention on padding: its softmax is 0 in float32."""

Weights = Mapping[str, Array]


def export(source: Path, target: Path) -> None:
    """Read the weights and write the graph.

    Inputs `ids` and `mask` (n, t) int64, t <= 512; output `mean` (n, 384), not normalised.
    """
    weights = load_file(source)
    layers = {name.split(".")[2] for name in weights if name.startswith("encoder.layer.")}
    words = weights["embeddings.word_embeddings.weight"]
    if len(layers) != LAYERS or words.shape[1] != DIM:
        raise ValueError(f"these are not the weights of MiniLM-L6 ({len(layers)} layers)")
    graph = Graph("all-minilm-l6-v2")
    ids = graph.input("ids", "int64", ("n", "t"))
    mask = graph.node("Cast", graph.input("mask", "int64", ("n", "t")), to=1)
    keep = graph.node("Unsqueeze", mask, graph.weight(np.array([1, 2])))
    away = graph.node("Sub", graph.weight(np.float32(1)), keep)
    away = graph.node("Mul", away, graph.weight(np.float32(FAR)))
    x = _embeddings(graph, weights, ids)
    for index in range(LAYERS):
        at = f"encoder.layer.{index}."
        x = _added(
            graph, weights, f"{at}attention.output", x, _attention(graph, weights, at, x, away)
        )
        hidden = graph.node("Gelu", _linear(graph, weights, f"{at}intermediate.dense", x))
        x = _added(graph, weights, f"{at}output", x, hidden)
    graph.output("mean", _mean(graph, x, mask), ("n", DIM))
    graph.save(target)


def _embeddings(graph: Graph, weights: Weights, ids: str) -> str:
    words = graph.node("Gather", graph.weight(weights["embeddings.word_embeddings.weight"]), ids)
    kind = weights["embeddings.token_type_embeddings.weight"][0]
    positions = graph.weight(weights["embeddings.position_embeddings.weight"] + kind)
    length = graph.node("Shape", ids, start=1, end=2)
    zero, axis = graph.weight(np.array([0])), graph.weight(np.array([0]))
    places = graph.node("Slice", positions, zero, length, axis)
    return _normalised(graph, weights, "embeddings", graph.node("Add", words, places))


def _attention(graph: Graph, weights: Weights, at: str, x: str, away: str) -> str:
    """Multi-head self-attention without its output projection: (n, t, 384)."""
    apart = graph.weight(np.array([0, 0, HEADS, DIM // HEADS]))
    heads = {}
    for name in ("query", "key", "value"):
        rows = graph.node(
            "Reshape", _linear(graph, weights, f"{at}attention.self.{name}", x), apart
        )
        perm = [0, 2, 3, 1] if name == "key" else [0, 2, 1, 3]
        heads[name] = graph.node("Transpose", rows, perm=perm)
    scores = graph.node("MatMul", heads["query"], heads["key"])
    scores = graph.node("Div", scores, graph.weight(np.float32(np.sqrt(DIM // HEADS))))
    shares = graph.node("Softmax", graph.node("Add", scores, away), axis=-1)
    mixed = graph.node("MatMul", shares, heads["value"])
    mixed = graph.node("Transpose", mixed, perm=[0, 2, 1, 3])
    return graph.node("Reshape", mixed, graph.weight(np.array([0, 0, DIM])))


def _added(graph: Graph, weights: Weights, at: str, x: str, y: str) -> str:
    """A residual step: project y, add x, normalise."""
    return _normalised(
        graph, weights, at, graph.node("Add", _linear(graph, weights, f"{at}.dense", y), x)
    )


def _linear(graph: Graph, weights: Weights, at: str, x: str) -> str:
    product = graph.node("MatMul", x, graph.weight(weights[f"{at}.weight"].T))
    return graph.node("Add", product, graph.weight(weights[f"{at}.bias"]))


def _normalised(graph: Graph, weights: Weights, at: str, x: str) -> str:
    gain = graph.weight(weights[f"{at}.LayerNorm.weight"])
    bias = graph.weight(weights[f"{at}.LayerNorm.bias"])
    return graph.node("LayerNormalization", x, gain, bias, axis=-1, epsilon=EPSILON)


def _mean(graph: Graph, x: str, mask: str) -> str:
    """The mean over the tokens that are not padding: (n, 384)."""
    column = graph.node("Unsqueeze", mask, graph.weight(np.array([2])))
    axis = graph.weight(np.array([1]))
    total = graph.node("ReduceSum", graph.node("Mul", x, column), axis, keepdims=0)
    return graph.node("Div", total, graph.node("ReduceSum", mask, axis, keepdims=1))
