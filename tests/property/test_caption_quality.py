from collections import Counter

import numpy as np
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from kuavi.domain.annotation import NOBODY
from kuavi.domain.brief_actions import ACTIONS_SYSTEM
from kuavi.domain.caption_quality import action_format, apart, score_captions
from kuavi.domain.degeneracy import action_shares, dominant
from kuavi.domain.described import Caption
from kuavi.domain.prompts import FRAME_PROMPT, clip_prompt
from kuavi.domain.quality import Quality, improves
from kuavi.domain.quality_signal import Measure, Signal
from kuavi.domain.tree import NONE, SegmentTree
from tests.strategies_described import long_tree
from tests.topics import SCENES

GOOD = Caption(clip="A cook in a red apron stirs a pot of soup on the stove.", action="stir pot")
TREE = long_tree(30, seed=1)
ACTIONS = st.sampled_from(["stir pot", "Stir pot", "wash car", NOBODY, "slice bread"])


def qualities(*captions: Caption, tree: SegmentTree = TREE) -> list[Quality]:
    found = score_captions(dict(enumerate(captions)), tree)
    return [found[node] for node in range(len(captions))]


def worst(caption: Caption) -> Signal:
    return min(qualities(caption)[0].signals, key=lambda one: one.value)


def test_a_caption_that_says_what_it_should_has_no_fault() -> None:
    [good] = qualities(GOOD)
    assert good.total == 1.0
    assert {one.name for one in good.signals} == {Measure.FORMAT, Measure.DEGENERACY}


def test_captions_that_a_model_wrote_without_looking_are_low() -> None:
    echoes = (FRAME_PROMPT, clip_prompt([0.0, 1.0]), ACTIONS_SYSTEM)
    bad = [
        *echoes,
        "I'm sorry, I can't describe this picture.",
        "The video shows a scene.",
        "A cook stirs a pot and then",
        "a pot of soup, a pot of soup, a pot of soup, a pot of soup.",
    ]
    for text in bad:
        told = worst(evolve(GOOD, clip=text))
        assert told.name is Measure.DEGENERACY, text
        assert told.low, text
        assert told.reason.startswith("caption "), text


def test_the_brief_action_is_held_to_its_own_rules() -> None:
    assert action_format("") is None
    for action in ("stir pot", NOBODY):
        assert action_format(action) == Signal(Measure.FORMAT, 1.0)
    for action in ("stirring pot", "the man stirs a pot", "stir", "stirs pot"):
        told = action_format(action)
        assert told is not None
        assert told.low, action
    assert "no -ing form" in str(action_format("stirring pot"))


def test_nothing_to_see_is_nothing_to_judge() -> None:
    assert score_captions({0: Caption(action=NOBODY), 1: GOOD}, TREE).keys() == {1}
    assert score_captions({}, TREE) == {}


def leaves(tree: SegmentTree, n: int) -> list[int]:
    return np.flatnonzero(tree.left == NONE)[:n].tolist()


def test_parts_of_a_segment_that_are_told_as_it_is_do_not_count() -> None:
    same = dict.fromkeys(range(len(TREE)), GOOD)
    assert apart(same, TREE) == ["stir pot"]
    assert not any(one.flags for one in score_captions(same, TREE).values())
    nodes = leaves(TREE, 6)
    assert apart(dict.fromkeys(nodes, GOOD), TREE) == ["stir pot"] * 6
    unnamed = {0: Caption(clip=GOOD.clip), **dict.fromkeys(nodes, GOOD)}
    assert apart(unnamed, TREE) == ["stir pot"] * 6


def test_one_action_for_most_captions_is_low_in_each_of_them() -> None:
    texts = [f"A cook takes {scene} from the shelf." for scene in SCENES]
    others = ["wash car", "tie bouquet"]
    actions = ["stir pot"] * 4 + others
    nodes = leaves(TREE, 6)
    told = score_captions(
        {n: Caption(clip=t, action=a) for n, t, a in zip(nodes, texts, actions, strict=True)}, TREE
    )
    assert [Measure.DEGENERACY in told[node].flags for node in nodes] == [True] * 4 + [False] * 2
    few = {n: Caption(clip=t, action="stir pot") for n, t in zip(nodes[:4], texts, strict=False)}
    assert not any(one.flags for one in score_captions(few, TREE).values())


@given(st.lists(ACTIONS, max_size=12))
def test_the_dominant_action_is_what_more_than_half_of_at_least_five_do(
    actions: list[str],
) -> None:
    told = dominant(actions)
    count = Counter(action.lower() for action in actions if action != NOBODY)
    most, n = count.most_common(1)[0] if count else ("", 0)
    if len(actions) < 5 or n <= len(actions) / 2:
        assert told is None
        return
    assert told is not None
    assert (told.action.lower(), told.n, told.of) == (most, n, len(actions))
    shares = action_shares(actions).tolist()
    assert shares == [
        0.0 if action == NOBODY else count[action.lower()] / len(actions) for action in actions
    ]


values = st.floats(0.0, 1.0, width=32)


def signal(name: Measure, value: float) -> Signal:
    return Signal(name, value, "made up")


sets_of_signals = st.dictionaries(st.sampled_from(Measure), values).map(
    lambda found: Quality(tuple(signal(name, value) for name, value in found.items()))
)


@given(sets_of_signals, sets_of_signals)
def test_what_improves_rises_and_never_by_measuring_less(before: Quality, after: Quality) -> None:
    assert not improves(before, before)
    if improves(after, before):
        assert after.total > before.total
        assert not improves(before, after)
        shared = [one for one in after.signals if before.signal(one.name) is not None]
        assert any(one.value > _value(before, one.name) for one in shared)


@given(sets_of_signals, st.sampled_from(Measure))
def test_leaving_a_signal_out_improves_nothing(before: Quality, gone: Measure) -> None:
    rest = Quality(tuple(one for one in before.signals if one.name is not gone))
    assert not improves(rest, before)


@given(sets_of_signals, st.sampled_from(Measure), values, values)
def test_one_signal_that_rises_is_better(
    others: Quality, name: Measure, low: float, high: float
) -> None:
    rest = tuple(one for one in others.signals if one.name is not name)
    before, after = (Quality((*rest, signal(name, value))) for value in (low, high))
    if after.total > before.total + 1e-6:
        assert improves(after, before)
    assert not (improves(after, before) and high <= low)


def _value(quality: Quality, name: Measure) -> float:
    found = quality.signal(name)
    assert found is not None
    return found.value
