"""What describing a video will cost, before anything is asked."""

from math import ceil
from typing import TypeAlias

from attrs import field, frozen
from returns.result import Failure, Success

from kuavi.apps.usecases.annotating import Annotating, annotations_base, due_nodes
from kuavi.apps.usecases.captioning import unnamed
from kuavi.apps.usecases.enhance import captions_base
from kuavi.apps.usecases.ports import TellPorts
from kuavi.apps.usecases.stored import Stored, stored
from kuavi.apps.usecases.telling import EnhanceFailure, fresh_nodes
from kuavi.apps.usecases.to_caption import select
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.layers import Located
from kuavi.domain.manifest import Stage
from kuavi.domain.outcome import Outcome
from kuavi.domain.space import Joint
from kuavi.domain.tell_plan import Mode, TellPlan

IMAGE_TOKENS = 300
"""Of one picture of 320 pixels: between 85 and 600, by the model.  A guess."""
CAPTION_PROMPT, CAPTION_REPLY = 250, 120
ACTION_PROMPT, ACTION_REPLY, IN_A_BATCH = 170, 12, 40
ANNOTATION_PROMPT, ANNOTATION_REPLY = 4500, 300
"""Tokens of one request and its answer, as they usually are."""


@frozen
class Calls:
    """So many calls, with the tokens that they take and give."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


@frozen
class Estimate:
    """`usd` None: no price is known for one of the models.  Calls are counted, tokens guessed."""

    captions: Calls = field(factory=Calls)
    actions: Calls = field(factory=Calls)
    annotations: Calls = field(factory=Calls)
    usd: float | None = 0.0

    @property
    def calls(self) -> int:
        return self.captions.calls + self.actions.calls + self.annotations.calls


Estimated: TypeAlias = Outcome[Estimate, EnhanceFailure]


def estimate(video: VideoId, plan: TellPlan, ports: TellPorts) -> Estimated:
    """At most what `enhance_video` will ask, if every round is used and no answer has to be asked
    for again.
    """
    found = stored(video, ports.library)
    if isinstance(found, Failure):
        return found
    there = found.unwrap()
    frames = there.view.visual(ports.joint.space, only=video)
    if isinstance(frames, Failure):
        return frames
    told, acted = _captions(there, frames.unwrap(), plan, ports)
    noted = _annotations(there, plan, ports)
    return Success(Estimate(told, acted, noted, _usd(told, acted, noted, ports)))


def _captions(
    there: Stored, frames: Located[Joint], plan: TellPlan, ports: TellPorts
) -> tuple[Calls, Calls]:
    """What captions take, and brief actions."""
    if ports.captioner is None:
        return Calls(), Calls()
    base = captions_base(there.video, plan, ports)
    fresh = fresh_nodes(there.video.record(Stage.CAPTIONS), base, there.captions, there.tree)
    chosen = select(there.tree, plan, frames).times_s
    due = [times for node, times in chosen.items() if node not in fresh]
    most = ports.captioner.max_frames
    n, images = len(due), sum(min(len(times), most) for times in due)
    told = Calls(n, n * CAPTION_PROMPT + images * IMAGE_TOKENS, n * CAPTION_REPLY)
    if ports.aggregator is None:
        return told, Calls()
    n += len(unnamed(there.captions, fresh.intersection(chosen)))
    return told, Calls(ceil(n / IN_A_BATCH), n * ACTION_PROMPT, n * ACTION_REPLY)


def _annotations(there: Stored, plan: TellPlan, ports: TellPorts) -> Calls:
    if ports.aggregator is None or plan.mode is not Mode.FULL:
        return Calls()
    base = annotations_base(there.video, plan, ports.aggregator, ports)
    record = there.video.record(Stage.ANNOTATIONS)
    known = fresh_nodes(record, base, there.annotations, there.tree)
    run = Annotating(there.video, there.tree, there.captions, {}, known)
    calls = len(due_nodes(run, plan)) * plan.rounds
    return Calls(calls, calls * ANNOTATION_PROMPT, calls * ANNOTATION_REPLY)


def _usd(told: Calls, acted: Calls, noted: Calls, ports: TellPorts) -> float | None:
    total = 0.0
    pairs = (
        (told, None if ports.captioner is None else ports.captioner.price),
        (acted, None if ports.aggregator is None else ports.aggregator.price),
        (noted, None if ports.aggregator is None else ports.aggregator.price),
    )
    for calls, price in pairs:
        if not calls.calls:
            continue
        if price is None:
            return None
        total += price.of(calls.input_tokens, calls.output_tokens)
    return total


def sum_of(estimates: tuple[Estimate, ...]) -> Estimate:
    """Of several videos together."""
    usd = [one.usd for one in estimates]
    return Estimate(
        _sum([one.captions for one in estimates]),
        _sum([one.actions for one in estimates]),
        _sum([one.annotations for one in estimates]),
        None if any(one is None for one in usd) else sum(one or 0.0 for one in usd),
    )


def _sum(calls: list[Calls]) -> Calls:
    return Calls(
        sum(one.calls for one in calls),
        sum(one.input_tokens for one in calls),
        sum(one.output_tokens for one in calls),
    )
