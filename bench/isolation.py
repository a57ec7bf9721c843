"""What decoding in a process of its own costs: CPU time beside decoding in the caller's.

    python -m bench.isolation [--seconds N] [--rounds N]

A real clip (1280x720) is repeated to the length asked for, and read as an index run reads it:
info, pictures for two views (every one at 96 pixels, 2.5 a second at 640), sound.
"""

import argparse
import resource
import tempfile
from hashlib import sha256
from pathlib import Path
from statistics import median

import av
from returns.result import Success

from kuavi.adapters.readers import isolated, pyav
from kuavi.domain.media import ByRate, EveryFrame, Seen, View
from kuavi.ports.reader import FrameReader
from tests.media import real_clip

VIEWS = [View(ByRate(2.5), 640), View(EveryFrame(), 96)]


def repeated(clip: Path, length_s: float, path: Path) -> None:
    """The clip again and again, its packets as they are."""
    with av.open(path, "w") as out:
        target: dict[int, av.stream.Stream] = {}
        shift_s = 0.0
        while shift_s < length_s:
            with av.open(clip) as container:
                for stream in (container.streams.video[0], container.streams.audio[0]):
                    if stream.index not in target:
                        target[stream.index] = out.add_stream_from_template(stream)
                for packet in container.demux(list(container.streams.get(video=0, audio=0))):
                    if packet.dts is None:
                        continue
                    by = round(shift_s / packet.time_base)
                    packet.pts, packet.dts = packet.pts + by, packet.dts + by
                    packet.stream = target[packet.stream.index]
                    out.mux(packet)
                shift_s += container.duration / av.time_base


def cpu_s() -> float:
    """CPU seconds of this process and of the ended ones it started."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def read(reader: FrameReader, path: str) -> str:
    """Read all of a file; the hash of what came."""
    found = sha256(str(reader.info(path)).encode())
    for seen in reader.frames(path, VIEWS):
        if isinstance(seen, Success) and isinstance(item := seen.unwrap(), Seen):
            found.update(item.frame.pixels.data)
            found.update(f"{item.view} {item.frame.time_s!r} {item.until_s!r}".encode())
    for chunk in reader.audio(path):
        if isinstance(chunk, Success):
            found.update(chunk.unwrap().samples.data)
    return found.hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    took: dict[str, list[float]] = {"direct": [], "isolated": []}
    hashes = set()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.mp4"
        repeated(real_clip("bigbuckbunny"), options.seconds, path)
        for _ in range(options.rounds):
            for name, build in (("direct", pyav.build), ("isolated", isolated.build)):
                before_s = cpu_s()
                reader = build()
                hashes.add(read(reader, str(path)))
                del reader  # ends its process, whose time counts from then
                took[name].append(cpu_s() - before_s)
    direct_s, isolated_s = median(took["direct"]), median(took["isolated"])
    for name, rounds in took.items():
        each = ", ".join(f"{t:.2f}" for t in rounds)
        print(f"{name:9}{median(rounds):6.2f} CPU s  (rounds {each})")
    print(f"overhead  {isolated_s / direct_s - 1:6.1%}; the same to the bit: {len(hashes) == 1}")


if __name__ == "__main__":
    main()
