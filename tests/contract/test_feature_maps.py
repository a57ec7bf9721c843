"""What every library promises of feature maps (kuavi.ports.maps)."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias, overload

import lancedb
import numpy as np
import pytest
from attrs import evolve, frozen
from returns.result import Failure

from kuavi.adapters.libraries import lance, memory
from kuavi.domain.features import FeatureMap
from kuavi.domain.manifest import Stage
from kuavi.ports.library import Library, LibraryFailure, NoSuchVideo
from kuavi.ports.maps import StoredMaps
from kuavi.ports.parts import FeatureMaps
from tests import indexed
from tests.indexed import (
    MAPS,
    UNTOLD,
    frozen_form,
    id_of,
    record_of,
    shown,
    shown_maps,
    untold,
    whole,
)

Build: TypeAlias = Callable[[Path], Library]

ADAPTERS: dict[str, Build] = {
    "lance": lambda path: lance.build(str(path), create=True).unwrap(),
    "memory": lambda path: memory.build(str(path), create=True).unwrap(),
}


@pytest.fixture(params=list(ADAPTERS))
def library(request: pytest.FixtureRequest, tmp_path: Path) -> Library:
    return ADAPTERS[request.param](tmp_path / "library")


def stored(library: Library, name: str) -> StoredMaps[LibraryFailure]:
    found = library.view().unwrap().feature_maps(id_of(name)).unwrap()
    assert found is not None
    return found


def commit(library: Library, name: str, part: FeatureMaps, take: int = 0) -> None:
    library.commit(record_of(name, {Stage.FEATURES: take}), [part]).unwrap()


def test_maps_come_back_bit_by_bit_whatever_their_size(library: Library) -> None:
    parts = {"a": indexed.maps("a", n=4), "b": indexed.maps("b", n=2, side=40)}
    for name, part in parts.items():
        commit(library, name, part)
    view = library.view().unwrap()
    for name, part in parts.items():
        assert frozen_form(shown_maps(view, id_of(name))) == frozen_form(part)
    larger_than_a_row = parts["b"].maps[0].values.nbytes
    assert larger_than_a_row > 2 * 8192


def test_where_there_are_none_there_is_none(library: Library) -> None:
    view = library.view().unwrap()
    assert view.feature_maps(id_of("a")) == Failure(NoSuchVideo(id_of("a")))
    library.commit(record_of("a", {Stage.SHOTS: 0}), [indexed.cuts("a")]).unwrap()
    commit(library, "b", FeatureMaps(MAPS, (), ()))
    view = library.view().unwrap()
    assert view.feature_maps(id_of("a")).unwrap() is None
    assert view.feature_maps(id_of("b")).unwrap() is None
    assert view.video(id_of("b")).unwrap().record(Stage.FEATURES) is not None


@pytest.mark.parametrize("number", [-1, 3])
def test_a_number_that_is_none_is_a_bug(library: Library, number: int) -> None:
    commit(library, "a", indexed.maps("a", n=3))
    with pytest.raises(IndexError, match=f"map {number} of 3"):
        stored(library, "a").map(number)


def test_another_key_replaces_them(library: Library) -> None:
    for take in (0, 1, 0):
        commit(library, "a", indexed.maps("a", take), take)
    assert frozen_form(shown_maps(library.view().unwrap(), id_of("a"))) == frozen_form(
        indexed.maps("a", 0)
    )
    assert library.doctor(repair=False).unwrap().findings == ()


def test_a_handle_reads_what_it_named_whatever_writers_do(library: Library) -> None:
    commit(library, "a", indexed.maps("a"))
    handle = stored(library, "a")
    library.remove(id_of("a")).unwrap()
    assert library.view().unwrap().feature_maps(id_of("a")) == Failure(NoSuchVideo(id_of("a")))
    expected = indexed.maps("a")
    for number, one in enumerate(expected.maps):
        assert frozen_form(handle.map(number).unwrap()) == frozen_form(one)
    assert library.doctor(repair=True).unwrap().findings == ()


@frozen(eq=False)
class Counted(Sequence[FeatureMap]):
    """Maps that are made when they are taken, and counted."""

    inner: Sequence[FeatureMap]
    taken: list[int]

    def __len__(self) -> int:
        return len(self.inner)

    @overload
    def __getitem__(self, at: int) -> FeatureMap: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[FeatureMap]: ...
    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, int) and at < len(self):
            self.taken.append(at)
        return self.inner[at]


def test_writing_takes_each_map_once_and_in_order(library: Library) -> None:
    part = indexed.maps("a", n=5)
    taken: list[int] = []
    commit(library, "a", evolve(part, maps=Counted(part.maps, taken)))
    assert taken == [0, 1, 2, 3, 4]


# On disk only


def test_a_library_of_schema_1_opens_and_becomes_one_of_the_latest_with_its_first_maps(
    tmp_path: Path,
) -> None:
    path = tmp_path / "library"
    record, parts = untold("a")
    stages: dict[Stage, int] = {made.stage: 0 for made in record.stages}
    del stages[Stage.FEATURES]
    ADAPTERS["lance"](path).commit(record_of("a", stages), parts[:-1]).unwrap()
    marker = path / "library.json"
    marker.write_text(marker.read_text().replace("3", "1"))
    assert not list((path / "tables").glob("*map*"))

    library = lance.build(str(path), create=False).unwrap()
    assert library.doctor(repair=False).unwrap().schema == 1
    seen = frozen_form(shown(library.view().unwrap(), id_of("a")))
    assert seen == frozen_form((*parts[:-1], *UNTOLD))
    library.commit(record_of("b", {Stage.SHOTS: 0}), [indexed.cuts("b")]).unwrap()
    assert '"schema": 1' in marker.read_text()

    library.commit(record, parts).unwrap()
    assert '"schema": 3' in marker.read_text()
    again = lance.build(str(path), create=False).unwrap()
    seen = frozen_form(shown(again.view().unwrap(), id_of("a")))
    assert seen == frozen_form((*parts, *UNTOLD))
    health = again.doctor(repair=False).unwrap()
    assert (health.schema, health.findings) == (3, ())
    assert (health.rows["feature_maps"], health.rows["map_values"]) == (1, 1)


def test_lost_pieces_are_found_and_the_stage_dropped(tmp_path: Path) -> None:
    path = tmp_path / "library"
    library = ADAPTERS["lance"](path)
    library.commit(*whole("a")).unwrap()
    commit(library, "b", indexed.maps("b", n=2, side=40))
    lancedb.connect(path / "tables").open_table("map_values").delete(
        f"video = '{id_of('b')}' AND position = 1"
    )
    library = lance.build(str(path), create=False).unwrap()
    handle = stored(library, "b")
    assert "rows are there" in str(handle.map(0).failure())
    assert np.isfinite(handle.map(1).unwrap().values).all()  # its pieces are all there
    found = library.doctor(repair=True).unwrap().findings
    assert [finding.repaired for finding in found] == [True]
    assert "map_values" in found[0].problem
    view = library.view().unwrap()
    assert view.video(id_of("b")).unwrap().stages == ()
    assert frozen_form(shown(view, id_of("a"))) == frozen_form(whole("a")[1])
    assert library.doctor(repair=False).unwrap().findings == ()
