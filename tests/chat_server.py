"""A server on loopback that speaks OpenAI's chat completions, and fails when told to.

It answers from its input: how many images there were, and the last text, cut off at max_tokens
words.  A word is its token, an image seven.  `faults` are used up one a request, in order.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

from attrs import Factory, define, frozen

IMAGE = 7
NUMBERS = count(1)


@frozen
class Raw:
    """A reply as it stands."""

    status: int
    content: bytes
    headers: Mapping[str, str] = Factory(dict)
    cut: int = 0
    """So many bytes are promised and never sent."""
    pause_s: float = 0.0
    dribbled: bool = False
    """One byte each 50 ms."""


def failed(status: int, message: str, **headers: str) -> Raw:
    told = {"error": {"message": message, "type": "test"}}
    return Raw(
        status, json.dumps(told).encode(), {k.replace("_", "-"): v for k, v in headers.items()}
    )


@define(eq=False)
class Seen:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@define(eq=False)
class ChatServer:
    url: str
    complete: Callable[[Seen], dict[str, Any]]
    seen: list[Seen] = Factory(list)
    faults: list[Raw] = Factory(list)
    always: Callable[[dict[str, Any]], Raw | None] = lambda _: None
    lock: Any = Factory(threading.Lock)

    def respond(self, seen: Seen) -> Raw:
        with self.lock:
            self.seen.append(seen)
            if self.faults:
                return self.faults.pop(0)
        return self.always(seen.body) or Raw(200, json.dumps(self.complete(seen)).encode())


def completion(body: Mapping[str, Any]) -> dict[str, Any]:
    images, texts = 0, []
    for message in body["messages"]:
        content = message["content"]
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
        images += sum(part["type"] == "image_url" for part in parts)
        texts += [part["text"] for part in parts if part["type"] == "text"]
    words = f"{images} images, and: {texts[-1]}".split()
    most = body.get("max_tokens", body.get("max_completion_tokens"))
    used = {
        "prompt_tokens": len(" ".join(texts).split()) + IMAGE * images,
        "completion_tokens": min(len(words), most),
    }
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": " ".join(words[:most])},
        "finish_reason": "stop" if len(words) <= most else "length",
    }
    return {"model": f"{body['model']}-0731", "choices": [choice], "usage": used}


def chat(seen: Seen) -> dict[str, Any]:
    return completion(seen.body)


@contextmanager
def serving(complete: Callable[[Seen], dict[str, Any]] = chat) -> Iterator[ChatServer]:
    """A server for as long as the block runs; `complete` is its protocol."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = json.loads(self.rfile.read(length))
            raw = server.respond(Seen(self.path, headers, body))
            time.sleep(raw.pause_s)
            try:
                self.answer(raw)
            except OSError:  # the client has gone
                self.close_connection = True

        def answer(self, raw: Raw) -> None:
            self.send_response(raw.status)
            for name, value in raw.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(raw.content) + raw.cut))
            self.end_headers()
            step = 1 if raw.dribbled else max(1, len(raw.content))
            for start in range(0, len(raw.content), step):
                self.wfile.write(raw.content[start : start + step])
                self.wfile.flush()
                time.sleep(0.05 if raw.dribbled else 0)
            self.close_connection = raw.cut > 0

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False
        request_queue_size = 64

    http = Quiet(("127.0.0.1", 0), Handler)
    # a path of its own: what a process remembers of one server is not taken for another's
    server = ChatServer(f"http://127.0.0.1:{http.server_port}/{next(NUMBERS)}/v1", complete)
    thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
