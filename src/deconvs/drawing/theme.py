"""The dark theme: the same shapes, each colour of style.py replaced by its partner for dark paper.

Strong stays bright and pale becomes dim, so that on either paper what takes part stands out most. Text is as legible
as on light paper: where its partner would not be on the cell below it, it becomes the other ink.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import overload

from ..errors import GeometryError
from . import style
from .scene import Film, Line, Path, Polygon, Rect, Scene, Shape, Text

THEMES = ("light", "dark")

PAPER = "#10161D"
LEAST_CONTRAST = 4.5

PARTNERS = {
    style.PAPER: PAPER,
    style.INK: "#E9EEF4",
    style.MUTED: "#A9B5C2",
    style.FAINT: "#384350",
    style.BLUE: "#5E9FE8",
    style.BLUE_PALE: "#1F4366",
    style.BLUE_EDGE: "#3E77AD",
    style.AMBER: "#FFC94F",
    style.AMBER_PALE: "#47360F",
    style.AMBER_EDGE: "#8A6A22",
    style.AMBER_TEXT: "#F7C566",
    style.GREEN: "#55CBA8",
    style.GREEN_PALE: "#1A4A3C",
    style.GREEN_EDGE: "#3A8A71",
    style.GREEN_TEXT: "#74D9BB",
    style.AMBER_ON_BLUE: "#321800",
    style.FOCUS: "#FFB648",
    # Zeros and what is not known
    "#E3E8EE": "#2A333E",
    "#A9B4C0": "#66727F",
    "#B07A1E": "#C79238",
    "#F5F7F9": "#1A222B",
    # The edge of a lit tap, products
    "#D9971A": "#C98E1E",
    "#EFEAF6": "#2B2540",
    "#BDAFD6": "#5E5191",
    "#C9B8E4": "#B7A2E3",
    "#9C84C6": "#8A6FC0",
    # Phases
    "#CFE0F4": "#1F3F66",
    "#7FA8D6": "#3C6FA8",
    "#FBE0B8": "#4A3512",
    "#D9A24A": "#7F5C1D",
    "#C9E8DA": "#1C4838",
    "#74BB9C": "#2C745A",
    "#F1D3E2": "#522A40",
    "#C987A8": "#94557A",
    "#E1DBF2": "#352C5A",
    "#9C8CCB": "#6657A3",
    "#F3EEB4": "#433F12",
    "#BDB04E": "#736A22",
    "#CDEBF0": "#17454D",
    "#6FB3BF": "#2F6E7A",
    "#E9DACB": "#453422",
    "#B39375": "#80613F",
    "#DADFE5": "#333B45",
    "#97A3B0": "#5F6B79",
}
"""A colour on light paper -> the one that plays its role on dark paper."""

_HEAT = ("#16261F", "#1D765C")
"""The ends of `style.heat`, few and many."""


@overload
def dark(picture: Scene) -> Scene: ...
@overload
def dark(picture: Film) -> Film: ...
@overload
def dark(picture: Scene | Film) -> Scene | Film: ...
def dark(picture: Scene | Film) -> Scene | Film:
    """The picture on dark paper; one that is dark already stays as it is.

    >>> scene = Scene(20, 20, (Text(2, 12, "7", 8),), "A number", "The number 7.")
    >>> dark(scene).paper, dark(scene).shapes[0].fill, dark(dark(scene)) == dark(scene)
    ('#10161D', '#E9EEF4', True)

    Errors: GeometryError for a colour that style.py does not have.
    """
    if picture.paper != style.PAPER:
        return picture
    if isinstance(picture, Scene):
        return _darkened(picture, {}, {})
    # Frames have most of their shapes in common.
    known: dict[tuple[Shape, str], Shape] = {}
    grounds: dict[Text, str] = {}
    scenes = tuple(_darkened(scene, known, grounds) for scene in picture.scenes)
    return replace(picture, scenes=scenes, still=_darkened(picture.still, known, grounds))


def on(paper: str, colour: str) -> str:
    """A colour of style.py as it is on this paper.

    >>> on(style.PAPER, style.INK), on(PAPER, style.INK)
    ('#17212B', '#E9EEF4')
    """
    return colour if paper == style.PAPER else partner(colour)


def partner(colour: str) -> str:
    """The colour that plays the role of ``colour`` on dark paper.

    Errors: GeometryError for a colour that style.py does not have.
    """
    found = PARTNERS.get(colour) or _heat_partner(colour)
    if found is None:
        raise GeometryError(
            "a colour has no partner for dark paper", f"{colour!r}", "use the colours of deconvs.drawing.style"
        )
    return found


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, 1 to 21.

    >>> contrast("#FFFFFF", "#000000")
    21.0

    Source: Web Content Accessibility Guidelines 2, "contrast ratio".
    """
    less, more = sorted(map(_luminance, (one, other)))
    return (more + 0.05) / (less + 0.05)


