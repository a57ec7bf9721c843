"""The chat completions adapter against a server on loopback that fails in every way it can."""

import base64
import json
import logging
import socket
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from returns.result import Failure, Success

pytest.importorskip("httpx", reason="the extra `captions` is not installed")

from rlm.models import openai_compatible
from rlm.models.messages import Message, Price, Reply, Request
from rlm.models.port import LanguageModel
from rlm.models.retrying import Patience, retrying
from rlm.models.spec import ModelSpec
from rlm.models.trouble import (
    BadReply,
    ModelTrouble,
    NoKey,
    RateLimited,
    Refused,
    ServerFailed,
    TimedOut,
    Unloadable,
    Unreachable,
)
from rlm.outcome import Outcome
from tests.asking import PICTURE, SCHEMA, asking
from tests.chat_server import ChatServer, Raw, completion, failed, serving

KEY = "sk-very-secret-0123456789"


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with serving() as server:
        yield server


def model_at(server: ChatServer, **changes: Any) -> openai_compatible.ChatModel:
    fields: dict[str, Any] = {"base_url": server.url, "key_env": "A_KEY", "takes_images": True}
    spec = ModelSpec("openai_compatible", "small-1", **{**fields, **changes})
    return openai_compatible.build(spec, {"A_KEY": KEY}).unwrap()


