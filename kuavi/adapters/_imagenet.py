"""The 1000 classes of ImageNet-1k, in the order of a network's outputs, as WordNet 3.0 has them.

The table is made by scripts/make_imagenet_table.py; WordNet's licence is in NOTICE.
"""

from functools import cache
from importlib.resources import files

from attrs import frozen

from kuavi.domain.fingerprint import Fingerprint, fingerprint_of


@frozen
class ImageClass:
    """One class: WordNet's id, a name of its own, its definition, its hypernyms near to far."""

    wnid: str
    name: str
    definition: str
    hypernyms: tuple[str, ...]


@cache
def image_classes() -> tuple[ImageClass, ...]:
    """All classes, in the order of the network's outputs."""
    rows = [line.split("\t") for line in _table().splitlines()]
    return tuple(ImageClass(w, n, d, tuple(above.split("; "))) for w, n, d, above in rows)


@cache
def table_fingerprint() -> Fingerprint:
    """Changes whenever a name, a definition or the order does."""
    return fingerprint_of(_table())


def _table() -> str:
    return (files("kuavi.adapters") / "data" / "imagenet_classes.tsv").read_text(encoding="utf-8")
