"""The reply cache: what makes a key, what is kept, and files that were torn."""

import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from returns.result import Failure, Success

from rlm.models import file_store, scripted
from rlm.models.cached import cached
from rlm.models.canonical import key_of
from rlm.models.messages import Image, Message, Reply, Request, Usage
from rlm.models.store import MemoryStore
from rlm.models.trouble import BadReply, ModelTrouble
from rlm.outcome import Outcome
from tests.asking import PICTURE, SCHEMA, asking

KEY = "0f" * 32
REPLY = Reply("a pan", "m-1", Usage(12, 3, 1.5e-5), "stop")


def text(request: Request) -> str:
    return request.messages[0].text


def test_the_second_time_the_model_is_not_asked() -> None:
    model = scripted.build(text)
    asked = cached(model, MemoryStore())
    first, second = (asked.complete(asking("look", PICTURE)).unwrap() for _ in range(2))
    assert len(model.record) == 1
    assert evolve(second, usage=first.usage, cached=False) == first
    assert second.cached


BASE = asking("look", PICTURE, schema=SCHEMA, seed=1)
OTHERS = {
    "text": asking("look!", PICTURE, schema=SCHEMA, seed=1),
    "picture": asking("look", Image("image/jpeg", b"other"), schema=SCHEMA, seed=1),
    "media type": asking("look", Image("image/png", PICTURE.data), schema=SCHEMA, seed=1),
    "two pictures": asking("look", PICTURE, PICTURE, schema=SCHEMA, seed=1),
    "length": evolve(BASE, max_tokens=51),
    "temperature": evolve(BASE, temperature=0.1),
    "no temperature": evolve(BASE, temperature=None),
    "schema": evolve(BASE, schema={**SCHEMA, "title": "x"}),
    "no schema": evolve(BASE, schema=None),
    "effort": evolve(BASE, effort="low"),
    "seed": evolve(BASE, seed=2),
    "role": evolve(BASE, messages=(Message("system", "look", (PICTURE,)),)),
    "turns": evolve(BASE, messages=(*BASE.messages, Message("user", "look"))),
}


@pytest.mark.parametrize("what", OTHERS)
def test_another_request_is_asked_anew(what: str) -> None:
    model = scripted.build(text)
    asked = cached(model, MemoryStore())
    for request in (BASE, OTHERS[what], BASE, OTHERS[what]):
        asked.complete(request).unwrap()
    assert model.record == (BASE, OTHERS[what])


def test_the_same_in_other_words_is_the_same() -> None:
    again = Request(BASE.messages, 50, 0, dict(reversed(SCHEMA.items())), None, 1)
    assert key_of("m", "1", again) == key_of("m", "1", BASE)


def test_another_model_or_server_is_asked_anew() -> None:
    keys = {
        key_of(*identity, BASE) for identity in (("m", "1"), ("m", "2"), ("m1", ""), ("n", "1"))
    }
    assert len(keys) == 4


def test_only_whole_replies_are_kept() -> None:
    answers: Iterator[str | Outcome[Reply, ModelTrouble]] = iter(
        [Failure(BadReply("m", "odd")), "word " * 400, "whole"]
    )
    model = scripted.build(lambda _: next(answers))
    asked = cached(model, MemoryStore())
    outcomes = [asked.complete(BASE) for _ in range(4)]
    assert isinstance(outcomes[0], Failure)
    assert outcomes[1].unwrap().finish == "length"
    assert [(o.unwrap().text, o.unwrap().cached) for o in outcomes[2:]] == [
        ("whole", False),
        ("whole", True),
    ]


def test_the_same_asked_at_once_is_one_call() -> None:
    inside, go = Event(), Event()

    def wait(_: Request) -> str:
        inside.set()
        assert go.wait(30)
        return "yes"

    model = scripted.build(wait)
    asked = cached(model, MemoryStore())
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(asked.complete, BASE) for _ in range(4)]
        assert inside.wait(30)
        go.set()
        replies = [future.result().unwrap() for future in waiting]
    assert len(model.record) == 1
    assert sorted(reply.cached for reply in replies) == [False, True, True, True]


