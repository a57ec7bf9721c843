"""A program that writes to a library until it is killed: `python -m ... PATH FIRST_OPERATION`.

It prints the number of each operation that has ended.
"""

import sys
from itertools import count
from pathlib import Path

from kuavi.adapters.libraries import lance
from kuavi.ports.library import Library
from tests import indexed

State = dict[str, tuple[int, int | None]]
"""What a library should show: each video's take, and the take of what is said of its nodes."""


def after(state: State, number: int) -> State:
    """What an operation makes of a library."""
    take, kind = divmod(number, 5)
    match kind:
        case 0:
            return {**state, "a": (take, None)}
        case 1:
            return {**state, "b": (take, take)}
        case 2:
            return {**state, "a": (take, take)}
        case 3:
            return {name: shown for name, shown in state.items() if name != "b"}
        case _:
            return state


def operate(library: Library, number: int) -> None:
    take, kind = divmod(number, 5)
    match kind:
        case 0:
            library.commit(*indexed.untold("a", take)).unwrap()
        case 1:
            library.commit(*indexed.whole("b", take)).unwrap()
        case 2:
            record, _ = indexed.whole("a", take)
            library.commit(record, indexed.told("a", take)).unwrap()
        case 3:
            library.remove(indexed.id_of("b")).unwrap()
        case _:
            library.doctor(repair=True).unwrap()


def main(path: Path, first: int) -> None:
    library = lance.build(str(path), create=True).unwrap()
    print("open", flush=True)  # noqa: T201
    for number in count(first):
        operate(library, number)
        print(number, flush=True)  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
