"""KUAVi: video files become a searchable, action-aware index.

import kuavi

library = kuavi.open_library("my-library")
library.index("holiday.mp4")
for hit in library.search("a rabbit").hits:
    print(hit.title, hit.moment, hit.text)
"""

from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kuavi.apps.toolbox.session import OpenLibrary

__all__ = ["__version__", "open_library"]

__version__ = "0.1.0"


def open_library(
    path: str | PathLike[str] | None = None,
    *,
    preset: str = "embedded",
    create: bool = True,
    models: Mapping[str, object] | None = None,
) -> "OpenLibrary":
    """Open a library; see `kuavi.apps.toolbox.session.open_library`."""
    from kuavi.apps.toolbox.session import open_library as opened

    return opened(path, preset=preset, create=create, models=models)
