"""How large a picture is shown: square pixels, fitted, never enlarged."""

from fractions import Fraction


def fitted(
    width: int, height: int, max_side: int, sample_aspect: Fraction = Fraction(1)
) -> tuple[int, int]:
    """(width, height) within `max_side` on the longer side, the shown aspect ratio kept.

    `sample_aspect` is a sample's width over its height.  The side that has too many samples
    shrinks, so that neither is enlarged.
    """
    across = width * min(Fraction(1), sample_aspect)
    down = height * min(Fraction(1), 1 / sample_aspect)
    scale = min(Fraction(1), max_side / max(across, down))
    return max(round(across * scale), 1), max(round(down * scale), 1)
