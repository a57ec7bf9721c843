import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuavi.domain.caption_choice import (
    CaptionRule,
    Choice,
    Why,
    frame_times,
    is_blank,
    is_dead,
    mean_rows,
    n_frames_for,
    worth_captioning,
)
from kuavi.domain.cuts import scene_cut
from kuavi.domain.media import Pixels
from kuavi.domain.space import Embeddings, Joint, Space, cosine
from kuavi.domain.spans import Span
from tests.strategies_tree import Film, films

DIRECTIONS = st.lists(st.integers(0, 7), max_size=20)


def _rows(values: np.ndarray) -> Embeddings[Joint]:
    rows = np.array(values, dtype=np.float32)
    return Embeddings(Space("fake", "1", rows.shape[1]), rows)


def _around(directions: list[int]) -> Embeddings[Joint]:
    """Unit vectors 10 degrees apart: neighbours have a cosine of 0.985."""
    angles = np.radians(10.0 * np.array(directions, dtype=np.float64))
    return _rows(np.stack([np.cos(angles), np.sin(angles)], axis=1).reshape(-1, 2))


@given(DIRECTIONS, st.data(), st.sampled_from([0.5, 0.97, 0.999]))
def test_every_node_has_one_choice_and_a_caption_that_stands_for_it(
    directions: list[int], data: st.DataObject, alike: float
) -> None:
    nodes = [3 * at + 1 for at in range(len(directions))]
    dead = data.draw(st.sets(st.sampled_from(nodes))) if nodes else set[int]()
    rows = _around(directions)
    choices = worth_captioning(nodes, rows, dead, CaptionRule(alike))
    near = cosine(rows, rows)
    place = {node: at for at, node in enumerate(nodes)}
    assert [choice.node for choice in choices] == nodes
    captioned = list[int]()
    for choice in choices:
        likes = [near[place[choice.node], place[other]] for other in captioned]
        match choice.why:
            case Why.DEAD:
                assert choice.node in dead
                assert choice.caption_of == -1
            case Why.CAPTIONED:
                assert choice.caption_of == choice.node
                assert all(like < alike + 1e-6 for like in likes)
                captioned.append(choice.node)
            case Why.DUPLICATE:
                assert choice.caption_of in captioned
                like = near[place[choice.node], place[choice.caption_of]]
                assert like >= alike - 1e-6
                assert like >= max(likes) - 1e-6
        assert (choice.node in dead) == (choice.why == Why.DEAD)


def test_a_chain_of_likenesses_does_not_drift() -> None:
    """Each is compared with what is captioned, not with what was left out."""
    choices = worth_captioning([0, 1, 2], _around([0, 1, 2]), rule=CaptionRule(0.98))
    assert choices == (
        Choice(0, Why.CAPTIONED, 0),
        Choice(1, Why.DUPLICATE, 0),
        Choice(2, Why.CAPTIONED, 2),
    )


def test_zero_vectors_resemble_nothing() -> None:
    choices = worth_captioning([0, 1], _rows(np.zeros((2, 3))), rule=CaptionRule(1e-6))
    assert [choice.why for choice in choices] == [Why.CAPTIONED] * 2
    with pytest.raises(ValueError, match="1 rows for 2 nodes"):
        worth_captioning([0, 1], _rows(np.ones((1, 3))))


@given(films(), st.integers(1, 40), st.data())
def test_frames_of_a_node_are_samples_of_it_evenly_spread(
    film: Film, n: int, data: st.DataObject
) -> None:
    tree = film.tree()
    node = data.draw(st.integers(0, len(tree) - 1))
    times = frame_times(tree, node, film.times_s, n)
    first, last = int(tree.first_frame[node]), int(tree.last_frame[node])
    inside = film.times_s[first:last].tolist()
    assert len(times) == min(n, len(inside))
    assert set(times) <= set(inside)
    places = [inside.index(time_s) for time_s in times]
    gaps = np.diff([-1 - places[0], *places, 2 * len(inside) - 1 - places[-1]])
    assert (np.diff(places) > 0).all()
    assert gaps.max() - gaps[1:-1].min(initial=gaps.max()) <= 2
    if n == 1:
        assert places == [len(inside) // 2]
    assert n_frames_for(tree, node) == (1 if tree.left[node] < 0 else 32)


def test_a_node_without_samples_shows_its_middle() -> None:
    film = Film(np.zeros((2, 1), np.float32), np.array([0.5, 1.5]), Span(0, 2), (), 0.5)
    assert frame_times(film.tree(), 0, np.array([3.0]), 4) == (3.0,)  # the end is the video's
    assert frame_times(film.tree(), 1, np.array([3.0]), 4) == (0.5,)
    with pytest.raises(ValueError, match="at least one"):
        frame_times(film.tree(), 0, np.array([3.0]), 0)


@given(films())
def test_means_are_of_what_is_shown_in_a_node(film: Film) -> None:
    tree = film.tree()
    nodes = scene_cut(tree, 3.0).tolist()
    frames = _rows(film.rows)
    means = mean_rows(tree, nodes, frames, film.times_s)
    for node, mean in zip(nodes, means.rows, strict=True):
        mine = frames.rows[tree.first_frame[node] : tree.last_frame[node]].astype(np.float64)
        norms = np.linalg.norm(mine, axis=1, keepdims=True)
        units = np.divide(mine, norms, out=np.zeros_like(mine), where=norms > 0)
        assert np.allclose(mean, units.mean(axis=0), atol=1e-5)
    with pytest.raises(ValueError, match="rows for"):
        mean_rows(tree, nodes, frames, film.times_s[1:])


def _grey(level: float, noise: float = 0.0, seed: int = 0) -> Pixels:
    rng = np.random.default_rng(seed)
    picture = level + noise * rng.standard_normal((180, 320, 3))
    return np.clip(picture, 0, 255).astype(np.uint8)


@given(st.integers(0, 255), st.integers(0, 4), st.integers(0, 99))
def test_one_colour_is_blank_whatever_the_noise(level: int, noise: int, seed: int) -> None:
    assert is_blank(_grey(level, noise, seed))


@given(st.integers(0, 255), st.integers(0, 140), st.integers(0, 280))
def test_a_line_of_text_or_a_logo_is_seen(level: int, top: int, left: int) -> None:
    picture = _grey(level)
    picture[top : top + 12, left : left + 40 : 2] = 255 if level < 128 else 0
    assert not is_blank(picture)


def test_dark_rooms_are_seen_and_video_black_is_not() -> None:
    room = _grey(10)
    room[60:120, 100:200] = 40
    assert not is_blank(room)
    black = _grey(16, noise=3)
    black[:, :160] = 2
    assert is_blank(black)


def test_a_node_is_dead_if_all_its_pictures_are_blank_and_there_are_some() -> None:
    picture = _grey(100)
    picture[:90] = 200
    assert is_dead([_grey(0), _grey(255)])
    assert not is_dead([_grey(0), picture])
    assert not is_dead([])
