"""Valid files with bytes changed, through the isolated reader: every outcome is a value.

The process has little memory and time, so that a file which makes the decoder take more is found.
"""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from returns.result import Failure, Success

from kuavi.adapters.readers import isolated
from kuavi.domain.limits import DecodeLimits
from kuavi.domain.media import EveryFrame, MediaInfo, Seen, View
from kuavi.ports.reader import (
    Damaged,
    NoAudioStream,
    NotReadable,
    NoVideoStream,
    TooLarge,
)
from tests.media import grey_ramp, tone, write_clip

LIMITS = DecodeLimits(
    max_pixels=1 << 20,
    max_frames=1000,
    max_duration_s=600.0,
    max_audio_s=600.0,
    memory_mb=512,
    cpu_floor_s=5,
    cpu_s_per_media_s=5,
    stall_s=20.0,
)
VIEWS = [View(EveryFrame(), 64)]
KINDS = (Damaged, NoAudioStream, NotReadable, NoVideoStream, TooLarge)
CODECS = {
    ".mp4": "libx264",
    ".mkv": "libx264",
    ".ts": "libx264",
    ".webm": "libvpx-vp9",
    ".avi": "mpeg4",
}
OPTIONS = {"libx264": {"qp": "10", "preset": "medium", "g": "10"}}


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("valid")
    return {
        suffix: write_clip(
            folder / f"x{suffix}",
            grey_ramp(30),
            codec=codec,
            audio=tone(1.2),
            options=OPTIONS.get(codec, {}),
        ).read_bytes()
        for suffix, codec in CODECS.items()
    }


shares = st.floats(0, 1, exclude_max=True)
near_an_end = st.floats(0, 0.05) | st.floats(0.95, 1, exclude_max=True)
"""Headers and indexes are there: what lies in them decides more than pictures do."""

edits = st.lists(
    st.tuples(
        st.sampled_from(["set", "insert", "drop", "repeat", "huge"]),
        near_an_end | shares,
        st.binary(min_size=1, max_size=8),
    ),
    min_size=1,
    max_size=12,
)


def mutated(content: bytes, changes: list[tuple[str, float, bytes]]) -> bytes:
    changed = bytearray(content)
    for how, share, value in changes:
        at = int(share * len(changed))
        match how:
            case "set":
                changed[at : at + len(value)] = value
            case "insert":
                changed[at:at] = value
            case "drop":
                del changed[at : at + len(value)]
            case "repeat":
                changed[at:at] = changed[at : at + 16 * len(value)]
            case _:
                changed[at : at + 4] = b"\x7f\xff\xff\xff"
    return bytes(changed)


@pytest.mark.parametrize("suffix", CODECS)
@given(changes=edits)
@settings(max_examples=14, suppress_health_check=[HealthCheck.too_slow])
def test_changed_bytes_give_values_only(
    valid: dict[str, bytes],
    tmp_path_factory: pytest.TempPathFactory,
    suffix: str,
    changes: list[tuple[str, float, bytes]],
) -> None:
    path = tmp_path_factory.mktemp("changed") / f"x{suffix}"
    path.write_bytes(mutated(valid[suffix], changes))
    reader = isolated.build(LIMITS)
    info = reader.info(str(path))
    assert isinstance(
        info.unwrap() if isinstance(info, Success) else info.failure(), (MediaInfo, *KINDS)
    )
    good: list[Seen] = []
    for items in (reader.frames(str(path), VIEWS), reader.audio(str(path))):
        outcomes = list(items)
        assert all(isinstance(o, Success) for o in outcomes[:-1])
        for outcome in outcomes:
            if isinstance(outcome, Failure):
                assert isinstance(outcome.failure(), KINDS)
                assert str(path) in str(outcome.failure())
            else:
                good += [item for item in [outcome.unwrap()] if isinstance(item, Seen)]
    assert len(good) <= LIMITS.max_frames
    assert all(a.until_s <= b.frame.time_s for a, b in pairwise(good))


def test_the_unchanged_files_are_read_whole(valid: dict[str, bytes], tmp_path: Path) -> None:
    for suffix, content in valid.items():
        path = tmp_path / f"x{suffix}"
        path.write_bytes(content)
        outcomes = list(isolated.build(LIMITS).frames(str(path), VIEWS))
        assert len(outcomes) == 31  # the last tells the end
        assert all(isinstance(o, Success) for o in outcomes)
