"""The videos of a library: which are there, which one is meant, and removal."""

from typing import TypeAlias

from attrs import frozen
from returns.result import Failure, Success

from kuavi.domain.fingerprint import VideoId
from kuavi.domain.manifest import VideoRecord
from kuavi.domain.outcome import Outcome
from kuavi.ports.library import Library, LibraryFailure, LibraryView, NoSuchVideo


@frozen
class Ambiguous:
    """More than one video is meant."""

    asked: str
    candidates: tuple[str, ...]

    def __str__(self) -> str:
        listed = ", ".join(self.candidates)
        return f"{self.asked}: which one? {listed}; give more of the id or the whole path"


WhichFailure: TypeAlias = LibraryFailure | Ambiguous


def which(view: LibraryView, asked: str, absolute: str) -> Outcome[VideoRecord, WhichFailure]:
    """The video that is meant by an id, the start of an id, a path, or a file name.

    One that was imported is meant by its title and by its id where it comes from, too.

    `absolute` is what was asked for as an absolute path.
    """
    listed = view.videos()
    if isinstance(listed, Failure):
        return listed
    videos = listed.unwrap()
    for meant in (
        [v for v in videos if asked == v.id or absolute in v.paths],
        [v for v in videos if v.origin is not None and v.origin.uid == asked],
        [v for v in videos if v.title == asked],
        [v for v in videos if v.title.rpartition(".")[0] == asked],
        [v for v in videos if len(asked) >= 4 and v.id.startswith(asked)],
    ):
        if len(meant) == 1:
            return Success(meant[0])
        if meant:
            return Failure(Ambiguous(asked, tuple(f"{v.id} ({v.path})" for v in meant)))
    return Failure(NoSuchVideo(asked))


def remove(library: Library, video: VideoId) -> Outcome[VideoRecord, LibraryFailure]:
    """Forget a video; the file itself is not touched."""
    view = library.view()
    if isinstance(view, Failure):
        return view
    record = view.unwrap().video(video)
    if isinstance(record, Failure):
        return record
    removed = library.remove(video)
    return removed if isinstance(removed, Failure) else record
