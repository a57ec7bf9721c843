"""A folder with exactly the verified files of a model, under the names their library expects.

Libraries that are given a folder read whatever lies in it, code included; here it holds nothing but
what was checked, and stands only while the model is loaded.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kuavi.adapters._weights import VerifiedWeights


@contextmanager
def staged(files: VerifiedWeights) -> Iterator[Path]:
    """Links to the files, by the names that the spec gives them."""
    with tempfile.TemporaryDirectory(prefix="kuavi-") as folder:
        for name, file in files.files.items():
            link = Path(folder) / name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(file.path.absolute())
        yield Path(folder)
