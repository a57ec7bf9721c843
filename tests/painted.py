"""A film of coloured boards with annotations that fit it, some of them damaged; and models that
answer about it as a test says.
"""

from collections.abc import Callable, Mapping

from attrs import evolve, frozen

from kuavi.adapters import _asking
from kuavi.adapters._asking import Asker, Asking
from kuavi.adapters.aggregators._language import LanguageAggregator
from kuavi.adapters.captioners._language import LanguageCaptioner
from kuavi.apps.usecases.annotating import annotations_base
from kuavi.apps.usecases.enhance import captions_base
from kuavi.apps.usecases.ports import TellPorts
from kuavi.apps.usecases.telling import stage_key
from kuavi.domain.annotation import Action, Annotation, Summary
from kuavi.domain.budget import UNLIMITED, Budget
from kuavi.domain.described import Caption
from kuavi.domain.evidence import Learned, Model
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.manifest import Stage, StageRecord, with_stage
from kuavi.domain.outline import stamp
from kuavi.domain.tell_plan import Mode, TellPlan
from kuavi.domain.tree import SegmentTree, worth_annotating
from kuavi.ports.library import LibraryView
from kuavi.ports.parts import Annotations, Captions
from rlm.models import scripted
from rlm.models.messages import Price, Request
from tests.worlds import Shot, World, film

BOARDS = (
    ("red", "crack egg bowl shell yolk"),
    ("green", "slice bread loaf knife crumb"),
    ("blue", "wash car hose bonnet soap"),
    ("white", "throw ball dog park grass"),
    ("red", "tie bouquet flower ribbon stem"),
    ("blue", "type letter keyboard desk screen"),
)
SHOT_S = 4.0
FULL = TellPlan(Mode.FULL)

Answer = Callable[[Request], str]


def painted_film() -> World:
    shots = [Shot(colour, SHOT_S, written=words.upper()[:9]) for colour, words in BOARDS]
    return World({"/films/day.mp4": film(*shots)})


def annotation(boards: tuple[int, ...]) -> Annotation:
    told = [(BOARDS[one][0], *BOARDS[one][1].split()) for one in boards]
    colour, verb, thing, *others = told[0]
    every = ", then ".join(
        f"they {verb} the {thing} on a {colour} board beside {', '.join(more)}"
        for colour, verb, thing, *more in told
    )
    return Annotation(
        Summary(f"They {verb} the {thing} on a {colour} board.", f"In this part {every}."),
        Action(f"{verb} {thing}", f"{verb} the {thing} beside the {others[0]}.", "two cooks"),
    )


def caption(board: int) -> Caption:
    colour, words = BOARDS[board]
    verb, thing, *others = words.split()
    text = f"Two cooks {verb} the {thing} on a {colour} board beside {', '.join(others)}."
    return Caption(frame=text, action=f"{verb} {thing}")


@frozen(eq=False)
class Painted:
    """The film in a library.  `fitting` are good annotations of all nodes that get one."""

    world: World
    video: VideoId
    tree: SegmentTree
    fitting: Mapping[int, Annotation]
    fitting_captions: Mapping[int, Caption]

    def node_of(self, prompt: str) -> int:
        """The node that a prompt for an annotation asks about, by its times."""
        for node in self.fitting:
            span = self.tree.span_of(node)
            if f"The segment: {stamp(span.start_s)} -> {stamp(span.end_s)} " in prompt:
                return node
        raise ValueError(f"asks about no node: {prompt[:80]}")

    @property
    def view(self) -> LibraryView:
        return self.world.library.view().unwrap()

    def annotations(self) -> dict[int, Annotation]:
        return self.view.annotations(self.video).unwrap()

    def captions(self) -> dict[int, Caption]:
        return self.view.captions(self.video).unwrap()

    def key(self, stage: Stage) -> str | None:
        record = self.view.video(self.video).unwrap().record(stage)
        return None if record is None else record.key

    def annotated(self, damaged: Mapping[int, Annotation], ports: TellPorts) -> None:
        """Put annotations in, as if `ports` had made them: those that fit but for the damaged."""
        record, model = self.view.video(self.video).unwrap(), Model("made-up", "1")
        assert ports.aggregator is not None
        put_in = {**self.fitting, **damaged}
        key = stage_key(annotations_base(record, FULL, ports.aggregator, ports), put_in)
        made = StageRecord(Stage.ANNOTATIONS, key, len(put_in), Learned("made-up"), model)
        self.world.library.commit(with_stage(record, made), [Annotations(put_in)]).unwrap()

    def captioned(self, damaged: Mapping[int, Caption], ports: TellPorts) -> None:
        """As `annotated`, of captions of single boards."""
        record, model = self.view.video(self.video).unwrap(), Model("made-up", "1")
        put_in = {**self.fitting_captions, **damaged}
        key = stage_key(captions_base(record, FULL, ports), put_in)
        made = StageRecord(Stage.CAPTIONS, key, len(put_in), Learned("made-up"), model)
        self.world.library.commit(with_stage(record, made), [Captions(put_in)]).unwrap()


def painted() -> Painted:
    world = painted_film()
    video = world.indexed().video.id
    tree = world.library.view().unwrap().tree(video).unwrap()
    assert tree is not None
    nodes = worth_annotating(tree, FULL.min_annotated_s).tolist()
    single = [node for node in nodes if len(boards_of(tree, node)) == 1]
    return Painted(
        world,
        video,
        tree,
        {node: annotation(boards_of(tree, node)) for node in nodes},
        {node: caption(boards_of(tree, node)[0]) for node in single},
    )


def boards_of(tree: SegmentTree, node: int) -> tuple[int, ...]:
    span = tree.span_of(node)
    first = int((span.start_s + 0.2) // SHOT_S)
    return tuple(range(first, max(first, int((span.end_s - 0.2) // SHOT_S)) + 1))


@frozen(eq=False)
class Told:
    """Models that answer as a test says, with what they were asked."""

    ports: TellPorts
    written: scripted.Scripted
    seen: scripted.Scripted

    @property
    def texts(self) -> list[str]:
        return [request.messages[-1].text for request in self.written.record]


def answering(
    world: World,
    write: Answer,
    see: Answer = lambda _: "Something.",
    budget: Budget = UNLIMITED,
    asking: Asking | None = None,
) -> Told:
    shared = asking or _asking.build(budget)
    free = Price(0.0, 0.0)
    written = scripted.build(write, "writer", False, free)
    seen = scripted.build(see, "seer", price=free)
    ports = evolve(
        world.tell_ports(budget, shared),
        aggregator=LanguageAggregator(Model("writer", "1"), Asker(written, shared, 1)),
        captioner=LanguageCaptioner(Model("seer", "1"), 32, Asker(seen, shared, 1)),
    )
    return Told(ports, written, seen)
