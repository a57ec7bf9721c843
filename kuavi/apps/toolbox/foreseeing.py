"""Tools that look ahead, and tell what breaks the flow."""

from collections.abc import Sequence

from kuavi.apps.toolbox.errors import KuaviError
from kuavi.apps.toolbox.opened import Opened
from kuavi.apps.toolbox.outcomes import PathLike, Seconds, absolute, checked, ok
from kuavi.apps.usecases.anticipate import Anticipation, Prediction, anticipate, predict_future
from kuavi.apps.usecases.coherence import (
    Coherence,
    CoherenceRequest,
    Summary,
    draw,
    surprising,
    verify_coherence,
)
from kuavi.apps.usecases.observing import Ask
from kuavi.apps.usecases.ports import ForesightPorts
from kuavi.apps.wiring import understanding
from kuavi.domain.spans import Span


class Foreseeing(Opened):
    """Anticipate, predict, and verify what was seen."""

    def anticipate(
        self,
        video: PathLike,
        at_s: float,
        *,
        horizon_s: float = 4.0,
        since_s: float | None = None,
        candidates: Sequence[str] = (),
        limit: int = 5,
    ) -> Anticipation:
        """What is likely to come: these texts ranked, or without any the library's scenes."""
        ask = checked(lambda: Ask(self.video(video).id, at_s, horizon_s, since_s, limit))
        return ok(anticipate(ask, tuple(candidates), self._foresight()))

    def predict(
        self, video: PathLike, at_s: float, *, horizon_s: float = 4.0, limit: int = 3
    ) -> Prediction:
        """Each step after a moment, by the moments of the library that resemble it most."""
        ask = checked(lambda: Ask(self.video(video).id, at_s, horizon_s, None, limit))
        return ok(predict_future(ask, self._foresight()))

    def coherence(self, video: PathLike, *, within: Seconds | None = None) -> Coherence:
        """How surprising each moment is, and what breaks the flow."""
        span = checked(lambda: None if within is None else Span(*within))
        request = CoherenceRequest(self.video(video).id, span)
        return ok(verify_coherence(request, self._foresight()))

    def plot(self, coherence: Coherence, output: PathLike) -> str:
        """Write the curve of surprise as PNG; returns its path."""
        return ok(draw(coherence, absolute(output), ok(understanding.plots()), self._tools.files))

    def surprising(self, video: PathLike, n: int = 5) -> Summary:
        """The scenes with the most surprising moments, in time order."""
        if n < 1:
            raise KuaviError(f"at least one scene is told of, got {n}")
        return ok(surprising(self.video(video).id, n, self._foresight()))

    def _foresight(self) -> ForesightPorts:
        return ok(understanding.foresight_ports(self._tools, self._models))
