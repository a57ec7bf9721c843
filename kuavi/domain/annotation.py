"""What a segment is about, in words.  Written by a captioning model, or absent with its reason."""

from typing import TypeAlias

from attrs import frozen

NOBODY = "N/A"
"""Stands for an action or an actor where nobody acts."""


@frozen
class Summary:
    brief: str
    detailed: str


@frozen
class Action:
    brief: str
    detailed: str
    actor: str


@frozen
class Annotation:
    """A segment's description, after Action100M's published schema."""

    summary: Summary
    action: Action


@frozen
class Unannotated:
    """Why there is no annotation: nothing is made up in its place."""

    reason: str


Described: TypeAlias = Annotation | Unannotated
