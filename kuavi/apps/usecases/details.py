"""What is shown of a hit beside its match, for all videos at once: tags and keyframe times."""

from collections.abc import Iterable

import numpy as np
from attrs import field, frozen
from returns.result import Failure, Success

from kuavi.domain.layers import Indices, Layer, Times
from kuavi.domain.manifest import Stage
from kuavi.domain.outcome import Outcome
from kuavi.domain.ranking import Scores
from kuavi.domain.spans import Span
from kuavi.domain.words import Tag
from kuavi.ports.derived import Arrays, Derivation, Outline
from kuavi.ports.library import LibraryFailure, LibraryView

TAGS = 3


@frozen(eq=False)
class Details:
    """By the place of a video among the view's: [offset[i], offset[i + 1]) of what follows.

    A tag is tag `label` of `labels` at `tag_s`, one row for each tag of each tagged moment; a
    video's are in order of time.
    """

    still_offset: Indices = field(repr=False)
    still_s: Times = field(repr=False)
    tag_offset: Indices = field(repr=False)
    tag_s: Times = field(repr=False)
    label: Indices = field(repr=False)
    probability: Scores = field(repr=False)
    labels: tuple[str, ...] = field(repr=False)
    stages: frozenset[str]
    captioned: bool

    def nearest_still(self, place: int, time_s: float) -> float | None:
        """The time of the keyframe nearest to a moment of a video; None where it has none."""
        times = self.still_s[self.still_offset[place] : self.still_offset[place + 1]]
        return float(times[np.abs(times - time_s).argmin()]) if len(times) else None

    def tags_in(self, place: int, span: Span) -> tuple[Tag, ...]:
        """The likeliest tags of the keyframes in a span, most probable first."""
        first, last = self.tag_offset[place : place + 2].tolist()
        times = self.tag_s[first:last]
        begin, end = (first + int(times.searchsorted(t)) for t in (span.start_s, span.end_s))
        labels, likely = self.label[begin:end].tolist(), self.probability[begin:end].tolist()
        return _likeliest(
            (self.labels[number], p) for number, p in zip(labels, likely, strict=True)
        )


def likeliest(tags: Iterable[Tag]) -> tuple[Tag, ...]:
    """The few most probable, each label once."""
    return _likeliest((tag.label, tag.probability) for tag in tags)


def _likeliest(pairs: Iterable[tuple[str, float]]) -> tuple[Tag, ...]:
    best: dict[str, float] = {}
    for label, probability in pairs:
        best[label] = max(best.get(label, 0.0), probability)
    ordered = sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(Tag(label, probability) for label, probability in ordered[:TAGS])


def details(view: LibraryView) -> Outcome[Details, LibraryFailure]:
    """Made once for a view."""
    return view.derived(Derivation("details", lambda: _computed(view), _loaded))


def _computed(view: LibraryView) -> Outcome[Arrays, LibraryFailure]:
    told, listed = view.outlines(), view.videos()
    if isinstance(told, Failure):
        return told
    if isinstance(listed, Failure):
        return listed
    captioned = _captioned(view)
    if isinstance(captioned, Failure):
        return captioned
    stages = {made.stage.value for record in listed.unwrap() for made in record.stages}
    return Success(
        {
            **_stills(told.unwrap()),
            **_tags(told.unwrap()),
            "stages": np.array(sorted(stages), dtype=np.str_),
            "captioned": np.array([captioned.unwrap()], dtype=np.bool_),
        }
    )


def _captioned(view: LibraryView) -> Outcome[bool, LibraryFailure]:
    listed = view.videos()
    if isinstance(listed, Failure):
        return listed
    for record in listed.unwrap():
        if record.record(Stage.DESCRIPTIONS) is None:
            continue
        told = view.descriptions(record.id, Layer.SUMMARY)
        if isinstance(told, Failure):
            return told
        if told.unwrap():
            return Success(True)
    return Success(False)


def _stills(outlines: tuple[Outline, ...]) -> dict[str, Times]:
    return {
        "still_offset": _offsets([len(outline.keyframe_times) for outline in outlines]),
        "still_s": np.concatenate([np.empty(0), *(o.keyframe_times for o in outlines)]),
    }


def _tags(outlines: tuple[Outline, ...]) -> Arrays:
    rows = [
        [
            (moment.time_s, tag)
            for moment in sorted(outline.tags, key=lambda moment: moment.time_s)
            for tag in moment.tags
        ]
        for outline in outlines
    ]
    flat = [row for of_video in rows for row in of_video]
    labels = sorted({tag.label for _, tag in flat})
    numbers = {label: number for number, label in enumerate(labels)}
    return {
        "tag_offset": _offsets([len(of_video) for of_video in rows]),
        "ordered_tag_s": np.array([time_s for time_s, _ in flat], dtype=np.float64),
        "label": np.array([numbers[tag.label] for _, tag in flat], dtype=np.int64),
        "probability": np.array([tag.probability for _, tag in flat], dtype=np.float64),
        "labels": np.array(labels, dtype=np.str_),
    }


def _offsets(lengths: list[int]) -> Indices:
    return np.cumsum([0, *lengths], dtype=np.int64)


def _loaded(arrays: Arrays) -> Details:
    return Details(
        arrays["still_offset"],
        arrays["still_s"],
        arrays["tag_offset"],
        arrays["ordered_tag_s"],  # files that have "tag_s" are from before they were in order
        arrays["label"],
        arrays["probability"],
        tuple(arrays["labels"].tolist()),
        frozenset(arrays["stages"].tolist()),
        bool(arrays["captioned"][0]),
    )
