"""The chat completions protocol, without the network: bodies of requests, readings of replies."""

import json
from base64 import b64encode
from collections.abc import Mapping
from enum import Enum
from typing import Any

from attrs import frozen
from returns.result import Failure, Success

from rlm.models.canonical import likely_tokens, most_input_tokens, with_schema_told
from rlm.models.messages import Image, Message, Price, Reply, Request, Usage
from rlm.models.trouble import BadReply, one_line
from rlm.outcome import Outcome


class Form(Enum):
    """How a server is told of a schema, the strictest first."""

    SCHEMA = "json_schema"
    OBJECT = "json_object"
    TOLD = "none, the schema told in the prompt"


LOOSER = {Form.SCHEMA: Form.OBJECT, Form.OBJECT: Form.TOLD}
MOST_TOKENS = 10**12
MOST_USD = 10**9
"""What is told of one call from there on is no count."""
COMPLAINTS = ("response_format", "json_schema", "json_object", "guided")


@frozen
class Wording:
    """What differs from server to server: see the options of `openai_compatible`."""

    token_field: str
    omit: frozenset[str]
    image_detail: str | None


def body(model: str, request: Request, form: Form, wording: Wording) -> dict[str, Any]:
    """The JSON of a request."""
    messages = request.messages if form is Form.SCHEMA else with_schema_told(request)
    fields: dict[str, Any] = {
        "model": model,
        "messages": [_message(message, wording) for message in messages],
        wording.token_field: request.max_tokens,
        "temperature": request.temperature,
        "seed": request.seed,
        "reasoning_effort": request.effort,
        "response_format": _response_format(request, form),
    }
    return {
        name: value
        for name, value in fields.items()
        if value is not None and name not in wording.omit
    }


def _message(message: Message, wording: Wording) -> dict[str, Any]:
    if not message.images:
        return {"role": message.role, "content": message.text}
    parts: list[dict[str, Any]] = [_image(image, wording) for image in message.images]
    if message.text:
        parts.append({"type": "text", "text": message.text})
    return {"role": message.role, "content": parts}


def _image(image: Image, wording: Wording) -> dict[str, Any]:
    url = {"url": f"data:{image.media_type};base64,{b64encode(image.data).decode('ascii')}"}
    if wording.image_detail is not None:
        url["detail"] = wording.image_detail
    return {"type": "image_url", "image_url": url}


def _response_format(request: Request, form: Form) -> dict[str, Any] | None:
    if request.schema is None or form is Form.TOLD:
        return None
    if form is Form.OBJECT:
        return {"type": "json_object"}
    schema = {"name": "answer", "schema": request.schema, "strict": True}
    return {"type": "json_schema", "json_schema": schema}


def is_complaint(status: int, message: str) -> bool:
    """Whether a server refuses the form, and not the schema that is in it."""
    text = message.lower()
    return (
        status in (400, 422)
        and any(word in text for word in COMPLAINTS)
        and "invalid schema" not in text
    )


def message_of(content: bytes) -> str:
    """What an error reply says, in the protocol's place or as it stands."""
    text = content.decode(errors="replace")
    try:
        error = json.loads(text)["error"]
        return str(error if isinstance(error, str) else error["message"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return text


def error_within(content: bytes) -> int | None:
    """The status that a reply marked as good tells of in its body (some proxies do so)."""
    try:
        code = json.loads(content)["error"]["code"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return code if isinstance(code, int) and 400 <= code < 600 else None


def parsed(
    model: str, content: bytes, request: Request, price: Price | None
) -> Outcome[Reply, BadReply]:
    """The reply that a body holds."""
    try:
        whole = json.loads(content)
    except (ValueError, RecursionError):
        return Failure(BadReply(model, f"it is no JSON: {_start(content)}"))
    try:
        choice = whole["choices"][0]
        text = _text(choice["message"])
    except (TypeError, KeyError, IndexError):
        return Failure(BadReply(model, f"it is no chat completion: {_start(content)}"))
    usage = _usage(whole, text, request, price)
    finish = str(choice.get("finish_reason") or "unknown")
    if not text.strip():
        return Failure(BadReply(model, _emptiness(choice["message"], finish, request), usage))
    return Success(Reply(text, str(whole.get("model") or model), usage, finish))


def _start(content: bytes) -> str:
    return one_line(repr(content[:80].decode(errors="replace")))


def _text(message: Mapping[str, Any]) -> str:
    """Lone surrogates replaced.  Raises TypeError or KeyError for another form."""
    content = message["content"]
    if content is None:
        return ""
    if not isinstance(content, str):
        content = "".join(str(part["text"]) for part in content if part["type"] == "text")
    return content.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _emptiness(message: Mapping[str, Any], finish: str, request: Request) -> str:
    refusal = message.get("refusal")
    if refusal:
        return f"the model declined: {one_line(str(refusal))}"
    if finish == "length":
        return f"it is empty: all {request.max_tokens} tokens went before any text; allow more"
    return f"it is empty (finish: {one_line(finish)})"


def _usage(whole: Mapping[str, Any], text: str, request: Request, price: Price | None) -> Usage:
    """As told, else estimated; the server's own cost goes before the price."""
    told = whole.get("usage")
    told = told if isinstance(told, dict) else {}
    sent, made = (_count(told.get(name)) for name in ("prompt_tokens", "completion_tokens"))
    estimated = sent is None or made is None
    if sent is None or made is None:
        sent, made = most_input_tokens(request), likely_tokens(text)
    cost = _cost(told.get("cost"))
    if cost is None and price is not None:
        cost = price.of(sent, made)
    return Usage(sent, made, cost, estimated)


def _count(told: Any) -> int | None:
    return told if type(told) is int and 0 <= told < MOST_TOKENS else None


def _cost(told: Any) -> float | None:
    return float(told) if type(told) in (int, float) and 0 <= told < MOST_USD else None
