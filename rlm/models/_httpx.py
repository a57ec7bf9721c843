"""What adapters on httpx share: a client that keeps to its server, and faults as values."""

import httpx

from rlm.models._server import Server, is_loopback
from rlm.models.trouble import BadReply, ServerFailed, TimedOut, Unreachable


def client_for(server: Server, timeout_s: float) -> httpx.Client:
    """No redirects are followed; no proxy stands between this machine and itself."""
    return httpx.Client(
        timeout=timeout_s, follow_redirects=False, trust_env=not is_loopback(server.url)
    )


def of_fault(
    server: Server, timeout_s: float, fault: httpx.RequestError
) -> Unreachable | TimedOut | BadReply | ServerFailed:
    """What a fault of the connection means."""
    said = server.said(str(fault) or type(fault).__name__)
    match fault:
        case httpx.ConnectError() | httpx.ConnectTimeout() | httpx.ProxyError():
            return Unreachable(server.model, server.url, said)
        case httpx.TimeoutException():
            return TimedOut(server.model, timeout_s)
        case httpx.DecodingError():
            return BadReply(server.model, said)
        case _:
            return ServerFailed(server.model, None, f"the connection broke ({said})")
