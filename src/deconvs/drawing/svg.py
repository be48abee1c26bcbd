"""Scene -> SVG text. The same scene gives the same text; ids begin with a hash of it, so that pages can hold many."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from hashlib import sha256
from xml.sax.saxutils import escape, quoteattr

from .glyphs import glyph, units
from .scene import Cell, Film, Line, Path, Polygon, Rect, Scene, Shape, Text

_PATTERNS = {
    "hatch": "M-1 1l2-2M0 6l6-6M5 7l2-2",
    "back": "M-1 5l2 2M0 0l6 6M5-1l2 2",
    "cross": "M0 0l6 6M0 6l6-6",
    "dots": "M2.5 3h1",
    "rows": "M0 3h6",
    "columns": "M3 0v6",
    "plus": "M3 0v6M0 3h6",
}


def to_svg(scene: Scene) -> str:
    """The scene as a standalone SVG document, to be saved or put into a page as it is.

    >>> svg = to_svg(Scene(40, 20, (), "Nothing", "An empty picture."))
    >>> svg.partition("viewBox")[0]
    '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20" '

    Size in CSS pixels; text is outlines; ``<title>`` and ``<desc>`` carry title and description.
    Cells have the attributes data-grid, data-index, data-kind and, if they take part, data-state.
    Errors: GeometryError where a text has a character that the font lacks.
    """
    writer = Writer(prefix("d", scene))
    body = [writer.shape(shape) for shape in scene.shapes]
    return document(scene, scene, writer, body)


def document(said: Scene | Film, size: Scene, writer: Writer, body: Iterable[str], *, rules: str = "") -> str:
    """A document around what a writer wrote: title, description, ``rules`` of CSS, definitions, paper."""
    width, height, name = number(size.width), number(size.height), writer.prefix
    extent = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {extent} role="img" aria-labelledby="{name}-t {name}-d">',
            f'<title id="{name}-t">{escape(said.title)}</title>',
            f'<desc id="{name}-d">{escape(said.description)}</desc>',
            *([f"<style>{rules}</style>"] if rules else []),
            "<defs>",
            *writer.definitions,
            "</defs>",
            f'<rect width="{width}" height="{height}" fill="{size.paper}"/>',
            *body,
            "</svg>",
            "",
        ]
    )


class Writer:
    """Writes shapes and keeps the definitions they refer to, each once, in order of first use."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.definitions: list[str] = []
        self._names: dict[Hashable, str] = {}

    def define(self, what: Hashable, written: Callable[[str], str]) -> str:
        """The name of a definition, which is written on first use: the prefix and a number."""
        name = self._names.get(what)
        if name is None:
            name = self._names[what] = self.prefix + base36(len(self._names))
            self.definitions.append(written(name))
        return name

    def shape(self, shape: Shape) -> str:
        """One shape as an element, or as several."""
        match shape:
            case Rect():
                return self._rect(shape)
            case Polygon():
                return self._polygon(shape)
            case Line():
                return _line(shape)
            case Path():
                paint = _paint(shape.fill, shape.stroke, shape.stroke_width)
                return f'<path d="{shape.data}"{paint} stroke-linecap="round" stroke-linejoin="round"/>'
            case Text():
                return self._text(shape)

    def _rect(self, rect: Rect) -> str:
        place = f'x="{number(rect.x)}" y="{number(rect.y)}" width="{number(rect.width)}"'
        place += f' height="{number(rect.height)}"' + (f' rx="{number(rect.radius)}"' if rect.radius else "")
        paint = _paint(rect.fill, rect.stroke, rect.stroke_width, rect.dash)
        drawn = f"<rect {place}{paint}{_data(rect.cell)}/>"
        if rect.pattern and rect.stroke:
            # Laid from its own corner: cells look alike wherever they stand, and can be written once.
            own = place.partition(" width")[2]
            moved = f'transform="translate({number(rect.x)} {number(rect.y)})"'
            drawn += f'<rect {moved} width{own} fill="url(#{self._pattern(rect.pattern, rect.stroke)})"/>'
        return drawn

    def _polygon(self, polygon: Polygon) -> str:
        # Spaces alone between the coordinates: a film writes thousands of them.
        place = f'points="{" ".join(number(each) for point in polygon.points for each in point)}"'
        paint = _paint(polygon.fill, polygon.stroke, polygon.stroke_width, polygon.dash)
        if polygon.opacity < 1:
            paint += f' fill-opacity="{number(polygon.opacity)}"'
        if polygon.stroke:
            paint += ' stroke-linejoin="round"'
        drawn = f"<polygon {place}{paint}{_data(polygon.cell)}/>"
        if polygon.pattern and polygon.stroke:
            drawn += f'<polygon {place} fill="url(#{self._pattern(polygon.pattern, polygon.stroke)})"/>'
        return drawn

    def _text(self, text: Text) -> str:
        scale = text.size / units()
        place = f"translate({number(text.left)} {number(text.y)})scale({scale:.5g})"
        letters = self._letters(text.content, text.weight)
        return f'<g fill="{text.fill}" transform="{place}"{_data(text.cell)}>{letters}</g>'

    def _letters(self, content: str, weight: str, x: int = 0) -> str:
        """Characters from ``x`` on, in font units."""
        uses = []
        for character in content:
            drawn = glyph(character, weight)
            if drawn.path:
                uses.append(use(self._glyph(character, weight), x))
            x += drawn.advance
        return "".join(uses)

    def _glyph(self, character: str, weight: str) -> str:
        path = glyph(character, weight).path
        return self.define((character, weight), lambda name: f'<path id="{name}" d="{path}"/>')

    def _pattern(self, pattern: str, colour: str) -> str:
        return self.define(
            (pattern, colour),
            lambda name: (
                f'<pattern id="{name}" width="6" height="6" patternUnits="userSpaceOnUse">'
                f'<path d="{_PATTERNS[pattern]}" stroke="{colour}" fill="none"/></pattern>'
            ),
        )


