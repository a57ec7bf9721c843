"""Gemini, through Google's SDK.  One call makes one request: the SDK's own retries and
continuations are off, and `retrying` makes more tries.

The key is that of `key_env` (GEMINI_API_KEY unless the spec names another variable or server) and
no other that the SDK would find in the environment.  The SDK bounds each wait for the network by
`timeout_s`, not their sum.

Options: `thinking`: how an effort is told, "level" (Gemini 3) or "budget" (Gemini 2.5, in tokens).
"""

import json
import os
from collections.abc import Mapping
from typing import Any
from weakref import finalize

import httpx
from attrs import evolve, field, frozen
from google import genai
from google.genai import types
from google.genai.errors import APIError
from returns.result import Failure, Success

from rlm.models._httpx import client_for, of_fault
from rlm.models._server import Server, of_status, server_of
from rlm.models.canonical import likely_tokens, most_input_tokens
from rlm.models.messages import LENGTH, STOP, Message, Price, Reply, Request, Usage
from rlm.models.spec import ModelSpec
from rlm.models.trouble import BadReply, ModelTrouble, NoImages, Unloadable
from rlm.outcome import Outcome

GOOGLE = "https://generativelanguage.googleapis.com"
KEY = "GEMINI_API_KEY"
VERSION = "v1beta"
RECIPE = 1
"""Raise when the same request is sent in another way."""
ROLES = {"user": "user", "assistant": "model"}
BUDGETS = {"low": 1_024, "medium": 8_192, "high": 24_576}
"""As Google maps efforts in its OpenAI-compatible endpoint."""
FINISHES = {"STOP": STOP, "MAX_TOKENS": LENGTH}
FOREIGN = (ValueError, TypeError, KeyError, AttributeError)
"""What the SDK raises for a body that is not the API's."""
NO_KEY = "none"
"""Sent to a server on this machine that needs no key; without one the SDK looks for others."""


@frozen(eq=False)
class GeminiModel:
    model_id: str
    revision: str
    takes_images: bool
    price: Price | None
    server: Server
    thinking: str
    timeout_s: float
    client: Any = field(repr=False)

    def complete(self, request: Request) -> Outcome[Reply, ModelTrouble]:
        if request.images and not self.takes_images:
            return Failure(NoImages(self.model_id))
        contents = [_content(m) for m in request.messages if m.role != "system"]
        config = _config(request, self.thinking)
        try:
            response = self.client.models.generate_content(
                model=self.model_id, contents=contents, config=config
            )
        except APIError as error:
            message = str(error.message or error.status or "")
            status = error.code if isinstance(error.code, int) else 500
            return Failure(of_status(self.server, status, message, _retry_after(error)))
        except httpx.RequestError as fault:
            return Failure(of_fault(self.server, self.timeout_s, fault))
        except FOREIGN as error:
            reason = self.server.said(f"{type(error).__name__}: {error}")
            return Failure(BadReply(self.model_id, reason))
        return _reply(self.model_id, response, request, self.price)


def _content(message: Message) -> types.Content:
    parts = [
        types.Part.from_bytes(data=image.data, mime_type=image.media_type)
        for image in message.images
    ]
    if message.text:
        parts.append(types.Part.from_text(text=message.text))
    return types.Content(role=ROLES[message.role], parts=parts)


def _config(request: Request, thinking: str) -> types.GenerateContentConfig:
    system = "\n\n".join(m.text for m in request.messages if m.role == "system")
    told = None
    if request.effort is not None and thinking == "budget":
        told = types.ThinkingConfig(thinking_budget=BUDGETS[request.effort])
    elif request.effort is not None:
        told = types.ThinkingConfig(thinking_level=request.effort.upper())
    return types.GenerateContentConfig(
        system_instruction=system or None,
        max_output_tokens=request.max_tokens,
        temperature=request.temperature,
        seed=request.seed,
        thinking_config=told,
        automatic_continuation=False,  # more requests than one, which nobody reserved for
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        response_mime_type=None if request.schema is None else "application/json",
        response_json_schema=None if request.schema is None else dict(request.schema),
    )


def _retry_after(error: APIError) -> str | None:
    """Of the header, or of the API's own RetryInfo ("13.5s")."""
    header = error.response.headers.get("retry-after") if error.response is not None else None
    if header is not None:
        return str(header)
    try:
        details = error.details["error"]["details"]
        delays = [str(d["retryDelay"]) for d in details if d["@type"].endswith("RetryInfo")]
        return str(int(float(delays[0].removesuffix("s")) + 1))
    except (KeyError, TypeError, IndexError, ValueError, AttributeError):
        return None


def _reply(
    model: str, response: Any, request: Request, price: Price | None
) -> Outcome[Reply, BadReply]:
    candidates = response.candidates or []
    content = candidates[0].content if candidates else None
    parts = (content.parts or []) if content is not None else []
    text = "".join(part.text for part in parts if part.text and not part.thought)
    usage = _usage(response.usage_metadata, text, request, price)
    finish = candidates[0].finish_reason.name if candidates and candidates[0].finish_reason else ""
    if not text.strip():
        blocked = response.prompt_feedback and response.prompt_feedback.block_reason
        why = f"blocked: {blocked.name}" if blocked else f"finish: {finish or 'none told'}"
        return Failure(BadReply(model, f"it is empty ({why})", usage))
    told = FINISHES.get(finish, finish.lower() or "unknown")
    return Success(Reply(text, response.model_version or model, usage, told))


def _usage(told: Any, text: str, request: Request, price: Price | None) -> Usage:
    """Unseen reasoning is output."""
    if told is None or told.prompt_token_count is None:
        sent, made, estimated = most_input_tokens(request), likely_tokens(text), True
    else:
        counts = told.candidates_token_count or 0, told.thoughts_token_count or 0
        sent, made, estimated = max(0, told.prompt_token_count), max(0, sum(counts)), False
    return Usage(sent, made, None if price is None else price.of(sent, made), estimated)


def build(
    spec: ModelSpec, environ: Mapping[str, str] = os.environ
) -> Outcome[GeminiModel, ModelTrouble]:
    """A model of Google's; nothing is asked yet."""
    if spec.key_env is None and spec.base_url is None:
        spec = evolve(spec, key_env=KEY)
    found = server_of(spec, GOOGLE, environ)
    if isinstance(found, Failure):
        return found
    server = found.unwrap()
    thinking = str(spec.options.get("thinking", "level"))
    if thinking not in ("level", "budget") or set(spec.options) - {"thinking"}:
        reason = 'the one option is thinking: "level" or "budget"'
        return Failure(Unloadable(spec.model, reason))
    transport = client_for(server, spec.timeout_s)
    options = types.HttpOptions(
        base_url=server.url,
        api_version=VERSION,
        timeout=max(1, round(spec.timeout_s * 1000)),
        httpx_client=transport,
    )
    client = genai.Client(vertexai=False, api_key=server.key or NO_KEY, http_options=options)
    model = GeminiModel(
        model_id=spec.model,
        revision=f"gemini-{RECIPE} {server.url} {json.dumps(dict(spec.options), sort_keys=True)}",
        takes_images=spec.takes_images,
        price=spec.price,
        server=server,
        thinking=thinking,
        timeout_s=spec.timeout_s,
        client=client,
    )
    finalize(model, transport.close)
    return Success(model)
