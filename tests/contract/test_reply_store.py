"""What every ReplyStore must do; a new store adds one line to `ADAPTERS`."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from returns.result import Success

from rlm.models import file_store
from rlm.models.messages import Reply, Usage
from rlm.models.store import MemoryStore, ReplyStore

ADAPTERS: dict[str, Callable[[Path], ReplyStore]] = {
    "file_store": file_store.build,
    "memory": lambda _: MemoryStore(),
}
KEY, OTHER = "0f" * 32, "e1" * 32
REPLY = Reply("a pan\nand a spoon \u2028 \U0001f963", "m-1", Usage(12, 3, 1.5e-5), "stop")
COUNTS = st.integers(0, 10**9)
REPLIES = st.builds(
    Reply,
    st.text(),
    st.text(),
    st.builds(
        Usage,
        st.integers(0, 10**9),
        st.integers(0, 10**9),
        st.none() | st.floats(0, 9),
        st.booleans(),
    ),
    st.just("stop"),
)


@pytest.fixture(params=ADAPTERS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ReplyStore:
    return ADAPTERS[request.param](tmp_path / "replies")


def test_what_was_not_put_is_not_there(store: ReplyStore) -> None:
    assert store.get(KEY) == Success(None)
    store.put(KEY, REPLY).unwrap()
    assert store.get(OTHER) == Success(None)


@given(reply=REPLIES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_reply_comes_back_as_it_was(store: ReplyStore, reply: Reply) -> None:
    store.put(KEY, reply).unwrap()
    assert store.get(KEY) == Success(reply)


def test_many_threads_find_a_whole_reply_or_none(store: ReplyStore) -> None:
    replies = [Reply(f"{i} " * 2000, "m", Usage(i, i), "stop") for i in range(8)]

    def put_and_get(reply: Reply) -> list[Reply | None]:
        found = []
        for _ in range(20):
            store.put(KEY, reply).unwrap()
            found.append(store.get(KEY).unwrap())
        return found

    with ThreadPoolExecutor(8) as pool:
        found = [reply for each in pool.map(put_and_get, replies) for reply in each]
    assert all(reply in replies for reply in found)
