"""What came of an import, for reading and as JSON."""

from collections.abc import Sequence

from rich.text import Text

from kuavi.apps.cli.as_json import Object, of_video
from kuavi.apps.cli.exits import Exit
from kuavi.apps.cli.texts import Line, counted, printable
from kuavi.apps.usecases.exchange import Arrived, Fate
from kuavi.domain.manifest import Stage, VideoRecord


def arrival_lines(one: Arrived) -> list[Line]:
    """A record that is in the library now."""
    if one.video is None:
        return []
    style = "green" if one.fate == Fate.IMPORTED else "dim"
    head = Text.assemble((one.fate.value, style), "  ", (printable(one.video.title), "bold"))
    about = ", ".join(
        counted(_items(one.video, stage), thing)
        for stage, thing in (
            (Stage.TREE, "node"),
            (Stage.ANNOTATIONS, "annotation"),
            (Stage.TRANSCRIPT, "utterance"),
        )
    )
    lines = [Line(head), Line(Text(f"{one.video.id}  {about}", "dim"), 2)]
    lines += [Line(Text(f"gap: {printable(gap.reason)}", "yellow"), 2) for gap in one.gaps]
    lines += [Line(Text(f"takes the place of {video}"), 2) for video in one.replaced]
    return lines


def _items(video: VideoRecord, stage: Stage) -> int:
    record = video.record(stage)
    return 0 if record is None else record.items


def of_arrived(one: Arrived) -> Object:
    return {
        "path": one.path,
        "fate": one.fate.value,
        "problem": None if one.failure is None else str(one.failure),
        "video": None if one.video is None else of_video(one.video),
        "replaced": list(one.replaced),
    }


def import_code(codes: Sequence[Exit]) -> Exit:
    """Of records' codes: 0 if all went well, the common one if all failed alike, else 1."""
    different = set(codes)
    return different.pop() if len(different) == 1 else Exit.FAILED if different else Exit.OK
