import string
from random import Random

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kuavi.domain.dedup import SAME, Duplicates, duplicates, vocabulary
from kuavi.domain.ranking import cluster_diverse
from kuavi.domain.same_words import contrary, key_of, sides_of
from kuavi.domain.space import Embeddings, Matrix, Space, Text, unit

DIM = 24
WORDS = ("pot", "Pot", "the pot", "soup", "left", "right", "två", "TVÅ", "3 eggs", "4 eggs", "")
seeds = st.integers(0, 2**32 - 1)


def embedded(rows: Matrix) -> Embeddings[Text]:
    return Embeddings(Space("letters", "1", rows.shape[1]), rows)


def random_rows(n: int, seed: int, dim: int = DIM) -> Matrix:
    return unit(np.random.default_rng(seed).standard_normal((n, dim)).astype(np.float32))


def near(row: Matrix, cosine: float, seed: int) -> Matrix:
    """A unit vector with this cosine to a unit row (1, dim)."""
    noise = np.random.default_rng(seed).standard_normal(row.shape).astype(np.float32)
    across = unit(noise - (noise @ row.T) * row)
    return unit(np.float32(cosine) * row + np.float32((1 - cosine**2) ** 0.5) * across)


def named(n: int) -> list[str]:
    """n different texts of letters only."""
    letters = string.ascii_lowercase
    return [f"do {letters[i // 676]}{letters[i // 26 % 26]}{letters[i % 26]}q" for i in range(n)]


@st.composite
def said(draw: st.DrawFn) -> tuple[list[str], Embeddings[Text]]:
    """Texts some of which say the same, with vectors many of which are equal or nearly so."""
    texts = draw(st.lists(st.sampled_from(WORDS), max_size=14))
    rows = draw(arrays(np.float32, (len(texts), 3), elements=st.integers(0, 4)))
    jitter = np.random.default_rng(draw(seeds)).normal(0, 0.1, rows.shape).astype(np.float32)
    return texts, embedded(unit(unit(rows) + draw(st.sampled_from([0, 1])) * jitter))


thresholds = st.sampled_from([0.5, 0.8, 0.95, 0.99, 1.0])


def kept(found: Duplicates) -> list[int]:
    return np.flatnonzero(found.representative).tolist()


def together(found: Duplicates) -> list[list[bool]]:
    return (found.cluster[:, None] == found.cluster[None, :]).tolist()


@given(said(), thresholds)
def test_each_cluster_has_one_representative_and_its_size(
    case: tuple[list[str], Embeddings[Text]], threshold: float
) -> None:
    texts, vectors = case
    found = duplicates(texts, vectors, threshold)
    assert len(found) == len(texts)
    assert sorted(found.cluster[found.representative].tolist()) == list(range(found.n_clusters))
    assert found.size.tolist() == [int(np.sum(found.cluster == c)) for c in found.cluster]


@given(said(), thresholds)
def test_clusters_are_numbered_by_first_appearance(
    case: tuple[list[str], Embeddings[Text]], threshold: float
) -> None:
    found = duplicates(*case, threshold)
    assert list(dict.fromkeys(found.cluster.tolist())) == list(range(found.n_clusters))


@given(said(), thresholds)
def test_what_is_kept_has_no_duplicates(
    case: tuple[list[str], Embeddings[Text]], threshold: float
) -> None:
    """Where a text has one vector; else a group's centre moves as its members leave."""
    texts, vectors = case
    first = {key_of(text): i for i, text in reversed(list(enumerate(texts)))}
    rows = vectors.rows[np.array([first[key_of(text)] for text in texts], dtype=np.int64)]
    shown = kept(duplicates(texts, embedded(rows), threshold))
    again = duplicates([texts[i] for i in shown], embedded(rows[shown]), threshold)
    assert again.representative.all()


@given(said(), thresholds, st.randoms())
def test_the_order_of_texts_changes_only_numbers(
    case: tuple[list[str], Embeddings[Text]], threshold: float, random: Random
) -> None:
    texts, vectors = case
    order = list(range(len(texts)))
    random.shuffle(order)
    here = np.array(together(duplicates(texts, vectors, threshold)), dtype=np.bool_)
    moved = duplicates([texts[i] for i in order], embedded(vectors.rows[order]), threshold)
    assert together(moved) == here.reshape(len(texts), len(texts))[np.ix_(order, order)].tolist()


