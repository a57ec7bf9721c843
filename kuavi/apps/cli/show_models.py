"""What `kuavi doctor --models` found, for reading and as JSON."""

from collections.abc import Sequence

from rich.text import Text

from kuavi.apps.cli.as_json import Object
from kuavi.apps.cli.exits import Exit
from kuavi.apps.cli.texts import Line, printable
from kuavi.apps.toolbox.models import ModelCheck


def check_lines(check: ModelCheck) -> list[Line]:
    """One model: whether it works, how long it took, what was read, what is wrong."""
    used = f"  {check.took_s:.1f} s, {check.memory_mb:.0f} MB" if check.available else ""
    lines = [
        Line(
            Text.assemble(
                _verdict(check), "  ", (check.port, "cyan"), f"  {printable(check.model_id)}{used}"
            )
        )
    ]
    lines += [Line(Text(printable(problem), "yellow"), 4) for problem in check.problems]
    if check.model is not None:
        lines.append(Line(Text(f"revision {printable(check.model.revision)}", "dim"), 4))
        lines += [
            Line(Text(f"sha256 {file.sha256}  {printable(file.name)}", "dim"), 4)
            for file in check.model.weights
        ]
    return lines


def _verdict(check: ModelCheck) -> tuple[str, str]:
    if not check.problems:
        return ("ok", "green")
    return ("not here, not needed", "dim") if check.ok else ("bad", "bold red")


def checks_json(preset: str, checks: Sequence[ModelCheck]) -> Object:
    return {
        "preset": preset,
        "ok": all(check.ok for check in checks),
        "models": [_check(check) for check in checks],
    }


def _check(check: ModelCheck) -> Object:
    model = check.model
    return {
        "port": check.port,
        "model": check.model_id,
        "ok": check.ok,
        "available": check.available,
        "optional": check.optional,
        "problems": list(check.problems),
        "revision": None if model is None else model.revision,
        "weights": []
        if model is None
        else [{"name": file.name, "sha256": file.sha256} for file in model.weights],
        "took_s": check.took_s,
        "memory_mb": check.memory_mb,
    }


def code_of_checks(checks: Sequence[ModelCheck]) -> Exit:
    """0 if all is well, 4 if something needed is not here, else 1."""
    bad = [check for check in checks if not check.ok]
    if any(not check.available for check in bad):
        return Exit.NO_MODEL
    return Exit.FAILED if bad else Exit.OK
