"""Regenerate the glyphs of the pictures from Inter's static font files (needs fontTools, for WOFF2 also brotli).

    python tools/make_glyphs.py Inter-Regular.woff2 Inter-SemiBold.woff2 LICENSE.txt

The fonts come from https://github.com/rsms/inter (SIL Open Font License 1.1), LICENSE.txt from the same release.
Writes glyphs.json and GLYPHS-LICENSE.txt into src/deconvs/drawing/. The same fonts give the same bytes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from fontTools.misc.transform import Transform
from fontTools.pens.basePen import BasePen
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTFont

TARGET = Path(__file__).parents[1] / "src" / "deconvs" / "drawing"
UNITS = 1000
ASCII = "".join(map(chr, range(32, 127)))
CHARACTERS = ASCII + "×−→←½·…≤≥≠≈±–′°Σ₀₁₂₃₄₅₆₇₈₉⁰¹²³⁴⁵⁶⁷⁸⁹"
FACES = ("regular", "semibold")

# What Inter lacks is made of what it has: (character, face or None for the same, scale, shift right, shift up).
# A T as small as a superscript needs the heavier face to look as dark as its neighbours.
MADE = {
    "ᵀ": ("T", "semibold", 0.56, 12, 330),
    "∗": ("*", None, 1.0, 0, -170),
}
# A floor is a bracket without its upper arm.
FLOORS = {"⌊": "[", "⌋": "]"}


class CompactPen(BasePen):
    """An SVG path of integers relative to the point before, rounded as absolute ones so that errors do not add up."""

    def __init__(self, glyphs: Any) -> None:
        super().__init__(glyphs)
        self.parts: list[str] = []
        self.at = (0, 0)

    def _step(self, letter: str, *points: tuple[float, float]) -> None:
        rounded = [(round(x), round(y)) for x, y in points]
        numbers = [c for x, y in rounded for c in (x - self.at[0], y - self.at[1])]
        self.parts.append(letter + _joined(numbers))
        self.at = rounded[-1]

    def _moveTo(self, point: tuple[float, float]) -> None:  # noqa: N802 (fontTools' names)
        # After z SVG stands where the outline began; an absolute start needs no account of it.
        self.at = (0, 0)
        self._step("M", point)

    def _lineTo(self, point: tuple[float, float]) -> None:  # noqa: N802
        self._step("l", point)

    def _curveToOne(self, *points: tuple[float, float]) -> None:  # noqa: N802
        self._step("c", *points)

    def _qCurveToOne(self, *points: tuple[float, float]) -> None:  # noqa: N802
        self._step("q", *points)

    def _closePath(self) -> None:  # noqa: N802
        self.parts.append("z")


def _joined(numbers: list[int]) -> str:
    """Numbers with a space only where no minus sign parts them."""
    return "".join(f"{n}" if n < 0 or position == 0 else f" {n}" for position, n in enumerate(numbers))


def tabular(font: TTFont) -> dict[str, str]:
    """Glyph to glyph of equal width, from the font's tnum feature."""
    table = font["GSUB"].table
    lookups = [
        index for r in table.FeatureList.FeatureRecord if r.FeatureTag == "tnum" for index in r.Feature.LookupListIndex
    ]
    found: dict[str, str] = {}
    for index in dict.fromkeys(lookups):
        for sub in table.LookupList.Lookup[index].SubTable:
            found.update(getattr(getattr(sub, "ExtSubTable", sub), "mapping", {}))
    return found


class Face:
    """One weight of the font."""

    def __init__(self, font: TTFont) -> None:
        self.glyphs = font.getGlyphSet()
        self.names = font.getBestCmap()
        self.equal_width = tabular(font)
        self.scale = UNITS / font["head"].unitsPerEm

    def name(self, character: str) -> str:
        name = self.names[ord(character)]
        return self.equal_width.get(name, name) if character.isdecimal() else name

    def glyph(self, character: str, scale: float = 1, right: int = 0, up: int = 0) -> list[int | str]:
        """[advance, path], y downwards from the baseline."""
        pen = CompactPen(self.glyphs)
        factor = self.scale * scale
        name = self.name(character)
        self.glyphs[name].draw(TransformPen(pen, Transform(factor, 0, 0, -factor, right, -up)))
        return [round(self.glyphs[name].width * factor) + 2 * right, "".join(pen.parts)]

    def floor(self, bracket: str) -> list[int | str]:
        """The stem and the lower arm of a bracket, [advance, path]."""
        name = self.name(bracket)
        recorded = DecomposingRecordingPen(self.glyphs)
        self.glyphs[name].draw(recorded)
        points = [point for _, arguments in recorded.value for point in arguments]
        left, inner, right = sorted({x for x, _ in points})
        bottom, arm, *_, top = sorted({y for _, y in points})
        outside, end = (left, right) if bracket == "[" else (right, left)
        pen = CompactPen(self.glyphs)
        flipped = TransformPen(pen, Transform(self.scale, 0, 0, -self.scale, 0, 0))
        flipped.moveTo((outside, top))
        for point in ((inner, top), (inner, arm), (end, arm), (end, bottom), (outside, bottom)):
            flipped.lineTo(point)
        flipped.closePath()
        return [round(self.glyphs[name].width * self.scale), "".join(pen.parts)]


def glyphs(faces: dict[str, Face]) -> dict[str, dict[str, list[int | str]]]:
    """Every character of every face."""
    found: dict[str, dict[str, list[int | str]]] = {}
    for face_name, face in faces.items():
        drawn = {character: face.glyph(character) for character in CHARACTERS}
        for character, (base, other, scale, right, up) in MADE.items():
            drawn[character] = faces[other or face_name].glyph(base, scale, right, up)
        drawn |= {character: face.floor(bracket) for character, bracket in FLOORS.items()}
        found[face_name] = drawn
    return found


def written(font: TTFont, drawn: dict[str, dict[str, list[int | str]]]) -> str:
    """JSON with one glyph a line, so that a change of one glyph is a change of one line."""
    head = {"font": f"Inter, {font['name'].getDebugName(5)}", "units": UNITS}
    lines = [f"{json.dumps(key)}:{json.dumps(value)}" for key, value in head.items()]
    for face, by_character in drawn.items():
        rows = [
            f"{json.dumps(character, ensure_ascii=False)}:{json.dumps(glyph, separators=(',', ':'))}"
            for character, glyph in sorted(by_character.items())
        ]
        lines.append(f"{json.dumps(face)}:{{\n" + ",\n".join(rows) + "\n}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main(regular: str, semibold: str, licence: str) -> None:
    fonts = {name: TTFont(path) for name, path in zip(FACES, (regular, semibold), strict=True)}
    drawn = glyphs({name: Face(font) for name, font in fonts.items()})
    target = TARGET / "glyphs.json"
    target.write_text(written(fonts["regular"], drawn), encoding="utf-8")
    copyright_line = fonts["regular"]["name"].getDebugName(0).strip()
    text = Path(licence).read_text(encoding="utf-8")
    terms = text[text.index("This Font Software is licensed") :]
    (TARGET / "GLYPHS-LICENSE.txt").write_text(
        "glyphs.json holds outlines of characters of the typeface Inter (https://github.com/rsms/inter),\n"
        "scaled to integers; a few characters that Inter lacks are made of parts of others.\n\n"
        f"{copyright_line} (https://github.com/rsms/inter)\n\n{terms}",
        encoding="utf-8",
    )
    print(f"{target}: {len(drawn['regular'])} characters in {len(drawn)} faces, {target.stat().st_size} bytes")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
