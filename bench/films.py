"""Films with pictures, speech and written cards, made to order for `bench.fusion`.

`fused_films.tsv` is the script: a row is a stretch of a film, its picture (a unit of
`retrieval_units.tsv`, a card, or a whole file as it is) and what is heard from its start on (a line
spoken by espeak-ng, or a recording that goes on below the rows that follow).
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

import av
import numpy as np
from attrs import frozen
from PIL import Image, ImageDraw, ImageFont

from bench.footage_units import Unit, table
from kuavi.apps.wiring.registry import Family
from kuavi.domain.media import AUDIO_RATE_HZ, Pixels, Samples
from kuavi.domain.spans import Span
from tests.media import write_clip

WIDTH, HEIGHT, FPS = 640, 360, 12
LEAD_S = 0.3
"""Silence before and after a spoken line."""


@frozen
class Row:
    """A stretch of a film as the script has it."""

    film: str
    seconds: float
    picture: str
    sound: str


@frozen
class Film:
    """A film on disk; `rows` are where its rows came to lie, `recordings` where each begins."""

    path: Path
    rows: tuple[Span, ...]
    recordings: Mapping[str, float]


@frozen
class Props:
    """Where the script's units and recordings lie."""

    units: Mapping[str, Unit]
    files: Mapping[str, Path]
    recordings: Path


def script() -> dict[str, list[Row]]:
    rows = [
        Row(film, float(seconds), picture, sound)
        for film, seconds, picture, sound in table("fused_films.tsv")
    ]
    return {name: list(group) for name, group in groupby(rows, lambda row: row.film)}


def missing(rows: Sequence[Row], props: Props) -> list[str]:
    """What a film needs that isn't here."""
    needs = list[str]()
    for row in rows:
        kind, _, name = row.picture.partition(":")
        file = props.units[name].file if kind == "unit" else name
        if kind != "card" and file not in props.files:
            needs.append(file)
        kind, _, name = row.sound.partition(":")
        if kind == "rec" and not (props.recordings / name).is_file():
            needs.append(f"{name} (pip moonshine-voice)")
        if kind == "say" and shutil.which("espeak-ng") is None:
            needs.append("espeak-ng (deb)")
    return list(dict.fromkeys(needs))


def make(name: str, rows: Sequence[Row], props: Props, folder: Path) -> Film:
    """Write a film, or take the file that is one."""
    kind, _, file = rows[0].picture.partition(":")
    if kind == "file":
        return Film(props.files[file], (Span(0.0, rows[0].seconds),), {})
    lines = [_line(row, props) for row in rows]
    spans, start_s = list[Span](), 0.0
    for row, line in zip(rows, lines, strict=True):
        length_s = row.seconds
        if row.sound.startswith("say:"):
            length_s = max(length_s, len(line) / AUDIO_RATE_HZ)
        frames = round(length_s * FPS)
        spans.append(Span(start_s, start_s + frames / FPS))
        start_s = spans[-1].end_s
    sound = np.zeros(round(start_s * AUDIO_RATE_HZ), np.float32)
    for span, line in zip(spans, lines, strict=True):
        at = round(span.start_s * AUDIO_RATE_HZ)
        room = len(sound) - at
        sound[at : at + len(line)] += line[:room]
    path = folder / f"{name}.mp4"
    write_clip(path, _pictures(rows, spans, props), FPS, sound)
    begins = {
        row.sound.removeprefix("rec:"): span.start_s
        for row, span in zip(rows, spans, strict=True)
        if row.sound.startswith("rec:")
    }
    return Film(path, tuple(spans), begins)


def _pictures(rows: Sequence[Row], spans: Sequence[Span], props: Props) -> Iterator[Pixels]:
    for row, span in zip(rows, spans, strict=True):
        kind, _, name = row.picture.partition(":")
        n = round(span.duration_s * FPS)
        if kind == "card":
            yield from [card(name.split("/"))] * n
        else:
            yield from _of_unit(props.units[name], props.files[props.units[name].file], n)


def _of_unit(unit: Unit, path: Path, n: int) -> Iterator[Pixels]:
    """n frames of a unit; a clip that ends too early begins anew."""
    if unit.end_s is None:
        with Image.open(path) as still:
            yield from [fitted(still.convert("RGB"))] * n
        return
    shown = list[Pixels]()
    with av.open(path) as container:
        first: float | None = None
        for frame in container.decode(video=0):
            first = frame.time if first is None else first
            time_s = frame.time - first
            if time_s >= min(unit.end_s, unit.start_s + n / FPS):
                break
            while time_s >= unit.start_s + len(shown) / FPS:
                shown.append(fitted(frame.to_image()))
    for i in range(n):
        yield shown[i % len(shown)]


def fitted(picture: Image.Image) -> Pixels:
    """As large as the film's picture allows, black around it."""
    scale = min(WIDTH / picture.width, HEIGHT / picture.height)
    size = round(picture.width * scale), round(picture.height * scale)
    canvas = Image.new("RGB", (WIDTH, HEIGHT))
    canvas.paste(picture.resize(size), ((WIDTH - size[0]) // 2, (HEIGHT - size[1]) // 2))
    return np.asarray(canvas)


def card(lines: Sequence[str]) -> Pixels:
    """Lines of text, the first large, on dark blue."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), (16, 42, 92))
    draw = ImageDraw.Draw(picture)
    for i, text in enumerate(lines):
        font = ImageFont.load_default(size=30 if i else 48)
        where = (WIDTH / 2, 150 + 70 * i)
        draw.text(where, text, font=font, fill=(250, 240, 200), anchor="mm")
    return np.asarray(picture)


def _line(row: Row, props: Props) -> Samples:
    """What is heard from a row's start on, 16 kHz mono."""
    kind, _, what = row.sound.partition(":")
    if kind == "rec":
        return _heard(props.recordings / what)
    if kind == "say":
        with tempfile.NamedTemporaryFile(suffix=".wav") as file:
            subprocess.run(["espeak-ng", "-s", "150", "-w", file.name, what], check=True)
            quiet = np.zeros(round(LEAD_S * AUDIO_RATE_HZ), np.float32)
            return np.concatenate([quiet, _heard(Path(file.name)), quiet])
    return np.zeros(0, np.float32)


def _heard(path: Path) -> Samples:
    reader = Family("readers").builder("pyav")()
    return np.concatenate([chunk.unwrap().samples for chunk in reader.audio(str(path))])
