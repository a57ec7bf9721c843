"""A small world for use-case tests: films of coloured shots, and every port's shipped fake."""

from collections.abc import Mapping
from itertools import accumulate
from typing import Any

import numpy as np
from attrs import Factory, evolve, frozen
from returns.result import Failure, Success

from kuavi.adapters import _asking
from kuavi.adapters._asking import Asking
from kuavi.adapters.aggregators import fake as aggregators
from kuavi.adapters.captioners import fake as captioners
from kuavi.adapters.clips import fake as clips
from kuavi.adapters.clocks import fake as clocks
from kuavi.adapters.files import fake as files
from kuavi.adapters.joint import fake as joint
from kuavi.adapters.libraries import memory
from kuavi.adapters.ocr import fake as ocr
from kuavi.adapters.pictures import fake as pictures
from kuavi.adapters.progress.memory import MemoryProgress
from kuavi.adapters.readers.fake import FakeClip, FakeReader
from kuavi.adapters.scratch import fake as scratch
from kuavi.adapters.shots import fake as shots
from kuavi.adapters.taggers import fake as taggers
from kuavi.adapters.text import fake as text
from kuavi.adapters.transcribers import fake as transcribers
from kuavi.apps.usecases.index import IndexFailure, index_video
from kuavi.apps.usecases.ports import (
    IndexPorts,
    LookPorts,
    ScanPorts,
    SearchPorts,
    TellPorts,
    WordPorts,
)
from kuavi.apps.usecases.queries import SearchFailure, SearchRequest, SearchResult
from kuavi.apps.usecases.report import IndexReport
from kuavi.apps.usecases.search import search
from kuavi.domain.budget import UNLIMITED, Budget
from kuavi.domain.media import AUDIO_RATE_HZ, Pixels
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import IndexPlan, ModelSpec
from kuavi.ports.library import Library
from kuavi.ports.scratch import Scratch

COLOURS = {
    "red": (220, 30, 30),
    "green": (40, 160, 50),
    "blue": (40, 60, 210),
    "white": (250, 250, 250),
    "black": (4, 4, 4),
}
FPS = 10


@frozen
class Shot:
    """So many seconds of one colour; words said from its start; text written on it."""

    colour: str
    length_s: float
    said: str = ""
    written: str = ""


def film(*shots: Shot) -> FakeClip:
    """A clip of these shots, one after the other."""
    frames: list[tuple[float, Pixels]] = []
    sound = np.zeros(round(sum(s.length_s for s in shots) * AUDIO_RATE_HZ), dtype=np.float32)
    for shot, end_s in zip(shots, accumulate(s.length_s for s in shots), strict=True):
        start_s = end_s - shot.length_s
        pixels = np.full((64, 96, 3), COLOURS[shot.colour], dtype=np.uint8)
        if shot.written:
            pixels = ocr.write_text(pixels, shot.written)
        first, last = round(start_s * FPS), round(end_s * FPS)
        frames += [(i / FPS, pixels) for i in range(first, last)]
        if shot.said:
            words = transcribers.say(shot.said)
            at = round(start_s * AUDIO_RATE_HZ)
            sound[at : at + len(words)] = words[: len(sound) - at]
    return FakeClip(tuple(frames), frames[-1][0] + 1 / FPS, sound)


DAY = film(
    Shot("red", 3.0, said="the red door opens"),
    Shot("green", 4.0, written="EXIT 12"),
    Shot("blue", 3.0, said="the boat stops", written="HARBOUR"),
)


def spec(name: str) -> ModelSpec:
    return ModelSpec("fake", f"fake-{name}")


def scan_ports() -> ScanPorts:
    return ScanPorts(
        shots.build(spec("shots")).unwrap(),
        joint.build(spec("joint")).unwrap(),
        clips.build(spec("clips")).unwrap(),
        taggers.build(spec("tags")).unwrap(),
    )


def word_ports() -> WordPorts:
    return WordPorts(
        transcribers.build(spec("speech")).unwrap(),
        ocr.build(spec("ocr")).unwrap(),
        text.build(spec("text")).unwrap(),
    )


@frozen(eq=False)
class World:
    """Films by path, and a library in memory."""

    films: Mapping[str, FakeClip] = Factory(lambda: {"/films/day.mp4": DAY})
    contents: Mapping[str, bytes] = Factory(dict)
    library: Library = Factory(lambda: memory.build("memory", create=True).unwrap())
    scan: ScanPorts = Factory(scan_ports)
    words: WordPorts = Factory(word_ports)
    progress: MemoryProgress = Factory(MemoryProgress)
    scratch: Scratch = Factory(scratch.build)

    @property
    def index_ports(self) -> IndexPorts:
        return IndexPorts(
            self.library,
            files.build(self._files()),
            FakeReader(self.films),
            pictures.build(),
            self.scan,
            self.words,
            clocks.build(),
            self.progress,
            self.scratch,
        )

    def _files(self) -> dict[str, bytes]:
        """A film's content is its path, unless said otherwise."""
        return {path: path.encode() for path in self.films} | dict(self.contents)

    @property
    def search_ports(self) -> SearchPorts:
        ports = self.index_ports
        return SearchPorts(
            self.library,
            ports.files,
            ports.pictures,
            self.scan.joint,
            self.scan.clips,
            self.words.text,
        )

    def tell_ports(self, budget: Budget = UNLIMITED, asking: Asking | None = None) -> TellPorts:
        """With `asking` several runs share what they keep of replies."""
        ports = self.index_ports
        shared = asking or _asking.build(budget)
        return TellPorts(
            self.library,
            ports.files,
            ports.reader,
            captioners.build(spec("captioner"), shared).unwrap(),
            aggregators.build(spec("aggregator"), shared).unwrap(),
            self.words.text,
            self.scan.joint,
            ports.clock,
            self.progress,
        )

    @property
    def look_ports(self) -> LookPorts:
        ports = self.index_ports
        return LookPorts(self.library, ports.files, ports.reader, ports.pictures)

    def index(
        self, path: str = "/films/day.mp4", plan: IndexPlan | None = None
    ) -> Outcome[IndexReport, IndexFailure]:
        return index_video(path, plan or IndexPlan(preset="fake"), self.index_ports)

    def indexed(self, path: str = "/films/day.mp4", plan: IndexPlan | None = None) -> IndexReport:
        outcome = self.index(path, plan)
        assert isinstance(outcome, Success), outcome.failure()
        return outcome.unwrap()

    def search(self, request: SearchRequest) -> Outcome[SearchResult, SearchFailure]:
        return search(request, self.search_ports)

    def found(self, request: SearchRequest) -> SearchResult:
        outcome = self.search(request)
        assert not isinstance(outcome, Failure), outcome.failure()
        return outcome.unwrap()

    def later(self, **changes: Any) -> "World":
        """The same library, with other films, models or progress."""
        return evolve(self, **changes)
