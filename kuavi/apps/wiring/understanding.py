"""Ports of what goes beyond search: probes, classifiers, foresight, curves."""

from typing import TypeAlias

from returns.result import Failure, Success

from kuavi.apps.usecases.classify import NOT_RELEASED, NoClassifier, WeightsNotReleased
from kuavi.apps.usecases.ports import ForesightPorts, ProbePorts
from kuavi.apps.wiring.compose import Tools
from kuavi.apps.wiring.models import Models
from kuavi.apps.wiring.registry import Family
from kuavi.domain.outcome import Outcome
from kuavi.ports.classifiers import ClipClassifier
from kuavi.ports.models import ModelUnavailable
from kuavi.ports.plots import Plots
from kuavi.ports.probes import ProbeKit


def probe_ports(tools: Tools, models: Models) -> Outcome[ProbePorts, ModelUnavailable]:
    """What probes need; the clip encoder only names its space."""
    clips = models.clips()
    if isinstance(clips, Failure):
        return clips
    try:
        kit: ProbeKit = Family("probes").builder("attentive")()
    except ImportError as error:
        reason = f"the Python package {error.name or error} is not installed"
        remedy = f"pip install 'kuavi[{models.preset.extra}]'"
        return Failure(ModelUnavailable("attentive-probe", reason, remedy))
    return Success(ProbePorts(tools.library, tools.files, kit, clips.unwrap().space))


ClassifierFailure: TypeAlias = WeightsNotReleased | NoClassifier | ModelUnavailable


def classifier(models: Models, task: str) -> Outcome[ClipClassifier, ClassifierFailure]:
    """The preset's released classifier for a task."""
    known = models.preset.classifiers
    if task not in known and task in NOT_RELEASED:
        return Failure(WeightsNotReleased(task))
    if task not in known:
        return Failure(NoClassifier(task, models.preset.name, tuple(known)))
    return models.classifier(task)


def foresight_ports(tools: Tools, models: Models) -> Outcome[ForesightPorts, ModelUnavailable]:
    """What foresight and coherence need; without a predictor, where the preset has none."""
    joint, clips = models.joint(), models.clips()
    if isinstance(joint, Failure):
        return joint
    if isinstance(clips, Failure):
        return clips
    predictor = models.predictor() if models.offers("predictor") else Success(None)
    if isinstance(predictor, Failure):
        return predictor
    return Success(
        ForesightPorts(
            tools.library,
            tools.files,
            tools.reader,
            tools.pictures,
            clips.unwrap(),
            joint.unwrap(),
            predictor.unwrap(),
        )
    )


def plots() -> Outcome[Plots, ModelUnavailable]:
    """What draws curves; loaded when a picture is asked for."""
    try:
        built: Plots = Family("plots").builder("matplotlib")()
    except ImportError as error:
        return Failure(
            ModelUnavailable(
                "plots",
                f"the Python package {error.name or error} is not installed",
                "pip install 'kuavi[embedded]'",
            )
        )
    return Success(built)
