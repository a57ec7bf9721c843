"""Rules of the codebase that neither a type nor an import contract can state."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib import import_module
from inspect import get_annotations, getmembers, isfunction
from pathlib import Path
from pkgutil import walk_packages
from typing import Any, Union, get_args, get_origin

import pytest
from returns.result import Failure, Success

import kuavi
import kuavi.domain
import kuavi.ports
import rlm
import rlm.models
from rlm.models import registry as language_models
from rlm.models.port import LanguageModel
from rlm.models.store import ReplyStore

ROOT = Path(kuavi.__file__).parents[1]
ADAPTERS = ROOT / "kuavi" / "adapters"

PURE_STDLIB = {
    "bisect",
    "collections",
    "csv",
    "enum",
    "functools",
    "hashlib",
    "heapq",
    "itertools",
    "json",
    "math",
    "operator",
    "re",
    "string",
    "textwrap",
    "typing",
    "unicodedata",
}
DOMAIN_LIBRARIES = {"attrs", "numpy", "returns"}
PORT_LIBRARIES = {"attrs", "numpy", "returns"}
KERNELS = {
    ROOT / "kuavi" / "domain" / name
    for name in ("kernels.py", "prefetch.py", "sketch_kernel.py", "tournament.py")
}
"""The modules that are compiled; ward.py and wiring load them, where numba is installed."""

HEAVY = {"av", "cv2", "lancedb", "matplotlib", "onnxruntime", "torch"}
"""What neither `import kuavi` nor its domain and ports may load."""

CONTRACTS = {
    "aggregators": "test_aggregator.py",
    "captioners": "test_captioner.py",
    "classifiers": "test_clip_classifier.py",
    "clips": "test_clip_encoder.py",
    "clocks": "test_clock.py",
    "exchange": "test_tree_files.py",
    "files": "test_files.py",
    "joint": "test_joint_encoder.py",
    "libraries": "test_library.py",
    "ocr": "test_text_reader.py",
    "pictures": "test_pictures.py",
    "plots": "test_plots.py",
    "predictors": "test_predictor.py",
    "probes": "test_probe.py",
    "progress": "test_progress.py",
    "readers": "test_reader.py",
    "scratch": "test_scratch.py",
    "shots": "test_shot_detector.py",
    "taggers": "test_tagger.py",
    "text": "test_text_encoder.py",
    "transcribers": "test_transcriber.py",
}
"""The contract test that every adapter of a family must be a line of."""

MIB = 1 << 20


def modules(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> set[str]:
    """All modules a file imports, anywhere in it, by dotted name; a relative one starts so."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    plain = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    froms = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
    return plain | {"." * n.level + (n.module or "") for n in froms}


def foreign(path: Path, libraries: set[str], own: tuple[str, ...]) -> set[str]:
    """Imports that are neither allowed libraries, nor pure, nor below `own` packages."""
    allowed = libraries | PURE_STDLIB
    return {
        name
        for name in imports(path)
        if name.partition(".")[0] not in allowed
        and not any(name == package or name.startswith(f"{package}.") for package in own)
    }


@pytest.mark.parametrize("path", modules("kuavi/domain"), ids=named)
def test_the_domain_imports_only_pure_libraries(path: Path) -> None:
    libraries = DOMAIN_LIBRARIES | ({"numba", "llvmlite"} if path in KERNELS else set())
    if path == ROOT / "kuavi" / "domain" / "ward.py":  # takes the kernel where numba is installed
        libraries |= {"importlib"}
    assert foreign(path, libraries, ("kuavi.domain",)) == set()


@pytest.mark.parametrize("path", modules("kuavi/ports"), ids=named)
def test_ports_import_only_the_domain_and_pure_libraries(path: Path) -> None:
    assert foreign(path, PORT_LIBRARIES, ("kuavi.domain", "kuavi.ports")) == set()


