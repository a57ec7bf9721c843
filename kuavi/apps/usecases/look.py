"""Look: frames of a video at given times, and contact sheets."""

from collections.abc import Sequence
from typing import TypeAlias

import attrs
import numpy as np
from attrs import frozen
from attrs.validators import ge, le
from returns.result import Failure, Success

from kuavi.apps.usecases.ports import LookPorts
from kuavi.apps.usecases.scenes import Level, NotIndexed, ScenesFailure, not_indexed, scenes
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.manifest import VideoRecord
from kuavi.domain.media import AtTimes, Frame, Seen, View
from kuavi.domain.outcome import Outcome
from kuavi.domain.spans import Span, clock
from kuavi.ports.files import Files, FilesFailure, PathMissing
from kuavi.ports.library import LibraryView
from kuavi.ports.pictures import BadImage, ImageFormat, Tile
from kuavi.ports.reader import Damaged, ReadFailure

MAX_TILES = 200


@frozen
class NothingToSee:
    """No picture lies in what was asked for."""

    title: str
    asked: str

    def __str__(self) -> str:
        return f"{self.title}: no picture in {self.asked}"


LookFailure: TypeAlias = ScenesFailure | ReadFailure | BadImage | FilesFailure | NothingToSee


@frozen
class SheetRequest:
    """A contact sheet of a video, or of a span of it.

    `times_s` names the moments; without, one per scene, at most `tiles`, evenly thinned.
    """

    video: VideoId
    within: Span | None = None
    times_s: tuple[float, ...] = ()
    tiles: int = attrs.field(default=24, validator=[ge(1), le(MAX_TILES)])
    columns: int = attrs.field(default=4, validator=ge(1))
    tile_width: int = attrs.field(default=320, validator=[ge(64), le(1280)])


@frozen(eq=False)
class Sheet:
    """A contact sheet that was written, and the times on it."""

    path: str
    times_s: tuple[float, ...]


def frames_at(
    video: VideoRecord, view: View, ports: LookPorts
) -> Outcome[tuple[Frame, ...], LookFailure]:
    """The pictures that the view asks for; a file that is damaged later on gives those before."""
    path = source(video, ports.files)
    if isinstance(path, Failure):
        return path
    frames: list[Frame] = []
    for item in ports.reader.frames(path.unwrap(), [view]):
        if isinstance(item, Failure):
            if isinstance(item.failure(), Damaged) and frames:
                break
            return item
        seen = item.unwrap()
        if isinstance(seen, Seen):
            frames.append(seen.frame)
    if not frames:
        return Failure(NothingToSee(video.title, "the times asked for"))
    return Success(tuple(frames))


def source(video: VideoRecord, files: Files) -> Outcome[str, FilesFailure | NotIndexed]:
    """The first of the video's paths that still holds its content."""
    if video.origin is not None:
        return Failure(not_indexed(video, "pictures"))
    for path in video.paths:
        content = files.fingerprint(path)
        if isinstance(content, Success) and content.unwrap() == video.content:
            return Success(path)
    return Failure(PathMissing(f"{video.path} (moved, deleted or changed since it was indexed)"))


def sheet(request: SheetRequest, output: str, ports: LookPorts) -> Outcome[Sheet, LookFailure]:
    """Write a contact sheet as PNG or JPEG, by the output's name."""
    opened = ports.library.view()
    if isinstance(opened, Failure):
        return opened
    view = opened.unwrap()
    record = view.video(request.video)
    if isinstance(record, Failure):
        return record
    times = _times(view, record.unwrap(), request)
    if isinstance(times, Failure):
        return times
    frames = frames_at(record.unwrap(), View(AtTimes(times.unwrap()), request.tile_width), ports)
    if isinstance(frames, Failure):
        return frames
    return _write(frames.unwrap(), request, output, ports)


def _times(
    view: LibraryView, record: VideoRecord, request: SheetRequest
) -> Outcome[tuple[float, ...], LookFailure]:
    if request.times_s:
        return Success(request.times_s)
    listed = scenes(view, record.id, Level())
    if isinstance(listed, Failure):
        return listed
    within = request.within or record.span
    spans = [scene.span for scene in listed.unwrap()]
    shown = [span.overlap(within) if within else span for span in spans]
    middles = [span.middle_s for span in shown if span is not None]
    if not middles:
        asked = f"{clock(within.start_s)}-{clock(within.end_s)}" if within else "it"
        return Failure(NothingToSee(record.title, asked))
    picks = np.unique(np.linspace(0, len(middles) - 1, min(request.tiles, len(middles))).round())
    return Success(tuple(middles[int(i)] for i in picks))


def _write(
    frames: Sequence[Frame], request: SheetRequest, output: str, ports: LookPorts
) -> Outcome[Sheet, LookFailure]:
    tiles = [Tile(frame.pixels, clock(frame.time_s)) for frame in frames]
    columns = min(request.columns, len(tiles))
    drawn = ports.pictures.sheet(tiles, columns, request.tile_width)
    if isinstance(drawn, Failure):
        return drawn
    image = ports.pictures.encode(drawn.unwrap(), format_of(output))
    if isinstance(image, Failure):
        return image
    written = ports.files.write(output, image.unwrap())
    if isinstance(written, Failure):
        return written
    return Success(Sheet(written.unwrap(), tuple(frame.time_s for frame in frames)))


def format_of(path: str) -> ImageFormat:
    """JPEG for a name that ends so, else PNG."""
    return ImageFormat.JPEG if path.lower().endswith((".jpg", ".jpeg")) else ImageFormat.PNG
