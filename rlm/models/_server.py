"""What adapters of remote servers share: keys from the environment, and what a status means."""

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from attrs import field, frozen
from returns.result import Failure, Success

from rlm.models.spec import ModelSpec
from rlm.models.trouble import NoKey, RateLimited, Refused, ServerFailed, Unloadable, one_line
from rlm.outcome import Outcome

NEVER_PASSING = frozenset({501, 505})
HIDDEN = "[key]"


def is_loopback(url: str) -> bool:
    """Whether the server is on this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@frozen
class Server:
    """Where requests go, and the key that goes with them and nowhere else."""

    model: str
    url: str
    key: str | None = field(repr=False)

    def said(self, text: str) -> str:
        """A message of the server on one line, without the key if it was echoed."""
        return one_line(text if self.key is None else text.replace(self.key, HIDDEN))


def server_of(
    spec: ModelSpec, default_url: str, environ: Mapping[str, str]
) -> Outcome[Server, NoKey | Unloadable]:
    """The server of a spec.  One on this machine needs no key; it gets one that is set."""
    url = (spec.base_url or default_url).rstrip("/")
    wrong = _wrong_with(url)
    if wrong is not None:
        return Failure(Unloadable(spec.model, wrong))
    key = environ.get(spec.key_env, "").strip() if spec.key_env is not None else ""
    if spec.key_env is not None and not key and not is_loopback(url):
        return Failure(NoKey(spec.model, spec.key_env))
    if not key.isascii() or not key.isprintable():
        reason = f"the key in {spec.key_env} has characters that no key has"
        return Failure(Unloadable(spec.model, reason))
    return Success(Server(spec.model, url, key or None))


def _wrong_with(url: str) -> str | None:
    """What is wrong with a base URL, without repeating what may be secret in it."""
    try:
        parts: SplitResult = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "base_url is no URL"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "base_url must be http://host/path or https://host/path"
    if parts.username is not None or parts.query or parts.fragment:
        return "base_url must have no user, no query and no fragment; name a key by key_env"
    return None


def of_status(
    server: Server, status: int, message: str, retry_after: str | None
) -> RateLimited | ServerFailed | Refused:
    """What a status that is not 200 means."""
    said = server.said(message) or "it said nothing"
    wait = retry_after_s(retry_after)
    if status == 429:
        return RateLimited(server.model, said, wait)
    if status >= 500 and status not in NEVER_PASSING:
        return ServerFailed(server.model, status, said, wait)
    return Refused(server.model, status, said)


def retry_after_s(header: str | None) -> float | None:
    """Seconds of a Retry-After header (RFC 9110, 10.2.3): a number or a date; None if neither."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except (ValueError, TypeError):
        return None
