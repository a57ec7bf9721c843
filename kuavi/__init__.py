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
    from kuavi.domain.choices import ModelChoices

__all__ = ["__version__", "open_library"]

__version__ = "0.1.0"


def open_library(
    path: str | PathLike[str] | None = None,
    *,
    scene_model_preset: str | None = None,
    preset: str | None = None,
    create: bool = True,
    models: Mapping[str, object] | None = None,
    choices: "ModelChoices | None" = None,
) -> "OpenLibrary":
    """Open a library; see `kuavi.apps.toolbox.session.open_library`.

    `preset` is the short name of `scene_model_preset`.
    """
    from kuavi.apps.toolbox.session import open_library as opened
    from kuavi.domain.choices import NO_CHOICES

    if scene_model_preset and preset and scene_model_preset != preset:
        raise ValueError(f"two presets: {scene_model_preset} and {preset}")
    return opened(
        path,
        scene_model_preset=scene_model_preset or preset or "embedded",
        create=create,
        models=models,
        choices=choices or NO_CHOICES,
    )
