"""Files of the Hugging Face hub.  Imported only when a spec's weights come from there."""

from collections.abc import Iterable
from pathlib import Path

from huggingface_hub import hf_hub_download, snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError


def hub_file(repository: str, name: str, revision: str, download: bool) -> Path | None:
    """Path in the hub's local cache, fetched first if that is allowed; None if absent."""
    try:
        found = hf_hub_download(repository, name, revision=revision, local_files_only=not download)
    except (LocalEntryNotFoundError, HfHubHTTPError, HFValidationError, OSError):
        return None
    return Path(found)


def hub_folder(repository: str, names: Iterable[str], revision: str, download: bool) -> Path | None:
    """The repository's folder in the hub's local cache, the named files (* allowed) fetched first
    if that is allowed; None if absent.
    """
    try:
        found = snapshot_download(
            repository,
            revision=revision,
            allow_patterns=list(names),
            local_files_only=not download,
        )
    except (LocalEntryNotFoundError, HfHubHTTPError, HFValidationError, OSError):
        return None
    return Path(found)
