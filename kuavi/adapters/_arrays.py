"""Array shapes that only adapters name."""

from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

Vector: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float32]]
"""(dim,) float32."""
