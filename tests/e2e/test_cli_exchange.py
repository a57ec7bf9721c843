"""`kuavi import` and `kuavi export` from their arguments to their output, on a library on disk."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from returns.result import Success
from typer.testing import CliRunner, Result

from kuavi.adapters.exchange import action100m_parquet
from kuavi.adapters.libraries import lance
from kuavi.adapters.libraries._record_json import parse_record, record_json
from kuavi.apps.cli.exits import Exit
from kuavi.apps.cli.main import app
from kuavi.apps.toolbox.session import KuaviError, OpenLibrary, open_library
from kuavi.domain.action100m import as_json
from kuavi.domain.manifest import Origin
from kuavi.domain.tree import NONE, worth_annotating
from tests.indexed import record_of
from tests.usecases.test_exchange import GAPPED, VIDEO, other


def kuavi_run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments], prog_name="kuavi")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with `trees.json`, and the library `lib` that it is imported into."""
    (tmp_path / "trees.json").write_text(json.dumps([as_json(VIDEO), other("two")]))
    run = on(tmp_path, "import", tmp_path / "trees.json")
    assert run.exit_code == Exit.OK, run.output
    assert run.stdout.splitlines()[:2] == [
        "imported  How to bake",
        f"  {open_library(tmp_path / 'lib', create=False).video('abc').id}  3 nodes, "
        "1 annotation, 2 utterances",
    ]
    return tmp_path


def on(place: Path, *arguments: object) -> Result:
    return kuavi_run(*arguments, "-l", place / "lib", "--preset", "fake")


def told(run: Result) -> Any:
    return json.loads(run.stdout)


def test_what_was_imported_is_listed_found_and_sound(place: Path) -> None:
    listed = on(place, "videos").stdout
    assert listed.count("imported (Action100M)  How to bake") == 2
    videos = told(on(place, "videos", "--json"))["videos"]
    assert [video["origin"] for video in videos] == [
        {"form": "Action100M", "uid": "abc"},
        {"form": "Action100M", "uid": "two"},
    ]
    found = on(place, "search", "oven", "--field", "summary")
    assert "described “An oven glows.”" in found.stdout
    assert on(place, "doctor").exit_code == Exit.OK
    assert "first the flour" in on(place, "transcript", "abc").stdout
    assert "bake bread" in on(place, "scenes", "abc", "--count", "1", "--json").stdout


def test_pictures_there_are_none(place: Path) -> None:
    for arguments in (("sheet", "abc"), ("sheet", "abc", "--at", "1")):
        run = on(place, *arguments)
        assert run.exit_code == Exit.FAILED
        assert run.stderr == ("kuavi: How to bake: no pictures: imported without its video file\n")
    run = on(place, "coherence", "abc")
    assert "no motion over time: imported without its video file" in run.stderr


@pytest.mark.parametrize("name", ["out.json", "out.jsonl", "out.parquet"])
def test_what_is_exported_is_what_was_imported(place: Path, name: str) -> None:
    run = on(place, "export", "-o", place / name)
    assert (run.exit_code, run.stdout) == (Exit.OK, f"{place / name}\n")
    again = on(place, "import", place / name, "--json")
    assert [json.loads(line)["fate"] for line in again.stdout.splitlines()] == ["unchanged"] * 2
    one = told(on(place, "export", "two", "-o", place / f"one-{name}", "--json"))
    assert one["path"] == str(place / f"one-{name}")
    assert [video["title"] for video in one["videos"]] == ["How to bake"]
    assert one["left_out"] == []


def test_json_is_value_for_value_the_same(place: Path) -> None:
    on(place, "export", "abc", "two", "-o", place / "out.json")
    assert json.loads((place / "out.json").read_text()) == [as_json(VIDEO), other("two")]


def test_what_is_refused_is_told_and_leaves_the_rest(place: Path) -> None:
    lines = [other("three"), {"video_uid": "four"}, other("five", nodes=GAPPED)]
    (place / "more.jsonl").write_text("\n".join(map(json.dumps, lines)))
    run = on(place, "import", place / "more.jsonl")
    assert run.exit_code == Exit.FAILED
    assert run.stdout.startswith("imported  How to bake\n")
    assert run.stderr.splitlines()[:2] == [
        "kuavi: four: not in Action100M's schema: nodes is not a list",
        f"kuavi: {place / 'more.jsonl'}#five: node r: a gap between its children: 4.0 s and 5.0 s",
    ]
    objects = [
        json.loads(line)
        for line in on(place, "import", place / "more.jsonl", "--json").stdout.splitlines()
    ]
    assert [one["fate"] for one in objects] == ["unchanged", "refused", "refused"]
    assert objects[0]["video"]["title"] == "How to bake"
    assert objects[1]["video"] is None


