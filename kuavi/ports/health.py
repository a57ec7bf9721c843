"""What `doctor` finds out about a library."""

from attrs import field, frozen


@frozen
class Finding:
    """Something `doctor` found; `repaired` says that it was put right."""

    problem: str
    repaired: bool = False


@frozen
class Health:
    """What `doctor` reports: sizes, versions, fragments, findings (none: all is well).

    `cache_bytes` is the part of `bytes_on_disk` that can be deleted and is made again when needed.
    """

    path: str
    schema: int
    videos: int
    rows: dict[str, int] = field(factory=dict)
    fragments: dict[str, int] = field(factory=dict)
    bytes_on_disk: int = 0
    cache_bytes: int = 0
    findings: tuple[Finding, ...] = ()