@given(said(), thresholds)
def test_same_words_are_always_joined_and_contrary_ones_never_with_the_representative(
    case: tuple[list[str], Embeddings[Text]], threshold: float
) -> None:
    texts, vectors = case
    found = duplicates(texts, vectors, threshold)
    keys = [key_of(text) for text in texts]
    for i, key in enumerate(keys):
        for j in range(i):
            assert key != keys[j] or found.cluster[i] == found.cluster[j]
    sides = sides_of(keys)
    for shown in kept(found):
        members = np.flatnonzero(found.cluster == found.cluster[shown])
        assert not contrary(sides, members, np.full(len(members), shown)).any()


@given(st.integers(1, 30), thresholds, seeds)
def test_equal_vectors_are_always_joined(n: int, threshold: float, seed: int) -> None:
    rows = random_rows(n, seed)
    found = duplicates(named(2 * n), embedded(np.vstack([rows, rows])), threshold)
    assert found.cluster[:n].tolist() == found.cluster[n:].tolist()


@given(st.integers(0, 40), st.floats(0.6, 1), seeds)
def test_members_are_like_their_representative_and_representatives_unlike(
    n: int, threshold: float, seed: int
) -> None:
    rows = random_rows(n, seed, 3)
    found = duplicates(named(n), embedded(rows), threshold)
    cosine = rows @ rows.T
    shown = {int(found.cluster[i]): i for i in kept(found)}
    for i in range(n):
        assert cosine[i, shown[int(found.cluster[i])]] >= threshold - 2e-5
    between = cosine[np.ix_(kept(found), kept(found))]
    assert (between[~np.eye(len(between), dtype=bool)] < threshold).all()


@given(st.integers(0, 40), seeds)
def test_what_is_like_nothing_stays_alone(n: int, seed: int) -> None:
    rows = random_rows(n, seed)
    cosine = rows @ rows.T - 2 * np.eye(n, dtype=np.float32)
    assume(n < 2 or cosine.max() < SAME)
    assert duplicates(named(n), embedded(rows)).size.tolist() == [1] * n


def test_a_chain_of_small_steps_does_not_join_its_ends() -> None:
    angles = np.linspace(0, np.pi / 2, 30)
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    found = duplicates(named(30), embedded(rows))
    assert found.cluster[0] != found.cluster[-1]
    for cluster in range(found.n_clusters):
        inside = rows[found.cluster == cluster]
        assert (inside @ inside.T).min() > 2 * SAME**2 - 1 - 1e-4  # both within an angle of one


def test_the_representative_is_nearest_to_the_centre() -> None:
    middle = random_rows(1, 0)
    rows = np.vstack([near(middle, 0.98, seed) for seed in range(1, 9)])
    rows[5] = unit(rows.sum(axis=0, keepdims=True))[0]
    found = duplicates(named(8), embedded(rows), 0.9)
    assert found.n_clusters == 1
    assert kept(found) == [5]


def test_of_two_the_more_frequent_represents_and_of_equals_the_earlier() -> None:
    one = random_rows(1, 3)
    rows = np.vstack([one, near(one, 0.97, 4)])
    assert kept(duplicates(["zest lime", "grate lime"], embedded(rows))) == [0]
    assert kept(duplicates(["grate lime", "zest lime"], embedded(rows))) == [0]
    often = embedded(rows[[0, 1, 1]])
    assert kept(duplicates(["grate lime", "zest lime", "Zest lime."], often)) == [1]


@pytest.mark.parametrize("n", [0, 1])
def test_none_and_one(n: int) -> None:
    found = duplicates(["stir pot"][:n], embedded(random_rows(n, 0)))
    assert (found.cluster.tolist(), found.size.tolist(), kept(found)) == ([0] * n, [1] * n, [0] * n)
    assert [term.label for term in vocabulary(["stir pot"][:n], found)] == ["stir pot"][:n]


def test_one_text_in_many_spellings_shows_once() -> None:
    texts = ["stir pot", "Stir the pot.", "STIR  POT", "stir pot!", "stir a pot"] * 3
    texts += ["pour water", "chop onion", "open lid", "add salt", "wash rice"]
    vectors = embedded(random_rows(len(texts), 1))
    found = duplicates(texts, vectors)
    assert found.n_clusters == 6
    assert found.size[:15].tolist() == [15] * 15
    relevance = np.linspace(1, 0, len(texts))  # the fifteen are the best hits
    top = cluster_diverse(relevance, found.cluster, 5)
    assert len(set(found.cluster[top].tolist())) == 5
    hidden = cluster_diverse(relevance, found.cluster, 20, ~found.representative)
    assert sorted(hidden.tolist()) == kept(found)


