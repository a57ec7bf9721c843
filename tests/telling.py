"""Films in which there is something to see, and captioners and aggregators that fail when told."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from attrs import Factory, define, evolve
from returns.result import Failure, Success

from kuavi.adapters import _asking
from kuavi.adapters._asking import Asking
from kuavi.adapters.readers.fake import FakeClip
from kuavi.apps.usecases.enhance import enhance_video
from kuavi.apps.usecases.ports import TellPorts
from kuavi.apps.usecases.telling import EnhanceReport
from kuavi.domain.annotation import Annotation
from kuavi.domain.budget import UNLIMITED, Budget, Price, Spent
from kuavi.domain.described import Caption
from kuavi.domain.evidence import Evidence, Model
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.outcome import Outcome
from kuavi.domain.tell_plan import TellPlan
from kuavi.domain.tree import SegmentTree
from kuavi.ports.aggregators import Aggregator, TextRequest
from kuavi.ports.captioners import Captioner, CaptionRequest
from kuavi.ports.telling import TellFailure
from tests.worlds import Shot, World, film

PATH = "/films/day.mp4"


def scenic(*shots: Shot) -> FakeClip:
    """A film with a dark corner in each picture that is not black: one colour shows nothing."""
    clip = film(*shots)
    frames = []
    for time_s, plain in clip.frames:
        pixels = plain.copy()
        if pixels.max() > 10:
            pixels[:16, :24] = 0
        frames.append((time_s, pixels))
    return evolve(clip, frames=tuple(frames))


STORY = scenic(
    Shot("red", 3.0),
    Shot("green", 4.0),
    Shot("blue", 5.0),
    Shot("red", 3.0),
    Shot("black", 3.0),
)
"""Five scenes; the fourth looks as the first, the fifth shows nothing."""


def never(_: object) -> TellFailure | None:
    return None


@define(eq=False)
class SpyCaptioner:
    """Keeps what it is asked; `trouble` says which requests fail."""

    inner: Captioner
    trouble: Callable[[CaptionRequest], TellFailure | None] = never
    model: Model = Factory(lambda self: self.inner.model, takes_self=True)
    asked: list[CaptionRequest] = Factory(list)

    @property
    def evidence(self) -> Evidence:
        return self.inner.evidence

    @property
    def max_frames(self) -> int:
        return self.inner.max_frames

    @property
    def price(self) -> Price | None:
        return self.inner.price

    @property
    def spent(self) -> Spent:
        return self.inner.spent

    def captions(self, requests: Iterable[CaptionRequest]) -> Iterator[Outcome[str, TellFailure]]:
        for request in requests:
            self.asked.append(request)
            trouble = self.trouble(request)
            if trouble is None:
                yield from self.inner.captions([request])
            else:
                yield Failure(trouble)


@define(eq=False)
class SpyAggregator:
    """Keeps what it is asked; `answer` may give a text or a failure of its own."""

    inner: Aggregator
    answer: Callable[[TextRequest], str | TellFailure | None] = never
    model: Model = Factory(lambda self: self.inner.model, takes_self=True)
    asked: list[TextRequest] = Factory(list)

    @property
    def evidence(self) -> Evidence:
        return self.inner.evidence

    @property
    def price(self) -> Price | None:
        return self.inner.price

    @property
    def spent(self) -> Spent:
        return self.inner.spent

    @property
    def actions(self) -> list[TextRequest]:
        return [request for request in self.asked if is_actions(request)]

    @property
    def annotations(self) -> list[TextRequest]:
        return [request for request in self.asked if not is_actions(request)]

    def texts(self, requests: Iterable[TextRequest]) -> Iterator[Outcome[str, TellFailure]]:
        for request in requests:
            self.asked.append(request)
            answer = self.answer(request)
            if answer is None:
                yield from self.inner.texts([request])
            else:
                yield Success(answer) if isinstance(answer, str) else Failure(answer)


def is_actions(request: TextRequest) -> bool:
    """Whether it asks for brief actions, by number."""
    schema = request.schema or {}
    properties = schema.get("properties")
    return isinstance(properties, dict) and "1" in properties


@define(eq=False)
class Teller:
    """A world with one indexed film, put into words by spies.

    `kept` is a folder for replies.
    """

    world: World
    video: VideoId
    kept: Path | None = None
    captioner: SpyCaptioner = Factory(
        lambda self: SpyCaptioner(_fakes(self.world)[0]), takes_self=True
    )
    aggregator: SpyAggregator = Factory(
        lambda self: SpyAggregator(_fakes(self.world)[1]), takes_self=True
    )

    @property
    def ports(self) -> TellPorts:
        ports = self.world.tell_ports()
        return evolve(ports, captioner=self.captioner, aggregator=self.aggregator)

    def tell(self, plan: TellPlan) -> EnhanceReport:
        outcome = enhance_video(self.video, plan, self.ports)
        assert not isinstance(outcome, Failure), str(outcome.failure())
        return outcome.unwrap()

    def tell_within(self, plan: TellPlan, budget: Budget = UNLIMITED) -> EnhanceReport:
        """By the shipped fakes themselves, within a budget."""
        outcome = enhance_video(self.video, plan, self.world.tell_ports(asking=self.asking(budget)))
        assert not isinstance(outcome, Failure), str(outcome.failure())
        return outcome.unwrap()

    def asking(self, budget: Budget = UNLIMITED) -> Asking:
        return _asking.build(budget, None if self.kept is None else str(self.kept))

    @property
    def tree(self) -> SegmentTree:
        tree = self.world.library.view().unwrap().tree(self.video).unwrap()
        assert tree is not None
        return tree

    @property
    def captions(self) -> dict[int, Caption]:
        return self.world.library.view().unwrap().captions(self.video).unwrap()

    @property
    def annotations(self) -> dict[int, Annotation]:
        return self.world.library.view().unwrap().annotations(self.video).unwrap()

    @property
    def version(self) -> int:
        return self.world.library.view().unwrap().version

    @property
    def n_asked(self) -> int:
        return len(self.captioner.asked) + len(self.aggregator.asked)

    def forget(self) -> None:
        """Begin to count anew."""
        self.captioner.asked.clear()
        self.aggregator.asked.clear()


def _fakes(world: World) -> tuple[Captioner, Aggregator]:
    ports = world.tell_ports()
    assert ports.captioner is not None
    assert ports.aggregator is not None
    return ports.captioner, ports.aggregator


def teller(clip: FakeClip = STORY, kept: Path | None = None) -> Teller:
    world = World(films={PATH: clip})
    return Teller(world, world.indexed(PATH).video.id, kept)
