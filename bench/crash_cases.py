"""The operations that are interrupted, and the libraries they start from: see `bench.crash`."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from attrs import evolve, frozen

from bench.crash_describing import describe
from kuavi.adapters.libraries import lance
from kuavi.adapters.libraries._lance_tables import Tables
from kuavi.adapters.progress import silent
from kuavi.adapters.readers.fake import FakeClip
from kuavi.apps.toolbox.session import Indexed, KuaviError, OpenLibrary, open_library
from kuavi.domain.manifest import Stage
from kuavi.domain.plan import IndexPlan
from kuavi.ports.health import Health
from kuavi.ports.parts import Cuts, Keyframes, Tags, Transcript
from kuavi.ports.progress import Progress
from tests import indexed
from tests.media import write_clip
from tests.worlds import FPS, Shot, film

PLAN = IndexPlan(preset="fake")
CHANGED = evolve(PLAN, min_leaf_s=1.2, keyframe_every_s=0.7)
N_SMALL = 43
"""So many videos that one more fragment a table is one too many."""

Run = Callable[[Progress], None]
"""An operation; raises RuntimeError where it did not do all it should."""


@frozen
class Place:
    """A folder for the films and the libraries of one program."""

    root: Path

    @property
    def film(self) -> Path:
        return self.root / "film.mkv"

    @property
    def other(self) -> Path:
        return self.root / "other.mkv"

    @property
    def replaced(self) -> Path:
        """Where another film is by the time of the operation."""
        return self.root / "replaced.mkv"

    def template(self, case: str) -> Path:
        """The library that a case starts from."""
        return self.root / f"from-{case}"


@frozen
class Case:
    """An operation.

    `template` makes the library that it starts from; `opening` opens what the operation needs, and
    gives the operation itself.
    """

    name: str
    template: Callable[[Place], None]
    opening: Callable[[Place, Path], Run]


def write_films(place: Place) -> None:
    """Three films of 2 to 3 s: shots in colours, words said and written."""
    _write(place.film, film(Shot("red", 1.0, "the red door"), Shot("green", 1.2, "", "EXIT")))
    _write(
        place.other,
        film(Shot("blue", 0.8, "the boat stops"), Shot("white", 1.0), Shot("red", 0.7, "", "HOT")),
    )
    _write(place.replaced, film(Shot("white", 1.2, "the moon", "COLD"), Shot("blue", 1.1)))


def _write(path: Path, clip: FakeClip) -> None:
    write_clip(path, [pixels for _, pixels in clip.frames], FPS, clip.samples)


def opened(library: Path, create: bool = False) -> OpenLibrary:
    return open_library(library, scene_model_preset="fake", create=create)


def _nothing(place: Place) -> None:
    """No library at all."""


def _one_video(name: str) -> Callable[[Place], None]:
    def make(place: Place) -> None:
        _index(opened(place.template(name), create=True), place.other)

    return make


def _two_videos(name: str, path: Callable[[Place], Path]) -> Callable[[Place], None]:
    def make(place: Place) -> None:
        library = opened(place.template(name), create=True)
        _index(library, place.other)
        _index(library, path(place))

    return make


def _described(name: str) -> Callable[[Place], None]:
    """Two videos; the nodes of the film's tree are put into words."""

    def make(place: Place) -> None:
        _two_videos(name, _film)(place)
        describe(place.template(name), place.film, silent.build())

    return make


def _replaced(place: Place) -> None:
    """Two videos; then another film comes to the second one's path."""
    _two_videos("replace", lambda p: p.replaced)(place)
    again = film(Shot("green", 0.9, "", "GRASS"), Shot("red", 1.4, "the door opens"))
    _write(place.replaced, again)


def _ragged(place: Place) -> None:
    """Two videos, and leftovers of settings that were changed."""
    _two_videos("compact", lambda p: p.film)(place)
    library = opened(place.template("compact"))
    for every_s in (0.4, 0.5, 0.6):
        plan = evolve(PLAN, keyframe_every_s=every_s)
        _done(library.index(place.film, plan=plan))
    table = Tables(place.template("compact")).open("keyframes")
    rows = table.to_arrow().to_pydict()
    rows["rev"] = ["0" * 64] * len(rows["rev"])
    table.add(table.to_arrow().from_pydict(rows, schema=table.schema))


def _many(place: Place) -> None:
    """So many small videos that the next commit compacts."""
    library = lance.build(str(place.template("many")), create=True).unwrap()
    kinds = (Cuts, Keyframes, Tags, Transcript)
    stages = (Stage.SHOTS, Stage.KEYFRAMES, Stage.TAGS, Stage.TRANSCRIPT)
    for k in range(N_SMALL - 1):
        record = indexed.record_of(f"v{k}", dict.fromkeys(stages, 0))
        parts = [part for part in indexed.whole(f"v{k}")[1] if isinstance(part, kinds)]
        library.commit(record, parts).unwrap()


def _index(library: OpenLibrary, path: Path) -> None:
    _done(library.index(path, plan=PLAN))


def _done(made: tuple[Indexed, ...]) -> None:
    for one in made:
        if not one.ok:
            failed = () if one.report is None else one.report.failed
            raise RuntimeError(one.problem or "; ".join(map(str, failed)))


def _indexing(path: Callable[[Place], Path], plan: IndexPlan) -> Callable[[Place, Path], Run]:
    def opening(place: Place, library: Path) -> Run:
        ready = opened(library)
        return lambda progress: _done(ready.index(path(place), plan=plan, progress=progress))

    return opening


def _making(place: Place, library: Path) -> Run:
    def run(progress: Progress) -> None:
        _done(opened(library, create=True).index(place.film, plan=PLAN, progress=progress))

    return run


def _removing(place: Place, library: Path) -> Run:
    ready = opened(library)

    def run(_: Progress) -> None:
        if str(place.film) in {video.path for video in ready.videos()}:
            ready.remove(place.film)

    return run


def _describing(place: Place, library: Path) -> Run:
    return lambda progress: describe(library, place.film, progress)


def _compacting(_: Place, library: Path) -> Run:
    ready = opened(library)

    def run(_: Progress) -> None:
        sound(ready.doctor(repair=True), repaired=True)

    return run


def sound(health: Health, repaired: bool) -> None:
    left = [f.problem for f in health.findings if not (repaired and f.repaired)]
    if left:
        raise KuaviError("; ".join(left))


def _film(place: Place) -> Path:
    return place.film


def _path_replaced(place: Place) -> Path:
    return place.replaced


CASES: Mapping[str, Case] = {
    case.name: case
    for case in (
        Case("make", _nothing, _making),
        Case("index", _one_video("index"), _indexing(_film, PLAN)),
        Case("settings", _described("settings"), _indexing(_film, CHANGED)),
        Case("describe", _two_videos("describe", _film), _describing),
        Case("replace", _replaced, _indexing(_path_replaced, PLAN)),
        Case("remove", _two_videos("remove", _film), _removing),
        Case("compact", _ragged, _compacting),
        Case("many", _many, _indexing(_film, PLAN)),
    )
}
"""`settings` plants another tree, with which goes what was said of the nodes of the one before;
`many` is an index run whose commits make four tables ragged, which compacts them."""


def prepared(place: Place, case: Case, library: Path) -> None:
    """The library that the case starts from, at `library`."""
    if place.template(case.name).exists():
        shutil.copytree(place.template(case.name), library)
