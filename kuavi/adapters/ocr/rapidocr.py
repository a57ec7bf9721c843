"""PP-OCR through rapidocr and onnxruntime: text detection, then recognition of each line.

Models are given as local paths: nothing is downloaded.  A picture is never enlarged, and text is
taken as upright (no orientation classifier).  What is read with a score of 0.8 or less is dropped,
and so is a single character.

Options: `side` (640, the longer side in pixels that detection sees), `threads` (1).
"""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from attrs import frozen
from onnxruntime.capi.onnxruntime_pybind11_state import (
    Fail,
    InvalidArgument,
    InvalidGraph,
    InvalidProtobuf,
    RuntimeException,
)
from rapidocr import RapidOCR
from returns.result import Failure, Success

from kuavi.adapters._weights import VerifiedWeights, verified
from kuavi.domain.evidence import Evidence, Learned, Model
from kuavi.domain.media import Frame
from kuavi.domain.outcome import Outcome, collect
from kuavi.domain.plan import ModelSpec
from kuavi.domain.reading_order import reading_order
from kuavi.domain.words import TextBox
from kuavi.ports.models import ModelFailed, ModelFailure, ModelUnavailable, OutOfMemory

_LOWEST = 0.8
_STEPS = {"use_det": True, "use_cls": False, "use_rec": True}  # sticky in rapidocr: give all three

_FAULTS = (
    *(Fail, InvalidArgument, InvalidGraph, InvalidProtobuf, RuntimeException),  # onnxruntime's own
    *(cv2.error, RuntimeError, ValueError, IndexError, OSError),
)


@frozen
class _RapidOcr:
    model: Model
    engine: Any

    @property
    def evidence(self) -> Evidence:
        return Learned(self.model.model_id)

    def read(
        self, frames: Sequence[Frame]
    ) -> Outcome[tuple[tuple[TextBox, ...], ...], ModelFailure]:
        return collect(self._read(frame) for frame in frames)

    def _read(self, frame: Frame) -> Outcome[tuple[TextBox, ...], ModelFailure]:
        bgr = np.ascontiguousarray(frame.pixels[:, :, ::-1])
        try:
            found = self.engine(bgr, **_STEPS)
        except MemoryError:
            return Failure(OutOfMemory(self.model.model_id, batch=1))
        except _FAULTS as error:
            return Failure(ModelFailed(self.model.model_id, f"{type(error).__name__}: {error}"))
        if found.txts is None or found.boxes is None:
            return Success(())
        lines = zip(found.txts, found.scores, found.boxes, strict=True)
        boxes = (_box(*line, frame) for line in lines if line[1] > _LOWEST and _legible(line[0]))
        return Success(reading_order(boxes))


def _legible(text: str) -> bool:
    """Whether it may be text: one character alone is mostly a shape that looks like one."""
    return sum(character.isalnum() for character in text) >= 2


def _box(text: str, score: float, corners: np.ndarray, frame: Frame) -> TextBox:
    """Upright bounds of four corners (4, 2) in pixels, as shares of the picture."""
    height, width = frame.pixels.shape[:2]
    shares = np.clip(np.asarray(corners, np.float64) / (width, height), 0.0, 1.0)
    left, top = (float(value) for value in shares.min(axis=0))
    right, bottom = (float(value) for value in shares.max(axis=0))
    return TextBox(" ".join(text.split()), min(float(score), 1.0), (left, top, right, bottom))


def build(spec: ModelSpec) -> Outcome[_RapidOcr, ModelUnavailable]:
    """A detector, then a recogniser: the first two ONNX files that the spec's weights name."""
    match verified(spec):
        case Failure(reason):
            return Failure(reason)
        case Success(weights):
            return _load(spec, weights)


def _load(spec: ModelSpec, weights: VerifiedWeights) -> Outcome[_RapidOcr, ModelUnavailable]:
    paths = [file.path for name, file in weights.files.items() if name.endswith(".onnx")]
    remedy = "name the detector's and the recogniser's ONNX files of PP-OCR, in this order"
    if len(paths) != 2:
        reason = f"its weights name {len(paths)} ONNX files, not 2"
        return Failure(ModelUnavailable(spec.model_id, reason, remedy))
    side = int(spec.options.get("side", 640))
    threads = int(spec.options.get("threads", 1))
    try:
        engine = RapidOCR(params=_parameters(paths[0], paths[1], side, threads))
        blank = np.zeros((64, 64, 3), np.uint8)  # models load at their first use
        engine(blank, **_STEPS)
        engine(blank, use_det=False, use_cls=False, use_rec=True)
    except _FAULTS as error:
        reason = f"it can't be loaded: {error}"
        return Failure(ModelUnavailable(spec.model_id, reason, remedy))
    recipe = f"side {side}, score > {_LOWEST}, 2 characters, rapidocr {version('rapidocr')}"
    model = Model(spec.model_id, f"{spec.revision}; {recipe}", weights.records)
    return Success(_RapidOcr(model, engine))


def _parameters(
    detector: Path, recogniser: Path, side: int, threads: int
) -> dict[str, str | int | float | bool]:
    return {
        "Global.log_level": "critical",  # it has a handler of its own that writes to the terminal
        "Global.model_root_dir": str(detector.parent),
        "Global.use_cls": False,
        "Det.model_path": str(detector),
        "Det.limit_type": "max",
        "Det.limit_side_len": side,
        "Rec.model_path": str(recogniser),
        "EngineConfig.onnxruntime.intra_op_num_threads": threads,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    }
