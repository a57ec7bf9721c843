"""Ports of import and export."""

from returns.result import Failure, Success

from kuavi.apps.usecases.exchange import ExportPorts, ImportPorts
from kuavi.apps.wiring.compose import Tools
from kuavi.apps.wiring.models import Models
from kuavi.apps.wiring.registry import Family
from kuavi.domain.outcome import Outcome
from kuavi.ports.exchange import TreeFiles
from kuavi.ports.models import ModelUnavailable

FORMS = ("action100m_json", "action100m_parquet")


def _forms() -> tuple[TreeFiles, ...]:
    return tuple(Family("exchange").builder(name)() for name in FORMS)


def import_ports(tools: Tools, models: Models) -> Outcome[ImportPorts, ModelUnavailable]:
    """What an import needs: of the models only the encoder of texts."""
    for missing in models.obstacles("text"):
        return Failure(missing)
    text = models.text()
    if isinstance(text, Failure):
        return text
    return Success(ImportPorts(tools.library, _forms(), text.unwrap(), tools.clock))


def export_ports(tools: Tools) -> ExportPorts:
    return ExportPorts(tools.library, _forms())
