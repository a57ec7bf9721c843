"""Search over all fields: what surely fits goes first, what may fit does not get in the way."""

from collections.abc import Sequence

import pytest

from kuavi.apps.usecases.fusion import SURE, fuse, surely
from kuavi.apps.usecases.queries import ByText, Field, SearchRequest
from kuavi.apps.usecases.rankings import BM25, MEANING, WORDS, Ranked, Ranking
from kuavi.domain.layers import Layer
from kuavi.domain.spans import Span
from tests.worlds import Shot, World, film

FILM = film(
    Shot("green", 3, said="the red door opens"),
    Shot("red", 3),
    Shot("blue", 3, said="the boat turns in night"),
)


def ranking(
    field: Field, method: str, scenes: Sequence[int], score: float = 1.0, whole: bool = False
) -> Ranking:
    items = tuple(Ranked(scene, score, Span(scene, scene + 1), 0, whole) for scene in scenes)
    return Ranking(field, method, Layer.TRANSCRIPT, BM25, items)


def order(*rankings: Ranking) -> list[int]:
    return [one.item for one in fuse(rankings)]


@pytest.fixture
def world() -> World:
    made = World(films={"/films/doors.mp4": FILM})
    made.indexed("/films/doors.mp4")
    return made


def fields_of(world: World, query: str, field: Field) -> list[tuple[float, set[Field]]]:
    hits = world.found(SearchRequest(ByText(query), field)).hits
    return [(hit.scene.start_s, {match.field for match in hit.matches}) for hit in hits]


def test_a_text_that_half_fits_is_found_in_its_own_field_only(world: World) -> None:
    assert fields_of(world, "red apple", Field.TRANSCRIPT)[0] == (0, {Field.TRANSCRIPT})
    found = fields_of(world, "red apple", Field.ALL)
    assert found[0][0] == pytest.approx(3)
    assert all(fields == {Field.VISUAL} for _, fields in found)


def test_a_text_with_every_word_goes_before_what_is_seen(world: World) -> None:
    start_s, fields = fields_of(world, "red", Field.ALL)[0]
    assert start_s == 0
    assert Field.TRANSCRIPT in fields


def test_a_text_that_means_the_same_counts_without_every_word(world: World) -> None:
    assert Field.TRANSCRIPT in fields_of(world, "the boat turns away", Field.ALL)[0][1]


@pytest.mark.parametrize("field", [Field.TRANSCRIPT, Field.SCREEN])
def test_either_sign_keeps_a_scene_in_all_its_rankings(field: Field) -> None:
    rankings = (
        ranking(field, WORDS, [1, 2], whole=True),
        ranking(field, WORDS, [3, 4]),
        ranking(field, MEANING, [3], SURE),
        ranking(field, MEANING, [1, 4], SURE - 0.01),
    )
    kept = [[item.scene for item in one.items] for one in surely(rankings)]
    assert kept == [[1, 2], [3], [3], [1]]


def test_what_is_seen_or_told_is_never_doubted() -> None:
    rankings = (
        ranking(Field.VISUAL, "vectors", [1, 2], 0.1),
        ranking(Field.SUMMARY, WORDS, [3]),
    )
    assert surely(rankings) == rankings


def test_a_field_has_one_vote_however_many_rankings_it_has() -> None:
    said = list(range(30))
    found = order(
        ranking(Field.TRANSCRIPT, WORDS, said),
        ranking(Field.TRANSCRIPT, MEANING, said),
        ranking(Field.VISUAL, "vectors", [99]),
    )
    assert found.index(99) == 2  # the two best texts, then the best picture


def test_a_text_goes_before_a_picture_of_the_same_rank() -> None:
    said, seen = ranking(Field.SCREEN, WORDS, [1]), ranking(Field.VISUAL, "vectors", [2])
    assert order(said, seen) == order(seen, said) == [1, 2]


def test_a_scene_in_two_fields_goes_before_one_in_either() -> None:
    found = order(
        ranking(Field.TRANSCRIPT, WORDS, [1, 2]), ranking(Field.VISUAL, "vectors", [3, 2])
    )
    assert found[0] == 2


def test_places_far_down_among_the_pictures_do_not_turn_texts_round() -> None:
    seen = [*range(100, 128), 2, *range(130, 134), 1]
    found = order(ranking(Field.SCREEN, WORDS, [1, 2]), ranking(Field.VISUAL, "vectors", seen))
    assert found[:2] == [1, 2]


def test_ranks_are_those_in_each_ranking() -> None:
    rankings = (
        ranking(Field.TRANSCRIPT, WORDS, [4, 5]),
        ranking(Field.TRANSCRIPT, MEANING, [5]),
        ranking(Field.VISUAL, "vectors", [6, 4, 5]),
    )
    ranks = {one.item: dict(one.ranks) for one in fuse(rankings)}
    assert ranks[5] == {"transcript/words": 2, "transcript/meaning": 1, "visual/vectors": 3}
    assert ranks[6] == {"visual/vectors": 1}


def test_first_everywhere_scores_one() -> None:
    both = fuse((ranking(Field.SCREEN, WORDS, [1, 2]), ranking(Field.VISUAL, "vectors", [1, 3])))
    assert both[0].score == 1
    assert all(0 < one.score < 1 for one in both[1:])
