"""What contract tests of captioners and aggregators build each adapter on."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from attrs import evolve, frozen

from kuavi.adapters import _asking
from kuavi.adapters._asking import Asking
from kuavi.domain.budget import UNLIMITED, Budget
from kuavi.domain.plan import ModelSpec, Source, Weights
from tests.chat_server import ChatServer, serving
from tests.gemini_form import generated

PRICED = {"usd_in": 1.0, "usd_out": 2.0}


@frozen
class Setup:
    """`stack` keeps servers up for as long as a test runs; `replies` is a folder to keep them."""

    stack: ExitStack
    budget: Budget = UNLIMITED
    replies: Path | None = None

    def asking(self) -> Asking:
        return _asking.build(self.budget, None if self.replies is None else str(self.replies))

    def within(self, budget: Budget) -> "Setup":
        return evolve(self, budget=budget)


def chat_spec(setup: Setup, server: ChatServer | None = None) -> ModelSpec:
    pytest.importorskip("httpx", reason="the extra `captions` is not installed")
    url = (server or setup.stack.enter_context(serving())).url
    return ModelSpec("openai_compatible", "small-1", options={"base_url": url, **PRICED})


def gemini_spec(setup: Setup) -> ModelSpec:
    pytest.importorskip("google.genai", reason="the extra `gemini` is not installed")
    pytest.importorskip("httpx", reason="the extra `gemini` is not installed")
    url = setup.stack.enter_context(serving(generated)).url
    return ModelSpec("gemini", "gem-1", options={"base_url": url, **PRICED})


def local_spec(adapter: str, folder: Path, **options: int) -> ModelSpec:
    files = {path.name: "" for path in sorted(folder.iterdir()) if path.is_file()}
    weights = Weights(Source.DIRECTORY, str(folder), files, licence="none")
    return ModelSpec(adapter, "tiny", "main", weights, options=options)
