"""`python -m kuavi.adapters._export KIND WEIGHTS TARGET`: write a network's ONNX graph.

A process of its own, so that the memory and the imports of reading weights never burden the caller.
"""

import sys
from importlib import import_module
from pathlib import Path


def main(arguments: list[str]) -> None:
    """Export the network `kind` with the module that knows it."""
    kind, source, target = arguments
    import_module(f"kuavi.adapters._export_{kind}").export(Path(source), Path(target))


if __name__ == "__main__":
    main(sys.argv[1:])
