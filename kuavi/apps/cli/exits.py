"""Exit codes, and which failure has which."""

from enum import IntEnum

from attrs import frozen


class Exit(IntEnum):
    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    NO_MODEL = 4
    LIBRARY = 5
    INTERNAL = 70
    STOPPED = 130


MEANING = {
    Exit.OK: "done (a search that finds nothing, too)",
    Exit.FAILED: "something could not be done: a file failed, the doctor found something",
    Exit.USAGE: "wrong usage: an option, a time, a field, a preset",
    Exit.NOT_FOUND: "not found: no library there, no such video, file or folder",
    Exit.NO_MODEL: "a model or a Python package is missing",
    Exit.LIBRARY: "the library is locked, of another version or preset, or its storage failed",
    Exit.INTERNAL: "an internal error; --debug shows where",
    Exit.STOPPED: "stopped by Ctrl-C or SIGTERM",
}

CODES = {
    "Ambiguous": Exit.USAGE,
    "BadChoice": Exit.USAGE,
    "BadImage": Exit.FAILED,
    "BadLabels": Exit.USAGE,
    "BadNodes": Exit.FAILED,
    "BadPlan": Exit.USAGE,
    "Cancelled": Exit.STOPPED,
    "Damaged": Exit.FAILED,
    "EmptyQuery": Exit.USAGE,
    "FieldUnavailable": Exit.FAILED,
    "FileMissing": Exit.NOT_FOUND,
    "Locked": Exit.LIBRARY,
    "MixedMaps": Exit.LIBRARY,
    "ModelFailed": Exit.FAILED,
    "ModelUnavailable": Exit.NO_MODEL,
    "NoAudioStream": Exit.FAILED,
    "NoClassifier": Exit.USAGE,
    "NoLibrary": Exit.NOT_FOUND,
    "NoMaps": Exit.NOT_FOUND,
    "NoSuchVideo": Exit.NOT_FOUND,
    "NoVideoStream": Exit.FAILED,
    "NotIndexed": Exit.FAILED,
    "NotPublished": Exit.FAILED,
    "NotReadable": Exit.FAILED,
    "NoTellers": Exit.USAGE,
    "NotTrees": Exit.FAILED,
    "NoTexts": Exit.FAILED,
    "NothingToGoBy": Exit.NOT_FOUND,
    "NothingBefore": Exit.FAILED,
    "NothingFound": Exit.NOT_FOUND,
    "NothingIndexed": Exit.NOT_FOUND,
    "NothingSaid": Exit.FAILED,
    "NothingToSee": Exit.FAILED,
    "OtherProbe": Exit.LIBRARY,
    "OtherSpace": Exit.LIBRARY,
    "OutOfMemory": Exit.FAILED,
    "PathMissing": Exit.NOT_FOUND,
    "PathUnreadable": Exit.FAILED,
    "PlotFailed": Exit.FAILED,
    "ProbeUnreadable": Exit.NOT_FOUND,
    "ProbeUnwritable": Exit.FAILED,
    "Removed": Exit.FAILED,
    "SomeUnavailable": Exit.NO_MODEL,
    "StorageFailed": Exit.LIBRARY,
    "TooFarAhead": Exit.USAGE,
    "TooFewExamples": Exit.USAGE,
    "TooLarge": Exit.FAILED,
    "Twice": Exit.FAILED,
    "UnknownForm": Exit.USAGE,
    "UnknownPreset": Exit.USAGE,
    "UnknownSchema": Exit.LIBRARY,
    "ValueError": Exit.USAGE,
    "WeightsNotReleased": Exit.NO_MODEL,
    "str": Exit.USAGE,
}
"""By the failure's class name, so that nothing is imported for it; `str` and `ValueError` are what
the toolbox says of arguments that don't fit."""


@frozen
class Trouble:
    """An expected failure as the command line tells it."""

    kind: str
    message: str
    code: Exit


def trouble_of(failure: object) -> Trouble:
    """What to say of a failure; one without a code of its own is code 1."""
    kind = type(failure).__name__
    return Trouble(kind, str(failure), CODES.get(kind, Exit.FAILED))
