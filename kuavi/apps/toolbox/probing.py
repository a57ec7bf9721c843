"""Tools that say what spans are: probes of the user's own, and released classifiers."""

from kuavi.apps.toolbox.opened import Opened
from kuavi.apps.toolbox.outcomes import PathLike, Seconds, absolute, checked, ok
from kuavi.apps.usecases.classify import classify_by_model
from kuavi.apps.usecases.manage import which
from kuavi.apps.usecases.probes import (
    Classified,
    Trained,
    TrainRequest,
    classify_by_probe,
    train_probe,
)
from kuavi.apps.wiring import understanding
from kuavi.domain.features import Features
from kuavi.domain.spans import Span


class Probing(Opened):
    """Train and use classifiers."""

    def train_probe(
        self,
        labels: PathLike,
        output: PathLike,
        *,
        held_out: float = 0.25,
        features: str = Features.MOTION,
    ) -> Trained:
        """Train a probe on a CSV table of labelled spans (video, start, end, label) and save it.

        `held_out` is the share of the spans that it is scored on and does not learn from.
        `features` "maps" trains on the tokens of feature maps, which tier deep stores.
        """
        request = checked(
            lambda: TrainRequest(absolute(labels), absolute(output), held_out, Features(features))
        )
        view = self._view()
        ports = ok(understanding.probe_ports(self._tools, self._models))
        return ok(train_probe(request, lambda name: which(view, name, absolute(name)), ports))

    def classify(
        self,
        video: PathLike,
        *,
        probe: PathLike | None = None,
        task: str | None = None,
        within: Seconds | None = None,
        scene_s: float | None = None,
    ) -> Classified:
        """What a video's scenes are, or the span `within`, by your probe or by a released task.

        Give exactly one of `probe` (a file that `train_probe` saved) and `task`.  Spans of which
        there is nothing to look at are told apart.
        """
        if (probe is None) == (task is None):
            raise ValueError("give a probe or a task, not both")
        record = self.video(video)
        spans = (
            [checked(lambda: Span(*within))]
            if within is not None
            else [scene.span for scene in self.scenes(video, typical_s=scene_s)]
        )
        if probe is not None:
            ports = ok(understanding.probe_ports(self._tools, self._models))
            return ok(classify_by_probe(record, spans, absolute(probe), ports))
        classifier = ok(understanding.classifier(self._models, (task or "").lower()))
        return ok(classify_by_model(record, spans, classifier, self._tools.look()))
