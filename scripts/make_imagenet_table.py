"""Makes kuavi/adapters/data/imagenet_classes.tsv from WordNet 3.0.

usage: python scripts/make_imagenet_table.py SYNSETS [--wordnet /usr/share/wordnet]

SYNSETS is a text file with the 1000 synset ids (`n01440764`) in the order of the network's outputs;
the present table will do, its first column is read.  WordNet's data is Debian's `wordnet-base`.
One row per class: id, name, definition, and three hypernyms from near to far, joined by "; ".
"""

import argparse
from collections import Counter
from pathlib import Path
from typing import NamedTuple

TABLE = Path(__file__).parents[1] / "kuavi" / "adapters" / "data" / "imagenet_classes.tsv"
N_HYPERNYMS = 3


class Synset(NamedTuple):
    lemmas: tuple[str, ...]
    hypernyms: tuple[int, ...]
    definition: str


def read_synsets(path: Path) -> dict[int, Synset]:
    """Every noun synset by its offset, which is its number in ImageNet's ids."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(parse(line) for line in lines if not line.startswith("  "))


def parse(line: str) -> tuple[int, Synset]:
    """One line of data.noun; its format is described in wndb(5WN)."""
    data, _, gloss = line.partition(" | ")
    fields = data.split()
    n_lemmas = int(fields[3], 16)
    lemmas = tuple(lemma.replace("_", " ") for lemma in fields[4 : 4 + 2 * n_lemmas : 2])
    pointers = fields[5 + 2 * n_lemmas :]
    kinds, targets = pointers[0::4], pointers[1::4]
    hypernyms = [int(t) for k, t in zip(kinds, targets, strict=False) if k in ("@", "@i")]
    definition = gloss.partition('; "')[0].strip()
    return int(fields[0]), Synset(lemmas, tuple(hypernyms), definition)


def chain(synsets: dict[int, Synset], offset: int) -> list[str]:
    """The first names of the nearest hypernyms, near to far."""
    names: list[str] = []
    while len(names) < N_HYPERNYMS and synsets[offset].hypernyms:
        offset = synsets[offset].hypernyms[0]
        names.append(synsets[offset].lemmas[0])
    return names


def read_first_senses(path: Path) -> dict[str, int]:
    """The synset that each noun means most often; its format is described in wndb(5WN)."""
    lines = path.read_text(encoding="utf-8").splitlines()
    entries = [line.split() for line in lines if not line.startswith("  ")]
    return {entry[0].replace("_", " "): int(entry[-int(entry[2])]) for entry in entries}


def rows(synsets: dict[int, Synset], first: dict[str, int], ids: list[str]) -> list[str]:
    """A class is named by its first lemma, followed by the nearest hypernym where that misleads.

    It misleads where the word usually means something else ("boxer"), or names two classes.
    """
    offsets = [int(i[1:]) for i in ids]
    shared = Counter(synsets[offset].lemmas[0].casefold() for offset in offsets)
    made = []
    for wnid, offset in zip(ids, offsets, strict=True):
        synset, above = synsets[offset], chain(synsets, offset)
        name = synset.lemmas[0]
        if shared[name.casefold()] > 1 or first[name.lower()] != offset:
            name = f"{name} ({above[0]})"
        made.append("\t".join([wnid, name, synset.definition, "; ".join(above)]))
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("synsets", type=Path)
    parser.add_argument("--wordnet", type=Path, default=Path("/usr/share/wordnet"))
    arguments = parser.parse_args()
    ids = [line.split()[0] for line in arguments.synsets.read_text(encoding="utf-8").splitlines()]
    first = read_first_senses(arguments.wordnet / "index.noun")
    made = rows(read_synsets(arguments.wordnet / "data.noun"), first, ids)
    TABLE.write_text("\n".join(made) + "\n", encoding="utf-8")
    print(f"{len(made)} classes in {TABLE}")


if __name__ == "__main__":
    main()
