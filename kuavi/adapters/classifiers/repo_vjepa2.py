"""V-JEPA 2's original probe files (SSv2, Diving48, EK100), on an original backbone.

These files name no classes.  Names come from an `...id2label.json`, for EK100 from
`EPIC_100_train.csv`, if the spec's `more_weights` have them; else classes are called by number.
"""

from attrs import evolve
from returns.result import Failure, Success

from kuavi.adapters import _vjepa2_repo
from kuavi.adapters._vjepa2_backbone import CHECK
from kuavi.adapters._vjepa2_classifier import ProbeRead, VJepa2Classifier, classifier_for
from kuavi.adapters._vjepa2_tasks import EPIC_TRAIN, HEADS, LABELS, epic_labels, numbered_labels
from kuavi.adapters._weights import VerifiedWeights, verified
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import NO_WEIGHTS, ModelSpec
from kuavi.ports.models import ModelUnavailable


def build(spec: ModelSpec) -> Outcome[VJepa2Classifier, ModelUnavailable]:
    """Needs the backbone's file in `weights`, the probe's in `more_weights`, and the options
    `task`, `encoder_key` (the published probes stand on `target_encoder`) and `crop`; others are
    `head` (EK100: verb, noun or action), `clip_frames`, `segments`, `levels`, `views` and those
    of the clip encoder.  SSv2 and Diving48 are shown three views, as their authors evaluate them.
    """
    return classifier_for(spec, _vjepa2_repo.read, _read_probe)


def _read_probe(spec: ModelSpec) -> Outcome[ProbeRead, ModelUnavailable]:
    found = verified(evolve(spec, weights=NO_WEIGHTS))
    if isinstance(found, Failure):
        return found
    files = found.unwrap()
    file = _vjepa2_repo.weights_in(files)
    if file is None:
        remedy = "add the probe's file to its `more_weights`"
        return Failure(ModelUnavailable(spec.model_id, "no probe is named", remedy))
    state = _vjepa2_repo.read_probe(file)
    labels = _labels(files)
    for part in (state, labels):
        if isinstance(part, Failure):
            return Failure(ModelUnavailable(spec.model_id, part.failure(), CHECK))
    return Success(ProbeRead(state.unwrap(), labels.unwrap(), files.records))


def _labels(files: VerifiedWeights) -> Outcome[list[list[str]], str]:
    """Names of classes by head; empty where no file tells."""
    epic, numbered = files.ending(EPIC_TRAIN), files.ending(LABELS)
    if epic is not None:
        actions = epic_labels(epic.path)
        if isinstance(actions, Failure):
            return actions
        return Success([list(actions.unwrap()[head]) for head in HEADS])
    if numbered is not None:
        labels = numbered_labels(numbered.path)
        return labels if isinstance(labels, Failure) else Success([list(labels.unwrap())])
    return Success([])
