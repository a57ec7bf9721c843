"""A real clip put into words through a server on loopback, which fails in every way it can."""

import base64
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import Factory, define, evolve

import kuavi
from kuavi.adapters.aggregators import fake as writing
from kuavi.adapters.captioners import fake as seeing
from kuavi.apps.toolbox.session import OpenLibrary
from kuavi.apps.toolbox.telling import Enhanced
from kuavi.apps.usecases.queries import Field
from kuavi.apps.wiring.compose import known_preset, open_tools
from kuavi.apps.wiring.models import Models
from kuavi.domain.annotation import Annotation
from kuavi.domain.annotation_json import parse, to_json
from kuavi.domain.budget import UNLIMITED, Budget
from kuavi.domain.choices import ModelChoices
from kuavi.domain.described import Caption
from kuavi.domain.manifest import Stage
from kuavi.domain.plan import IndexPlan, ModelSpec
from kuavi.domain.tree import worth_annotating
from rlm.models.messages import Image, Message, Request
from rlm.models.retrying import Patience
from tests.chat_server import ChatServer, Raw, Seen, failed, serving
from tests.media import real_clip

pytest.importorskip("httpx", reason="the extra `captions` is not installed")

KEY = "sk-only-for-one-server-0123456789"
HURRIED = Patience(tries=4, base_s=0.0)
MODEL = "small-1"
TIMEOUT_S = 2.5
SLOW_S = 4.0


def read(body: dict[str, Any]) -> Request:
    """The request that a body of the protocol stands for."""
    images: list[Image] = []
    texts: list[str] = []
    for message in body["messages"]:
        content = message["content"]
        parts: list[dict[str, Any]] = (
            [{"type": "text", "text": content}] if isinstance(content, str) else content
        )
        for part in parts:
            if part["type"] == "text":
                texts.append(part["text"])
            else:
                data = part["image_url"]["url"].partition("base64,")[2]
                images.append(Image("image/jpeg", base64.b64decode(data)))
    form = body.get("response_format", {})
    schema = form["json_schema"]["schema"] if form else None
    return Request((Message("user", texts[-1], tuple(images)),), 4096, schema=schema)


def answered(seen: Seen) -> dict[str, Any]:
    """Colours of pictures, or words of the prompt in the form that is asked for."""
    request = read(seen.body)
    return told(seeing.answer(request) if request.images else writing.answer(request))


def told(text: str) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": 100, "completion_tokens": 20}
    return {"model": MODEL, "choices": [choice | {"finish_reason": "stop"}], "usage": usage}


def raw(text: str) -> Raw:
    return Raw(200, json.dumps(told(text)).encode())


def kind_of(body: dict[str, Any]) -> str:
    """caption, actions or annotation."""
    if "response_format" not in body:
        return "caption"
    properties = body["response_format"]["json_schema"]["schema"]["properties"]
    return "actions" if "1" in properties else "annotation"


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with the clip, which nobody has described."""
    place = tmp_path_factory.mktemp("indexed") / "library"
    plan = evolve(IndexPlan(), speech=False, ocr=False)
    (one,) = kuavi.open_library(place).index(real_clip("bikes"), plan=plan)
    assert one.ok, one
    return place


@define(eq=False)
class Place:
    """A copy of that library, and a server for its captions."""

    path: Path
    server: ChatServer
    options: dict[str, Any] = Factory(dict)

    def open(self) -> OpenLibrary:
        choices = ModelChoices(
            models={"captioner": MODEL, "aggregator": MODEL},
            captions="openai",
            caption_server=self.server.url,
        )
        preset = known_preset("embedded", choices).unwrap()
        specs: dict[str, Any] = {
            port: self._quick(preset.extras[port]) for port in ("captioner", "aggregator")
        }
        models = Models(evolve(preset, **specs), {})
        models.asking().patience = HURRIED
        return OpenLibrary(open_tools(str(self.path), create=False).unwrap(), models)

    def _quick(self, spec: ModelSpec) -> ModelSpec:
        more = {"timeout_s": TIMEOUT_S, "usd_in": 1.0, "usd_out": 2.0, **self.options}
        return evolve(spec, options={**spec.options, **more})

    def tell(self, mode: str = "full", budget: Budget = UNLIMITED, rounds: int = 2) -> Enhanced:
        (one,) = self.open().enhance(mode=mode, budget=budget, rounds=rounds)
        assert one.report is not None, one.problem
        return one

    def said(self) -> tuple[dict[int, Caption], dict[int, Annotation]]:
        tools = open_tools(str(self.path), create=False).unwrap()
        view = tools.library.view().unwrap()
        (record,) = view.videos().unwrap()
        return view.captions(record.id).unwrap(), view.annotations(record.id).unwrap()

    def kinds(self) -> list[str]:
        return [kind_of(seen.body) for seen in self.server.seen]


@pytest.fixture
def make(indexed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Place]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)

    def made(server: ChatServer, name: str = "library", **options: Any) -> Place:
        return Place(Path(shutil.copytree(indexed, tmp_path / name)), server, options)

    return made


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with serving(answered) as one:
        yield one


@pytest.fixture(scope="module")
def whole(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What an undisturbed run says, and how many requests it takes."""
    with serving(answered) as one:
        place = Place(Path(shutil.copytree(indexed, tmp_path_factory.mktemp("w") / "l")), one)
        report = place.tell().report
        assert report is not None
        assert report.complete
        return place.said(), place.kinds(), report


