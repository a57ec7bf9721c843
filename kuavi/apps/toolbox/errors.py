"""What the toolbox raises; apart from the session, so that a face can name it at no cost."""


class KuaviError(Exception):
    """Something expected went wrong; `failure` is the typed reason."""

    def __init__(self, failure: object) -> None:
        super().__init__(str(failure))
        self.failure = failure
