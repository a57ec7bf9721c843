"""Probes on disk: one safetensors file, its labels and score in the file's own header."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from attrs import frozen
from returns.result import Failure, Success
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from kuavi.adapters._whole_files import write_whole
from kuavi.domain.features import Features
from kuavi.domain.holdout import HeldOut
from kuavi.domain.outcome import Outcome
from kuavi.domain.space import Motion, Space
from kuavi.ports.probes import ProbeUnreadable, ProbeUnwritable

FORMAT = "kuavi-probe-1"

Tensors = Mapping[str, np.ndarray[Any, Any]]


@frozen(eq=False)
class Kept:
    """What a probe's file holds: `kind` is the kit that reads it, `features` what it was shown.

    Files without `features` are older, of probes on motion rows.
    """

    kind: str
    features: Features
    space: Space[Motion]
    held_out: HeldOut
    options: Mapping[str, int]
    tensors: Tensors


def write(path: Path, kept: Kept) -> Outcome[str, ProbeUnwritable]:
    told = {
        "format": FORMAT,
        "kind": kept.kind,
        "features": kept.features.value,
        "space": [kept.space.model_id, kept.space.revision, kept.space.dim],
        "labels": list(kept.held_out.labels),
        "counts": kept.held_out.counts.tolist(),
        "learned_from": kept.held_out.learned_from,
        "by": kept.held_out.by,
        "options": dict(kept.options),
    }
    content = save(dict(kept.tensors), metadata={"kuavi": json.dumps(told)})
    try:
        write_whole(path, content)
    except OSError as error:
        return Failure(ProbeUnwritable(str(path), error.strerror or str(error)))
    return Success(str(path))


def read(path: Path, kind: str) -> Outcome[Kept, ProbeUnreadable]:
    if not path.is_file():
        return Failure(ProbeUnreadable(str(path), "no such probe file"))
    try:
        with safe_open(path, "numpy") as file:
            told = json.loads((file.metadata() or {})["kuavi"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if told["format"] != FORMAT or told["kind"] != kind:
            reason = f"made by another kit ({told['format']}, {told['kind']})"
            return Failure(ProbeUnreadable(str(path), reason))
        labels = tuple(map(str, told["labels"]))
        counts = np.array(told["counts"], dtype=np.int64)
        if counts.shape != (len(labels), len(labels)):
            raise ValueError("its score doesn't fit its labels")
        held_out = HeldOut(labels, counts, int(told["learned_from"]), str(told["by"]))
        space, features = Space[Motion](*told["space"]), Features(told.get("features", "motion"))
        return Success(Kept(kind, features, space, held_out, dict(told["options"]), tensors))
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        return Failure(ProbeUnreadable(str(path), f"not a probe of KUAVi ({error})"))
