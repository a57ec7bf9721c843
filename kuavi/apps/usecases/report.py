"""What an index run did."""

from attrs import frozen

from kuavi.domain.fingerprint import VideoId
from kuavi.domain.manifest import Stage, VideoRecord


@frozen
class Trouble:
    """A stage that did not finish, and why."""

    stage: Stage
    reason: str


@frozen
class IndexReport:
    """What a run did to one video.

    `done` are the stages made now, `kept` those that were up to date, `failed` those that could not
    be made; `replaced` are earlier versions of the same file that the new one took the place of.
    """

    path: str
    video: VideoRecord
    done: tuple[Stage, ...] = ()
    kept: tuple[Stage, ...] = ()
    failed: tuple[Trouble, ...] = ()
    replaced: tuple[VideoId, ...] = ()
