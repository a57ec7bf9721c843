"""Each expected failure has an exit code of its own choosing."""

import re
from pathlib import Path
from typing import get_args

import kuavi
from kuavi.apps.cli import exits
from kuavi.apps.cli.exits import CODES, MEANING, Exit, trouble_of
from kuavi.apps.cli.index import code_of
from kuavi.apps.cli.options import FieldName, MapsName, TierName
from kuavi.apps.toolbox.session import Indexed
from kuavi.apps.usecases.anticipate import AnticipateFailure
from kuavi.apps.usecases.ask import AskFailure
from kuavi.apps.usecases.audit import AuditFailure
from kuavi.apps.usecases.classify import ClassifyFailure
from kuavi.apps.usecases.coherence import CoherenceFailure
from kuavi.apps.usecases.exchange import ExportFailure, ImportFailure
from kuavi.apps.usecases.index import IndexFailure
from kuavi.apps.usecases.look import LookFailure
from kuavi.apps.usecases.manage import WhichFailure
from kuavi.apps.usecases.mending import RepairFailure
from kuavi.apps.usecases.probes import ProbeFailure, TrainFailure
from kuavi.apps.usecases.queries import Field, SearchFailure
from kuavi.apps.usecases.scenes import ScenesFailure
from kuavi.apps.usecases.telling import EnhanceFailure
from kuavi.apps.wiring.compose import BadPlan, ComposeFailure, ModelsFailure
from kuavi.apps.wiring.understanding import ClassifierFailure
from kuavi.domain.manifest import Tier
from kuavi.domain.plan import Maps
from kuavi.ports.files import PathMissing
from kuavi.ports.library import Locked
from kuavi.ports.models import ModelFailure, ModelUnavailable
from kuavi.ports.plots import PlotFailed
from kuavi.ports.reader import NotReadable

UNIONS = (
    IndexFailure,
    LookFailure,
    WhichFailure,
    SearchFailure,
    ScenesFailure,
    ComposeFailure,
    ModelsFailure | BadPlan,
    ModelFailure,
    AnticipateFailure,
    CoherenceFailure,
    ClassifyFailure,
    ClassifierFailure,
    TrainFailure,
    ProbeFailure,
    AskFailure,
    EnhanceFailure,
    ImportFailure,
    ExportFailure,
    AuditFailure,
    RepairFailure,
)


def test_every_failure_that_can_reach_the_command_line_has_a_code() -> None:
    names = {failure.__name__ for union in UNIONS for failure in get_args(union)}
    assert names | {ModelUnavailable.__name__, PlotFailed.__name__, "ValueError", "str"} == set(
        CODES
    )


def test_every_code_has_a_meaning() -> None:
    assert set(MEANING) == set(Exit)


def test_a_failure_without_a_code_is_told_as_one_thing_that_failed() -> None:
    assert trouble_of(Locked("lib", "process 7")).code == Exit.LIBRARY
    assert trouble_of(3.5) == exits.Trouble("float", "3.5", Exit.FAILED)


def test_the_options_name_the_fields_and_tiers_that_there_are() -> None:
    assert [name.value for name in FieldName] == [field.value for field in Field]
    assert [name.value for name in TierName] == [tier.value for tier in Tier]
    assert [name.value for name in MapsName] == [maps.value for maps in Maps]


def failed(failure: object) -> Indexed:
    return Indexed("x.mp4", None, str(failure), failure)


def test_files_that_all_fail_alike_give_their_code_and_others_one() -> None:
    missing, broken = PathMissing("x.mp4"), NotReadable("x.mp4", "no")
    assert code_of([failed(missing), failed(missing)]) == Exit.NOT_FOUND
    assert code_of([failed(missing), failed(broken)]) == Exit.FAILED
    assert code_of([failed(Locked("lib", "process 7"))]) == Exit.LIBRARY
    assert code_of([]) == Exit.FAILED


def test_the_manual_has_every_code() -> None:
    manual = (Path(kuavi.__file__).parents[1] / "docs" / "cli.md").read_text(encoding="utf-8")
    rows = [line for line in manual.splitlines() if re.match(r"\| \d+ \|", line)]
    assert rows == [f"| {code.value} | {meaning} |" for code, meaning in MEANING.items()]
