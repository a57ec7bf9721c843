"""What every Clock must do; a new adapter adds one line to `ADAPTERS`."""

from collections.abc import Callable
from datetime import UTC, datetime
from time import sleep
from typing import TypeAlias

import pytest

from kuavi.adapters.clocks import fake, system
from kuavi.ports.clock import Clock

Wait: TypeAlias = Callable[[float], None]


def fake_clock() -> tuple[Clock, Wait]:
    clock = fake.build()
    return clock, clock.advance


ADAPTERS: dict[str, Callable[[], tuple[Clock, Wait]]] = {
    "system": lambda: (system.build(), sleep),
    "fake": fake_clock,
}


@pytest.fixture(params=ADAPTERS)
def clock_and_wait(request: pytest.FixtureRequest) -> tuple[Clock, Wait]:
    return ADAPTERS[request.param]()


def test_now_is_utc_to_the_second_in_one_form(clock_and_wait: tuple[Clock, Wait]) -> None:
    now = clock_and_wait[0].now
    assert datetime.strptime(now, "%Y-%m-%dT%H:%M:%SZ").year >= 2026
    assert len(now) == len("2026-01-31T12:00:00Z")


def test_both_times_go_on_together(clock_and_wait: tuple[Clock, Wait]) -> None:
    clock, wait = clock_and_wait
    wall, elapsed_s = datetime.fromisoformat(clock.now), clock.elapsed_s
    wait(1.1)
    passed_s = clock.elapsed_s - elapsed_s
    wall_s = (datetime.fromisoformat(clock.now) - wall).total_seconds()
    assert passed_s >= 1.1 - 1e-6
    assert abs(wall_s - passed_s) <= 1


def test_elapsed_time_never_goes_back(clock_and_wait: tuple[Clock, Wait]) -> None:
    readings = [clock_and_wait[0].elapsed_s for _ in range(200)]
    assert readings == sorted(readings)


def test_the_system_clock_tells_the_time() -> None:
    clock = system.build()
    before = datetime.now(UTC).replace(microsecond=0)
    assert before <= datetime.fromisoformat(clock.now) <= datetime.now(UTC)


def test_the_fake_goes_a_step_with_each_reading_and_can_be_set() -> None:
    clock = fake.build("2026-03-01T00:59:59+01:00", step_s=2)
    assert clock.now == "2026-02-28T23:59:59Z"
    assert [clock.elapsed_s, clock.elapsed_s] == [0, 2]
    assert clock.now == "2026-03-01T00:00:03Z"
    clock.set("2026-05-05T05:05:05Z")
    assert clock.now == "2026-05-05T05:05:05Z"
    assert clock.elapsed_s == 4
    for backwards in (lambda: clock.advance(-1), lambda: fake.build(step_s=-1)):
        with pytest.raises(ValueError, match="does not go back"):
            backwards()
    with pytest.raises(ValueError, match="no time zone"):
        clock.set("2026-05-05T05:05:05")
