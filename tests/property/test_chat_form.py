"""Whatever a server sends is a reply or a failure in words, and whatever is asked has a key."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from returns.result import Success

from rlm.models._chat_form import Form, Wording, body, error_within, message_of, parsed
from rlm.models.canonical import key_of, likely_tokens, most_input_tokens
from rlm.models.file_store import read, written
from rlm.models.messages import Message, Price, Reply, Request
from tests.asking import SCHEMA, asking

TEXTS = st.text(max_size=20)
WILD = st.text(st.characters(exclude_categories=()), max_size=20)  # lone surrogates as well
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | WILD | st.sampled_from([10**400])
NAMES = st.sampled_from(
    [
        *("choices", "message", "content", "finish_reason", "refusal", "model", "error", "code"),
        *("usage", "prompt_tokens", "completion_tokens", "cost", "type", "text"),
    ]
)
ANY = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4)
)
COMPLETIONS = st.fixed_dictionaries(
    {
        "choices": st.lists(
            st.fixed_dictionaries(
                {"message": st.fixed_dictionaries({"content": ANY}, optional={"refusal": ANY})},
                optional={"finish_reason": ANY},
            ),
            max_size=2,
        )
    },
    optional={
        "model": ANY,
        "usage": ANY
        | st.fixed_dictionaries({"prompt_tokens": ANY, "completion_tokens": ANY, "cost": ANY}),
    },
)
ASKED = asking("stir")


def judged(content: bytes) -> None:
    outcome = parsed("m", content, ASKED, Price(1.0, 2.0))
    message_of(content)
    error_within(content)
    if isinstance(outcome, Success):
        reply = outcome.unwrap()
        assert reply.text.strip()
        kept = read("0f" * 32, written("0f" * 32, reply).encode())
        assert kept == reply
        Message("user", reply.text)  # may be said again
    else:
        assert "\n" not in str(outcome.failure())


@given(st.binary(max_size=60))
@example(b"\xff\xfe")
@example(b"[" * 100_000)
def test_any_bytes_are_judged(content: bytes) -> None:
    judged(content)


@given(ANY | COMPLETIONS)
@example({"choices": [{"message": {"content": "\ud800"}}]})
@example({"choices": [{"message": {"content": "yes"}}], "usage": {"cost": 10**400}})
@example(
    {
        "choices": [{"message": {"content": "yes"}}],
        "usage": {"prompt_tokens": 10**400, "completion_tokens": 1},
    }
)
def test_any_json_is_judged(whole: Any) -> None:
    judged(json.dumps(whole).encode())


@given(TEXTS, TEXTS)
def test_any_text_can_be_asked(system: str, text: str) -> None:
    request = Request((Message("system", system), Message("user", text)), 5, schema=SCHEMA)
    assert most_input_tokens(request) > likely_tokens(text)
    assert key_of("m", "1", request) == key_of("m", "1", request)
    for form in Form:
        sent = json.loads(json.dumps(body("m", request, form, Wording("n", frozenset(), None))))
        assert sent["messages"][-1]["content"] == text


def test_what_no_server_could_be_sent_is_no_message() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        Message("user", "file \udcff")


@given(TEXTS, TEXTS)
def test_other_texts_have_other_keys(one: str, other: str) -> None:
    keys = {key_of("m", "1", asking(text)) for text in (one, other)}
    assert len(keys) == len({one, other})


@given(st.text())
def test_a_reply_cut_anywhere_is_the_protocols_or_bad(text: str) -> None:
    whole = json.dumps({"choices": [{"message": {"content": text}}]}).encode()
    for end in range(0, len(whole), 7):
        judged(whole[:end])
    outcome = parsed("m", whole, ASKED, None)
    assert isinstance(outcome, Success) is bool(text.strip())
    if isinstance(outcome, Success):
        reply: Reply = outcome.unwrap()
        assert reply.text == text
