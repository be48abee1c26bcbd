"""Text as outlines of a bundled open font (Inter): the same pixels on every machine, digits of equal width.

glyphs.json is written by tools/make_glyphs.py; GLYPHS-LICENSE.txt is its licence.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from ..errors import GeometryError

WEIGHTS = ("regular", "semibold")


@dataclass(frozen=True, slots=True)
class Glyph:
    """An outline in font units, y downwards from the baseline; ``top`` and ``bottom`` bound its ink."""

    advance: int
    path: str
    top: int
    bottom: int


def units() -> int:
    """Font units of one em."""
    return int(_font()["units"])


@cache
def glyph(character: str, weight: str) -> Glyph:
    """The outline of one character.

    Errors: GeometryError where the font has none: a character never vanishes from a picture.
    """
    found = _font()[weight].get(character)
    if found is None:
        raise GeometryError(
            "a character cannot be drawn",
            f"{character!r} (U+{ord(character):04X})",
            "use the printable ASCII characters or one of " + "".join(c for c in sorted(_font()[weight]) if c > "~"),
        )
    advance, path = found
    top, bottom = _vertical_extent(path)
    return Glyph(advance, path, top, bottom)


def text_width(text: str, size: float, weight: str = "regular") -> float:
    """Width of ``text`` in picture units.

    >>> text_width("11", 10) == text_width("88", 10)
    True
    """
    return sum(glyph(character, weight).advance for character in text) * size / units()


def text_extent(text: str, size: float, weight: str = "regular") -> tuple[float, float]:
    """Where the ink of ``text`` begins above and ends below the baseline (y downwards), in picture units."""
    drawn = [found for character in text if (found := glyph(character, weight)).path]
    top, bottom = min((g.top for g in drawn), default=0), max((g.bottom for g in drawn), default=0)
    return top * size / units(), bottom * size / units()


@cache
def _font() -> dict[str, Any]:
    text = files(__package__).joinpath("glyphs.json").read_text(encoding="utf-8")
    font: dict[str, Any] = json.loads(text)
    return font


def _vertical_extent(path: str) -> tuple[int, int]:
    """Smallest and largest y of a path of M, l, q, z, control points included."""
    y, found = 0, []
    for letter, numbers in re.findall(r"([Mlq])([^Mlqz]*)", path):
        steps = [int(number) for number in re.findall(r"-?\d+", numbers)][1::2]
        start = 0 if letter == "M" else y
        # All points of one command count from where it starts.
        found += [start + step for step in steps]
        y = found[-1]
    return (min(found), max(found)) if found else (0, 0)
