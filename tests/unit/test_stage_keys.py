"""Keys of stages that are made node by node: what they recognise, before and after a repair."""

from hypothesis import given
from hypothesis import strategies as st

from kuavi.apps.usecases.telling import (
    is_of,
    mixed_key,
    repair_mark,
    repaired_key,
    stage_key,
)
from kuavi.domain.evidence import Learned
from kuavi.domain.fingerprint import Fingerprint, fingerprint, fingerprint_of
from kuavi.domain.manifest import Stage, StageRecord

BASE, OTHER = fingerprint_of("these models"), fingerprint_of("others")
nodes = st.sets(st.integers(0, 40), min_size=1, max_size=8)


def of(made: set[int]) -> dict[int, str]:
    return dict.fromkeys(made, "made")


def record(key: Fingerprint) -> StageRecord:
    return StageRecord(Stage.ANNOTATIONS, key, 1, Learned("m"))


@given(nodes, nodes, st.text(), st.text())
def test_a_repaired_set_is_another_of_the_same(
    there: set[int], more: set[int], first: str, second: str
) -> None:
    plain = stage_key(BASE, of(there))
    node = min(there)
    once = repaired_key(plain, {node: first})
    twice = repaired_key(once, {node: second})
    assert fingerprint(once) == once
    assert len({plain, once, twice}) == 3
    for key in (plain, once, twice):
        assert is_of(record(key), BASE, of(there))
        assert not is_of(record(key), OTHER, of(there))
        assert is_of(record(key), BASE, of(there | more)) == (more <= there)
    assert repaired_key(plain, {node: first}) == once
    assert (repaired_key(plain, {node: second}) == once) == (first == second)


@given(nodes, nodes)
def test_the_mark_of_a_repair_stays_while_more_is_made(there: set[int], more: set[int]) -> None:
    key = repaired_key(stage_key(BASE, of(there)), {min(there): "new"})
    mark = repair_mark(record(key), BASE, of(there))
    every = there | more
    made = dict.fromkeys(every, "made")
    assert mixed_key(BASE, dict.fromkeys(there, "made"), there, mark) == key
    assert mixed_key(BASE, made, every, mark) != mixed_key(BASE, made, every)
    assert is_of(record(mixed_key(BASE, made, every, mark)), BASE, made)


def test_a_set_that_is_not_repaired_or_of_others_has_no_mark() -> None:
    assert repair_mark(None, BASE, of({1})) == ""
    assert repair_mark(record(stage_key(BASE, of({1}))), BASE, of({1})) == ""
    repaired = record(repaired_key(stage_key(BASE, of({1})), {1: "new"}))
    assert repair_mark(repaired, OTHER, of({1})) == ""
    assert repair_mark(repaired, BASE, of({1})) != ""


def test_older_results_among_new_ones_are_of_nothing_repaired_or_not() -> None:
    mixed = mixed_key(BASE, {1: "old", 2: "new"}, {2})
    for key in (mixed, repaired_key(mixed, {2: "newer"})):
        assert not is_of(record(key), BASE, of({1, 2}))