class Pauses:
    """Records the pauses that are asked for, and takes none."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


def patient(model: LanguageModel, pauses: Pauses, chance: float = 1.0) -> LanguageModel:
    return retrying(model, Patience(tries=4, base_s=1, cap_s=3), pauses, lambda: chance)


def trouble_of(outcome: Outcome[Reply, ModelTrouble]) -> ModelTrouble:
    assert isinstance(outcome, Failure), outcome
    trouble = outcome.failure()
    assert "\n" not in str(trouble)
    assert KEY not in repr(trouble) + str(trouble)
    return trouble


def test_what_is_sent(server: ChatServer) -> None:
    turns = (Message("system", "be brief"), Message("user", "look", (PICTURE,)))
    request = Request(turns, 40, schema=SCHEMA, effort="low", seed=7)
    reply = model_at(server).complete(request).unwrap()
    (seen,) = server.seen
    assert server.url.endswith("/v1")
    assert seen.path == urlsplit(server.url).path + "/chat/completions"
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    data = f"data:image/jpeg;base64,{base64.b64encode(PICTURE.data).decode()}"
    assert seen.body == {
        "model": "small-1",
        "max_tokens": 40,
        "temperature": 0.0,
        "seed": 7,
        "reasoning_effort": "low",
        "messages": [
            {"role": "system", "content": "be brief"},
            {
                "role": "user",
                "content": [
                    {"type": "image_url", "image_url": {"url": data}},
                    {"type": "text", "text": "look"},
                ],
            },
        ],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True},
        },
    }
    assert reply.model == "small-1-0731"
    assert reply.usage.tokens == 3 + 7 + 4


def test_the_wording_follows_the_options(server: ChatServer) -> None:
    options = {"token_field": "max_completion_tokens", "omit": "temperature, seed"}
    model = model_at(server, options={**options, "image_detail": "low"})
    model.complete(asking("look", PICTURE, seed=3)).unwrap()
    body = server.seen[0].body
    assert body["max_completion_tokens"] == 50
    assert body.keys() & {"temperature", "seed", "max_tokens"} == set()
    assert body["messages"][0]["content"][0]["image_url"]["detail"] == "low"
    assert model.revision != model_at(server).revision


def test_a_server_on_this_machine_needs_no_key_and_gets_none(server: ChatServer) -> None:
    spec = ModelSpec("openai_compatible", "small-1", base_url=server.url, key_env="A_KEY")
    openai_compatible.build(spec, {}).unwrap().complete(asking("hello")).unwrap()
    assert "authorization" not in server.seen[0].headers


def test_another_server_needs_the_key_that_is_named() -> None:
    spec = ModelSpec("openai_compatible", "small-1", key_env="A_KEY")
    for environ in ({}, {"A_KEY": " "}, {"OPENAI_API_KEY": KEY}):
        assert openai_compatible.build(spec, environ) == Failure(NoKey("small-1", "A_KEY"))


@pytest.mark.parametrize(
    "url",
    ["ftp://host/v1", "host/v1", "http://me:pw@host/v1", "http://host/v1?key=x", "http://h:x"],
)
def test_a_base_url_that_is_none_is_refused_without_repeating_it(url: str) -> None:
    outcome = openai_compatible.build(ModelSpec("openai_compatible", "m", base_url=url), {})
    trouble = outcome.failure()
    assert isinstance(trouble, Unloadable)
    assert "base_url" in str(trouble)
    assert url not in str(trouble)


def test_an_unknown_option_is_refused() -> None:
    spec = ModelSpec("openai_compatible", "m", base_url="http://[::1]/v1", options={"tokens": 3})
    assert "no option tokens" in str(openai_compatible.build(spec, {}).failure())


def test_the_key_does_not_follow_a_redirect(server: ChatServer) -> None:
    with serving() as other:
        server.faults = [Raw(307, b"", {"location": f"{other.url}/chat/completions"})]
        trouble = trouble_of(model_at(server).complete(asking("hello")))
        assert isinstance(trouble, Refused)
        assert other.seen == []


def test_a_rate_limit_is_waited_for_as_long_as_the_server_says(server: ChatServer) -> None:
    server.faults = [failed(429, "slow down", retry_after="7"), failed(429, "slow down")]
    pauses = Pauses()
    reply = patient(model_at(server), pauses, chance=0.5).complete(asking("hello")).unwrap()
    assert "hello" in reply.text
    assert pauses.taken == [7 + 0.5 * 1, 0.5 * 2]
    assert len(server.seen) == 3


def test_a_date_to_wait_for_is_read(server: ChatServer) -> None:
    server.faults = [failed(429, "wait", retry_after="Mon, 01 Jan 2001 00:00:00 GMT")]
    assert trouble_of(model_at(server).complete(asking("hello"))) == RateLimited(
        "small-1", "wait", 0.0
    )


def test_a_wait_beyond_patience_is_not_begun(server: ChatServer) -> None:
    server.faults = [failed(429, "come back tomorrow", retry_after="86400")]
    pauses = Pauses()
    trouble = trouble_of(patient(model_at(server), pauses).complete(asking("hello")))
    assert trouble == RateLimited("small-1", "come back tomorrow", 86400.0)
    assert pauses.taken == []


@pytest.mark.parametrize("status", [500, 502, 503, 504, 529])
def test_a_servers_fault_passes(server: ChatServer, status: int) -> None:
    server.faults = [failed(status, "oops"), failed(status, "oops")]
    pauses = Pauses()
    assert isinstance(patient(model_at(server), pauses).complete(asking("hello")), Success)
    assert pauses.taken == [1, 2]


def test_tries_are_bounded_and_told(server: ChatServer) -> None:
    server.always = lambda _: failed(503, "down for repairs")
    pauses = Pauses()
    trouble = trouble_of(patient(model_at(server), pauses).complete(asking("hello")))
    assert trouble == ServerFailed("small-1", 503, "down for repairs", tries=4)
    assert str(trouble) == "small-1: the server failed with 503: down for repairs (4 tries)"
    assert pauses.taken == [1, 2, 3]
    assert len(server.seen) == 4


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 422, 501])
def test_a_refusal_is_told_and_not_tried_again(server: ChatServer, status: int) -> None:
    server.faults = [failed(status, f"not with\nthat key {KEY}")]
    pauses = Pauses()
    trouble = trouble_of(patient(model_at(server), pauses).complete(asking("hello")))
    assert trouble == Refused("small-1", status, "not with that key [key]")
    assert len(server.seen) == 1


def test_a_refusal_that_is_no_json_is_shown_in_short(server: ChatServer) -> None:
    server.faults = [Raw(404, b"<html>" + b"x" * 5000)]
    assert len(str(trouble_of(model_at(server).complete(asking("hello"))))) < 400


def test_a_slow_server_is_left_after_the_timeout(server: ChatServer) -> None:
    server.faults = [Raw(200, b"{}", pause_s=0.6)]
    trouble = trouble_of(model_at(server, timeout_s=0.15).complete(asking("hello")))
    assert trouble == TimedOut("small-1", 0.15)


def test_a_server_that_dribbles_is_left_after_the_timeout(server: ChatServer) -> None:
    server.faults = [Raw(200, b" " * 100, dribbled=True)]  # 5 s in all
    trouble = trouble_of(model_at(server, timeout_s=0.3).complete(asking("hello")))
    assert trouble == TimedOut("small-1", 0.3)


def test_a_connection_cut_within_the_reply_is_tried_again(server: ChatServer) -> None:
    server.faults = [Raw(200, b'{"choices": [{"mess', cut=100)] * 2
    trouble = trouble_of(model_at(server).complete(asking("hello")))
    assert isinstance(trouble, ServerFailed)
    assert "connection broke" in str(trouble)
    assert isinstance(patient(model_at(server), Pauses()).complete(asking("hello")), Success)


def test_nobody_there_is_unreachable_and_tried_again() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        spec = ModelSpec("openai_compatible", "small-1", base_url=url)
        pauses = Pauses()
        model = patient(openai_compatible.build(spec, {}).unwrap(), pauses)
        trouble = trouble_of(model.complete(asking("hello")))
    assert isinstance(trouble, Unreachable)
    assert trouble.tries == 4
    assert f"can't reach {url}" in str(trouble)
    assert pauses.taken == [1, 2, 3]


BAD = {
    "no JSON": b"{'choices': oops",
    "no chat completion": b'{"choices": []}',
    "no chat completion: '[1]'": b"[1]",
    'no chat completion: \'{"choices": [{"message": 3': b'{"choices": [{"message": 3}]}',
    "is empty (finish: stop)": json.dumps(
        {"choices": [{"message": {"content": " "}, "finish_reason": "stop"}]}
    ).encode(),
    "all 50 tokens went before any text": json.dumps(
        {"choices": [{"message": {"content": None}, "finish_reason": "length"}]}
    ).encode(),
    "the model declined: no": json.dumps(
        {"choices": [{"message": {"content": None, "refusal": "no"}, "finish_reason": "stop"}]}
    ).encode(),
}


@pytest.mark.parametrize("told", BAD)
def test_a_reply_that_is_not_the_protocols_is_told_and_not_tried_again(
    server: ChatServer, told: str
) -> None:
    server.faults = [Raw(200, BAD[told])]
    trouble = trouble_of(patient(model_at(server), Pauses()).complete(asking("hello")))
    assert isinstance(trouble, BadReply)
    assert told in str(trouble)
    assert len(server.seen) == 1


def test_an_empty_reply_still_tells_what_it_used(server: ChatServer) -> None:
    told = completion({"model": "m", "max_tokens": 5, "messages": [{"content": "x"}]})
    told["choices"][0]["message"]["content"] = ""
    server.faults = [Raw(200, json.dumps(told).encode())]
    trouble = trouble_of(model_at(server, price=Price(1e6, 0)).complete(asking("hello")))
    assert isinstance(trouble, BadReply)
    assert trouble.usage is not None
    assert trouble.usage.cost_usd == trouble.usage.input_tokens == 1


def test_a_fault_within_a_good_reply_is_a_fault(server: ChatServer) -> None:
    told = {"error": {"code": 502, "message": "upstream is down"}}
    server.faults = [Raw(200, json.dumps(told).encode())]
    trouble = trouble_of(model_at(server).complete(asking("hello")))
    assert trouble == ServerFailed("small-1", 502, "upstream is down")


def test_without_counts_usage_is_estimated_and_says_so(server: ChatServer) -> None:
    told = {"choices": [{"message": {"content": "a b c d"}, "finish_reason": "stop"}]}
    server.faults = [Raw(200, json.dumps(told).encode())]
    usage = model_at(server).complete(asking("hello")).unwrap().usage
    assert usage.estimated
    assert usage.input_tokens > 0
    assert usage.output_tokens > 0


def test_the_servers_own_cost_goes_before_the_price(server: ChatServer) -> None:
    told = completion({"model": "m", "max_tokens": 5, "messages": [{"content": "x"}]})
    told["usage"]["cost"] = 0.25
    server.faults = [Raw(200, json.dumps(told).encode())]
    usage = model_at(server, price=Price(1, 1)).complete(asking("hello")).unwrap().usage
    assert usage.cost_usd == 0.25
    assert not usage.estimated


def forms(server: ChatServer) -> list[str | None]:
    return [seen.body.get("response_format", {}).get("type") for seen in server.seen]


def without(*kinds: str) -> Any:
    """A server that does not know these response formats."""

    def always(body: dict[str, Any]) -> Raw | None:
        kind = body.get("response_format", {}).get("type")
        return failed(400, f"response_format {kind} is not supported") if kind in kinds else None

    return always


def test_a_server_without_schemas_is_asked_for_an_object_from_then_on(
    server: ChatServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.always = without("json_schema")
    with caplog.at_level(logging.WARNING, "rlm"):
        for _ in range(3):  # another instance remembers too
            model_at(server).complete(asking("hello", schema=SCHEMA)).unwrap()
    assert forms(server) == ["json_schema", "json_object", "json_object", "json_object"]
    assert len(caplog.records) == 1
    assert "small-1: no response_format json_schema" in caplog.text
    told = server.seen[-1].body["messages"][0]
    assert told["role"] == "system"
    assert json.dumps(SCHEMA) in told["content"]


def test_a_server_without_formats_is_told_the_schema(server: ChatServer) -> None:
    server.always = without("json_schema", "json_object")
    model = model_at(server)
    model.complete(asking("hello", schema=SCHEMA)).unwrap()
    model.complete(asking("hello", schema=SCHEMA)).unwrap()
    assert forms(server) == ["json_schema", "json_object", None, None]
    assert json.dumps(SCHEMA) in server.seen[-1].body["messages"][0]["content"]


def test_a_server_known_to_take_no_format_is_told_the_schema_at_once(server: ChatServer) -> None:
    model = model_at(server, options={"omit": "response_format"})
    model.complete(asking("hello", schema=SCHEMA)).unwrap()
    assert forms(server) == [None]
    assert json.dumps(SCHEMA) in server.seen[-1].body["messages"][0]["content"]


def test_a_schema_that_is_wrong_is_the_callers_fault(server: ChatServer) -> None:
    server.faults = [failed(400, "Invalid schema for response_format 'answer'")]
    trouble = trouble_of(model_at(server).complete(asking("hello", schema=SCHEMA)))
    assert isinstance(trouble, Refused)
    assert forms(server) == ["json_schema"]


def test_threads_that_find_out_together_loosen_it_once(
    server: ChatServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.always = without("json_schema")
    model, begin = model_at(server), threading.Barrier(6)
    replies: list[Any] = []

    def ask() -> None:
        begin.wait()
        replies.append(model.complete(asking("hello", schema=SCHEMA)))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    with caplog.at_level(logging.WARNING, "rlm"):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [isinstance(reply, Success) for reply in replies] == [True] * 6
    assert set(forms(server)) == {"json_schema", "json_object"}
    assert len(caplog.records) == 1


def test_no_image_and_no_key_is_logged(
    server: ChatServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.faults = [failed(500, f"oops {KEY}")]
    with caplog.at_level(logging.DEBUG):
        model = patient(model_at(server), Pauses())
        model.complete(asking("look", PICTURE)).unwrap()
    assert "again in" in caplog.text
    assert KEY not in caplog.text
    assert base64.b64encode(PICTURE.data).decode() not in caplog.text
