"""Building blocks of the figures: boards of cells, labels, lines of coloured text. All measure before they draw."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from . import style
from .glyphs import text_width
from .scene import Cell, Rect, Shape, Text, Weight


@dataclass(frozen=True, slots=True)
class Run:
    """Text in one colour and weight; a line is a sequence of runs."""

    content: str
    fill: str = style.INK
    weight: Weight = "regular"

    def width(self, size: float) -> float:
        return text_width(self.content, size, self.weight)


Runs = tuple[Run, ...]

_INSET = 0.1
"""Of numbers in the corner of a cell, in sides of the cell."""


def runs_width(runs: Iterable[Run], size: float) -> float:
    """Width of runs set one after another."""
    return sum(run.width(size) for run in runs)


def set_runs(runs: Iterable[Run], x: float, y: float, size: float) -> list[Shape]:
    """Runs from ``x`` rightwards on the baseline ``y``; neighbours of one colour and weight are one text."""
    shapes: list[Shape] = []
    for (fill, weight), alike in groupby(runs, key=lambda run: (run.fill, run.weight)):
        run = Run("".join(run.content for run in alike), fill, weight)
        # The space at the ends has no ink; without it the boxes of neighbours stay apart.
        ink = run.content.strip()
        if ink:
            before = run.content[: len(run.content) - len(run.content.lstrip())]
            shapes.append(Text(x + text_width(before, size, run.weight), y, ink, size, run.fill, run.weight))
        x += run.width(size)
    return shapes


def wrapped(pieces: Sequence[Runs], size: float, width: float) -> list[Runs]:
    """Pieces, none of which is broken, in as many lines as ``width`` needs."""
    lines: list[list[Run]] = [[]]
    for piece in pieces:
        if lines[-1] and runs_width((*lines[-1], *piece), size) > width:
            lines.append([])
            piece = (replace(piece[0], content=piece[0].content.lstrip()), *piece[1:])
        lines[-1] += piece
    return [tuple(line) for line in lines]


def words(text: str, fill: str = style.INK, weight: Weight = "regular") -> list[Runs]:
    """A text as pieces for `wrapped`, one a word."""
    return [(Run(word + " ", fill, weight),) for word in text.split()]


@dataclass(frozen=True, slots=True)
class Board:
    """A grid of cells at a place in the picture; index (row, column), or (column,) for one axis."""

    left: float
    top: float
    size: tuple[int, ...]
    pitch: float

    @property
    def gap(self) -> float:
        """Between neighbouring cells."""
        return max(1.0, round(self.pitch / 12))

    @property
    def side(self) -> float:
        """Of a cell."""
        return self.pitch - self.gap

    @property
    def width(self) -> float:
        return self.size[-1] * self.pitch - self.gap

    @property
    def height(self) -> float:
        return (self.size[0] if len(self.size) == 2 else 1) * self.pitch - self.gap

    def corner(self, index: tuple[int, ...]) -> tuple[float, float]:
        """Left and top of a cell."""
        row, column = (0, *index)[-2:]
        return self.left + column * self.pitch, self.top + row * self.pitch

    def cell(self, look: style.Look, cell: Cell, at: tuple[int, ...] | None = None) -> Rect:
        """The rectangle of ``cell``; its edge lies inside, so that neighbours align whatever their edges.

        ``at`` says where on the board it lies, if that is not the cell's own index.
        """
        x, y = self.corner(cell.index if at is None else at)
        width = 0.0 if look.edge is None else 1.0
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

    def frame(self, first: tuple[int, ...], last: tuple[int, ...]) -> Rect:
        """The focus: a frame around the cells from ``first`` to ``last``, in the gap around them."""
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

    def _fitting(self, contents: Iterable[str], largest: float, room: float) -> float | None:
        widest = max((text_width(content, 1.0, "semibold") for content in contents), default=0.0)
        size = round(self.side * min(largest, room / widest if widest else largest), 1)
        return size if size >= style.SMALLEST_NUMBER else None


def drawn(
    board: Board, cell: Cell, content: str, size: float | None, at: tuple[int, ...] | None = None
) -> Iterator[Shape]:
    """A cell in its look, and what is written in it if there is room; ``at`` as in `Board.cell`."""
    look = style.look(cell.kind, cell.state)
    yield board.cell(look, cell, at)
    if size is not None and content:
        yield board.number(cell, content, size, look.text, "semibold" if cell.state == "lit" else "regular", at)


@dataclass(frozen=True, slots=True)
class Panel:
    """A labelled board, measured before its place is known."""

    name: str
    detail: str
    size: tuple[int, ...]
    pitch: float

    def _runs(self, name: str) -> Runs:
        return (Run(name + " ", style.INK, "semibold"), Run(self.detail, style.MUTED))

    @property
    def board_width(self) -> float:
        return Board(0, 0, self.size, self.pitch).width

    @property
    def width(self) -> float:
        return max(self.board_width, runs_width(self._runs(self.name), style.LABEL))

    @property
    def height(self) -> float:
        return self.label_height + Board(0, 0, self.size, self.pitch).height

    @property
    def label_height(self) -> float:
        return round(style.LABEL * 0.75) + style.LABEL_GAP

    def board(self, left: float, top: float) -> Board:
        """The board of the panel whose upper left corner is here."""
        return Board(left, top + self.label_height, self.size, self.pitch)

    def label(self, left: float, top: float, name: str | None = None) -> list[Shape]:
        """The label of the panel whose upper left corner is here; ``name`` for a frame that calls it otherwise."""
        return set_runs(self._runs(name or self.name), left, top + round(style.LABEL * 0.75), style.LABEL)


def swatches(entries: Sequence[tuple[str, style.Look]], left: float, top: float) -> Iterator[Shape]:
    """A legend in one line: what each look means."""
    for position, (text, look) in enumerate(entries):
        yield Board(left, top, (1,), 18).cell(look, Cell("legend", (position,), text), at=(0,))
        yield Text(left + 25, top + 13.5, text, style.LEGEND, style.MUTED)
        left += 25 + text_width(text, style.LEGEND) + 20


def swatches_width(entries: Sequence[tuple[str, style.Look]]) -> float:
    """Width of `swatches`."""
    return sum(45 + text_width(text, style.LEGEND) for text, _ in entries) - 20
