"""Which videos of a library are found at which paths."""

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from returns.result import Failure, Success

from kuavi.domain.fingerprint import VideoId
from kuavi.domain.outcome import Outcome
from kuavi.ports.derived import Arrays, Derivation
from kuavi.ports.library import Library, LibraryFailure, LibraryView

Places: TypeAlias = Mapping[str, frozenset[VideoId]]


def places(library: Library) -> Outcome[Places, LibraryFailure]:
    """The videos at each path, as the library is now; listed once for a view."""
    opened = library.view()
    if isinstance(opened, Failure):
        return opened
    view = opened.unwrap()
    return view.derived(Derivation("places", lambda: _listed(view), _loaded, lasting=False))


def _listed(view: LibraryView) -> Outcome[Arrays, LibraryFailure]:
    known = view.videos()
    if isinstance(known, Failure):
        return known
    pairs = [(path, record.id) for record in known.unwrap() for path in record.paths]
    return Success(
        {
            "paths": np.array([path for path, _ in pairs] or [""][:0], dtype=np.str_),
            "videos": np.array([video for _, video in pairs] or [""][:0], dtype=np.str_),
        }
    )


def _loaded(arrays: Arrays) -> Places:
    found: dict[str, frozenset[VideoId]] = {}
    for path, video in zip(arrays["paths"].tolist(), arrays["videos"].tolist(), strict=True):
        found[path] = found.get(path, frozenset()) | {VideoId(video)}
    return found
