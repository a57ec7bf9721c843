"""Tools of feature maps: how large they will be, and those that are there."""

from returns.result import Success

from kuavi.apps.toolbox.indexed import find
from kuavi.apps.toolbox.opened import Opened
from kuavi.apps.toolbox.outcomes import PathLike, ok
from kuavi.apps.usecases.maps import maps_size
from kuavi.apps.wiring import compose
from kuavi.apps.wiring.registry import Family
from kuavi.domain.clip_maps import MapsSize
from kuavi.domain.plan import IndexPlan
from kuavi.ports.library import LibraryFailure
from kuavi.ports.maps import StoredMaps


class Mapped(Opened):
    """What a clip encoder saw at each place, where tier deep kept it."""

    def maps_size(self, *paths: PathLike, plan: IndexPlan) -> MapsSize | None:
        """How much the feature maps of these files will take under a plan; None: it makes none.

        Told from the lengths that the files claim; those that can't be read count nothing, and
        maps that are there already count as if they were made again.
        """
        silent = Family("progress").builder("silent")()
        ports = ok(compose.index_ports(self._tools, self._models, plan, silent))
        files, _ = find(self._tools.files, paths)
        infos = [self._tools.reader.info(path) for path in files]
        lengths = [i.unwrap().duration_s for i in infos if isinstance(i, Success)]
        return ok(maps_size(lengths, plan, ports))

    def feature_maps(self, video: PathLike) -> StoredMaps[LibraryFailure] | None:
        """A video's maps, each read when it is asked for; None where there are none."""
        return ok(self._view().feature_maps(self.video(video).id))
