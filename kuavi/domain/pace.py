"""How far the run of one video is, how fast it goes, and how long it will still take.

A fold over what a run tells.  Shares are of the time that stages are expected to take beside each
other (`WEIGHTS`, a heuristic); how fast that goes is measured over the last half minute.  So the
time left is exact where the weights fit the machine, and else corrects itself within each stage.
Work is measured by ticks alone: a stage that ends early (a film without sound) shortens what is
left and does not pass for speed.
"""

from collections.abc import Iterable, Mapping, Set

from attrs import evolve, frozen

from kuavi.domain.manifest import LOOKED, Stage

WEIGHTS: Mapping[Stage, int] = {
    Stage.SHOTS: 40,
    Stage.KEYFRAMES: 3,
    Stage.TAGS: 4,
    Stage.VISUAL: 26,
    Stage.MOTION: 11,
    Stage.FEATURES: 6,
    Stage.TREE: 1,
    Stage.TRANSCRIPT: 43,
    Stage.SCREEN: 26,
    Stage.TEXT: 2,
    Stage.CAPTIONS: 600,
    Stage.ANNOTATIONS: 1800,
    Stage.DESCRIPTIONS: 5,
}
"""Tenths of a second for a minute of 720p with the preset `embedded`, and, for what language
models say, a guess; only ratios are used.
"""

WINDOW_S = 30.0
"""Speed is that of so many seconds before now."""
BASE_S = 2.0
"""Before so many seconds were measured there is no time left to tell."""
STEP_S = 0.25
"""Marks are at least so far apart."""


@frozen
class Mark:
    """Where a run was at a moment: work done by ticks, and where its stage was in the video."""

    at_s: float
    work: float
    stage: Stage | None = None
    reached_s: float = 0.0
    frames: int = 0


@frozen
class Place:
    """A tick: the stage is at `done_s` of `of_s` (0: unknown), and has looked at `frames`."""

    stage: Stage
    done_s: float
    of_s: float
    frames: int = 0


@frozen
class Pace:
    """One video's run until now.

    `over` are the stages of `todo` that are behind it; `share` is the part of the one under way,
    and of all made together with it, that is done, in [0, 1].  `known` says whether that could be
    told at the last tick.
    """

    todo: tuple[Stage, ...]
    kept: tuple[Stage, ...]
    marks: tuple[Mark, ...]
    over: frozenset[Stage] = frozenset()
    share: float = 0.0
    known: bool = True

    @property
    def stage(self) -> Stage | None:
        """The one under way."""
        return self.marks[-1].stage


def planned(todo: tuple[Stage, ...], kept: tuple[Stage, ...], at_s: float) -> Pace:
    """A run that begins now; what is kept counts as done."""
    return Pace(todo, kept, (Mark(at_s, 0.0),))


def advanced(pace: Pace, place: Place, at_s: float) -> Pace:
    """The run after a tick.  Ticks of a stage that is over change nothing."""
    if place.stage in pace.over:
        return pace
    if place.stage not in pace.todo:
        pace = evolve(pace, todo=(*pace.todo, place.stage))
    group = _together(place.stage, pace.todo)
    before = pace.share if pace.stage in group else 0.0
    known = place.of_s > 0 and place.done_s <= place.of_s
    share = max(before, place.done_s / place.of_s) if known else before
    work = pace.marks[-1].work + (share - before) * _weight(group)
    mark = Mark(at_s, work, place.stage, place.done_s, place.frames)
    over = pace.over | _before(group, pace.todo)
    return evolve(pace, marks=_marked(pace.marks, mark), over=over, share=share, known=known)


def finished(pace: Pace, stage: Stage, at_s: float) -> Pace:
    """The run after a stage was finished: one of the decode pass only when the whole pass was."""
    if stage not in pace.todo or stage in pace.over:
        return pace
    group = _together(stage, pace.todo)
    mark = Mark(at_s, pace.marks[-1].work)
    over = pace.over | _before(group, pace.todo) | group
    return evolve(pace, marks=_marked(pace.marks, mark), over=over, share=0.0, known=True)


def ended(pace: Pace) -> Pace:
    """The run after its end: whatever could not be made is not waited for."""
    return evolve(pace, over=frozenset(pace.todo), share=0.0, known=True)


def fraction(pace: Pace) -> float:
    """How much of the video's index is there, in [0, 1]; never less than before.

    0 where nothing was planned.
    """
    whole = _weight({*pace.todo, *pace.kept})
    return 1.0 - _left(pace) / whole if whole else 0.0


def left_s(pace: Pace, now_s: float) -> float | None:
    """Seconds to the end at the speed of late, never below 0; None without a base to tell."""
    left = _left(pace)
    if left <= 0:
        return 0.0
    first, last = pace.marks[0], pace.marks[-1]
    took_s, work = now_s - first.at_s, last.work - first.work
    enough = took_s >= BASE_S and work > 0
    return left * took_s / work if enough and pace.known else None


def frames_a_second(pace: Pace, now_s: float) -> float | None:
    """Pictures looked at in a second of late; None for a stage that looks at none."""
    first = _first_of_stage(pace)
    return _rate(pace.marks[-1].frames - first.frames, now_s - first.at_s)


def times_real(pace: Pace, now_s: float) -> float | None:
    """Seconds of video done in a second of late."""
    first = _first_of_stage(pace)
    return _rate(pace.marks[-1].reached_s - first.reached_s, now_s - first.at_s)


def _rate(amount: float, took_s: float) -> float | None:
    return amount / took_s if amount > 0 and took_s >= STEP_S else None


def _first_of_stage(pace: Pace) -> Mark:
    return next(mark for mark in pace.marks if mark.stage == pace.stage)


def _left(pace: Pace) -> float:
    """Weight of the work that is to be done yet."""
    ahead = set(pace.todo) - pace.over
    under_way = _together(pace.stage, tuple(ahead)) if pace.stage in ahead else frozenset()
    return _weight(ahead - under_way) + (1.0 - pace.share) * _weight(under_way)


def _weight(stages: Set[Stage]) -> int:
    return sum(WEIGHTS[stage] for stage in stages)


def _together(stage: Stage | None, todo: Iterable[Stage]) -> frozenset[Stage]:
    """The stages that advance with this one."""
    return frozenset(s for s in todo if s == stage or (s in LOOKED and stage in LOOKED))


def _before(group: Set[Stage], todo: tuple[Stage, ...]) -> frozenset[Stage]:
    return frozenset(todo[: min(todo.index(stage) for stage in group)])


def _marked(marks: tuple[Mark, ...], mark: Mark) -> tuple[Mark, ...]:
    """With one more: without what is older than the window, and without a crowd."""
    old = sum(1 for earlier in marks if earlier.at_s <= mark.at_s - WINDOW_S)
    late = marks[max(old - 1, 0) :]
    crowded = len(late) > 1 and late[-1].stage == mark.stage == late[-2].stage
    if crowded and mark.at_s - late[-2].at_s < STEP_S:
        return (*late[:-1], mark)
    return (*late, mark)
