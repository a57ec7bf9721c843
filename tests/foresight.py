"""A predictor for tests: what its clip encoder saw last goes on, and the ports around it."""

from collections.abc import Sequence

import numpy as np
from attrs import field, frozen
from returns.result import Failure, Success

from kuavi.adapters.readers.fake import FakeClip
from kuavi.apps.usecases.ports import ForesightPorts
from kuavi.domain.evidence import Evidence, Learned, Model
from kuavi.domain.manifest import Tier
from kuavi.domain.media import Frame
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import IndexPlan
from kuavi.domain.space import Embeddings, Motion, Space, unit
from kuavi.ports.encoders import ClipEncoder
from kuavi.ports.predictors import PredictFailure, StepErrors, TooFarAhead
from tests.worlds import COLOURS, Shot, World, film

PLAN = IndexPlan(preset="fake", tier=Tier.SCAN)


@frozen(eq=False)
class LastChange:
    """Each step ahead moves on by the last observed change; `seen` are the times it was shown."""

    clips: ClipEncoder
    trained_steps: int = 12
    max_steps: int = 200
    seen: list[float] = field(factory=list)

    @property
    def space(self) -> Space[Motion]:
        return self.clips.space

    @property
    def model(self) -> Model:
        return Model("last-change", "1")

    @property
    def evidence(self) -> Evidence:
        return Learned("last-change")

    @property
    def step(self) -> int:
        return self.clips.step

    def predict(
        self, observed: Sequence[Sequence[Frame]], ahead: Sequence[int]
    ) -> Outcome[tuple[Embeddings[Motion], ...], PredictFailure]:
        self.seen.extend(frame.time_s for clip in observed for frame in clip)
        asked = len(observed[0]) // self.step + max(ahead) + 1
        if asked > self.max_steps:
            return Failure(TooFarAhead("last-change", asked, self.max_steps))
        answers = []
        for rows in self.clips.encode(observed).unwrap():
            last = rows.rows[-1]
            change = last - rows.rows[-2] if len(rows) > 1 else np.zeros_like(last)
            ahead_rows = np.stack([last + np.float32(k + 1) * change for k in ahead])
            answers.append(Embeddings(self.space, unit(ahead_rows)))
        return Success(tuple(answers))

    def errors(
        self, clips: Sequence[Sequence[Frame]], context: int
    ) -> Outcome[tuple[StepErrors, ...], PredictFailure]:
        told = []
        for clip in clips:
            split = context * self.step
            n_ahead = (len(clip) - split) // self.step
            foreseen = self.predict([clip[:split]], range(n_ahead)).unwrap()[0].rows
            real = self.clips.encode([clip]).unwrap()[0].rows[context:]
            told.append(np.abs(foreseen - real).mean(axis=1, dtype=np.float64))
        return Success(tuple(told))


def ports_of(world: World, predictor: LastChange | None = None) -> ForesightPorts:
    ports = world.index_ports
    return ForesightPorts(
        world.library,
        ports.files,
        ports.reader,
        ports.pictures,
        world.scan.clips,
        world.scan.joint,
        predictor,
    )


def learned(
    world: World, trained_steps: int = 12, max_steps: int = 200
) -> tuple[ForesightPorts, LastChange]:
    predictor = LastChange(world.scan.clips, trained_steps, max_steps)
    return ports_of(world, predictor), predictor


def made(films: dict[str, FakeClip]) -> World:
    world = World(films={f"/films/{name}.mp4": clip for name, clip in films.items()})
    for path in world.films:
        world.indexed(path, PLAN)
    return world


def many(n: int, seed: int = 3) -> World:
    """Films of coloured shots, enough scenes to learn from which motion has which colour."""
    rng = np.random.default_rng(seed)
    films = {}
    for i in range(n):
        colours = rng.permutation(list(COLOURS))
        films[f"film{i:02d}"] = film(*(Shot(colour, 1.2) for colour in colours))
    return made(films)
