"""Tools that take in what others published, and hand out what is here in the same form."""

from collections.abc import Iterator, Sequence
from contextlib import closing

from kuavi.apps.toolbox.opened import Opened
from kuavi.apps.toolbox.outcomes import PathLike, absolute, ok
from kuavi.apps.usecases.exchange import Arrived, Exported, export_trees, import_trees
from kuavi.apps.wiring import exchange


class Exchanging(Opened):
    """Action100M's published schema, as JSON or Parquet by the file's name."""

    def import_trees(self, *paths: PathLike) -> tuple[Arrived, ...]:
        """Import every record of these files; one that is refused stops none of the others.

        What arrives can be searched by its texts at once; pictures there are none.
        """
        return tuple(self.importing(*paths))

    def importing(self, *paths: PathLike) -> Iterator[Arrived]:
        """As `import_trees`, giving each result as soon as it is there."""
        ports = ok(exchange.import_ports(self._tools, self._models))
        for path in dict.fromkeys(map(absolute, paths)):
            with closing(import_trees(path, ports)) as arriving:
                yield from arriving

    def export_trees(self, output: PathLike, videos: Sequence[PathLike] = ()) -> Exported:
        """Write these videos, or all, to a file: `.json`, `.jsonl` or `.parquet`."""
        known = {v.id: v for v in (map(self.video, videos) if videos else self.videos())}
        ports = exchange.export_ports(self._tools)
        return ok(export_trees(list(known.values()), absolute(output), ports))
