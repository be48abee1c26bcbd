"""Boards of cells: how the planes of a grid lie, where each cell is, and what is written in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from math import prod

from . import style
from .glyphs import text_width
from .room import room
from .scene import Cell, Rect, Shape, Text, Weight

_INSET = 0.1
"""Of numbers in the corner of a cell, in sides of the cell."""


@dataclass(frozen=True, slots=True)
class Extent:
    """The axes of a grid. Of more than two, or with channels, it is laid out as planes of its last two axes or one.

    ``down``: so many leading axes are planes below each other; the next ``across`` are beside each other.
    ``deep``: the last of these is a depth, not a channel. ``groups`` of a kernel's channels: the second of them counts
    within its group, and is named by its place among all.
    """

    size: tuple[int, ...]
    down: int = 0
    across: int = 0
    deep: bool = False
    groups: int = 1

    @property
    def leading(self) -> int:
        """The axes that tell planes apart."""
        return self.down + self.across

    @property
    def plane(self) -> tuple[int, int]:
        """Rows and columns of a plane."""
        rows, columns = (1, *self.size[self.leading :])[-2:]
        return rows, columns

    @property
    def planes(self) -> tuple[int, int]:
        """Planes below and beside each other."""
        return prod(self.size[: self.down]), prod(self.size[self.down : self.leading])

    def place(self, index: tuple[int, ...]) -> tuple[int, int, int, int]:
        """(plane down, plane across, row, column) of an index."""
        row, column = (0, *index[self.leading :])[-2:]
        down = _flat(index[: self.down], self.size)
        across = _flat(index[self.down : self.leading], self.size[self.down :])
        return down, across, row, column

    def by_plane(self, cells: Iterable[tuple[int, ...]]) -> dict[tuple[int, ...], list[tuple[int, ...]]]:
        """Leading indices of a plane -> those of the cells that are in it, in their order."""
        found: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
        for index in cells:
            found.setdefault(index[: self.leading], []).append(index)
        return found

    def heads(self) -> Iterator[tuple[tuple[int, ...], str]]:
        """(index of its first cell, name) of each plane, where there are several."""
        lead = self.size[: self.leading]
        if prod(lead) <= 1:
            return
        for at in product(*map(range, lead)):
            first = (*at, *(0 for _ in self.size[self.leading :]))
            yield first, plane_name(*self.named(at))

    def named(self, at: tuple[int, ...]) -> tuple[tuple[int, ...], int | None]:
        """(channels, depth) that a plane is named by.

        >>> Extent((4, 1, 3), down=1, across=1, groups=2).named((2, 0))
        ((2, 1), None)
        """
        channels, depth = (at[:-1], at[-1]) if self.deep else (at, None)
        if self.groups > 1 and len(channels) == 2:
            group = channels[0] // (self.size[0] // self.groups)
            channels = (channels[0], group * self.size[1] + channels[1])
        return channels, depth


def plane_name(channels: tuple[int, ...], depth: int | None) -> str:
    """What a plane shows: ``c 1`` a channel, ``c 0→1`` the kernel from one to another, ``z 2`` a slice of depth."""
    parts = [f"c {'→'.join(map(str, channels))}"] if channels else []
    return ", ".join([*parts, *([] if depth is None else [f"z {depth}"])])


def _flat(index: tuple[int, ...], size: tuple[int, ...]) -> int:
    found = 0
    for at, n in zip(index, size, strict=False):
        found = found * n + at
    return found


@cache
def _widest_name(extent: Extent) -> float:
    """Of the planes' names; asked for with every cell."""
    return max((text_width(name, style.PLANE) for _, name in extent.heads()), default=0.0)


