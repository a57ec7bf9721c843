"""The table of classes is whole, in order, and what its program makes."""

import subprocess
import sys
from pathlib import Path

import pytest

from kuavi.adapters._imagenet import image_classes, table_fingerprint

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "kuavi" / "adapters" / "data" / "imagenet_classes.tsv"
WORDNET = Path("/usr/share/wordnet")


def test_a_thousand_classes_in_the_networks_order() -> None:
    classes = image_classes()
    assert len(classes) == len({item.wnid for item in classes}) == 1000
    assert [item.wnid for item in classes] == sorted(item.wnid for item in classes)
    assert (classes[0].name, classes[281].name, classes[999].wnid) == (
        "tench",
        "tabby",
        "n15075141",
    )


def test_no_two_classes_share_a_name_and_all_are_described() -> None:
    classes = image_classes()
    assert len({item.name.casefold() for item in classes}) == 1000
    assert all(item.name and item.definition and len(item.hypernyms) == 3 for item in classes)


def test_names_that_usually_mean_something_else_are_explained() -> None:
    names = {item.name for item in image_classes()}
    assert {"boxer (working dog)", "crane (wading bird)", "crane (lifting device)"} <= names


def test_the_fingerprint_is_of_the_whole_table() -> None:
    assert len(table_fingerprint()) == 64


@pytest.mark.skipif(not WORDNET.is_dir(), reason="needs Debian's wordnet-base")
def test_the_program_makes_this_table(tmp_path: Path) -> None:
    made = tmp_path / "made.tsv"
    program = ROOT / "scripts" / "make_imagenet_table.py"
    command = [sys.executable, str(program), str(TABLE), "--out", str(made)]
    subprocess.run(command, check=True, capture_output=True)
    assert made.read_bytes() == TABLE.read_bytes()
