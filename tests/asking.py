"""Requests to language models, for tests."""

from typing import Any

from rlm.models.messages import Image, Message, Request

PICTURE = Image("image/jpeg", b"\xff\xd8 not really a picture \xff\xd9")
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"answer": {"type": "string"}},
    "required": ["answer"],
    "additionalProperties": False,
}


def asking(text: str, *images: Image, max_tokens: int = 50, **more: Any) -> Request:
    """One user's message."""
    return Request((Message("user", text, images),), max_tokens, **more)