def prefix(letter: str, shown: Scene | Film) -> str:
    """What all ids of a picture begin with: of two billion, and short, as a film writes it thousands of times."""
    hashed = int(sha256(repr(shown).encode()).hexdigest(), 16)
    return letter + base36(hashed % 36**6).zfill(6)


def base36(count: int) -> str:
    """A count in digits and small letters.

    >>> base36(0), base36(35), base36(36)
    ('0', 'z', '10')
    """
    digits = ""
    while count or not digits:
        count, digit = divmod(count, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits


def use(name: str, x: int) -> str:
    """An element that repeats a definition, moved to ``x``."""
    return f'<use href="#{name}"' + (f' x="{x}"/>' if x else "/>")


def _line(line: Line) -> str:
    data = f"M{number(line.x1)} {number(line.y1)}L{number(line.x2)} {number(line.y2)}"
    if line.arrow:
        dx, dy = line.x2 - line.x1, line.y2 - line.y1
        length = (dx * dx + dy * dy) ** 0.5
        ax, ay = 3.2 * line.stroke_width * dx / length, 3.2 * line.stroke_width * dy / length
        for side in (1, -1):
            data += f"M{number(line.x2)} {number(line.y2)}"
            data += f"L{number(line.x2 - ax - side * ay * 0.8)} {number(line.y2 - ay + side * ax * 0.8)}"
    return f'<path d="{data}"{_paint(None, line.stroke, line.stroke_width)} stroke-linecap="round"/>'


def _paint(fill: str | None, stroke: str | None, width: float, dash: tuple[float, float] | None = None) -> str:
    paint = f' fill="{fill or "none"}"'
    paint += f' stroke="{stroke}" stroke-width="{number(width)}"' if stroke and width else ""
    return paint + (f' stroke-dasharray="{" ".join(map(number, dash))}"' if dash else "")


def _data(cell: Cell | None) -> str:
    if cell is None:
        return ""
    index = ",".join(map(str, cell.index))
    state = f" data-state={quoteattr(cell.state)}" if cell.state else ""
    return f' data-grid={quoteattr(cell.grid)} data-index="{index}" data-kind={quoteattr(cell.kind)}{state}'


def number(value: float, decimals: int = 2) -> str:
    """At most so many decimals, none that are zero."""
    return f"{value:.{decimals}f}".rstrip("0").rstrip(".")
