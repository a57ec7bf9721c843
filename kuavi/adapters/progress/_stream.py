"""Writing to a stream that people or programs may stop reading at any moment."""

from typing import TextIO


class Steadfast:
    """A stream whose end does not end the run: once it can't be written, all writing is dropped.

    Characters its encoding lacks become `?`.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._gone = False

    @property
    def encoding(self) -> str:
        return getattr(self._stream, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        return not self._gone and self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    def write(self, text: str) -> int:
        if not self._gone:
            safe = text.encode(self.encoding, "replace").decode(self.encoding)
            try:
                self._stream.write(safe)
            except (OSError, ValueError):  # broken pipe; closed file
                self._gone = True
        return len(text)

    def flush(self) -> None:
        if not self._gone:
            try:
                self._stream.flush()
            except (OSError, ValueError):
                self._gone = True

    def line(self, text: str) -> None:
        """Write a line and let it be seen at once."""
        self.write(text + "\n")
        self.flush()
