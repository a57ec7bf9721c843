"""Gemini's adapter against a server on loopback: what is sent, and how it fails."""

import base64
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from returns.result import Failure

pytest.importorskip("httpx", reason="the extra `gemini` is not installed")
pytest.importorskip("google.genai", reason="the extra `gemini` is not installed")

from rlm.models import gemini
from rlm.models.messages import Message, Price, Reply, Request
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
from tests.chat_server import ChatServer, Raw, failed, serving
from tests.gemini_form import generated

KEY = "AIza-very-secret-0123456789"


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with serving(generated) as server:
        yield server


def model_at(server: ChatServer, **changes: Any) -> gemini.GeminiModel:
    fields: dict[str, Any] = {"base_url": server.url, "key_env": "A_KEY", "takes_images": True}
    spec = ModelSpec("gemini", "gem-1", **{**fields, **changes})
    return gemini.build(spec, {"A_KEY": KEY}).unwrap()


def trouble_of(outcome: Outcome[Reply, ModelTrouble]) -> ModelTrouble:
    assert isinstance(outcome, Failure), outcome
    trouble = outcome.failure()
    assert "\n" not in str(trouble)
    assert KEY not in repr(trouble) + str(trouble)
    return trouble


def named(fields: dict[str, Any]) -> dict[str, Any]:
    """Without the case and the underscores of names: the API takes either form."""
    return {name.replace("_", "").lower(): value for name, value in fields.items()}


def test_what_is_sent(server: ChatServer) -> None:
    turns = (
        Message("system", "be brief"),
        Message("user", "look", (PICTURE,)),
        Message("assistant", "a pan"),
        Message("user", "and now"),
    )
    request = Request(turns, 40, temperature=0.5, schema=SCHEMA, effort="low", seed=7)
    reply = model_at(server).complete(request).unwrap()
    (seen,) = server.seen
    assert seen.path.endswith("/v1/v1beta/models/gem-1:generateContent")
    assert seen.headers["x-goog-api-key"] == KEY
    config = seen.body["generationConfig"]
    assert named(config.pop("thinkingConfig")) == {"thinkinglevel": "LOW"}
    assert config == {
        "maxOutputTokens": 40,
        "temperature": 0.5,
        "seed": 7,
        "responseMimeType": "application/json",
        "responseJsonSchema": SCHEMA,
    }
    assert [part["text"] for part in seen.body["systemInstruction"]["parts"]] == ["be brief"]
    first, second, third = seen.body["contents"]
    assert [turn["role"] for turn in (first, second, third)] == ["user", "model", "user"]
    picture, text = first["parts"]
    assert base64.urlsafe_b64decode(picture["inlineData"]["data"]) == PICTURE.data
    assert named(picture["inlineData"])["mimetype"] == "image/jpeg"
    assert text["text"] == "look"
    assert reply.model == "gem-1-0731"
    assert not reply.usage.estimated


def test_effort_may_be_told_in_tokens(server: ChatServer) -> None:
    model = model_at(server, options={"thinking": "budget"})
    model.complete(asking("look", effort="medium")).unwrap()
    thinking = server.seen[0].body["generationConfig"]["thinkingConfig"]
    assert named(thinking) == {"thinkingbudget": 8192}
    assert model.revision != model_at(server).revision


def test_unseen_reasoning_is_output_and_paid_for(server: ChatServer) -> None:
    told = {
        "candidates": [
            {
                "content": {"parts": [{"text": "hm", "thought": True}, {"text": "a pan"}]},
                "finishReason": "STOP",
            }
        ],
        "usageMetadata": {
            "promptTokenCount": 10,
            "candidatesTokenCount": 2,
            "thoughtsTokenCount": 30,
        },
    }
    server.faults = [Raw(200, json.dumps(told).encode())]
    reply = model_at(server, price=Price(0, 1e6)).complete(asking("look")).unwrap()
    assert reply.text == "a pan"
    assert reply.usage.output_tokens == reply.usage.cost_usd == 32


@pytest.mark.parametrize("name", ["GOOGLE_API_KEY", "GEMINI_API_KEY"])
def test_no_other_key_of_the_environment_is_sent(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "AIza-another")
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    spec = ModelSpec("gemini", "gem-1", base_url=server.url)
    gemini.build(spec, {}).unwrap().complete(asking("look")).unwrap()
    assert server.seen[0].headers["x-goog-api-key"] == gemini.NO_KEY
    assert "AIza-another" not in str(server.seen[0].headers)


