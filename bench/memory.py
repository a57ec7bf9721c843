"""Whether peak memory depends on a video's length: 1, 10 and 60 minutes, each in a fresh process.

    python -m bench.memory [--minutes 1 10 60] [--tiers scan index] [--index-up-to 10]

A minute of 360p film of real clips with real speech, in three colourings, over and over (its
packets are copied).  Tier index is measured up to `--index-up-to` minutes, for time.
"""

import argparse
import os
import tempfile
from pathlib import Path

import av

from bench.indexing import VERY_FAST, once
from scripts import demo_clip


def looped(minute: Path, times: int, path: Path) -> Path:
    """The film `times` over, without coding it anew."""
    with av.open(path, "w") as target, av.open(minute) as source:
        streams = {s.index: target.add_stream_from_template(s) for s in source.streams}
        length_s = (source.duration or 0) / av.time_base + 0.2  # sound may outlast pictures
        for n in range(times):
            source.seek(0)
            for packet in source.demux():
                if packet.dts is None or packet.pts is None or packet.time_base is None:
                    continue
                later = round(length_s * n / packet.time_base)
                packet.pts, packet.dts = packet.pts + later, packet.dts + later
                packet.stream = streams[packet.stream.index]
                target.mux(packet)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, nargs="+", default=[1, 10, 60])
    parser.add_argument("--tiers", nargs="+", default=["scan", "index"])
    parser.add_argument("--index-up-to", type=float, default=10)
    given = parser.parse_args()
    first: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as place:
        form = demo_clip.Form(seconds=60.0, options=VERY_FAST)
        minute = demo_clip.make(Path(place) / "minute.mkv", form)
        for minutes in given.minutes:
            film = str(looped(minute, minutes, Path(place) / f"{minutes}.mkv"))
            for tier in given.tiers:
                if tier == "index" and minutes > given.index_up_to:
                    continue
                run = once(tier, [film])
                peak = run["peak_mb"]
                ratio = peak / first.setdefault(tier, peak)
                print(
                    f"{minutes} min, tier {tier}: peak {peak:.0f} MB ({ratio:.2f} of the first), "
                    f"{run['cpu_s']:.0f} CPU-s, {run['wall_s']:.0f} s wall, "
                    f"load {os.getloadavg()[0]:.1f}",
                    flush=True,
                )
                told = (f"{part} {mb:.0f}" for part, mb in run["peaks"].items())
                print(f"   peak so far by part: {', '.join(told)}", flush=True)


if __name__ == "__main__":
    main()
