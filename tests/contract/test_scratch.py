"""What every Scratch must do; a new adapter adds one line to `ADAPTERS`."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from returns.result import Failure

from kuavi.adapters.scratch import disk, fake
from kuavi.ports.scratch import Scratch, ScratchFailed

ADAPTERS: dict[str, Callable[[Path], Scratch]] = {
    "disk": lambda folder: disk.build(str(folder / "made" / "later")),
    "fake": lambda _: fake.build(),
}


@pytest.fixture(params=ADAPTERS)
def scratch(request: pytest.FixtureRequest, tmp_path: Path) -> Scratch:
    return ADAPTERS[request.param](tmp_path)


@given(items=st.lists(st.binary(max_size=300), max_size=20), order=st.randoms())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_put_is_given_in_any_order(
    scratch: Scratch, items: list[bytes], order: "object"
) -> None:
    pile = scratch.pile().unwrap()
    assert [pile.put(item).unwrap() for item in items] == list(range(len(items)))
    numbers = list(range(len(items)))
    getattr(order, "shuffle")(numbers)  # noqa: B009
    assert [pile.get(n).unwrap() for n in numbers] == [items[n] for n in numbers]


def test_putting_goes_on_after_getting(scratch: Scratch) -> None:
    pile = scratch.pile().unwrap()
    pile.put(b"first").unwrap()
    assert pile.get(0).unwrap() == b"first"
    pile.put(b"second").unwrap()
    assert [pile.get(n).unwrap() for n in (1, 0)] == [b"second", b"first"]


def test_piles_know_nothing_of_each_other(scratch: Scratch) -> None:
    one, other = scratch.pile().unwrap(), scratch.pile().unwrap()
    one.put(b"one").unwrap()
    other.put(b"other").unwrap()
    assert (one.get(0).unwrap(), other.get(0).unwrap()) == (b"one", b"other")


@pytest.mark.parametrize("number", [-1, 1])
def test_a_number_that_was_not_given_is_a_bug(scratch: Scratch, number: int) -> None:
    pile = scratch.pile().unwrap()
    pile.put(b"only").unwrap()
    with pytest.raises(IndexError):
        pile.get(number)


def test_a_pile_on_disk_has_no_name_and_goes_with_its_holder(tmp_path: Path) -> None:
    pile = disk.build(str(tmp_path)).pile().unwrap()
    pile.put(b"x" * 100_000).unwrap()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_refuses_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    refused = disk.build(str(tmp_path / "file")).pile()
    assert isinstance(refused, Failure)
    assert isinstance(refused.failure(), ScratchFailed)
    assert str(tmp_path / "file") in str(refused.failure())


def test_a_full_disk_is_told() -> None:
    pile = fake.build(room=8).pile().unwrap()
    pile.put(b"12345").unwrap()
    assert isinstance(pile.put(b"6789").failure(), ScratchFailed)
    assert pile.put(b"678").unwrap() == 1