def check_all_is_told(place: Place) -> None:
    tools = open_tools(str(place.path), create=False).unwrap()
    view = tools.library.view().unwrap()
    (record,) = view.videos().unwrap()
    tree = view.tree(record.id).unwrap()
    assert tree is not None
    captions, annotations = place.said()
    assert sorted(captions) == list(range(len(tree)))
    assert all(caption.action for caption in captions.values())
    assert sorted(annotations) == sorted(worth_annotating(tree, 4.0).tolist())


def test_a_clip_is_put_into_words_and_the_same_again_asks_nothing(
    make: Callable[..., Place], server: ChatServer
) -> None:
    place = make(server)
    estimated = place.open().estimate(mode="full", rounds=2)
    one = place.tell()
    assert one.ok
    check_all_is_told(place)
    kinds = place.kinds()
    report = one.report
    assert report is not None
    assert report.spent.calls == len(kinds)
    assert report.spent.usd == pytest.approx(len(kinds) * (100 * 1.0 + 20 * 2.0) / 1e6)
    assert kinds.count("caption") == estimated.captions.calls
    assert kinds.count("actions") <= estimated.actions.calls
    assert 0 < kinds.count("annotation") <= estimated.annotations.calls
    assert all(len(read(seen.body).images) <= 16 for seen in server.seen)
    found = place.open().search("a picture of one colour")
    assert found.searched == (Field.ACTION,)
    assert "picture" in found.hits[0].text

    server.seen.clear()
    again = place.tell()
    assert again.ok
    assert server.seen == []


def test_with_all_forgotten_but_the_replies_nothing_is_asked_again(
    make: Callable[..., Place], server: ChatServer
) -> None:
    place, anew = make(server), make(server, "anew")
    place.tell()
    server.seen.clear()
    shutil.copytree(place.path / "cache" / "replies", anew.path / "cache" / "replies")
    one = anew.tell()
    assert one.ok
    assert server.seen == []
    assert one.report is not None
    assert one.report.spent.calls == 0
    assert one.report.spent.cached > 0
    assert anew.said() == place.said()


def test_what_passes_is_tried_again_and_nothing_is_lost(
    make: Callable[..., Place], server: ChatServer, whole: Any
) -> None:
    place = make(server)
    good = raw("ignored").content
    server.faults += [
        failed(429, "slow down", Retry_After="1"),
        failed(500, "out of order"),
        Raw(200, good, pause_s=SLOW_S),
        Raw(200, good[:40], cut=60),
        failed(503, "busy"),
        failed(429, "slow down"),
    ]
    one = place.tell()
    said, kinds, _ = whole
    assert one.ok, one.report
    assert place.said() == said
    assert len(server.seen) == len(kinds) + 6
    assert one.report is not None
    assert one.report.spent.calls == len(kinds) + 4  # a refusal for being too many costs nothing
    server.seen.clear()
    assert place.tell().ok
    assert server.seen == []


@pytest.mark.parametrize(
    "fault", [Raw(200, b"{not json"), Raw(200, b'{"choices": []}'), failed(400, "bad request")]
)
def test_what_does_not_pass_is_a_gap_that_the_next_run_fills(
    make: Callable[..., Place], server: ChatServer, fault: Raw
) -> None:
    place = make(server)
    server.faults += [fault, fault]
    one = place.tell("fast")
    assert one.report is not None
    captions, _ = place.said()
    gaps = one.report.gaps
    assert 1 <= len(gaps) <= 2
    assert all(gap.stage is Stage.CAPTIONS and gap.reason and gap.span for gap in gaps)
    scenes = len(place.open().scenes("bikes.mp4"))
    assert len(captions) + len(gaps) == scenes
    before = len(server.seen)
    assert place.tell("fast").ok
    assert len(server.seen) == before + len(gaps) + 1  # those captions, and their actions
    assert len(place.said()[0]) == scenes


