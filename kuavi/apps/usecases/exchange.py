"""Import of published videos into a library, and export of a library's videos as such.

An import stands on what a file says alone.  The video is named by the content of its record, so
that the same record in another file, or another format, is the same video.
"""

from collections.abc import Generator, Sequence
from enum import StrEnum
from typing import TypeAlias

from attrs import evolve, frozen
from returns.result import Failure, Success

from kuavi.apps.usecases.imported import STAGES, Arrival, keys_of, made_of, record_of
from kuavi.apps.usecases.scenes import NotIndexed, not_indexed
from kuavi.domain.action100m import NotPublished, PublishedVideo, as_json, parse_video
from kuavi.domain.action100m_exchange import Told, published, published_own
from kuavi.domain.action100m_tree import BadTree, grow
from kuavi.domain.fingerprint import Fingerprint, VideoId, fingerprint_of, video_id
from kuavi.domain.manifest import DESCRIBED, Gap, Stage, VideoRecord, stale, with_stage
from kuavi.domain.outcome import Outcome
from kuavi.ports.clock import Clock
from kuavi.ports.encoders import TextEncoder
from kuavi.ports.exchange import RawVideo, TreeFiles, TreesFailure
from kuavi.ports.library import Library, LibraryFailure, LibraryView, NoSuchVideo
from kuavi.ports.models import ModelFailure


@frozen
class ExportPorts:
    """`forms`: the formats that can be read and written."""

    library: Library
    forms: tuple[TreeFiles, ...]


@frozen
class ImportPorts:
    library: Library
    forms: tuple[TreeFiles, ...]
    text: TextEncoder
    clock: Clock


@frozen
class UnknownForm:
    """A file name does not say which format is meant."""

    path: str
    known: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.path}: its name must end in {' or '.join(self.known)}"


@frozen
class Twice:
    """A file has two unlike records of one video."""

    path: str

    def __str__(self) -> str:
        return f"{self.path}: this video is in the file once more, with other content"


@frozen
class BadNodes:
    """A record's nodes are no tree."""

    path: str
    reason: BadTree

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


Refusal: TypeAlias = NotPublished | BadNodes | Twice | TreesFailure | ModelFailure
"""Why one record is not imported; the others are."""
ImportFailure: TypeAlias = UnknownForm | Refusal | LibraryFailure
ExportFailure: TypeAlias = UnknownForm | NotIndexed | TreesFailure | LibraryFailure


class Fate(StrEnum):
    """What came of a record."""

    IMPORTED = "imported"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@frozen
class Arrived:
    """One record of a file: a video of the library now, or why not.

    `replaced` are earlier versions of the same record that the new one took the place of.
    """

    path: str
    fate: Fate
    video: VideoRecord | None = None
    failure: ImportFailure | None = None
    replaced: tuple[VideoId, ...] = ()

    @property
    def gaps(self) -> tuple[Gap, ...]:
        return self.video.gaps if self.video is not None else ()


@frozen
class Exported:
    """A file that was written, the videos in it, and those that have no tree to write."""

    path: str
    videos: tuple[VideoRecord, ...]
    left_out: tuple[NotIndexed, ...] = ()


def import_trees(path: str, ports: ImportPorts) -> Generator[Arrived]:
    """Import each record of a file, as soon as the one before is in the library.

    One that can't be imported stops none of the others; a failure of the library ends it.
    """
    form = _form(path, ports.forms)
    if isinstance(form, Failure):
        yield Arrived(path, Fate.REFUSED, failure=form.failure())
        return
    seen: dict[str, Fingerprint] = {}
    for read in form.unwrap().read(path):
        arrival = read if isinstance(read, Failure) else _arrival(read.unwrap(), path, seen, ports)
        if isinstance(arrival, Failure):
            yield Arrived(path, Fate.REFUSED, failure=arrival.failure())
            continue
        done = _settle(arrival.unwrap(), ports)
        yield done.unwrap() if isinstance(done, Success) else _refused(arrival, done.failure())
        if isinstance(done, Failure) and isinstance(done.failure(), LibraryFailure):
            return


def _form(path: str, forms: Sequence[TreeFiles]) -> Outcome[TreeFiles, UnknownForm]:
    for form in forms:
        if path.lower().endswith(form.suffixes):
            return Success(form)
    return Failure(UnknownForm(path, tuple(suffix for form in forms for suffix in form.suffixes)))


def _refused(arrival: Outcome[Arrival, Refusal], failure: ImportFailure) -> Arrived:
    return Arrived(arrival.unwrap().path, Fate.REFUSED, failure=failure)


