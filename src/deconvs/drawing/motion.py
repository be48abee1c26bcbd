"""Film -> one SVG that moves by CSS alone, in a page, a README or an <img>: what frames share is written once.

Who asks for reduced motion, and programs that do not animate, see the film's still.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import product
from string import ascii_lowercase

from .glyphs import glyph
from .scene import Film, Line, Path, Polygon, Rect, Shape, Text
from .svg import Writer, document, number, use

_HIDDEN = ' opacity="0"'


Piece = tuple[Shape, ...]
"""A shape, or a cell with what is written in it."""


@dataclass(frozen=True, slots=True)
class Part:
    """Pieces that are seen in the same frames; ``still``: in the film's still, too."""

    frames: tuple[int, ...]
    still: bool
    pieces: tuple[Piece, ...]

    @property
    def shapes(self) -> Iterator[Shape]:
        """What the pieces are made of."""
        return (shape for piece in self.pieces for shape in piece)


def parts_of(film: Film) -> tuple[Part, ...]:
    """The film as parts in painting order: each shape once, with the frames that show it.

    >>> from deconvs.drawing import Line, Scene
    >>> left, right, both = (Line(x, 0, x, 9, "#17212B") for x in (1, 2, 3))
    >>> scenes = tuple(Scene(9, 9, shapes, "Lines", "Two.") for shapes in ((left, both), (right, both)))
    >>> [part.frames for part in parts_of(Film(scenes, (100, 100), "Lines", "Two by two.", scenes[1]))]
    [(0,), (1,), (0, 1)]

    Shapes that overlap keep their order. Where frames disagree about it, each has shapes of its own.
    """
    frames = [list(_pieces(scene.shapes)) for scene in (*film.scenes, film.still)]
    seen: dict[Piece, set[int]] = {}
    for turn, pieces in enumerate(frames):
        for piece in pieces:
            seen.setdefault(piece, set()).add(turn)
    order = _order(frames, seen)
    if order is None:
        return tuple(_part({turn}, pieces, len(film.scenes)) for turn, pieces in enumerate(frames))
    found: list[tuple[set[int], list[Piece]]] = []
    for piece in order:
        if not found or found[-1][0] != seen[piece]:
            found.append((seen[piece], []))
        found[-1][1].append(piece)
    return tuple(_part(turns, pieces, len(film.scenes)) for turns, pieces in found)


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
    prefix = _prefix(film)
    writer = _Shared(prefix, parts)
    # For each set of frames its keyframes, numbered in order of first use.
    names: dict[tuple[int, ...], str] = {}
    body = []
    always = tuple(range(len(film.scenes)))
    for part in parts:
        shapes = writer.all(part.pieces)
        if part.frames == always and part.still:
            body.append(shapes)
            continue
        name = names.setdefault(part.frames, f"{prefix}-{len(names)}")
        body.append(f'<g style="animation-name:{name}"{"" if part.still else _HIDDEN}>{shapes}</g>')
    starts, total = _starts(film.durations_ms)
    # Without a duration, for who asks for reduced motion, a name alone does nothing.
    how = f"animation-duration:{_seconds(total)};animation-timing-function:step-end;animation-iteration-count:infinite"
    rules = [f'[style^="animation-name:{prefix}-"]{{{how}}}']
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
        self._names: dict[Piece, str] = {}
        self._word_names: dict[tuple[str, str], str] = {}
        texts = [shape for part in parts for shape in part.shapes if isinstance(shape, Text)]
        self._words: Counter[tuple[str, str]] = Counter(
            (word, text.weight) for text in texts for word in text.content.split(" ")
        )

    def _letters(self, content: str, weight: str, x: int = 0) -> str:
        """Words that are seen several times are written once, in no colour of their own."""
        written = []
        for word in content.split(" "):
            if len(word) > 1 and self._words[word, weight] >= _OFTEN:
                name = self._word_names.setdefault((word, weight), f"{self.prefix}w{len(self._word_names)}")
                if name not in self.definitions:
                    letters = super()._letters(word, weight)
                    self.definitions[name] = f'<g id="{name}">{letters}</g>'
                written.append(use(name, x))
            else:
                written.append(super()._letters(word, weight, x))
            x += sum(glyph(character, weight).advance for character in word + " ")
        return "".join(written)

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
        name = self._names.get(here)
        if name is None:
            name = self._names[here] = f"{self.prefix}{len(self._names)}"
            written = "".join(map(self.shape, here)).replace(' x="0" y="0"', "", 1)
            written = written.replace(' transform="translate(0 0)"', "").replace("translate(0 0)", "", 1)
            self.definitions[name] = f'<g id="{name}">{written}</g>'
        x, y = _corner(piece[0])
        return f'<use href="#{name}" x="{number(x)}" y="{number(y)}"/>'