def test_google_needs_its_key() -> None:
    assert gemini.build(ModelSpec("gemini", "g"), {}) == Failure(NoKey("g", "GEMINI_API_KEY"))
    named = ModelSpec("gemini", "g", key_env="MINE")
    assert gemini.build(named, {"GEMINI_API_KEY": KEY}) == Failure(NoKey("g", "MINE"))


def test_an_unknown_option_is_refused(server: ChatServer) -> None:
    for options in ({"thinking": "deep"}, {"depth": 3}):
        spec = ModelSpec("gemini", "g", base_url=server.url, options=options)
        assert isinstance(gemini.build(spec, {}).failure(), Unloadable)


def test_one_call_makes_one_try(server: ChatServer) -> None:
    server.faults = [failed(503, "overloaded"), failed(503, "overloaded")]
    trouble = trouble_of(model_at(server).complete(asking("look")))
    assert trouble == ServerFailed("gem-1", 503, "overloaded")
    assert len(server.seen) == 1


def test_a_reply_that_could_be_continued_is_one_try_too(server: ChatServer) -> None:
    part = {"content": {"parts": [{"text": "a pan"}]}, "finishReason": "CONTINUATION"}
    told = {"candidates": [{**part, "continuationToken": "AAAA"}]}
    server.faults = [Raw(200, json.dumps(told).encode())]
    assert model_at(server).complete(asking("look")).unwrap().finish == "continuation"
    assert len(server.seen) == 1


@pytest.mark.filterwarnings("ignore:.*is not a valid.*:UserWarning")
def test_a_finish_that_the_sdk_does_not_know_is_no_complete_reply(server: ChatServer) -> None:
    told = {"candidates": [{"content": {"parts": [{"text": "a"}]}, "finishReason": "BORED"}]}
    server.faults = [Raw(200, json.dumps(told).encode())]
    reply = model_at(server).complete(asking("look")).unwrap()
    assert reply.finish == "bored"
    assert reply.usage.estimated


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refusal_is_told(server: ChatServer, status: int) -> None:
    server.faults = [failed(status, f"API key not valid: {KEY}")]
    trouble = trouble_of(model_at(server).complete(asking("look")))
    assert trouble == Refused("gem-1", status, "API key not valid: [key]")


def test_a_rate_limit_tells_how_long(server: ChatServer) -> None:
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "13.2s"}
    told = {"error": {"code": 429, "message": "quota", "details": [{"@type": "other"}, info]}}
    server.faults = [
        Raw(429, json.dumps(told).encode()),
        failed(429, "quota", retry_after="3"),
        failed(429, "quota"),
    ]
    model = model_at(server)
    waits = [trouble_of(model.complete(asking("look"))) for _ in range(3)]
    assert waits == [RateLimited("gem-1", "quota", wait) for wait in (14.0, 3.0, None)]


def test_faults_of_the_connection(server: ChatServer) -> None:
    server.faults = [Raw(200, b"{}", pause_s=0.5), Raw(200, b'{"cand', cut=50)]
    slow = trouble_of(model_at(server, timeout_s=0.1).complete(asking("look")))
    assert slow == TimedOut("gem-1", 0.1)
    assert isinstance(trouble_of(model_at(server).complete(asking("look"))), ServerFailed)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        spec = ModelSpec("gemini", "g", base_url=f"http://127.0.0.1:{taken.getsockname()[1]}")
        nobody = trouble_of(gemini.build(spec, {}).unwrap().complete(asking("look")))
    assert isinstance(nobody, Unreachable)


BAD = {
    "no json": b"{oops",
    "blocked: SAFETY": b'{"promptFeedback": {"blockReason": "SAFETY"}}',
    "finish: MAX_TOKENS": b'{"candidates": [{"finishReason": "MAX_TOKENS"}]}',
    "finish: none told": b"{}",
    "TypeError": b'{"candidates": 3}',
}


@pytest.mark.parametrize("told", BAD)
def test_an_unusable_reply_is_told(server: ChatServer, told: str) -> None:
    server.faults = [Raw(200, BAD[told])]
    trouble = trouble_of(model_at(server).complete(asking("look")))
    assert isinstance(trouble, BadReply)
    assert told == "no json" or told in str(trouble)
