"""How many products reach each output: even, a checkerboard, or with holes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ...geometry import ConvTranspose, Sizes
from ...words import counted
from .. import style
from ..boards import Board, Extent
from ..glyphs import text_width
from ..page import Page
from ..panels import Panel
from ..room import room
from ..scene import Cell, Scene, Shape, Text
from ..text import words, wrapped
from .captions import plain
from .flow import in_columns
from .request import Index, channels_of, indices, requested
from .sample import check_values, given
from .words import Values, layer, size_of, sized

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

TITLE = "Coverage"
SUBTITLE = "How many products x[i]·w[j] add up to each output."
MOST_ROWS = 9
ROW = 32.0
"""Height of a line of the legend."""


def coverage_scene(
    geometry: ConvTranspose,
    input_size: Sizes,
    x: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    *,
    channels: tuple[int, int] | None = None,
    values: Values = "numbers",
) -> Scene:
    """The output as a heat map of ``geometry.coverage``: the more products, the stronger; 0 is a hole.

    >>> coverage_scene(ConvTranspose((3, 3), stride=2), (2, 2)).numbers("coverage")[2, 2]
    '4'

    All outputs' channels are covered alike, each input channel of their group adding the same products again.
    ``values="hidden"`` leaves the counts to the legend. Beyond 40 cells a side fewer inputs are drawn.
    Errors: GeometryError beyond 3 axes or 100,000 cells. Source: Odena et al. 2016 (checkerboard artifacts).
    """
    check_values(values)
    request = requested(geometry, input_size, channels, stacked=False)
    geometry, sizes, outputs = request.geometry, request.input_size, request.output_size
    pair = channels_of(geometry, channels)
    # No number is shown, but one that is wrong is still an error.
    inputs, taps = ((), ()) if pair is None else ((pair[0],), (pair[0], pair[1] // geometry.groups))
    given("x", x, (*inputs, *request.asked), sizes)
    given("weight", weight, (*taps, *geometry.kernel_size), geometry.kernel_size)
    each = 1 if pair is None else pair[0] // geometry.groups
    found = geometry.coverage(sizes)
    counts = {o: int(found[o]) * each for o in indices(outputs)}
    tally = Counter(counts.values())
    most = max(tally)
    panel = _panel(outputs)
    rows = _chosen(sorted(tally, reverse=True))
    beside = in_columns(panel.extent)
    legend_left, legend_top = (panel.width + style.GUTTER, panel.label_height) if beside else (0.0, panel.height + 22)
    page = Page(
        TITLE,
        layer(request),
        SUBTITLE,
        max(panel.width, legend_left + _legend_width(tally)),
        max(panel.height, legend_top + len(rows) * ROW - (ROW - _SWATCH)),
    )
    caption = wrapped(words(_caption(tally)), style.CAPTION, page.text_room)
    page = replace(page, caption_lines=len(caption))
    board = panel.board(page.left, page.top)
    shapes = [
        *panel.label(page.left, page.top),
        *_heat_map(board, counts, most, hidden=values == "hidden"),
        *_legend(rows, tally, most, round(page.left + legend_left), round(page.top + legend_top)),
    ]
    description = (
        f"Heat map of the {sized(outputs)} output of a transposed convolution of a {sized(sizes)} input "
        f"({layer(request)}). {plain(caption)}"
    )
    return page.scene(shapes, caption, description)


_SWATCH = 22.0


def _panel(outputs: Index) -> Panel:
    for pitch in style.PITCHES:
        deep = max(0, len(outputs) - 2)
        panel = Panel("output", size_of(outputs), Extent(outputs, 0, deep, deep > 0), pitch)
        if panel.width <= room().width - (220 if in_columns(panel.extent) else 0) and panel.height <= room().height:
            break
    return panel


def _chosen(counts: list[int]) -> list[int]:
    """At most MOST_ROWS of the counts, evenly, the first and the last among them."""
    rows = min(len(counts), MOST_ROWS)
    return counts if rows < 2 else [counts[round(at * (len(counts) - 1) / (rows - 1))] for at in range(rows)]


def _look(count: int, most: int) -> style.Look:
    return style.look("hole") if count == 0 else style.heat(count / most)


def _heat_map(board: Board, counts: dict[Index, int], most: int, *, hidden: bool) -> Iterator[Shape]:
    size = None if hidden else board.number_size(map(str, set(counts.values())), 0.46)
    for o, count in counts.items():
        cell, look = Cell("coverage", o, "output" if count else "hole"), _look(count, most)
        yield board.cell(look, cell)
        if size is not None:
            yield board.number(cell, str(count), size, look.text, "regular")


def _legend(rows: list[int], tally: Counter[int], most: int, left: float, top: float) -> Iterator[Shape]:
    """A line for each count: its colour, its name, and how many outputs have it."""
    for row, count in enumerate(rows):
        y = top + row * ROW
        board = Board(left, y, Extent((1,)), _SWATCH + 2)
        yield board.cell(_look(count, most), Cell("legend", (row,), "output" if count else "hole"), at=(0,))
        baseline = y + _SWATCH / 2 + style.HALF_CAPITAL * style.LABEL
        products, outputs = counted(count, "product"), counted(tally[count], "output")
        yield Text(left + _SWATCH + 12, baseline, products, style.LABEL, style.INK)
        after = left + _SWATCH + 12 + _widest(tally, "product") + 20
        yield Text(after, baseline, outputs, style.LABEL, style.MUTED)


def _legend_width(tally: Counter[int]) -> float:
    outputs = max(text_width(counted(number, "output"), style.LABEL) for number in tally.values())
    return _SWATCH + 12 + _widest(tally, "product") + 20 + outputs


def _widest(counts: Counter[int], noun: str) -> float:
    return max(text_width(counted(count, noun), style.LABEL) for count in counts)


def _caption(tally: Counter[int]) -> str:
    least, most = min(tally), max(tally)
    if least == most:
        return f"Products per output: {most} everywhere."
    if least == 0:
        return f"Products per output: 0 to {most}. Holes hold only the bias."
    return f"Products per output: {least} to {most}."
