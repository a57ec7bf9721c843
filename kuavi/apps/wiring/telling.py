"""Captioning models become ports: within a budget, with replies kept beside the library."""

from pathlib import Path

from returns.result import Failure, Success

from kuavi.apps.usecases.ports import AuditPorts, TellPorts
from kuavi.apps.wiring.compose import SCRATCH, ModelsFailure, Tools
from kuavi.apps.wiring.models import Models
from kuavi.domain.budget import UNLIMITED, Budget
from kuavi.domain.outcome import Outcome
from kuavi.ports.progress import Progress

REPLIES = "replies"


def audit_ports(tools: Tools, models: Models) -> Outcome[AuditPorts, ModelsFailure]:
    """The encoders alone: no captioning model is built."""
    text, joint = models.text(), models.joint()
    if isinstance(text, Failure):
        return text
    if isinstance(joint, Failure):
        return joint
    return Success(AuditPorts(tools.library, text.unwrap(), joint.unwrap()))


def tell_ports(
    tools: Tools, models: Models, progress: Progress, budget: Budget = UNLIMITED
) -> Outcome[TellPorts, ModelsFailure]:
    """All that describing needs, built before work begins."""
    models.asking(str(Path(tools.library.path) / SCRATCH / REPLIES)).renew(budget)
    captioner, aggregator = models.teller("captioner"), models.teller("aggregator")
    text, joint = models.text(), models.joint()
    if isinstance(captioner, Failure):
        return captioner
    if isinstance(aggregator, Failure):
        return aggregator
    if isinstance(text, Failure):
        return text
    if isinstance(joint, Failure):
        return joint
    return Success(
        TellPorts(
            tools.library,
            tools.files,
            tools.reader,
            captioner.unwrap(),
            aggregator.unwrap(),
            text.unwrap(),
            joint.unwrap(),
            tools.clock,
            progress,
        )
    )
