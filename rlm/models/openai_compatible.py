"""Servers that speak OpenAI's chat completions: OpenAI, OpenRouter, vLLM, llama.cpp, Ollama...

`base_url` ends before `/chat/completions` ("http://127.0.0.1:8000/v1").  One call makes one try;
`retrying` makes more.  The key goes to `base_url` alone: redirects are not followed.

A server that complains of `response_format` is asked with a looser form (a JSON object, then none)
with the schema told in the prompt; that is logged and remembered for the rest of the process.

Options: `token_field` ("max_tokens"; newer models of OpenAI want "max_completion_tokens"), `omit`
(fields that the server does not take, such as "temperature,seed"; without "response_format" a
schema is told in the prompt), `image_detail` (left out unless
given).
"""

import json
import logging
import os
import time
from collections.abc import Mapping
from threading import Lock
from typing import Any
from weakref import finalize

import httpx
from attrs import evolve, field, frozen
from returns.result import Failure, Success

from rlm.models._chat_form import (
    LOOSER,
    Form,
    Wording,
    body,
    error_within,
    is_complaint,
    message_of,
    parsed,
)
from rlm.models._httpx import client_for, of_fault
from rlm.models._server import Server, of_status, server_of
from rlm.models.messages import Price, Reply, Request
from rlm.models.spec import ModelSpec
from rlm.models.trouble import BadReply, ModelTrouble, NoImages, TimedOut, Unloadable
from rlm.outcome import Outcome

log = logging.getLogger(__name__)

OPENAI = "https://api.openai.com/v1"
KEY = "OPENAI_API_KEY"
"""Where OpenAI's own key is looked for, if the spec names neither server nor variable."""
RECIPE = 1
"""Raise when the same request is sent in another way."""
MOST_BYTES = 32 << 20
OPTIONS = frozenset({"token_field", "omit", "image_detail"})

_forms: dict[tuple[str, str], Form] = {}
_forms_lock = Lock()


@frozen
class _Answer:
    status: int
    content: bytes
    retry_after: str | None


@frozen(eq=False)
class ChatModel:
    model_id: str
    revision: str
    takes_images: bool
    price: Price | None
    server: Server
    wording: Wording
    timeout_s: float
    client: httpx.Client = field(repr=False)

    def complete(self, request: Request) -> Outcome[Reply, ModelTrouble]:
        if request.images and not self.takes_images:
            return Failure(NoImages(self.model_id))
        while True:
            form = self._form()
            sent = self._sent(body(self.model_id, request, form, self.wording))
            if isinstance(sent, Failure):
                return sent
            answer = sent.unwrap()
            if request.schema is not None and self._is_loosened(answer, form):
                continue
            return self._read(answer, request)

    def _form(self) -> Form:
        if "response_format" in self.wording.omit:
            return Form.TOLD
        with _forms_lock:
            return _forms.get((self.server.url, self.model_id), Form.SCHEMA)

    def _is_loosened(self, answer: _Answer, form: Form) -> bool:
        """Whether the server complained of the form, so that a looser one is to be tried."""
        message = message_of(answer.content)
        if form not in LOOSER or not is_complaint(answer.status, message):
            return False
        with _forms_lock:
            place = (self.server.url, self.model_id)
            if _forms.get(place, Form.SCHEMA) is form:
                _forms[place] = LOOSER[form]
                told = form.value, self.server.said(message), LOOSER[form].value
                log.warning("%s: no response_format %s (%s); now: %s", self.model_id, *told)
        return True

    def _read(self, answer: _Answer, request: Request) -> Outcome[Reply, ModelTrouble]:
        status = answer.status
        if status == 200:
            status = error_within(answer.content) or 200
        if status == 200:
            return parsed(self.model_id, answer.content, request, self.price)
        message = message_of(answer.content)
        return Failure(of_status(self.server, status, message, answer.retry_after))

    def _sent(self, fields: dict[str, Any]) -> Outcome[_Answer, ModelTrouble]:
        try:
            return self._exchanged(json.dumps(fields).encode())
        except httpx.RequestError as fault:
            return Failure(of_fault(self.server, self.timeout_s, fault))

    def _exchanged(self, content: bytes) -> Outcome[_Answer, ModelTrouble]:
        """Sends and reads all; a server that only dribbles is given up after the timeout."""
        began = time.monotonic()
        url = f"{self.server.url}/chat/completions"
        with self.client.stream("POST", url, content=content) as response:
            chunks, size = [], 0
            for chunk in response.iter_bytes():
                chunks.append(chunk)
                size += len(chunk)
                if size > MOST_BYTES:
                    return Failure(BadReply(self.model_id, f"it is over {MOST_BYTES} bytes long"))
                if time.monotonic() - began > self.timeout_s:
                    return Failure(TimedOut(self.model_id, self.timeout_s))
            retry_after = response.headers.get("retry-after")
            return Success(_Answer(response.status_code, b"".join(chunks), retry_after))


def build(
    spec: ModelSpec, environ: Mapping[str, str] = os.environ
) -> Outcome[ChatModel, ModelTrouble]:
    """A model behind a server; nothing is asked yet."""
    if spec.key_env is None and spec.base_url is None:
        spec = evolve(spec, key_env=KEY)
    server = server_of(spec, OPENAI, environ)
    if isinstance(server, Failure):
        return server
    unknown = sorted(set(spec.options) - OPTIONS)
    if unknown:
        return Failure(Unloadable(spec.model, f"there is no option {', '.join(unknown)}"))
    omitted = str(spec.options.get("omit", "")).split(",")
    detail = spec.options.get("image_detail")
    wording = Wording(
        str(spec.options.get("token_field", "max_tokens")),
        frozenset(name.strip() for name in omitted if name.strip()),
        None if detail is None else str(detail),
    )
    url, key = server.unwrap().url, server.unwrap().key
    options = json.dumps(dict(spec.options), sort_keys=True)
    headers = {"content-type": "application/json"}
    if key is not None:
        headers["authorization"] = f"Bearer {key}"
    client = client_for(server.unwrap(), spec.timeout_s)
    client.headers.update(headers)
    model = ChatModel(
        model_id=spec.model,
        revision=f"chat-{RECIPE} {url} {options}",
        takes_images=spec.takes_images,
        price=spec.price,
        server=server.unwrap(),
        wording=wording,
        timeout_s=spec.timeout_s,
        client=client,
    )
    finalize(model, client.close)
    return Success(model)