def test_opposites_are_not_joined_however_near() -> None:
    one = random_rows(1, 3)
    rows = np.vstack([one, near(one, 0.99, 4)])
    assert duplicates(["raise left arm", "raise right arm"], embedded(rows)).n_clusters == 2
    assert duplicates(["raise arm", "raise right arm"], embedded(rows)).n_clusters == 1


def planted(n: int, seed: int) -> tuple[Embeddings[Text], list[int], list[int]]:
    """n rows around centres of several sizes, of which the last third are near copies of others."""
    rng, third = np.random.default_rng(seed), n // 3
    centres = random_rows(40, seed, 48)
    of = np.minimum(rng.geometric(0.2, n - third), 40) - 1
    rows = unit(centres[of] + random_rows(n - third, seed + 1, 48))
    source = rng.integers(0, n - third, third)
    copies = np.vstack(
        [near(rows[[i]], float(rng.uniform(0.96, 1)), k) for k, i in enumerate(source)]
    )
    return embedded(np.vstack([rows, copies])), source.tolist(), list(range(n - third, n))


def test_cells_lose_next_to_no_planted_duplicates_and_join_nothing_unlike() -> None:
    vectors, source, copy = planted(3000, 7)
    rows = vectors.rows
    exact = duplicates(named(3000), vectors)
    celled = duplicates(named(3000), vectors, few=500)
    for found in (exact, celled):
        same = found.cluster[source] == found.cluster[copy]
        assert same.mean() >= 0.98
        shown = np.flatnonzero(found.representative)
        own = shown[np.argsort(found.cluster[shown])][found.cluster]
        assert (np.einsum("nd,nd->n", rows, rows[own]) >= SAME - 2e-5).all()


def test_cells_give_the_same_in_any_order() -> None:
    vectors, _, _ = planted(1500, 8)
    order = np.random.default_rng(9).permutation(1500)
    texts = named(1500)
    found = duplicates(texts, vectors, few=300)
    moved = duplicates([texts[i] for i in order], embedded(vectors.rows[order]), few=300)
    assert np.array_equal(
        np.array(together(moved)), np.array(together(found))[np.ix_(order, order)]
    )


def test_very_many_of_one_kind_are_joined_without_their_pairs() -> None:
    middle = random_rows(1, 0, 64)
    alike = unit(middle + 0.1 * random_rows(1500, 1, 64))
    rows = np.vstack([alike, random_rows(300, 2, 64), -middle])
    found = duplicates(named(1801), embedded(rows))
    assert (found.size[:1500] >= 1400).all()
    assert (found.size[1500:] == 1).all()
    shown = np.flatnonzero(found.representative)
    cosine = rows[shown] @ rows[shown].T - 2 * np.eye(len(shown), dtype=np.float32)
    assert cosine.max() < SAME


@given(said(), thresholds)
def test_a_vocabulary_names_every_text_once_most_frequent_first(
    case: tuple[list[str], Embeddings[Text]], threshold: float
) -> None:
    texts, vectors = case
    found = duplicates(texts, vectors, threshold)
    terms = vocabulary(texts, found)
    assert sorted(i for term in terms for i in term.members.tolist()) == list(range(len(texts)))
    assert [t.count for t in terms] == sorted((t.count for t in terms), reverse=True)
    for term in terms:
        (shown,) = [i for i in term.members if found.representative[i]]
        assert term.label == texts[shown]
        assert len(set(found.cluster[term.members].tolist())) == 1


def test_input_that_does_not_fit_is_refused() -> None:
    rows = random_rows(2, 0)
    with pytest.raises(ValueError, match="as many vectors"):
        duplicates(["one"], embedded(rows))
    with pytest.raises(ValueError, match="threshold"):
        duplicates(named(2), embedded(rows), 0.4)
    with pytest.raises(ValueError, match="length 1"):
        duplicates(named(2), embedded(rows * 2))
    with pytest.raises(ValueError, match="2 were deduplicated"):
        vocabulary(["one"], duplicates(named(2), embedded(rows)))
    with pytest.raises(ValueError, match="alike"):
        Duplicates(np.zeros(2, np.int64), np.zeros(2, np.int64), np.zeros(1, np.bool_))
