"""What every library promises of captions, annotations and descriptions."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import lancedb
import pytest
from attrs import evolve
from returns.result import Failure

from kuavi.adapters.libraries import lance, memory
from kuavi.domain.annotation import Action, Annotation, Summary
from kuavi.domain.described import Caption, Description
from kuavi.domain.layers import Layer
from kuavi.domain.manifest import DESCRIBED, Stage, VideoRecord, with_stage
from kuavi.domain.space import Space, Text
from kuavi.domain.spans import Span
from kuavi.ports.library import (
    Library,
    LibraryView,
    OtherSpace,
    Removed,
    StorageFailed,
)
from kuavi.ports.parts import Annotations, Captions, Descriptions, Part, Rows, Tree
from tests import indexed
from tests.indexed import (
    TEXT,
    UNTOLD,
    descriptions,
    frozen_form,
    id_of,
    record_of,
    rows,
    shown,
    stage_record,
    told,
    untold,
    whole,
)

Build: TypeAlias = Callable[[Path], Library]

ADAPTERS: dict[str, Build] = {
    "lance": lambda path: lance.build(str(path), create=True).unwrap(),
    "memory": lambda path: memory.build(str(path), create=True).unwrap(),
}
ODD = (
    "",
    " ",
    'It\'s "said"; DROP TABLE captions --',
    "two\nlines\r\n\ttabbed\0",
    "café 東京 \U0001f600 ñ",
    "long " * 2000,
    "x" * 10_000,
    "N/A",
)
A = id_of("a")
ACTIONS = descriptions(Layer.ACTION, "pour", "drink")


@pytest.fixture(params=list(ADAPTERS))
def library(request: pytest.FixtureRequest, tmp_path: Path) -> Library:
    return ADAPTERS[request.param](tmp_path / "library")


def view_of(library: Library) -> LibraryView:
    return library.view().unwrap()


def planted(library: Library, n_nodes: int = 15) -> dict[Stage, int]:
    """Commit a tree with so many nodes; gives the takes of its record."""
    tree = indexed.tree_of((n_nodes + 1) // 2)
    assert len(tree) == n_nodes
    takes = {Stage.TREE: 0}
    library.commit(record_of("a", takes), [Tree(tree)]).unwrap()
    return takes


def commit(library: Library, takes: Mapping[Stage, int], *parts: Part) -> None:
    library.commit(record_of("a", dict(takes)), parts).unwrap()


def positions(view: LibraryView, layer: Layer, query: str) -> list[int]:
    return sorted(hit.position for hit in view.full_text(layer, query, 100).unwrap())


def no_more_is_told(library: Library, gone: str = "summary") -> None:
    """Nothing that `told` wrote is shown of video "a", whichever way one asks."""
    view = view_of(library)
    assert view.captions(A).unwrap() == {}
    assert view.annotations(A).unwrap() == {}
    for layer in (Layer.SUMMARY, Layer.ACTION):
        assert view.descriptions(A, layer).unwrap() == ()
        assert A not in view.texts(TEXT, layer).unwrap().videos
    assert positions(view, Layer.SUMMARY, gone) == []
    assert positions(view, Layer.ACTION, "stir") == []
    assert library.doctor(repair=False).unwrap().findings == ()


# Round trips


def test_stages_come_one_after_the_other(library: Library) -> None:
    takes = planted(library)
    stages: dict[Stage, tuple[Part, ...]] = {
        Stage.CAPTIONS: told("a")[:1],
        Stage.ANNOTATIONS: told("a")[1:2],
        Stage.DESCRIPTIONS: told("a")[2:],
    }
    for stage, parts in stages.items():
        takes[stage] = 0
        commit(library, takes, *parts)
    seen = [part for part in shown(view_of(library), A) if isinstance(part, _kinds())]
    assert frozen_form(seen) == frozen_form(told("a"))
    assert library.doctor(repair=False).unwrap().findings == ()


def _kinds() -> tuple[type[Part], ...]:
    return (Captions, Annotations, Descriptions, Rows)


def test_odd_texts_come_back_as_they_are(library: Library) -> None:
    takes = planted(library) | dict.fromkeys(DESCRIBED, 0)
    captions = Captions({i: Caption(text, text[::-1], text) for i, text in enumerate(ODD)})
    annotations = Annotations(
        {
            i: Annotation(Summary(text, text[:5]), Action(text[5:], text, text))
            for i, text in enumerate(ODD)
        }
    )
    told_of = [descriptions(layer, *ODD) for layer in (Layer.SUMMARY, Layer.ACTION)]
    commit(library, takes, captions, annotations, *told_of)
    view = view_of(library)
    assert Captions(view.captions(A).unwrap()) == captions
    assert Annotations(view.annotations(A).unwrap()) == annotations
    for part in told_of:
        assert Descriptions(part.layer, view.descriptions(A, part.layer).unwrap()) == part
    assert positions(view, Layer.SUMMARY, "CAFE") == [4]
    assert positions(view, Layer.ACTION, "long") == [5]


def test_ten_thousand_nodes_come_back_whole_and_in_order(library: Library) -> None:
    n = 9_999
    takes = planted(library, n) | dict.fromkeys(DESCRIBED, 0)
    captions = Captions({i: Caption(f"frame {i}", f"clip {i}") for i in reversed(range(n))})
    annotations = Annotations({i: indexed.annotation(f"brief {i}") for i in range(n)})
    texts = [f"word{i} common" for i in range(n)]
    parts: list[Descriptions | Rows] = []
    for layer in (Layer.SUMMARY, Layer.ACTION):
        parts += [descriptions(layer, *texts), rows(layer, "a", TEXT, n=n)]
    commit(library, takes, captions, annotations, *parts)
    view = view_of(library)
    assert view.captions(A).unwrap() == captions.captions
    assert view.annotations(A).unwrap() == annotations.annotations
    assert frozen_form([p for p in shown(view, A) if isinstance(p, Descriptions | Rows)]) == (
        frozen_form(parts)
    )
    assert positions(view, Layer.SUMMARY, "word7777") == [7777]
    assert len(view.full_text(Layer.ACTION, "common", 20_000).unwrap()) == n
    assert library.doctor(repair=False).unwrap().findings == ()


def test_what_was_given_may_change_afterwards(library: Library) -> None:
    """A library has its own copy of what is given by node."""
    takes = planted(library) | {Stage.CAPTIONS: 0, Stage.ANNOTATIONS: 0}
    captions, notes = {0: Caption("a pan")}, {0: indexed.annotation("a pan")}
    commit(library, takes, Captions(captions), Annotations(notes))
    captions.clear()
    notes.clear()
    assert view_of(library).captions(A).unwrap() == {0: Caption("a pan")}
    assert view_of(library).annotations(A).unwrap() == {0: indexed.annotation("a pan")}


# Search


def test_a_hit_names_the_description_by_its_ordinal(library: Library) -> None:
    takes = planted(library) | {Stage.DESCRIPTIONS: 0}
    summaries = descriptions(Layer.SUMMARY, "a kettle", "Two cafés", "tea", nodes=[2, 5, 11])
    actions = descriptions(Layer.ACTION, "pour tea", nodes=[11])
    commit(library, takes, summaries, actions, rows(Layer.SUMMARY, "a", TEXT, n=3))
    view = view_of(library)
    (hit,) = view.full_text(Layer.SUMMARY, "cafe", 5).unwrap()
    assert (hit.video, hit.layer, hit.position) == (A, Layer.SUMMARY, 1)
    there = view.descriptions(A, Layer.SUMMARY).unwrap()[hit.position]
    assert (there.node, hit.span, hit.text) == (5, there.span, there.text)
    (done,) = view.full_text(Layer.ACTION, "tea", 5).unwrap()
    assert (done.layer, done.position, done.text) == (Layer.ACTION, 0, "pour tea")
    assert positions(view, Layer.ACTION, "kettle") == []
    assert view.texts(TEXT, Layer.SUMMARY).unwrap().position.tolist() == [0, 1, 2]
    assert len(view.texts(TEXT, Layer.ACTION).unwrap()) == 0
    other = view.texts(Space[Text]("another", "1", 4), Layer.SUMMARY)
    assert isinstance(other.failure(), OtherSpace)


@pytest.mark.parametrize("layer", [Layer.VISUAL, Layer.TRANSCRIPT])
def test_other_layers_have_no_descriptions(library: Library, layer: Layer) -> None:
    takes = planted(library) | {Stage.DESCRIPTIONS: 0}
    with pytest.raises(ValueError, match="no descriptions"):
        view_of(library).descriptions(A, layer)
    with pytest.raises(ValueError, match="no descriptions"):
        commit(library, takes, Descriptions(layer, ()))


# What goes with what


def retold(record: VideoRecord, stage: Stage, take: int) -> VideoRecord:
    return with_stage(record, stage_record("a", stage, take))


def test_with_another_tree_goes_what_was_said_of_its_nodes(library: Library) -> None:
    record, _ = whole("a")
    library.commit(*whole("a")).unwrap()
    again = retold(record, Stage.TREE, 1)
    library.commit(again, [indexed.tree("a", 1)]).unwrap()
    no_more_is_told(library)
    assert view_of(library).video(A).unwrap() == again
    assert Stage.TREE in {made.stage for made in again.stages}
    _, parts = untold("a")
    expected = [indexed.tree("a", 1) if isinstance(part, Tree) else part for part in parts]
    assert frozen_form(shown(view_of(library), A)) == frozen_form((*expected, *UNTOLD))


def test_with_the_same_tree_again_it_stays(library: Library) -> None:
    record, parts = whole("a")
    library.commit(record, parts).unwrap()
    again = retold(retold(record, Stage.TREE, 0), Stage.SCREEN, 1)
    library.commit(again, [indexed.tree("a"), indexed.screen("new")]).unwrap()
    view = view_of(library)
    assert frozen_form(shown(view, A)[-6:]) == frozen_form(told("a"))
    assert positions(view, Layer.SUMMARY, "kitchen") == [1]


def test_a_record_can_not_keep_it_for_another_tree(library: Library) -> None:
    """Even one that names the same keys: what is there was said of other nodes."""
    record, parts = whole("a")
    library.commit(record, parts).unwrap()
    version = view_of(library).version
    another = record_of("a", {**dict.fromkeys(Stage, 0), Stage.TREE: 1})
    for given in ([], list(told("a"))):
        refused = library.commit(another, [indexed.tree("a", 1), *given])
        assert refused == Failure(Removed(record.path, DESCRIBED))
    without = evolve(record, stages=tuple(s for s in record.stages if s.stage != Stage.TREE))
    assert library.commit(without) == Failure(Removed(record.path, DESCRIBED))
    assert view_of(library).version == version
    assert frozen_form(shown(view_of(library), A)) == frozen_form(parts)


@pytest.mark.parametrize("stage", DESCRIBED)
def test_each_is_replaced_by_itself(library: Library, stage: Stage) -> None:
    library.commit(*whole("a")).unwrap()
    new = {
        Stage.CAPTIONS: told("a", 1)[:1],
        Stage.ANNOTATIONS: told("a", 1)[1:2],
        Stage.DESCRIPTIONS: told("a", 1)[2:],
    }[stage]
    library.commit(retold(whole("a")[0], stage, 1), new).unwrap()
    expected = list(told("a"))
    place = {Stage.CAPTIONS: 0, Stage.ANNOTATIONS: 1, Stage.DESCRIPTIONS: 2}[stage]
    expected[place : place + len(new)] = new
    assert frozen_form(shown(view_of(library), A)[-6:]) == frozen_form(expected)
    assert library.doctor(repair=False).unwrap().findings == ()


def test_what_a_record_no_longer_names_disappears(library: Library) -> None:
    library.commit(*whole("a")).unwrap()
    library.commit(untold("a")[0]).unwrap()
    no_more_is_told(library)


@pytest.mark.parametrize(("place", "node"), [(0, -1), (0, 15), (1, -1), (1, 15), (2, 15)])
def test_a_node_that_is_not_in_the_tree_is_a_bug(library: Library, node: int, place: int) -> None:
    part = (
        Captions({0: Caption(), node: Caption()}),
        Annotations({0: indexed.annotation("x"), node: indexed.annotation("x")}),
        descriptions(Layer.ACTION, "one", "two", nodes=[0, max(node, 1)]),
    )[place]
    there, stage = planted(library), DESCRIBED[place]
    with pytest.raises(IndexError, match="of a tree of 15"):
        commit(library, there | {stage: 0}, part)
    with pytest.raises(IndexError, match="of a tree of 0"):
        library.commit(record_of("b", {stage: 0}), [part])
    both = record_of("c", {Stage.TREE: 0, stage: 0})
    with pytest.raises(IndexError, match="of a tree of 13"):
        library.commit(both, [part, Tree(indexed.tree_of(7))])
    assert [record.id for record in view_of(library).videos().unwrap()] == [A]
    assert view_of(library).video(A).unwrap() == record_of("a", there)
    assert library.doctor(repair=False).unwrap().findings == ()


def test_descriptions_that_disagree_are_a_bug(library: Library) -> None:
    takes = planted(library) | {Stage.DESCRIPTIONS: 0}
    for nodes in ([3, 1], [1, 1]):
        with pytest.raises(ValueError, match="ascending"):
            commit(library, takes, descriptions(Layer.ACTION, "x", "y", nodes=nodes))
    with pytest.raises(ValueError, match="2 actions have 3 vectors"):
        commit(library, takes, ACTIONS, rows(Layer.ACTION, "a", TEXT, n=3))
    with pytest.raises(ValueError, match="twice"):
        commit(library, takes, descriptions(Layer.ACTION), descriptions(Layer.ACTION))


# On disk only


def marked(path: Path) -> str:
    return (path / "library.json").read_text()


@pytest.mark.parametrize("schema", [1, 2])
@pytest.mark.parametrize("place", range(3))
def test_an_older_library_is_read_as_it_is_and_becomes_3_with_the_first_words(
    tmp_path: Path, schema: int, place: int
) -> None:
    path = tmp_path / "library"
    ADAPTERS["lance"](path).commit(*untold("a")).unwrap()
    (path / "library.json").write_text(marked(path).replace("3", str(schema)))
    old_index(path)
    for table in ("captions", "summaries", "actions"):
        assert not (path / "tables" / f"{table}.lance").exists()

    library = lance.build(str(path), create=True).unwrap()
    library.commit(record_of("b", {Stage.SHOTS: 0}), [indexed.cuts("b")]).unwrap()
    if schema == 2:
        library.commit(record_of("b", {Stage.FEATURES: 0}), [indexed.maps("b")]).unwrap()
    expected = frozen_form((*untold("a")[1], *UNTOLD))
    assert frozen_form(shown(library.view().unwrap(), A)) == expected
    assert library.doctor(repair=True).unwrap().findings == ()
    assert f'"schema": {schema}' in marked(path)

    stage = DESCRIBED[place]
    some = {0: told("a")[:1], 1: told("a")[1:2], 2: told("a")[2:]}[place]
    library.commit(retold(untold("a")[0], stage, 0), some).unwrap()
    assert '"schema": 3' in marked(path)
    seen = shown(lance.build(str(path), create=False).unwrap().view().unwrap(), A)
    for part in some:
        assert frozen_form(part) in [frozen_form(one) for one in seen]
    library.commit(*whole("a")).unwrap()
    assert library.doctor(repair=True).unwrap().findings == ()
    again = lance.build(str(path), create=False).unwrap()
    assert frozen_form(shown(again.view().unwrap(), A)) == frozen_form(whole("a")[1])


def old_index(path: Path) -> None:
    """The text index on annotations that libraries of schema 1 and 2 have."""
    table = lancedb.connect(path / "tables").open_table("annotations")
    table.create_index("text", config=lancedb.index.FTS(), name="text_idx")


def test_nothing_is_made_for_words_that_there_are_not(tmp_path: Path) -> None:
    library = ADAPTERS["lance"](tmp_path / "library")
    library.commit(*untold("a")).unwrap()
    assert library.doctor(repair=True).unwrap().findings == ()
    names = {folder.stem for folder in (tmp_path / "library" / "tables").iterdir()}
    assert not names & {"captions", "summaries", "actions"}


@pytest.mark.parametrize(
    ("table", "stage"),
    [
        ("captions", Stage.CAPTIONS),
        ("annotations", Stage.ANNOTATIONS),
        ("summaries", Stage.DESCRIPTIONS),
        ("actions", Stage.DESCRIPTIONS),
    ],
)
@pytest.mark.parametrize("whole_table", [True, False])
def test_lost_rows_drop_their_stage(
    tmp_path: Path, table: str, stage: Stage, whole_table: bool
) -> None:
    path = tmp_path / "library"
    for name in ("a", "b"):
        ADAPTERS["lance"](path).commit(*whole(name)).unwrap()
    if whole_table:
        shutil.rmtree(path / "tables" / f"{table}.lance")
    else:
        lancedb.connect(path / "tables").open_table(table).delete(f"video = '{A}' AND position = 0")
    library = lance.build(str(path), create=False).unwrap()
    view = library.view().unwrap()
    reading = {
        "captions": lambda: view.captions(A),
        "annotations": lambda: view.annotations(A),
        "summaries": lambda: view.descriptions(A, Layer.SUMMARY),
        "actions": lambda: view.descriptions(A, Layer.ACTION),
    }
    assert isinstance(reading[table]().failure(), StorageFailed)
    found = library.doctor(repair=True).unwrap().findings
    assert any(f"video {A}" in one.problem and table in one.problem for one in found)
    assert library.doctor(repair=False).unwrap().findings == ()
    left = [made.stage for made in library.view().unwrap().video(A).unwrap().stages]
    assert left == [one for one in Stage if one != stage]
    for name in ("a", "b"):
        library.commit(*whole(name)).unwrap()
        assert frozen_form(shown(library.view().unwrap(), id_of(name))) == frozen_form(
            whole(name)[1]
        )
    assert library.doctor(repair=False).unwrap().findings == ()


def test_with_a_lost_tree_goes_what_was_said_of_its_nodes(tmp_path: Path) -> None:
    path = tmp_path / "library"
    ADAPTERS["lance"](path).commit(*whole("a")).unwrap()
    lancedb.connect(path / "tables").open_table("nodes").delete("position = 0")
    library = lance.build(str(path), create=False).unwrap()
    library.doctor(repair=True).unwrap()
    no_more_is_told(library)
    record = library.view().unwrap().video(A).unwrap()
    assert [made.stage for made in record.stages] == [
        stage for stage in Stage if stage not in (Stage.TREE, *DESCRIBED)
    ]
    library.commit(*whole("a")).unwrap()
    assert frozen_form(shown(library.view().unwrap(), A)) == frozen_form(whole("a")[1])


def test_a_lost_text_index_is_found_and_made_again(tmp_path: Path) -> None:
    path = tmp_path / "library"
    ADAPTERS["lance"](path).commit(*whole("a")).unwrap()
    lancedb.connect(path / "tables").open_table("actions").drop_index("text_idx")
    library = lance.build(str(path), create=False).unwrap()
    found = library.doctor(repair=True).unwrap().findings
    assert [one.problem for one in found] == ["table actions: no full-text index"]
    assert library.doctor(repair=False).unwrap().findings == ()
    assert positions(library.view().unwrap(), Layer.ACTION, "stirs") == [0]


def test_spans_and_clusters_come_back_bit_by_bit(library: Library) -> None:
    takes = planted(library) | {Stage.DESCRIPTIONS: 0}
    odd = Description(14, Span(1 / 3, 0.1 + 0.2 + 1e9), "x", 2**40, 2**40, shown=False)
    plain = Description(0, Span(0.0, 5e-324), "y", 0)
    part = Descriptions(Layer.SUMMARY, (plain, odd))
    commit(library, takes, part)
    assert frozen_form(view_of(library).descriptions(A, Layer.SUMMARY).unwrap()) == frozen_form(
        part.descriptions
    )
