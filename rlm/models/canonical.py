"""A request in one canonical text, with hashes in the place of images, and what derives from it."""

import json
from hashlib import sha256
from typing import Any

from attrs import evolve

from rlm.models.messages import Message, Request

FORM = 1
"""Raise when the canonical form changes."""

PER_MESSAGE = 16
"""Tokens that a chat template may put around a message."""
IMAGE_TOKENS = 3_000
"""Tokens reserved for an image: a guess above what hosted models count for one of 1024 pixels."""


def _message(message: Message) -> dict[str, Any]:
    images = [[image.media_type, image.sha256] for image in message.images]
    return {"role": message.role, "text": message.text, "images": images}


def canonical(request: Request) -> str:
    """JSON with sorted keys; equal for requests that ask the same."""
    form = {
        "messages": [_message(message) for message in request.messages],
        "max_tokens": request.max_tokens,
        "temperature": None if request.temperature is None else float(request.temperature),
        "schema": request.schema,
        "effort": request.effort,
        "seed": request.seed,
    }
    return json.dumps(form, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def key_of(model_id: str, revision: str, request: Request) -> str:
    """SHA-256 of the form, the model's identity and the request, in hex."""
    identity = json.dumps([FORM, model_id, revision])
    return sha256(f"{identity}\n{canonical(request)}".encode()).hexdigest()


def most_input_tokens(request: Request, image_tokens: int = IMAGE_TOKENS) -> int:
    """An upper bound of the prompt's tokens: its UTF-8 bytes, the schema's, and a sum per image.

    A byte-level tokenizer makes no more tokens than bytes, so for text this *is* a bound (usually
    3 to 5 times what is used); for images it is a heuristic.
    """
    texts = sum(len(m.text.encode()) + len(m.role) + PER_MESSAGE for m in request.messages)
    return texts + len(schema_told(request).encode()) + image_tokens * len(request.images)


def likely_tokens(text: str) -> int:
    """A guess, for servers that tell no counts: a token for each 4 bytes (a heuristic)."""
    return -(-len(text.encode()) // 4)


def schema_told(request: Request) -> str:
    """The schema in words, for models that can't be held to one; "" without one."""
    if request.schema is None:
        return ""
    schema = json.dumps(request.schema, ensure_ascii=False)
    return f"Answer with one JSON object and nothing else. It satisfies this JSON schema: {schema}"


def with_schema_told(request: Request) -> tuple[Message, ...]:
    """The messages, with the schema told in the first system message, which is added if need be."""
    told, messages = schema_told(request), request.messages
    if not told:
        return messages
    if messages[0].role == "system":
        first = evolve(messages[0], text=f"{messages[0].text}\n\n{told}")
        return (first, *messages[1:])
    return (Message("system", told), *messages)
