"""What a library holds of a video that can be told of: its tree, and what is said of its nodes."""

from typing import TypeAlias

from attrs import field, frozen
from returns.result import Failure, Success

from kuavi.apps.usecases.scenes import NotIndexed, not_indexed
from kuavi.domain.annotation import Annotation
from kuavi.domain.described import Caption
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.manifest import VideoRecord
from kuavi.domain.outcome import Outcome
from kuavi.domain.tree import SegmentTree
from kuavi.ports.library import Library, LibraryFailure, LibraryView


@frozen(eq=False)
class Stored:
    view: LibraryView
    video: VideoRecord
    tree: SegmentTree
    captions: dict[int, Caption] = field(repr=False)
    annotations: dict[int, Annotation] = field(repr=False)


StoredFailure: TypeAlias = LibraryFailure | NotIndexed


def stored(video: VideoId, library: Library) -> Outcome[Stored, StoredFailure]:
    """All of it as it is now."""
    opened = library.view()
    if isinstance(opened, Failure):
        return opened
    view = opened.unwrap()
    record = view.video(video)
    if isinstance(record, Failure):
        return record
    tree, captions, annotations = view.tree(video), view.captions(video), view.annotations(video)
    if isinstance(tree, Failure):
        return tree
    if isinstance(captions, Failure):
        return captions
    if isinstance(annotations, Failure):
        return annotations
    planted = tree.unwrap()
    if planted is None:
        return Failure(not_indexed(record.unwrap(), "segment tree"))
    return Success(Stored(view, record.unwrap(), planted, captions.unwrap(), annotations.unwrap()))