def _arrival(
    raw: RawVideo, path: str, seen: dict[str, Fingerprint], ports: ImportPorts
) -> Outcome[Arrival, Refusal]:
    """A record checked through: one that is in the file again must be the same."""
    parsed = parse_video(raw)
    if isinstance(parsed, Failure):
        return parsed
    video = parsed.unwrap()
    place = f"{path}#{video.video_uid}"
    grown = grow(video.nodes)
    if isinstance(grown, Failure):
        return Failure(BadNodes(place, grown.failure()))
    content = fingerprint_of(as_json(video))
    if seen.setdefault(video.video_uid, content) != content:
        return Failure(Twice(place))
    return Success(Arrival(video, grown.unwrap(), content, place, keys_of(content, ports.text)))


def _settle(
    arrival: Arrival, ports: ImportPorts
) -> Outcome[Arrived, ModelFailure | LibraryFailure]:
    """One commit, if anything is missing."""
    known = _known(video_id(arrival.content), ports)
    if isinstance(known, Failure):
        return known
    before = known.unwrap()
    todo = _todo(before, arrival)
    made = made_of(arrival, todo, ports.text)
    if isinstance(made, Failure):
        return made
    record = record_of(arrival, ports.clock.now)
    if before is not None:
        others = (path for path in before.paths if path != arrival.path)
        record = evolve(before, paths=(arrival.path, *others))
        if not todo and record == before:
            return Success(Arrived(arrival.path, Fate.UNCHANGED, before))
    records, parts = made.unwrap()
    for stage in records:
        record = with_stage(evolve(record, indexed_at=ports.clock.now), stage)
    saved = ports.library.commit(record, parts)
    if isinstance(saved, Failure):
        return saved
    replaced = ports.library.claim(record.id, arrival.path)
    if isinstance(replaced, Failure):
        return replaced
    fate = Fate.IMPORTED if todo else Fate.UNCHANGED
    return Success(Arrived(arrival.path, fate, record, replaced=replaced.unwrap()))


def _known(video: VideoId, ports: ImportPorts) -> Outcome[VideoRecord | None, LibraryFailure]:
    view = ports.library.view()
    if isinstance(view, Failure):
        return view
    found = view.unwrap().video(video)
    if isinstance(found, Success):
        return found
    return Success(None) if isinstance(found.failure(), NoSuchVideo) else found


def _todo(before: VideoRecord | None, arrival: Arrival) -> tuple[Stage, ...]:
    """What is missing or stale; captions and annotations that were changed since are left alone."""
    todo = stale(before, arrival.keys)
    told = [before.record(stage) for stage in DESCRIBED if before is not None]
    changed = any(
        one.key != arrival.keys[one.stage]
        for one in told
        if one is not None and one.stage != Stage.DESCRIPTIONS
    )
    return tuple(
        stage for stage in STAGES if stage in todo and not (changed and stage in DESCRIBED)
    )


def export_trees(
    videos: Sequence[VideoRecord], path: str, ports: ExportPorts
) -> Outcome[Exported, ExportFailure]:
    """Write videos to a file whole or not at all; those without a tree are left out and told."""
    form = _form(path, ports.forms)
    if isinstance(form, Failure):
        return form
    whole = tuple(video for video in videos if video.record(Stage.TREE) is not None)
    left_out = tuple(not_indexed(v, "segment tree") for v in videos if v not in whole)
    if left_out and not whole:
        return Failure(left_out[0])
    view = ports.library.view()
    if isinstance(view, Failure):
        return view
    told = (_published(video, view.unwrap()) for video in whole)
    written = form.unwrap().write(path, told)
    if isinstance(written, Failure):
        return written
    return Success(Exported(written.unwrap(), whole, left_out))


def _published(
    video: VideoRecord, view: LibraryView
) -> Outcome[PublishedVideo, LibraryFailure | NotIndexed]:
    tree, captions, annotations = (
        view.tree(video.id),
        view.captions(video.id),
        view.annotations(video.id),
    )
    if isinstance(tree, Failure):
        return tree
    if isinstance(captions, Failure):
        return captions
    if isinstance(annotations, Failure):
        return annotations
    planted = tree.unwrap()
    if planted is None:
        return Failure(not_indexed(video, "segment tree"))
    told = Told(captions.unwrap(), annotations.unwrap())
    if video.origin is not None:
        return Success(published(video.origin, planted, told))
    said = view.utterances(video.id)
    if isinstance(said, Failure):
        return said
    return Success(published_own(video, planted, told, said.unwrap()))