def _darkened(scene: Scene, known: dict[tuple[Shape, str], Shape], grounds: dict[Text, str]) -> Scene:
    shapes: list[Shape] = []
    for at, shape in enumerate(scene.shapes):
        ground = ""
        if isinstance(shape, Text):
            # What names no cell stands where nothing changes: it is looked for once in a film.
            ground = grounds.get(shape) or _ground(scene.shapes, at, shape)
            if shape.cell is None:
                grounds[shape] = ground
        if (shape, ground) not in known:
            known[shape, ground] = _coloured(shape, ground)
        shapes.append(known[shape, ground])
    return replace(scene, shapes=tuple(shapes), paper=PAPER)


def _coloured(shape: Shape, ground: str) -> Shape:
    match shape:
        case Text():
            return replace(shape, fill=_text_colour(shape.fill, ground))
        case Line():
            return replace(shape, stroke=partner(shape.stroke))
        case Rect() | Polygon() | Path():
            fill, stroke = (colour and partner(colour) for colour in (shape.fill, shape.stroke))
            return replace(shape, fill=fill, stroke=stroke)


def _text_colour(fill: str, ground: str) -> str:
    """The partner of a text's colour, or the ink that is legible where strong stayed bright."""
    below = partner(ground)
    choices = (partner(fill), PAPER, PARTNERS[style.INK])
    return next((colour for colour in choices if contrast(colour, below) >= LEAST_CONTRAST), choices[0])


def _ground(shapes: Sequence[Shape], at: int, text: Text) -> str:
    """The colour under the middle of a text, which is the shape ``at`` this place."""
    left, top, right, bottom = text.box()
    x, y = (left + right) / 2, (top + bottom) / 2
    for under in range(at - 1, -1, -1):
        shape = shapes[under]
        if not isinstance(shape, Rect | Polygon) or (isinstance(shape, Polygon) and shape.opacity < 1):
            continue
        if shape.fill and _holds(shape, x, y):
            return shape.fill
    return style.PAPER


def _holds(shape: Rect | Polygon, x: float, y: float) -> bool:
    if isinstance(shape, Rect):
        return 0 <= x - shape.x <= shape.width and 0 <= y - shape.y <= shape.height
    # A ray to the right leaves the outline an odd number of times.
    return sum(_crossed(shape, x, y)) % 2 == 1


def _crossed(shape: Polygon, x: float, y: float) -> Iterator[bool]:
    for (x1, y1), (x2, y2) in zip(shape.points, (*shape.points[1:], shape.points[0]), strict=True):
        yield (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1)


def _heat_partner(colour: str) -> str | None:
    """A colour between the ends of `style.heat` -> the one as far between the ends of the dark scale."""
    pale, strong, own = (_channels(each) for each in (style.heat(0).fill, style.heat(1).fill, colour))
    # Of all channels red falls furthest, and so tells best how far.
    part = (pale[0] - own[0]) / (pale[0] - strong[0])
    if not 0 <= part <= 1 or max(abs(p + (s - p) * part - o) for p, s, o in zip(pale, strong, own, strict=True)) > 1:
        return None
    few, many = map(_channels, _HEAT)
    return "#" + "".join(f"{round(f + (m - f) * part):02X}" for f, m in zip(few, many, strict=True))


def _channels(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))


def _luminance(colour: str) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (n / 255 for n in _channels(colour))]
    return sum(part * weight for part, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))
