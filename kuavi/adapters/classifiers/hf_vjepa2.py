"""V-JEPA 2's probes for SSv2 and Diving48, from checkpoints in the layout of transformers."""

from attrs import evolve
from returns.result import Failure, Success

from kuavi.adapters import _vjepa2_hf
from kuavi.adapters._vjepa2_backbone import CHECK
from kuavi.adapters._vjepa2_classifier import ProbeRead, VJepa2Classifier, classifier_for
from kuavi.adapters._weights import verified
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.ports.models import ModelUnavailable


def build(spec: ModelSpec) -> Outcome[VJepa2Classifier, ModelUnavailable]:
    """Needs `config.json` and the `.safetensors` of a classification checkpoint and the option
    `task`; further options `clip_frames`, `segments`, `levels`, `views` and those of the clip
    encoder.  One view unless told otherwise: what transformers' processor shows it, the centre.
    """
    one_view = evolve(spec, options={"views": 1, **spec.options})
    return classifier_for(one_view, _vjepa2_hf.read, _read_probe)


def _read_probe(spec: ModelSpec) -> Outcome[ProbeRead, ModelUnavailable]:
    found = verified(spec)
    if isinstance(found, Failure):
        return found
    files = found.unwrap()
    config = _vjepa2_hf.config_of(files)
    state = _vjepa2_hf.read_probe(files)
    for part in (config, state):
        if isinstance(part, Failure):
            return Failure(ModelUnavailable(spec.model_id, part.failure(), CHECK))
    labels = [_vjepa2_hf.labels_of(config.unwrap())]
    return Success(ProbeRead(state.unwrap(), labels, files.records))
