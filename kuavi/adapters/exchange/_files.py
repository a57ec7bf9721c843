"""What files of trees share: a path's refusals as values, and files written whole or not at all."""

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from returns.result import Failure, Success

from kuavi.domain.action100m import PublishedVideo
from kuavi.domain.outcome import Outcome
from kuavi.ports.exchange import NotTrees, TreesFailure
from kuavi.ports.files import PathMissing, PathUnreadable

T = TypeVar("T")
F = TypeVar("F")


class StopError(Exception):
    """Ends the writing of a file from within its videos."""


def refused(path: str, error: OSError | ValueError) -> TreesFailure:
    """Why something could not be done with a file."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return PathMissing(path)
    if isinstance(error, OSError):
        return PathUnreadable(path, error.strerror or str(error))
    return NotTrees(path, " ".join(str(error).split()))


def checked(path: str) -> Path:
    """The path of a file that is there; OSError otherwise."""
    place = Path(path)
    if not path:
        raise FileNotFoundError(errno.ENOENT, "no such file", path)
    place.stat()
    if not place.is_file():
        raise OSError(errno.EINVAL, "not a regular file", path)
    return place


def write_whole(
    path: str,
    videos: Iterable[Outcome[PublishedVideo, F]],
    write: Callable[[Path, Iterator[PublishedVideo]], None],
) -> Outcome[str, TreesFailure | F]:
    """Write videos to a new file in the same folder, renamed when it is on the disk."""
    if not path:
        return Failure(PathMissing(path))
    trouble: list[F] = []

    def good() -> Iterator[PublishedVideo]:
        for video in videos:
            if isinstance(video, Failure):
                trouble.append(video.failure())
                raise StopError
            yield video.unwrap()

    place = Path(path).absolute()
    temporary = place.with_name(f".{uuid4().hex}.part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_dir():
            raise IsADirectoryError(errno.EISDIR, "it is a folder")
        write(temporary, good())
        _settle(temporary)
        temporary.replace(place)
    except StopError:
        return Failure(trouble[0])
    except OSError as error:
        return Failure(PathUnreadable(str(place), error.strerror or str(error)))
    finally:
        temporary.unlink(missing_ok=True)
    return Success(str(place))


def _settle(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