@pytest.mark.parametrize("bad", ["I would rather not", '{"summary": "short"}', "{}"])
def test_an_answer_that_is_no_annotation_is_repaired(
    make: Callable[..., Place], server: ChatServer, bad: str
) -> None:
    place, spoilt = make(server), list[str]()

    def always(body: dict[str, Any]) -> Raw | None:
        if kind_of(body) == "annotation" and not spoilt:
            spoilt.append(bad)
            return raw(bad)
        return None

    server.always = always
    one = place.tell()
    assert one.ok, one.report
    assert spoilt == [bad]
    check_all_is_told(place)
    assert any(
        defused(bad) in read(seen.body).messages[0].text
        for seen in server.seen
        if kind_of(seen.body) == "annotation"
    )


def defused(text: str) -> str:
    return re.sub(r"[{}]", "", text).strip()


def test_a_model_that_never_keeps_to_the_form_leaves_gaps_and_captions(
    make: Callable[..., Place], server: ChatServer
) -> None:
    server.always = lambda body: None if kind_of(body) == "caption" else raw("Certainly! A dog.")
    place = make(server)
    one = place.tell()
    assert one.report is not None
    captions, annotations = place.said()
    assert annotations == {}
    assert all(caption.text for caption in captions.values())
    missed = [gap.span for gap in one.report.gaps if gap.stage is Stage.ANNOTATIONS]
    assert len(missed) == len(set(missed)) > 0
    kinds = place.kinds()
    assert kinds.count("annotation") == len(missed) + 1  # drafts; the repair is the same for all
    server.seen.clear()
    place.tell()
    assert server.seen == []  # the same question would have the same answer


@pytest.mark.parametrize("limit", [5, 11])
def test_the_budget_holds_on_the_server_too(
    make: Callable[..., Place], server: ChatServer, whole: Any, limit: int
) -> None:
    place = make(server)
    said, kinds, _ = whole
    server.faults += [failed(500, "out of order"), failed(429, "slow down")]
    counts: list[int] = []
    for _ in range(len(kinds) + 4):
        before = len(server.seen)
        one = place.tell(budget=Budget(calls=limit))
        counts.append(len(server.seen) - before)
        assert one.report is not None
        if one.ok:
            break
        assert one.report.stopped
    assert counts[0] <= limit + 1  # what is refused as too many is free
    assert max(counts[1:]) <= limit
    assert sum(counts) == len(kinds) + 2
    assert place.said() == said


def test_money_is_a_budget_as_well(make: Callable[..., Place], server: ChatServer) -> None:
    place = make(server)
    one = place.tell(budget=Budget(usd=0.02))
    assert one.report is not None
    assert one.report.stopped
    spent = len(server.seen) * (100 * 1.0 + 20 * 2.0) / 1e6
    assert 0 < spent <= 0.02


def test_a_server_that_is_not_there_is_said_at_once(make: Callable[..., Place]) -> None:
    with serving(answered) as gone:
        pass
    place = make(gone)
    one = place.tell()
    assert one.report is not None
    assert gone.url.rpartition(":")[2].partition("/")[0] in one.report.stopped
    assert place.said() == ({}, {})


def test_the_key_goes_to_its_server_and_into_no_file(
    make: Callable[..., Place], server: ChatServer
) -> None:
    place = make(server)
    with serving(answered) as other:
        away = {"location": f"{other.url}/chat/completions"}
        server.faults += [Raw(307, b"{}", away), failed(500, f"who is {KEY}?")]
        one = place.tell("fast")
        assert other.seen == []
    assert one.report is not None
    assert server.seen
    assert {seen.headers["authorization"] for seen in server.seen} == {f"Bearer {KEY}"}
    assert KEY not in str(one)
    for path in place.path.rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes(), path


def test_what_is_said_is_valid(whole: Any) -> None:
    (captions, annotations), kinds, report = whole
    assert report.spent.calls == len(kinds)
    for annotation in annotations.values():
        assert parse(to_json(annotation)).unwrap() == annotation
    assert len({caption.text for caption in captions.values()}) > 1
