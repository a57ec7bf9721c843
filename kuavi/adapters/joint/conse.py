"""Text and pictures in one space through the names of ImageNet's classes (ConSE).

Norouzi et al., "Zero-Shot Learning by Convex Combination of Semantic Embeddings" (arXiv 1312.5650):
a picture's vector is the mean of its classes' text vectors, weighted by the classifier's softmax.
Here the softmax is softened (temperature 2.5), a class is the mean of four texts about it, and both
sides are centred on the mean class.  It finds objects and settings, names no people or actions, and
its scores say nothing by themselves: they rank.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from attrs import frozen
from returns.result import Failure, Success

from kuavi.adapters._cache_dir import cached
from kuavi.adapters._imagenet import ImageClass, image_classes, table_fingerprint
from kuavi.adapters._lite0 import Lite0, lite0_for
from kuavi.adapters._minilm import DIM, MiniLm, minilm_for
from kuavi.adapters._onnx import GRAPH_REVISIONS
from kuavi.adapters._weights import INSTALL, needed, verified
from kuavi.domain.evidence import Evidence, Learned, Model, WeightsFile
from kuavi.domain.fingerprint import Fingerprint, fingerprint_of
from kuavi.domain.media import Frame
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.domain.space import Embeddings, Joint, Matrix, Space, unit
from kuavi.ports.models import ModelFailure, ModelUnavailable

METHOD = "EfficientNet-Lite0 + MiniLM-L6 (ConSE, object-level visual search)"
RECIPE = 1
"""Raise when vectors change for the same weights."""
TEMPERATURE = 2.5


@frozen(eq=False)
class ClassVectors:
    """Where the classes lie among texts: `mean` (384,) and `rows` (1000, 384) around it."""

    mean: Matrix
    rows: Matrix


@frozen(eq=False)
class Conse:
    space: Space[Joint]
    model: Model
    evidence: Evidence
    pictures: Lite0
    texts: MiniLm
    classes: ClassVectors

    def encode_frames(self, frames: Sequence[Frame]) -> Outcome[Embeddings[Joint], ModelFailure]:
        looks = self.pictures.look(frames)
        if isinstance(looks, Failure):
            return looks
        shares = looks.unwrap().probabilities(TEMPERATURE)
        rows = np.stack([share @ self.classes.rows for share in shares]) if len(frames) else shares
        return Success(Embeddings(self.space, unit(rows.reshape(-1, DIM))))

    def encode_texts(self, texts: Sequence[str]) -> Outcome[Embeddings[Joint], ModelFailure]:
        embedded = self.texts.embed(texts)
        if isinstance(embedded, Failure):
            return embedded
        rows = embedded.unwrap()
        said = rows.any(axis=1, keepdims=True)
        centred = np.where(said, rows - self.classes.mean, np.float32(0))
        return Success(Embeddings(self.space, unit(centred)))


def build(spec: ModelSpec) -> Outcome[Conse, ModelUnavailable]:
    """Needs the weights of EfficientNet-Lite0 (`.pth`) and MiniLM (`.safetensors`, tokenizer).

    The first build on a machine embeds the 4000 class texts, some 20 CPU seconds.
    """
    weights = verified(spec)
    if isinstance(weights, Failure):
        return weights
    named = needed(spec, weights.unwrap(), ".pth", ".safetensors", "tokenizer.json")
    if isinstance(named, Failure):
        return named
    image, text, tokenizer = named.unwrap()
    pictures = lite0_for(spec, image)
    if isinstance(pictures, Failure):
        return pictures
    texts = minilm_for(spec, text, tokenizer)
    if isinstance(texts, Failure):
        return texts
    classes = _class_vectors(spec, texts.unwrap(), _class_key(text.sha256, tokenizer.sha256))
    if isinstance(classes, Failure):
        return classes
    model = _model(spec, weights.unwrap().records)
    return Success(
        Conse(
            Space(model.model_id, model.revision, DIM),
            model,
            Learned(METHOD),
            pictures.unwrap(),
            texts.unwrap(),
            classes.unwrap(),
        )
    )


def class_texts(item: ImageClass) -> tuple[str, str, str, str]:
    """Four texts about a class: name, prompt, definition, kinds."""
    name = item.name
    return (
        name,
        f"a photo of a {name}.",
        f"{name}: {item.definition}",
        ", ".join((name, *item.hypernyms)),
    )


def _model(spec: ModelSpec, files: tuple[WeightsFile, ...]) -> Model:
    made_of = [[file.name, file.sha256] for file in files]
    graphs = [GRAPH_REVISIONS["lite0"], GRAPH_REVISIONS["minilm"]]
    mark = fingerprint_of([RECIPE, TEMPERATURE, table_fingerprint(), graphs, made_of])
    return Model(spec.model_id, f"conse{RECIPE}-{mark[:16]}", files)


def _class_key(text: Fingerprint, tokenizer: Fingerprint) -> Fingerprint:
    return fingerprint_of([RECIPE, table_fingerprint(), text, tokenizer, GRAPH_REVISIONS["minilm"]])


def _class_vectors(
    spec: ModelSpec, texts: MiniLm, key: Fingerprint
) -> Outcome[ClassVectors, ModelUnavailable]:
    """The centred class vectors, from the cache or computed into it."""
    path = cached(f"conse/{key[:32]}.npy", lambda target: _write_classes(texts, target))
    if isinstance(path, Failure):
        return Failure(ModelUnavailable(spec.model_id, path.failure(), f"or: {INSTALL}"))
    try:
        rows = np.load(path.unwrap(), allow_pickle=False)
    except (OSError, ValueError) as error:
        reason = f"{path.unwrap()} can't be read ({error})"
        return Failure(ModelUnavailable(spec.model_id, reason, "delete it; it will be made anew"))
    mean = rows.mean(axis=0)
    return Success(ClassVectors(mean, rows - mean))


def _write_classes(texts: MiniLm, target: Path) -> str | None:
    """Embed the four texts of each class and write their unit means (1000, 384)."""
    classes = image_classes()
    embedded = texts.embed([text for item in classes for text in class_texts(item)])
    if isinstance(embedded, Failure):
        return str(embedded.failure())
    rows = unit(embedded.unwrap().reshape(len(classes), 4, DIM).sum(axis=1))
    np.save(target, rows, allow_pickle=False)
    return None
