"""The matrix view as a film: the convolution writes its matrix C row by row, then the rows are read as stamps of Cᵀ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import TYPE_CHECKING

from ...geometry import ConvTranspose, Sizes
from .. import style
from ..boards import Extent, drawn
from ..page import Page
from ..scene import Cell, Film, Scene, Shape
from ..text import words, wrapped
from .captions import plain
from .matrix_layout import arranged, heads
from .places import Line, grid, kept_places, largest, lines
from .request import MAX_SIDE, Amount, Index, Request, requested, side
from .sample import Sample, sample
from .stamps import Stamps, stamped
from .words import Values, detail, elements, layer

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

TITLE = "The matrix C and its transpose"
MAX_COLUMNS = 64
FIRST_MS, FRAME_MS, LAST_MS = 2600, 950, 4000


def matrix_film(
    geometry: ConvTranspose,
    input_size: Sizes,
    x: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    *,
    channels: tuple[int, int] | None = None,
    values: Values | None = None,
) -> Film:
    """The matrix C of the paired convolution, filled while the kernel moves over the image, then read transposed.

    >>> film = matrix_film(ConvTranspose((3, 3)), (2, 2))
    >>> len(film.scenes), film.scenes[-1].numbers("matrix")[0, 6]
    (10, 'w₁₂')

    The image has the transposed convolution's output size. Arguments and errors are those of `direct_film`, but for
    the values: without a weight the entries are symbols. Beyond 40 rows or 64 columns it is thinned. No x is shown.
    Source: Dumoulin & Visin 2018, section 4.1.
    """
    request = requested(geometry, input_size, channels, _amounts)
    along = lines(request.geometry.plan("scatter"), request.input_size)
    how: Values = values or ("symbols" if weight is None else "numbers")
    picture = _Picture(sample(request, x, weight, how), along)
    scenes = tuple(picture.scene(moment) for moment in picture.moments)
    durations = (FIRST_MS, *(FRAME_MS for _ in scenes[2:]), LAST_MS)
    return Film(scenes, durations, TITLE, picture.description, scenes[-1])


def _amounts(request: Request) -> Iterator[Amount]:
    rows = prod((*request.lead("input"), *request.input_size))
    columns = prod((*request.lead("output"), *request.output_size))
    image = largest(request.geometry.plan("scatter"), request.input_size)
    yield side("image with its padding", (*request.lead("output"), *image))
    yield side("matrix", (rows, columns), MAX_COLUMNS, MAX_COLUMNS)
    yield side("input in one column", (rows,), thinned=MAX_SIDE)


@dataclass(frozen=True, slots=True)
class _Moment:
    """A frame: the kernel at ``i`` (or nowhere), the first rows of C written, read forwards or transposed."""

    i: Index | None
    rows: int
    transposed: bool
    caption: str


class _Picture:
    """What all frames share, and the frames."""

    def __init__(self, shown: Sample, along: tuple[Line, ...]) -> None:
        self.sample = shown
        lead = shown.request.lead
        bordered = tuple(map(len, along))
        self._places = grid(along, lead("output"))
        self._image = dict(zip(kept_places(along, lead("output")), shown.output, strict=True))
        self._stamps = Stamps(shown.request, [stamped(line) for line in along])
        self._row = {i: row for row, i in enumerate(shown.x)}
        self._column = {o: column for column, o in enumerate(shown.output)}
        self._entries = {(self._row[i], self._column[o]): j for o in self._column for i, j in shown.terms(o)}
        self._content = {j: shown.w_text(j) for j in shown.weight}

        extents = {
            "image": shown.extent(bordered, "output"),
            "result": shown.extent(shown.input_size),
            "kernel": shown.extent(shown.geometry.kernel_size, "kernel"),
            "matrix": Extent((len(self._row), len(self._column))),
        }
        details = {
            "image": detail(lead("output"), shown.output_size),
            "result": detail(lead("input"), shown.input_size),
            "kernel": detail(shown.channels or (), shown.geometry.kernel_size),
        }
        self._layout = arranged(extents, details)
        page = Page(TITLE, layer(shown.request), self._subtitle(), self._layout.width, self._layout.height)
        self.moments = self._moments()
        self._captions = {m.caption: wrapped(words(m.caption), style.CAPTION, page.text_room) for m in self.moments}
        self._page = replace(page, caption_lines=max(map(len, self._captions.values())))
        self._boards = self._layout.boards(page.left, page.top)
        weights = list(self._content.values())
        of_part = {
            "image": [*map(str, self._column.values()), *weights],
            "result": map(str, self._row.values()),
            "kernel": weights,
            "matrix": weights,
            "transposed": weights,
        }
        self._sizes = {part: board.number_size(of_part[part], 0.44) for part, board in self._boards.items()}
        self._index_size = self._boards["image"].corner_number_size(map(str, self._column.values()))

    def _subtitle(self) -> str:
        lead = self.sample.request.lead
        image, result = (
            elements((*lead("output"), *self.sample.output_size)),
            elements((*lead("input"), *self.sample.input_size)),
        )
        return f"C takes {image} to {result}. Cᵀ takes {result} back to {image}: that is the transposed convolution."

    @property
    def description(self) -> str:
        """The film in words."""
        rows, columns = len(self._row), len(self._column)
        return (
            f"{self._subtitle()} C is {rows}×{columns} ({layer(self.sample.request)}): "
            f"row i holds the kernel's weights in the columns of the image cells that the kernel covers at position i, "
            f"and zeros elsewhere, {len(self._entries)} weights in all. "
            f"Row i is also column i of Cᵀ: there input i stamps its kernel."
        )

    def _moments(self) -> list[_Moment]:
        count = len(self._row)
        return [
            _Moment(None, 0, False, "One row for each result, one column for each cell of the image."),
            *(
                _Moment(i, row + 1, False, f"Row {row} of C: the kernel where it computes result {row}.")
                for i, row in self._row.items()
            ),
            *(
                _Moment(i, count, True, f"Column {row} of Cᵀ: input {row} stamps its kernel onto the output.")
                for i, row in self._row.items()
            ),
            _Moment(None, count, True, "Cᵀ is the transposed convolution: every input stamps, overlaps add up."),
        ]

    def scene(self, moment: _Moment) -> Scene:
        """One frame."""
        page, caption = self._page, self._captions[moment.caption]
        shapes = self._layout.furniture(page.left, page.top, transposed=moment.transposed)
        shapes += [*self._image_cells(moment), *self._result_cells(moment), *self._matrix_cells(moment)]
        for j, content in self._content.items():
            shapes += drawn(self._boards["kernel"], Cell("kernel", j, "kernel"), content, self._sizes["kernel"])
        return page.scene(shapes, caption, f"{self.description} Shown: {plain(caption)}")

    def _image_cells(self, moment: _Moment) -> Iterator[Shape]:
        window = self._stamps.of(moment.i) if moment.i is not None else {}
        board, size = self._boards["image"], self._sizes["image"]
        for at in self._places:
            o, j = self._image.get(at), window.get(at)
            under = "" if j is None else self._content[j]
            if o is None:
                cell = Cell("border", at, "padding", "" if j is None else "covered")
                yield from drawn(board, cell, under, size)
            elif j is None:
                yield from drawn(board, Cell("image", o, "output"), str(self._column[o]), size, at)
            else:
                cell = Cell("image", o, "kernel", "lit")
                yield from drawn(board, cell, under, size, at)
                if self._index_size is not None:
                    name = Cell("image number", o, "output")
                    yield board.high_number(name, str(self._column[o]), self._index_size, style.INK, at)
        yield from board.frames(window)

    def _result_cells(self, moment: _Moment) -> Iterator[Shape]:
        for i, row in self._row.items():
            cell = Cell("result", i, "input", "lit" if i == moment.i else "")
            yield from drawn(self._boards["result"], cell, str(row), self._sizes["result"])

    def _matrix_cells(self, moment: _Moment) -> Iterator[Shape]:
        """C, and Cᵀ where there is room: the same entries, rows and columns exchanged."""
        current = self._row[moment.i] if moment.i is not None else None
        lit = set() if current is None else {current}
        covered = {column for row, column in self._entries if row in lit}
        for part, turn in (("matrix", False), ("transposed", True)):
            board = self._boards.get(part)
            if board is None:
                continue
            for row, column in product(range(len(self._row)), range(len(self._column))):
                at = (column, row) if turn else (row, column)
                j = self._entries.get((row, column))
                if row >= moment.rows:
                    yield from drawn(board, Cell(part, at, "unknown"), "", None)
                elif j is None:
                    yield from drawn(board, Cell(part, at, "zero"), "", None)
                else:
                    cell = Cell(part, at, "kernel", "lit" if row == current else "")
                    yield from drawn(board, cell, self._content[j], self._sizes[part])
            if current is not None and turn == moment.transposed:
                ends = ((0, current), (len(self._column) - 1, current))
                yield from board.frames(ends if turn else (end[::-1] for end in ends))
        colours = (style.BLUE, style.GREEN_TEXT)
        yield from heads(self._boards["matrix"], lit, covered, colours)
        if "transposed" in self._boards:
            yield from heads(self._boards["transposed"], covered, lit, colours[::-1])
