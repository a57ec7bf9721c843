"""How much of a machine the decoding of one file may take."""

from attrs import field, frozen
from attrs.validators import ge, gt

DAY_S = 24 * 3600.0


@frozen
class DecodeLimits:
    """What no file gets more of; a file that needs more is refused, or read up to there.

    `max_pixels` is for one picture, as coded: 8K (7680x4320) is read, 8192x8192 is not.
    `memory_mb` is address space for decoding, beyond what the program itself maps.
    CPU time: `cpu_floor_s`, and `cpu_s_per_media_s` for each second that was decoded.
    `stall_s` is how long the decoder may give no sign of life.

    The last four need a decoder in a process of its own; a reader in the caller's process keeps
    the others.
    """

    max_pixels: int = field(default=8192 * 4320, validator=gt(0))
    max_frames: int = field(default=24 * 3600 * 240, validator=gt(0))
    max_duration_s: float = field(default=DAY_S, validator=gt(0))
    max_audio_s: float = field(default=DAY_S, validator=gt(0))
    memory_mb: int = field(default=4096, validator=ge(64))
    cpu_s_per_media_s: float = field(default=60.0, validator=gt(0))
    cpu_floor_s: float = field(default=60.0, validator=ge(1))
    stall_s: float = field(default=30.0, validator=gt(0))
