"""What the README and the examples show is run."""

import re
from pathlib import Path

import pytest

from examples import own_encoder
from scripts import demo_clip
from tests.media import real_clip

ROOT = Path(__file__).parents[2]


def test_an_encoder_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    film = demo_clip.make(tmp_path / "film.mp4")
    own_encoder.main(str(film), "something green")
    first = capsys.readouterr().out.splitlines()[0]
    assert first.split()[:3] == ["10.0", "s", "film.mp4"]  # the meadow


def test_the_ten_lines_of_the_readme(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first Python block of the README, run as it stands beside a file of that name."""
    block = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert block is not None
    (tmp_path / "holiday.mp4").symlink_to(real_clip("bikes"))
    monkeypatch.chdir(tmp_path)
    exec(compile(block[1], "README.md", "exec"), {"__name__": "readme"})
    out = capsys.readouterr().out
    assert "holiday.mp4" in out
    assert (tmp_path / "bicycle.png").stat().st_size > 10_000
