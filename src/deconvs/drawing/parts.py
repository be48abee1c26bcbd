"""Film -> its shapes, each once, with the frames that show it: what a moving SVG and the player write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from .extents import Extent, around, extent, meet
from .scene import Film, Polygon, Rect, Shape, Text

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


def _part(turns: set[int], pieces: Sequence[Piece], still: int) -> Part:
    return Part(tuple(sorted(turns - {still})), still in turns, tuple(pieces))


def _order(frames: Sequence[Sequence[Piece]], seen: dict[Piece, set[int]]) -> list[Piece] | None:
    """All pieces, equally seen ones together, where what overlaps keeps its order; None if there is no such order."""
    after: dict[Piece, dict[Piece, None]] = {piece: {} for piece in seen}
    before = dict.fromkeys(seen, 0)
    boxes = {piece: around([extent(shape) for shape in piece], _SMOOTH) for piece in seen}
    for pieces in frames:
        near: dict[tuple[int, int], list[Piece]] = {}
        for piece in pieces:
            for field in _fields(boxes[piece]):
                for below in near.setdefault(field, []):
                    if piece not in after[below] and piece != below and meet(boxes[below], boxes[piece]):
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


_FIELD = 40
"""Shapes are compared with those in the same fields of a grid, so many units wide."""
_SMOOTH = 1
"""So far beyond a shape its smooth edge may reach."""


def _fields(box: Extent) -> Iterator[tuple[int, int]]:
    left, top, right, bottom = (int(max(-_FIELD, min(side, 30 * _FIELD)) // _FIELD) for side in box)
    return product(range(left, right + 1), range(top, bottom + 1))