def test_another_request_does_not_wait() -> None:
    go = Event()

    def wait(request: Request) -> str:
        assert text(request) != "slow" or go.wait(30)
        return "yes"

    asked = cached(scripted.build(wait), MemoryStore())
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(asked.complete, asking("slow"))
        asked.complete(asking("fast")).unwrap()
        go.set()
        assert slow.result().unwrap().text == "yes"


def files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_a_file_a_key_in_folders_of_their_own(tmp_path: Path) -> None:
    file_store.build(tmp_path).put(KEY, REPLY).unwrap()
    (path,) = files_in(tmp_path)
    assert path == tmp_path / "0f" / f"{KEY}.json"
    assert path.stat().st_mode & 0o077 == 0
    assert json.loads(path.read_text())["reply"]["text"] == "a pan"


def test_neither_prompt_nor_picture_is_in_a_file(tmp_path: Path) -> None:
    model = scripted.build(lambda _: "yes")
    request = asking("a private question", PICTURE)
    cached(model, file_store.build(tmp_path)).complete(request).unwrap()
    (path,) = files_in(tmp_path)
    assert b"private" not in path.read_bytes()


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_torn_or_altered_file_is_a_miss_and_is_written_anew(
    tmp_path: Path, data: st.DataObject
) -> None:
    store = file_store.build(tmp_path)
    store.put(KEY, REPLY).unwrap()
    (path,) = files_in(tmp_path)
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    path.write_bytes(data.draw(st.sampled_from([whole[:at], altered(whole, at)])))
    assert store.get(KEY) == Success(None)
    store.put(KEY, REPLY).unwrap()
    assert store.get(KEY) == Success(REPLY)


def altered(whole: bytes, at: int) -> bytes:
    return whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]


@pytest.mark.parametrize("content", ["", "[]", "null", "[" * 100_000, '{"reply": {}}', "\udcff"])
def test_a_file_of_another_form_is_a_miss(tmp_path: Path, content: str) -> None:
    store = file_store.build(tmp_path)
    store.put(KEY, REPLY).unwrap()
    files_in(tmp_path)[0].write_bytes(content.encode(errors="surrogateescape"))
    assert store.get(KEY) == Success(None)


def test_a_file_under_another_key_is_a_miss(tmp_path: Path) -> None:
    store, other = file_store.build(tmp_path), "0f" * 31 + "aa"
    store.put(KEY, REPLY).unwrap()
    files_in(tmp_path)[0].rename(tmp_path / "0f" / f"{other}.json")
    assert store.get(other) == Success(None)


@pytest.mark.parametrize("key", ["", "../" * 20 + "abcd", "0F" * 32, "0f" * 31, "/" * 64])
def test_what_is_no_key_leads_nowhere(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="no key"):
        file_store.build(tmp_path).get(key)


def test_a_store_that_cannot_be_written_does_not_lose_the_reply(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "replies").write_text("a file where the folder should be")
    model = scripted.build(lambda _: "yes")
    asked = cached(model, file_store.build(tmp_path / "replies"))
    with caplog.at_level(logging.WARNING, "rlm"):
        assert asked.complete(BASE).unwrap().text == "yes"
        assert asked.complete(BASE).unwrap().text == "yes"
    assert len(model.record) == 2
    assert "not kept" in caplog.text


def test_a_write_that_fails_is_told_and_leaves_nothing_behind(tmp_path: Path) -> None:
    store = file_store.build(tmp_path)
    (tmp_path / "0f" / f"{KEY}.json").mkdir(parents=True)  # a folder is not replaced by a file
    for outcome in (store.put(KEY, REPLY), store.get(KEY)):
        assert f"reply cache {tmp_path}" in str(outcome.failure())
    assert files_in(tmp_path) == []
