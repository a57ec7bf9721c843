"""Tools that answer questions about a video, and about what is done in all of them."""

from collections.abc import Sequence

from kuavi.apps.toolbox.opened import Opened
from kuavi.apps.toolbox.outcomes import PathLike, Seconds, checked, ok
from kuavi.apps.usecases.ask import Answered, Question, ask
from kuavi.apps.usecases.vocabulary import Vocabulary, actions
from kuavi.apps.wiring import compose
from kuavi.domain.spans import Span


class Asking(Opened):
    """Weigh candidate answers; list what is done."""

    def ask(
        self,
        video: PathLike,
        question: str,
        candidates: Sequence[str],
        *,
        within: Seconds | None = None,
    ) -> Answered:
        """Which candidate fits a span of a video, or a whole one, and what speaks for each."""
        asked = checked(
            lambda: Question(
                question,
                tuple(candidates),
                self.video(video).id,
                None if within is None else Span(*within),
            )
        )
        return ok(ask(asked, ok(compose.search_ports(self._tools, self._models))))

    def actions(self) -> Vocabulary:
        """The brief actions of all videos, those that say the same as one, the commonest first."""
        return ok(actions(self._tools.library, ok(self._models.text()).space))