@dataclass(frozen=True, slots=True)
class Board:
    """A grid of cells at a place in the picture; index (row, column), or (column,), after those of its planes."""

    left: float
    top: float
    extent: Extent
    pitch: float

    @property
    def gap(self) -> float:
        """Between neighbouring cells."""
        return max(1.0, round(self.pitch / 12)) if self.pitch >= 8 else 1.0

    @property
    def side(self) -> float:
        """Of a cell."""
        return self.pitch - self.gap

    @property
    def head(self) -> float:
        """Above each plane, for its name; that of a plane of one row stands left of it."""
        return style.PLANE + 6 if self._named and self.extent.plane[0] > 1 else 0.0

    @property
    def indent(self) -> float:
        """Left of each plane of one row, for its name."""
        return self._widest_name + 8 if self._named and self.extent.plane[0] == 1 else 0.0

    @property
    def _named(self) -> bool:
        return prod(self.extent.planes) > 1

    @property
    def _widest_name(self) -> float:
        return _widest_name(self.extent)

    @property
    def _plane_step(self) -> tuple[float, float]:
        """From a plane to the next, downwards and across."""
        rows, columns = self.extent.plane
        apart = max(8.0, round(self.pitch * 0.4))
        wide = self.indent + columns * self.pitch + apart
        return rows * self.pitch + (apart + self.head if rows > 1 else 4.0), max(wide, self._widest_name + 14)

    @property
    def width(self) -> float:
        across, columns = self.extent.planes[1], self.extent.plane[1]
        # A name above the last plane may be wider than it.
        last = max(self.indent + columns * self.pitch - self.gap, self._widest_name if self.head else 0.0)
        return (across - 1) * self._plane_step[1] + last

    @property
    def height(self) -> float:
        down, rows = self.extent.planes[0], self.extent.plane[0]
        return self.head + (down - 1) * self._plane_step[0] + rows * self.pitch - self.gap

    def corner(self, index: tuple[int, ...]) -> tuple[float, float]:
        """Left and top of a cell."""
        down, across, row, column = self.extent.place(index)
        step_down, step_across = self._plane_step if down or across else (0.0, 0.0)
        x = self.left + across * step_across + self.indent + column * self.pitch
        return x, self.top + self.head + down * step_down + row * self.pitch

    def heads(self) -> Iterator[Text]:
        """The names of the planes."""
        for index, name in self.extent.heads():
            x, y = self.corner(index)
            if self.indent:
                y += self.side / 2 + style.HALF_CAPITAL * style.PLANE
                yield Text(x - self.indent, y, name, style.PLANE, style.MUTED)
            else:
                yield Text(x, y - 6, name, style.PLANE, style.MUTED)

    def cell(self, look: style.Look, cell: Cell, at: tuple[int, ...] | None = None) -> Rect:
        """The rectangle of ``cell``; its edge lies inside, so that neighbours align whatever their edges.

        ``at`` says where on the board it lies, if that is not the cell's own index.
        """
        x, y = self.corner(cell.index if at is None else at)
        width = 0.0 if look.edge is None or self.side < 6 else 1.0
        return Rect(
            x + width / 2,
            y + width / 2,
            self.side - width,
            self.side - width,
            look.fill,
            look.edge,
            width,
            float(max(1, round(self.side / 6.5))),
            look.pattern,
            (4.0, 3.0) if look.dashed else None,
            cell,
        )

    def number(
        self, cell: Cell, content: str, size: float, fill: str, weight: Weight, at: tuple[int, ...] | None = None
    ) -> Text:
        """``content`` in the middle of a cell."""
        x, y = self.corner(cell.index if at is None else at)
        baseline = y + self.side / 2 + style.HALF_CAPITAL * size
        return Text(x + self.side / 2, baseline, content, size, fill, weight, "middle", cell)

    def low_number(self, cell: Cell, content: str, size: float, fill: str) -> Text:
        """``content`` in the lower right corner of a cell."""
        x, y = self.corner(cell.index)
        inset = self.side * _INSET
        return Text(x + self.side - inset, y + self.side - inset, content, size, fill, "semibold", "end", cell)

    def high_number(self, cell: Cell, content: str, size: float, fill: str, at: tuple[int, ...]) -> Text:
        """``content`` in the upper left corner of the cell at ``at``."""
        x, y = self.corner(at)
        inset = self.side * _INSET
        return Text(x + inset, y + inset + 2 * style.HALF_CAPITAL * size, content, size, fill, "regular", "start", cell)

    def frames(self, cells: Iterable[tuple[int, ...]]) -> Iterator[Rect]:
        """The focus: a frame around these cells in each plane that has some, in the gap around them."""
        for lead, inside in self.extent.by_plane(cells).items():
            along = list(zip(*inside, strict=True))[self.extent.leading :]
            yield self._frame((*lead, *map(min, along)), (*lead, *map(max, along)))

    def _frame(self, first: tuple[int, ...], last: tuple[int, ...]) -> Rect:
        (x1, y1), (x2, y2) = self.corner(first), self.corner(last)
        width = 3.0 if self.side >= 24 else 2.0
        out = self.gap / 2 + 0.5
        return Rect(
            x1 - out,
            y1 - out,
            x2 - x1 + self.side + 2 * out,
            y2 - y1 + self.side + 2 * out,
            None,
            style.FOCUS,
            width,
            round(self.side / 6.5) + out,
        )

    def number_size(self, contents: Iterable[str], largest: float = 0.5) -> float | None:
        """The size at which every content fits its cell, the same for all; None where it would be illegible."""
        return self._fitting(contents, largest, 0.92)

    def corner_number_size(self, contents: Iterable[str]) -> float | None:
        """The size for `low_number` and `high_number`: beside or below a number in the middle."""
        return self._fitting(contents, 0.28, 1 - 2 * _INSET)

    def _fitting(self, contents: Iterable[str], largest: float, within: float) -> float | None:
        widest = max((text_width(content, 1.0, "semibold") for content in contents), default=0.0)
        size = round(self.side * min(largest, within / widest if widest else largest), 1)
        return size if size >= room().number else None


def drawn(
    board: Board,
    cell: Cell,
    content: str,
    size: float | None,
    at: tuple[int, ...] | None = None,
    look: style.Look | None = None,
) -> Iterator[Shape]:
    """A cell in its look, or another, and what is written in it if there is room; ``at`` as in `Board.cell`."""
    look = look or style.look(cell.kind, cell.state)
    yield board.cell(look, cell, at)
    if size is not None and content:
        yield board.number(cell, content, size, look.text, "semibold" if cell.state == "lit" else "regular", at)
