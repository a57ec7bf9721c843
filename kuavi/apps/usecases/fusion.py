"""One order out of the rankings of several fields.

Measured by `python -m bench.fusion`.  What is said or written is exact where it fits and worthless
where it does not, while something is always seen: so among all fields a text takes part only if it
surely fits, and then goes before a picture of the same rank.
"""

from collections.abc import Mapping, Sequence

from attrs import evolve

from kuavi.apps.usecases.queries import Field
from kuavi.apps.usecases.rankings import MEANING, Ranked, Ranking
from kuavi.domain.ranking import Fused, reciprocal_rank_fusion

SURE = 0.42
"""Sentences from this cosine on are taken to be about the same thing (MiniLM).

.40 to .45 do about as well on the bench.  It is no proof: among 400 unrelated spoken sentences one
query in five met such a one, now and then with reason.
"""

DOUBTED = (Field.TRANSCRIPT, Field.SCREEN)
"""Fields whose texts tell of anything at all, not of what is seen."""

WEIGHTS = {Field.VISUAL.value: 0.9, Field.TEMPORAL.value: 0.9}
"""By field; 1 where not named.  At 0.9 the best two texts go before the best picture."""

K = 10
"""Reciprocal rank fusion's constant between fields.

Its authors' 60 is meant for long lists: here it let a scene's place among the pictures that show
nothing of the query, 29th or 34th, turn round the first and second text.
"""

WITHIN_K = 60
"""The same between the rankings of one field."""
TOLD = (Field.SUMMARY.value, Field.ACTION.value)
TOLD_K = 1
"""Of fields whose texts are told of nodes within nodes: `python -m bench.action100m` found 0 or 1
on every split of its videos, and 60 no better than summaries by words alone.
"""


def surely(rankings: Sequence[Ranking]) -> tuple[Ranking, ...]:
    """The rankings without scenes whose text neither means the same nor has every word."""
    sure = {
        (ranking.field, item.scene)
        for ranking in rankings
        for item in ranking.items
        if ranking.field not in DOUBTED or item.whole or _means_it(ranking, item)
    }
    return tuple(
        evolve(
            ranking,
            items=tuple(item for item in ranking.items if (ranking.field, item.scene) in sure),
        )
        for ranking in rankings
    )


def _means_it(ranking: Ranking, item: Ranked) -> bool:
    return ranking.method == MEANING and item.score >= SURE


def fuse(rankings: Sequence[Ranking]) -> tuple[Fused[int], ...]:
    """Scenes by reciprocal rank: the rankings of each field first, then the fields.

    A field has one vote, however many rankings it has.  `ranks` are those in the rankings.
    """
    by_field: dict[str, dict[str, list[int]]] = {}
    for ranking in rankings:
        scenes = [item.scene for item in ranking.items]
        by_field.setdefault(ranking.field.value, {})[ranking.name] = scenes
    within = {
        field: reciprocal_rank_fusion(named, TOLD_K if field in TOLD else WITHIN_K)
        for field, named in by_field.items()
    }
    if len(within) == 1:
        return next(iter(within.values()))
    ranks = _ranks(list(within.values()))
    orders = {field: [one.item for one in fused] for field, fused in within.items()}
    return tuple(
        evolve(one, ranks=ranks[one.item]) for one in reciprocal_rank_fusion(orders, K, WEIGHTS)
    )


def _ranks(fused: Sequence[tuple[Fused[int], ...]]) -> Mapping[int, Mapping[str, int]]:
    """Every scene's rank by ranking."""
    ranks: dict[int, dict[str, int]] = {}
    for one in (one for field in fused for one in field):
        ranks.setdefault(one.item, {}).update(one.ranks)
    return ranks
