"""What every Files adapter agrees on."""

from pathlib import PurePath

_SUFFIXES = (
    ".3g2 .3gp .asf .avi .divx .dv .f4v .flv .m2ts .m2v .m4v .mkv .mov .mp4 .mpeg .mpg .mts .mxf "
    ".ogm .ogv .qt .rm .rmvb .ts .vob .webm .wmv"
)
VIDEO_SUFFIXES = frozenset(_SUFFIXES.split())
"""In any case of letters.  What a file is, the reader finds out."""

MAX_READ_BYTES = 64 << 20


def is_video(name: str) -> bool:
    return PurePath(name).suffix.lower() in VIDEO_SUFFIXES
