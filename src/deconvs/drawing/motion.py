"""Film -> one SVG that moves by CSS alone, in a page, a README or an <img>: what frames share is written once.

Who asks for reduced motion, and programs that do not animate, see the film's still.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from .glyphs import glyph
from .parts import Part, Piece, parts_of
from .scene import Film, Polygon, Rect, Text
from .svg import Writer, base36, document, number, prefix, use

_HIDDEN = ' opacity="0"'


def to_moving_svg(film: Film) -> str:
    """The film as an SVG document that repeats for ever.

    >>> from deconvs.drawing import Line, Scene
    >>> scenes = tuple(Scene(9, 9, (Line(x, 0, x, 9, "#17212B"),), "A line", "It moves.") for x in (1, 5))
    >>> svg = to_moving_svg(Film(scenes, (500, 500), "A line", "It moves.", scenes[0]))
    >>> svg.count("<path"), "prefers-reduced-motion:no-preference" in svg
    (2, True)

    Size in CSS pixels; text is outlines; ``<title>`` and ``<desc>`` carry title and description.
    Errors: GeometryError where a text has a character that the font lacks.
    """
    parts = parts_of(film)
    begin = prefix("m", film)
    writer = _Shared(begin, parts)
    # For each set of frames its keyframes, numbered in order of first use.
    names: dict[tuple[int, ...], str] = {}
    body = []
    always = tuple(range(len(film.scenes)))
    for part in parts:
        shapes = writer.all(part.pieces)
        if part.frames == always and part.still:
            body.append(shapes)
            continue
        name = names.setdefault(part.frames, begin + base36(len(names)))
        body.append(f'<g style="animation-name:{name}"{"" if part.still else _HIDDEN}>{shapes}</g>')
    starts, total = _starts(film.durations_ms)
    # Without a duration, for who asks for reduced motion, a name alone does nothing.
    how = f"animation-duration:{_seconds(total)};animation-timing-function:step-end;animation-iteration-count:infinite"
    rules = [f'[style^="animation-name:{begin}"]{{{how}}}']
    for frames, name in names.items():
        steps = "".join(f"{at}{{opacity:{int(shown)}}}" for at, shown in _steps(frames, starts, total))
        rules.append(f"@keyframes {name}{{{steps}}}")
    moving = f"@media (prefers-reduced-motion:no-preference){{{''.join(rules)}}}"
    return document(film, film.still, writer, body, rules=moving)


class _Shared(Writer):
    """Writes what is seen several times once: cells of one look with the number in them, and short texts."""

    def __init__(self, prefix: str, parts: Sequence[Part]) -> None:
        super().__init__(prefix)
        self._often = Counter(_at_origin(piece) for part in parts for piece in part.pieces)
        texts = [shape for part in parts for shape in part.shapes if isinstance(shape, Text)]
        self._words: Counter[tuple[str, str]] = Counter(
            (word, text.weight) for text in texts for word in text.content.split(" ")
        )

    def _letters(self, content: str, weight: str, x: int = 0) -> str:
        """Words that are seen several times are written once, in no colour of their own."""
        written = []
        for word in content.split(" "):
            if len(word) > 1 and self._words[word, weight] >= _OFTEN:
                written.append(use(self._word(word, weight), x))
            else:
                written.append(super()._letters(word, weight, x))
            x += sum(glyph(character, weight).advance for character in word + " ")
        return "".join(written)

    def _word(self, word: str, weight: str) -> str:
        letters = super()._letters
        return self.define((word, weight), lambda name: f'<g id="{name}">{letters(word, weight)}</g>')

    def all(self, pieces: Sequence[Piece]) -> str:
        """Pieces in order."""
        return "".join(map(self._piece, pieces))

    def _piece(self, piece: Piece) -> str:
        here = _at_origin(piece)
        # Patterns of polygons are laid from the corner of the page: moved, they would look otherwise.
        patterned = any(isinstance(shape, Polygon) and shape.pattern for shape in piece)
        if self._often[here] < _OFTEN or patterned or not isinstance(piece[0], Movable):
            return "".join(
                self.shape(replace(shape, cell=None) if isinstance(shape, Movable) else shape) for shape in piece
            )
        name = self.define(here, lambda name: f'<g id="{name}">{self._without_place(here)}</g>')
        x, y = _corner(piece[0])
        return f'<use href="#{name}" x="{number(x)}" y="{number(y)}"/>'

    def _without_place(self, piece: Piece) -> str:
        written = "".join(map(self.shape, piece)).replace(' x="0" y="0"', "", 1)
        return written.replace(' transform="translate(0 0)"', "").replace("translate(0 0)", "", 1)


Movable = Rect | Polygon | Text


def _corner(shape: Movable) -> tuple[float, float]:
    match shape:
        case Rect():
            return shape.x, shape.y
        case Polygon():
            return shape.points[0]
        case Text():
            return shape.left, shape.y


def _at_origin(piece: Piece) -> Piece:
    """A piece moved to where its first shape is at (0, 0)."""
    first = piece[0]
    if not isinstance(first, Movable):
        return piece
    x, y = _corner(first)
    return tuple(_moved(shape, -x, -y) for shape in piece if isinstance(shape, Movable))


def _moved(shape: Movable, by_x: float, by_y: float) -> Movable:
    """A shape elsewhere, to two decimals, no longer an element of the data."""
    match shape:
        case Rect():
            return replace(shape, x=round(shape.x + by_x, 2), y=round(shape.y + by_y, 2), cell=None)
        case Polygon():
            points = tuple((round(x + by_x, 2), round(y + by_y, 2)) for x, y in shape.points)
            return replace(shape, points=points, cell=None)
        case Text():
            return replace(shape, x=round(shape.left + by_x, 2), y=round(shape.y + by_y, 2), anchor="start", cell=None)


_OFTEN = 2
"""What is seen so often is written once, and then referred to."""


def _starts(durations: Sequence[int]) -> tuple[list[int], int]:
    starts = [0]
    for duration in durations:
        starts.append(starts[-1] + duration)
    return starts[:-1], starts[-1]


def _steps(frames: Sequence[int], starts: Sequence[int], total: int) -> Iterator[tuple[str, bool]]:
    """When shapes appear and vanish, as a part of the whole time."""
    shown = None
    decimals = 1 if total <= _SHORT_MS else 3
    for turn, start in enumerate(starts):
        if (turn in frames) != shown:
            shown = turn in frames
            yield f"{number(100 * start / total, decimals)}%", shown


_SHORT_MS = 40_000
"""A film of which a thousandth, to which steps are then rounded, is too short to be noticed."""


def _seconds(milliseconds: int) -> str:
    return f"{number(milliseconds / 1000, 3)}s"