def test_exit_codes(place: Path) -> None:
    assert on(place, "import", place / "none.json").exit_code == Exit.NOT_FOUND
    assert on(place, "import", place / "lib").exit_code == Exit.USAGE
    assert on(place, "export", "-o", place / "out.csv").exit_code == Exit.USAGE
    assert on(place, "export", "none", "-o", place / "o.json").exit_code == Exit.NOT_FOUND
    assert on(place, "export").exit_code == Exit.USAGE
    (place / "a.parquet").write_bytes(b"no")
    assert on(place, "import", place / "a.parquet").exit_code == Exit.FAILED
    missing = kuavi_run("export", "-o", place / "o.json", "-l", place / "nowhere")
    assert missing.exit_code == Exit.NOT_FOUND


def test_removed_and_imported_again(place: Path) -> None:
    assert on(place, "remove", "two", "--yes").exit_code == Exit.OK
    again = on(place, "import", place / "trees.json", "--json")
    fates = [json.loads(line)["fate"] for line in again.stdout.splitlines()]
    assert fates == ["unchanged", "imported"]


def test_records_keep_their_origin_and_old_ones_have_none() -> None:
    old = record_of("cat", {})
    assert '"origin"' not in record_json(old)
    assert parse_record(record_json(old)) == old
    new = evolve(old, origin=Origin("Action100M", "ü", "Füße", '{"ids":["\\u202f"]}'))
    assert parse_record(record_json(new)) == new


def published() -> Path:
    root = Path(__file__).parents[2]
    shared = Path(os.environ.get("KUAVI_SHARED_DATA", root.parent / "shared" / "data"))
    return shared / "action100m" / "examples.parquet"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> OpenLibrary:
    """A library of the published examples, with bags of words for vectors."""
    if not published().exists():
        pytest.skip("needs KUAVI_SHARED_DATA")
    place = tmp_path_factory.mktemp("real") / "lib"
    library = open_library(place, scene_model_preset="fake")
    arrived = library.import_trees(published())
    assert [one.failure for one in arrived] == [None] * len(arrived)
    assert len(library.videos()) == len(arrived) > 0
    return library


def test_published_trees_have_the_known_properties(real: OpenLibrary) -> None:
    view = lance.build(real.path, create=False).unwrap().view().unwrap()
    for video in real.videos():
        tree = view.tree(video.id).unwrap()
        assert tree is not None
        assert video.gaps == ()
        length_s = tree.end_s - tree.start_s
        assert length_s.min() >= 0.5 - 1e-4
        annotated = sorted(view.annotations(video.id).unwrap())
        assert annotated == worth_annotating(tree).tolist()
        captions = view.captions(video.id).unwrap()
        assert all(tree.left[node] == NONE for node, told in captions.items() if told.frame)


def test_published_files_come_out_as_they_went_in(real: OpenLibrary, tmp_path: Path) -> None:
    from pyarrow import parquet

    table = parquet.read_table(published())
    records = table.to_pylist()
    uids = [record["video_uid"] for record in records]
    real.export_trees(tmp_path / "out.parquet", uids)
    exported = parquet.read_table(tmp_path / "out.parquet")
    assert exported.schema.equals(table.schema)
    assert exported.equals(table)
    real.export_trees(tmp_path / "out.json", uids)
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8")) == records
    for name in ("out.parquet", "out.json"):
        fates = [one.fate.value for one in real.import_trees(tmp_path / name)]
        assert fates == ["unchanged"] * len(uids)


def test_published_videos_are_found_by_what_was_written_of_them(real: OpenLibrary) -> None:
    found = real.search("windscreen washer jets", field="summary")
    assert found.hits[0].title == "How To Wash Windscreen Washer Jets"
    with pytest.raises(KuaviError, match="no pictures: imported without its video file"):
        real.look("30PLZNxHuUo", [1.0])


def test_the_schema_is_the_published_one() -> None:
    if not published().exists():
        pytest.skip("needs KUAVI_SHARED_DATA")
    from pyarrow import parquet

    assert parquet.read_schema(published()).equals(action100m_parquet.SCHEMA)
    first = next(action100m_parquet.build().read(str(published())))
    assert isinstance(first, Success)
