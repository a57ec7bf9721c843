from collections.abc import Mapping

import pytest
from returns.result import Failure

from kuavi.adapters.shots import colour_change
from kuavi.domain.media import ByRate, EveryFrame
from kuavi.domain.plan import ModelSpec


def revision(options: Mapping[str, str | int | float | bool]) -> str:
    built = colour_change.build(ModelSpec("colour_change", "colour-change", options=options))
    assert not isinstance(built, Failure), built.failure()
    return built.unwrap().model.revision


@pytest.mark.parametrize(
    "options",
    [
        {"threshold": 25},
        {"around": 4},
        {"fps": 8},
        {"ratio": 2.5},
        {"lasting": 0.7},
        {"max_side": 64},
    ],
)
def test_every_option_is_part_of_the_revision(options: dict[str, float]) -> None:
    assert revision(options) != revision({})


@pytest.mark.parametrize(
    ("options", "sampling"),
    [({}, EveryFrame()), ({"fps": 8}, ByRate(8)), ({"fps": 0}, EveryFrame())],
)
def test_the_rate_is_what_is_asked_of_the_reader(
    options: dict[str, float], sampling: ByRate | EveryFrame
) -> None:
    spec = ModelSpec("colour_change", "colour-change", options=options)
    assert colour_change.build(spec).unwrap().view.sampling == sampling


def test_the_size_of_pictures_is_what_is_asked_of_the_reader() -> None:
    spec = ModelSpec("colour_change", "colour-change", options={"max_side": 64})
    assert colour_change.build(spec).unwrap().view.max_side == 64


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"treshold": 25}, "no option named treshold"),
        ({"threshold": -1}, "threshold"),
        ({"around": "few"}, "few"),
        ({"max_side": 4}, "max_side"),
        ({"fps": -1}, "fps"),
    ],
)
def test_a_wrong_option_is_a_failure_that_names_it(options: dict[str, float], told: str) -> None:
    built = colour_change.build(ModelSpec("colour_change", "colour-change", options=options))
    assert isinstance(built, Failure)
    assert told in str(built.failure())
