"""Which views take a picture, decided one picture after another in time order."""

from collections.abc import Sequence
from typing import Any

from attrs import frozen

from kuavi.adapters.readers._decoding import Timed
from kuavi.domain.media import EveryFrame, View
from kuavi.domain.sampling import Cursor, Shown, clipped, earliest_s, finished, start, take_each
from kuavi.domain.spans import Span


@frozen(eq=False)
class Chosen:
    """A picture and the positions of the views that take it."""

    timed: Timed
    views: tuple[int, ...]


class Choice:
    """The folds of all views of a request; `cursors` may be set back to an earlier state."""

    def __init__(self, views: Sequence[View], within: Span | None) -> None:
        self._views = views
        self.within = within
        self.cursors: tuple[Cursor, ...] = tuple(start(view.sampling, within) for view in views)

    @property
    def sparse(self) -> bool:
        """Whether no view takes every frame."""
        return not any(isinstance(view.sampling, EveryFrame) for view in self._views)

    @property
    def done(self) -> bool:
        """Whether no picture that may follow can be taken."""
        return all(map(finished, self.cursors))

    @property
    def from_s(self) -> float | None:
        """The first instant whose picture is needed; None: the very first picture."""
        firsts = [earliest_s(view.sampling) for view in self._views]
        listed = [first for first in firsts if first is not None]
        start_s = None if self.within is None else self.within.start_s
        if len(listed) < len(firsts):
            return start_s
        return min(listed) if start_s is None else max(start_s, min(listed))

    def of(self, shown: Shown) -> tuple[int, ...]:
        """The views that take the next picture."""
        part = clipped(shown, self.within)
        if part is None:
            return ()
        self.cursors, wanted = take_each(self.cursors, part)
        return wanted

    def of_timed(self, timed: Timed) -> Chosen:
        shown = Shown(timed.time_s, timed.until_s, timed.last)
        return Chosen(timed, self.of(shown))


def timed_of(picture: Any, shown: Shown) -> Timed:
    return Timed(picture, shown.time_s, shown.until_s, shown.last)
