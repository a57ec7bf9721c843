"""Gemini's protocol, for the server on loopback.  It answers as `chat_server` does."""

from typing import Any

from tests.chat_server import Seen, completion


def generated(seen: Seen) -> dict[str, Any]:
    """The answer to `models/MODEL:generateContent`, through what the chat protocol says."""
    body = seen.body
    system = [body["systemInstruction"]] if "systemInstruction" in body else []
    turns = [*system, *body["contents"]]
    messages = [{"content": [_part(part) for part in turn["parts"]]} for turn in turns]
    most = body["generationConfig"]["maxOutputTokens"]
    model = seen.path.rpartition("/")[2].partition(":")[0]
    told = completion({"model": model, "max_tokens": most, "messages": messages})
    (choice,), usage = told["choices"], told["usage"]
    return {
        "candidates": [
            {
                "content": {"role": "model", "parts": [{"text": choice["message"]["content"]}]},
                "finishReason": {"stop": "STOP", "length": "MAX_TOKENS"}[choice["finish_reason"]],
            }
        ],
        "modelVersion": told["model"],
        "usageMetadata": {
            "promptTokenCount": usage["prompt_tokens"],
            "candidatesTokenCount": usage["completion_tokens"],
        },
    }


def _part(part: dict[str, Any]) -> dict[str, Any]:
    if "inlineData" in part:
        return {"type": "image_url", "image_url": part["inlineData"]}
    return {"type": "text", "text": part["text"]}