def _pieces(shapes: Sequence[Shape]) -> Iterator[Piece]:
    """Shapes one by one, but a cell together with what is written in it."""
    at = 0
    while at < len(shapes):
        one, following = shapes[at], shapes[at + 1 : at + 2]
        written = [
            each
            for each in following
            if isinstance(one, Rect | Polygon)
            and isinstance(each, Text)
            and one.cell is not None
            and each.cell == one.cell
        ]
        yield (one, *written)
        at += 1 + len(written)


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


def _prefix(film: Film) -> str:
    """What all names begin with, so that a page may hold many films: short, as it is written thousands of times."""
    hashed = int(sha256(repr(film).encode()).hexdigest(), 16)
    letters, digits = ascii_lowercase, ascii_lowercase + "0123456789"
    return letters[hashed % 26] + digits[hashed // 26 % 36] + digits[hashed // (26 * 36) % 36]


def _part(turns: set[int], pieces: Sequence[Piece], still: int) -> Part:
    return Part(tuple(sorted(turns - {still})), still in turns, tuple(pieces))


def _order(frames: Sequence[Sequence[Piece]], seen: dict[Piece, set[int]]) -> list[Piece] | None:
    """All pieces, equally seen ones together, where what overlaps keeps its order; None if there is no such order."""
    after: dict[Piece, dict[Piece, None]] = {piece: {} for piece in seen}
    before = dict.fromkeys(seen, 0)
    boxes = {piece: _box(piece) for piece in seen}
    for pieces in frames:
        near: dict[tuple[int, int], list[Piece]] = {}
        for piece in pieces:
            for field in _fields(boxes[piece]):
                for below in near.setdefault(field, []):
                    if piece not in after[below] and piece != below and _overlap(boxes[below], boxes[piece]):
                        after[below][piece] = None
                        before[piece] += 1
                near[field].append(piece)
    # Dictionaries keep the order in which pieces were found, so that the same film always gives the same order.
    ready: dict[frozenset[int], list[Piece]] = {}
    for piece, count in before.items():
        if count == 0:
            ready.setdefault(frozenset(seen[piece]), []).append(piece)
    order: list[Piece] = []
    last: frozenset[int] = frozenset()
    while ready:
        if last not in ready:
            last = next(iter(ready))
        piece = ready[last].pop(0)
        if not ready[last]:
            del ready[last]
        order.append(piece)
        for above in after[piece]:
            before[above] -= 1
            if before[above] == 0:
                ready.setdefault(frozenset(seen[above]), []).append(above)
    return order if len(order) == len(seen) else None


_Box = tuple[float, float, float, float]
_FIELD = 40


def _box(piece: Piece) -> _Box:
    """Left, top, right and bottom of what is painted, a little more."""
    lefts, tops, rights, bottoms = zip(*map(_extent, piece), strict=True)
    return min(lefts) - 2, min(tops) - 2, max(rights) + 2, max(bottoms) + 2


def _extent(shape: Shape) -> _Box:
    match shape:
        case Rect():
            return shape.x, shape.y, shape.x + shape.width, shape.y + shape.height
        case Text() | Polygon():
            return shape.box()
        case Line():
            # An arrow's head is a few widths wide.
            wide = 4 * shape.stroke_width
            xs, ys = (shape.x1, shape.x2), (shape.y1, shape.y2)
            return min(xs) - wide, min(ys) - wide, max(xs) + wide, max(ys) + wide
        case Path():
            numbers = [float(found) for found in re.findall(r"-?\d+\.?\d*", shape.data)]
            # Of any letters: no coordinate is further from the origin than all numbers together.
            reach = sum(map(abs, numbers))
            return -reach, -reach, reach, reach


def _overlap(a: _Box, b: _Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _fields(box: _Box) -> Iterator[tuple[int, int]]:
    left, top, right, bottom = (int(max(-_FIELD, min(side, 30 * _FIELD)) // _FIELD) for side in box)
    return product(range(left, right + 1), range(top, bottom + 1))


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