@pytest.mark.parametrize("path", modules("kuavi", "rlm"), ids=named)
def test_a_module_fits_on_a_few_screens(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


def submodules(package: Any) -> list[str]:
    return [module.name for module in walk_packages(package.__path__, f"{package.__name__}.")]


@pytest.mark.parametrize("package", [kuavi.domain, kuavi.ports], ids=lambda p: str(p.__name__))
def test_values_and_ports_load_no_heavy_library(package: Any) -> None:
    names = ["kuavi", package.__name__, *submodules(package)]
    code = f"import json, sys, {', '.join(names)}; print(json.dumps(sorted(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    loaded = set(json.loads(run.stdout))
    assert set(names) <= loaded
    assert loaded & HEAVY == set()


def port_methods() -> list[Callable[..., Any]]:
    """The public functions of all Protocols in kuavi.ports; properties are not functions."""
    ports = [import_module(name) for name in submodules(kuavi.ports)]
    protocols = {
        value
        for port in ports
        for _, value in getmembers(port)
        if getattr(value, "_is_protocol", False) and value.__module__.startswith("kuavi.ports")
    }
    methods = [
        method
        for protocol in protocols
        for name, method in getmembers(protocol, isfunction)
        if not name.startswith("_")
    ]
    return sorted(methods, key=lambda method: method.__qualname__)


def is_outcome(kind: Any) -> bool:
    """Whether a type is `Success[...] | Failure[...]`."""
    origins = {get_origin(option) for option in get_args(kind)}
    return get_origin(kind) is Union and origins == {Success, Failure}


@pytest.mark.parametrize("method", port_methods(), ids=lambda m: str(m.__qualname__))
def test_a_port_method_answers_with_an_outcome_or_a_stream_of_them(
    method: Callable[..., Any],
) -> None:
    kind: Any = get_annotations(method, eval_str=True)["return"]
    origin: Any = get_origin(kind)
    assert is_outcome(get_args(kind)[0] if origin is Iterator else kind), kind


def families() -> list[str]:
    return sorted(path.parent.name for path in ADAPTERS.glob("*/__init__.py"))


def test_every_adapter_family_is_kept_independent_and_has_a_contract() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = config["tool"]["importlinter"]["contracts"]
    independent = [c["modules"] for c in contracts if c["type"] == "independence"]
    ours = [f"kuavi.adapters.{family}" for family in families()]
    theirs = [f"rlm.models.{adapter}" for adapter in language_models.ADAPTERS]
    assert independent == [ours, theirs]
    assert sorted(CONTRACTS) == families()


RLM_LIBRARIES = {"attrs", "returns"}
"""What rlm stands on; adapters of language models import their own besides."""
RLM_LIGHT = {"httpx", "google", "torch", "transformers", "numpy", "PIL", "kuavi"}
"""What neither `import rlm` nor the core of its client layer may load."""


def rlm_core() -> list[str]:
    adapters = {f"rlm.models.{name}" for name in ("_httpx", *language_models.ADAPTERS)}
    return ["rlm", *(name for name in submodules(rlm) if name not in adapters)]


@pytest.mark.parametrize("name", rlm_core())
def test_rlm_stands_on_the_standard_library_and_little_else(name: str) -> None:
    path = Path(import_module(name).__file__ or "")
    tops = {imported.partition(".")[0] for imported in imports(path)}
    assert tops <= RLM_LIBRARIES | {"rlm"} | sys.stdlib_module_names


def test_the_client_layer_loads_no_client() -> None:
    names = rlm_core()
    code = f"import json, sys, {', '.join(names)}; print(json.dumps(sorted(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    loaded = set(json.loads(run.stdout))
    assert set(names) <= loaded
    assert loaded & RLM_LIGHT == set()


def test_every_method_of_the_language_model_port_answers_with_an_outcome() -> None:
    methods: list[Callable[..., Any]] = [LanguageModel.complete, ReplyStore.get, ReplyStore.put]
    assert all(is_outcome(get_annotations(method)["return"]) for method in methods)


def test_every_language_model_is_in_its_contract_and_in_the_registry() -> None:
    found = {name.rpartition(".")[2] for name in submodules(rlm.models) if has_model_build(name)}
    assert found == set(language_models.ADAPTERS)
    contract = (ROOT / "tests" / "contract" / "test_language_model.py").read_text("utf-8")
    assert all(f'"{name}": {name}' in contract for name in found)


def source_of(name: str) -> str:
    return (ROOT / (name.replace(".", "/") + ".py")).read_text("utf-8")


def has_model_build(name: str) -> bool:
    """Whether a module has a `build` and a class with `complete`."""
    tree = ast.parse(source_of(name))
    builds = any(isinstance(node, ast.FunctionDef) and node.name == "build" for node in tree.body)
    return builds and any(
        isinstance(node, ast.FunctionDef) and node.name == "complete" for node in ast.walk(tree)
    )


def adapters() -> list[tuple[str, str]]:
    return [
        (family, path.stem)
        for family in families()
        for path in sorted((ADAPTERS / family).glob("[!_]*.py"))
    ]


@pytest.mark.parametrize(("family", "adapter"), adapters())
def test_an_adapter_is_named_in_its_familys_contract(family: str, adapter: str) -> None:
    contract = (ROOT / "tests" / "contract" / CONTRACTS[family]).read_text(encoding="utf-8")
    assert re.search(rf"\b{adapter}\b", contract), f"{adapter} is not in {CONTRACTS[family]}"


def test_nothing_big_is_tracked() -> None:
    run = subprocess.run(
        ["git", "ls-files", "-z"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    tracked = [ROOT / name for name in run.stdout.split("\0") if name]
    assert ROOT / "pyproject.toml" in tracked
    sizes = {named(path): path.stat().st_size for path in tracked if path.is_file()}
    assert {name: size for name, size in sizes.items() if size > MIB} == {}


TYPING = """\
from kuavi.domain.space import Embeddings, Joint, Motion, cosine


def same(query: Embeddings[Joint], rows: Embeddings[Joint]) -> None:
    cosine(query, rows)


def mixed(query: Embeddings[Joint], rows: Embeddings[Motion]) -> None:
    cosine(query, rows)  # wrong
"""


def test_a_joint_query_against_motion_rows_does_not_type_check(tmp_path: Path) -> None:
    source = tmp_path / "mixed_spaces.py"
    source.write_text(TYPING, encoding="utf-8")
    options = ["--config-file", "pyproject.toml", "--no-error-summary", "--no-pretty"]
    run = subprocess.run(
        [sys.executable, "-m", "mypy", *options, str(source)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    errors = [line for line in run.stdout.splitlines() if " error: " in line]
    assert run.stderr == ""
    assert len(errors) == 1, run.stdout
    wrong = 1 + TYPING[: TYPING.index("# wrong")].count("\n")
    assert f"mixed_spaces.py:{wrong}: error:" in errors[0]
    assert '"cosine"' in errors[0]
