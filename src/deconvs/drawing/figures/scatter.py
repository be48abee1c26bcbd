"""The scatter and the gemm view as films: every input stamps its kernel, stride apart; overlapping stamps add up.

The gemm view is the same, but for the products: they come from one matrix product, column by column.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import replace
from itertools import product
from math import prod
from typing import TYPE_CHECKING

from ...geometry import ConvTranspose, Sizes
from .. import style
from ..boards import Extent, drawn
from ..page import Page
from ..scene import Cell, Film, Scene, Shape
from ..text import Run, Runs, words, wrapped
from .captions import plain
from .flow import Parts, flowing
from .places import Line, grid, kept_places, largest, lines
from .request import Amount, Index, Request, frames, indices, requested, side
from .sample import Sample, Values, sample
from .words import detail, layer, position, size_of, sized

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

TITLE = "Every input stamps its kernel"
SUBTITLE = "The definition: input i puts x[i] times the kernel down, its first tap at i·stride; what overlaps adds up."
OPENING = "Nothing is stamped yet."
GEMM_TITLE = "A matrix product, then overlap-add"
GEMM_SUBTITLE = "Every tap times every input is one matrix product WᵀX. Its columns are laid stride apart and added up."
GEMM_OPENING = "A row for each tap, a column for each input."
MAX_PRODUCTS = 64
"""Rows and columns of WᵀX, which has no numbers to be read then."""
FIRST_MS, FRAME_MS, LAST_MS = 2200, 1100, 3500

_Turn = tuple[Index, ...] | None
"""The inputs that stamp in a frame."""

_KINDS = {"output": "output", "cropped": "cropped", "hole": "no stamp reaches it"}


def scatter_film(
    geometry: ConvTranspose,
    input_size: Sizes,
    x: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    *,
    channels: tuple[int, int] | None = None,
    values: Values = "numbers",
) -> Film:
    """The stamps one after the other, with the sums so far.

    >>> film = scatter_film(ConvTranspose((3, 3), stride=2), (2, 2))
    >>> len(film.scenes), film.scenes[-1].numbers("output")[2, 2]
    (6, '36')

    A frame before the first stamp, one for each input, row-major, and one for the crop. Arguments and errors are those
    of `direct_film`. Source: Zeiler et al. 2010; Dumoulin & Visin 2018, chapter 4.
    """
    return _film(geometry, input_size, x, weight, channels, values, columns=False)


def gemm_film(
    geometry: ConvTranspose,
    input_size: Sizes,
    x: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    *,
    channels: tuple[int, int] | None = None,
    values: Values = "numbers",
) -> Film:
    """The matrix product of all taps and all inputs, and its columns being laid down and added up (col2im).

    >>> film = gemm_film(ConvTranspose((3, 3), stride=2), (2, 2))
    >>> len(film.scenes), film.scenes[-1].numbers("columns")[8, 3]
    (6, '36')

    A row for each tap of each output channel, a column for each input position: of several input channels a product is
    the sum. Of groups, each has a product of its own, below each other. Arguments and errors are those of
    `direct_film`; beyond 64 taps or inputs it is thinned. Source: Chellapilla, Puri and Simard 2006, for lowering a
    convolution to a matrix product.
    """
    return _film(geometry, input_size, x, weight, channels, values, columns=True)


def _film(
    geometry: ConvTranspose,
    input_size: Sizes,
    x: ArrayLike | None,
    weight: ArrayLike | None,
    channels: tuple[int, int] | None,
    values: Values,
    *,
    columns: bool,
) -> Film:
    request = requested(geometry, input_size, channels, _columns if columns else _stamping)
    along = lines(request.geometry.plan("scatter"), request.input_size)
    shown = sample(request, x, weight, values)
    picture = _Picture(shown, along, columns=columns)
    turns = _turns(request, together=columns)
    scenes = (
        picture.scene(None, 0),
        *(picture.scene(turn, count) for count, turn in enumerate(turns, start=1)),
        picture.scene(None, len(turns)),
    )
    durations = (FIRST_MS, *(FRAME_MS for _ in turns), LAST_MS)
    return Film(scenes, durations, picture.title, picture.description, scenes[-1])


def _stamping(request: Request) -> Iterator[Amount]:
    size = largest(request.geometry.plan("scatter"), request.input_size)
    yield side("output before it is cropped", (*request.lead("output"), *size))
    yield frames(prod((*request.lead("input"), *request.input_size)) + 2)


def _columns(request: Request) -> Iterator[Amount]:
    yield from _stamping(request)
    yield side("matrix of taps and inputs", _product_size(request), MAX_PRODUCTS)


def _product_size(request: Request) -> Index:
    """Rows: the taps of every output channel; columns: the input positions."""
    taps = prod(request.geometry.kernel_size) * (1 if request.channels is None else request.channels[1])
    return taps, prod(request.input_size)


def _turns(request: Request, *, together: bool) -> list[tuple[Index, ...]]:
    """The inputs that stamp in one frame: one, or for the matrix product all channels of one position."""
    lead = request.lead("input")
    if not together:
        return [(i,) for i in indices((*lead, *request.input_size))]
    return [tuple((*c, *at) for c in indices(lead)) for at in indices(request.input_size)]


class _Picture:
    """What all frames share, and the frames."""

    def __init__(self, shown: Sample, along: tuple[Line, ...], *, columns: bool) -> None:
        self.sample = shown
        self.title = GEMM_TITLE if columns else TITLE
        request, lead = shown.request, shown.request.lead
        self._places = grid(along, lead("output"))
        self._output = dict(zip(kept_places(along, lead("output")), shown.output, strict=True))
        at_source = {source: at for at, (_, source) in self._places.items() if source is not None}
        self._stamps = _stamps(shown, at_source)
        self._turns = _turns(request, together=columns)
        size = tuple(map(len, along))
        cropped = size != shown.output_size
        name = "output before its crop" if cropped else "output"
        taps = shown.geometry.kernel_size
        parts: Parts = {
            "input": ("input", detail(lead("input"), shown.input_size), shown.extent(shown.input_size)),
            "kernel": ("kernel", detail(shown.channels or (), taps), shown.extent(taps, "kernel")),
            "output": (name, detail(lead("output"), size), shown.extent(size, "output")),
        }
        self._products = _products(shown, self._turns) if columns else {}
        if columns:
            product_size = _product_size(request)
            parts["columns"] = ("WᵀX", f"{size_of(product_size)}, tap by input", Extent(product_size))
        reached = {at for stamp in self._stamps.values() for at in stamp}
        kinds = {self._kind(at, reached) for at in self._places}
        legend = [(name, style.look(kind)) for kind, name in _KINDS.items() if kind in kinds]
        stages = (("input", "kernel"), ("columns",), ("output",)) if columns else (("input", "kernel"), ("output",))
        self._flow = flowing(stages, parts, legend)
        subtitle, opening = (GEMM_SUBTITLE, GEMM_OPENING) if columns else (SUBTITLE, OPENING)
        page = Page(self.title, layer(request), subtitle, self._flow.width, self._flow.height)
        self._captions: dict[tuple[_Turn, bool], list[Runs]] = {
            (turn, False): wrapped(_stamped(shown, turn, columns), style.CAPTION, page.text_room)
            for turn in self._turns
        }
        self._captions[None, False] = wrapped(words(opening), style.CAPTION, page.text_room)
        ending = f"All stamps added up{', and the crossed-out ends cropped' if cropped else ''}: "
        ending += f"the {sized(shown.output_size)} output."
        self._captions[None, True] = wrapped(words(ending), style.CAPTION, page.text_room)
        self._page = replace(page, caption_lines=max(map(len, self._captions.values())))
        self._furniture = self._flow.furniture(legend, page.left, page.top)
        self._boards = {part: self._flow.board(part, page.left, page.top) for part in parts}
        self._sums = [self._sums_after(count) for count in range(len(self._turns) + 1)]
        self._sizes = {
            "input": self._boards["input"].number_size(map(shown.x_text, shown.x)),
            "kernel": self._boards["kernel"].number_size(map(shown.w_text, shown.weight)),
            "columns": self._boards["columns"].number_size(map(shown.other_text, self._products.values()))
            if columns
            else None,
            "output": self._boards["output"].number_size(
                [*map(shown.y_text, shown.output), *(shown.other_text(v) for sums in self._sums for v in sums.values())]
            ),
        }

    @property
    def _how(self) -> str:
        return "the stamps being columns of one matrix product" if self._products else "by its definition"

    @property
    def description(self) -> str:
        """The film in words."""
        shown = self.sample
        return (
            f"Transposed convolution of the {shown.input_in_words} with the {shown.kernel_in_words}, {self._how}: "
            f"each input stamps the kernel times its value, and overlapping stamps add up. "
            f"The {shown.output_in_words}."
        )

    def scene(self, turn: _Turn, count: int) -> Scene:
        """The first ``count`` turns of inputs stamped, ``turn`` the last of them if it is shown."""
        done = turn is None and count == len(self._turns)
        caption = self._captions[turn, done]
        shapes = [*self._furniture, *self._cells(turn or (), count, done)]
        return self._page.scene(shapes, caption, f"{self.description} Shown: {plain(caption)}")

    def _cells(self, turn: tuple[Index, ...], count: int, done: bool) -> Iterator[Shape]:
        shown = self.sample
        for at in shown.x:
            yield from self._drawn("input", Cell("input", at, "input", "lit" if at in turn else ""), shown.x_text(at))
        stamp: dict[Index, Index] = {}
        taps: set[Index] = set()
        for i in turn:
            stamp |= self._stamps[i]
            taps |= {j for j in shown.weight if j[: shown.request.leading] == i[: shown.request.leading]}
        for j in shown.weight:
            yield from self._drawn("kernel", Cell("kernel", j, "kernel", "lit" if j in taps else ""), shown.w_text(j))
        yield from self._sums_so_far(stamp, self._sums[count], done)
        yield from self._boards["output"].frames(stamp)
        current = count - 1 if turn else None
        for (row, column), value in self._products.items():
            known, lit = column < count, column == current
            cell = Cell("columns", (row, column), "product" if known else "unknown", "lit" if lit else "")
            yield from self._drawn("columns", cell, shown.other_text(value) if known else "")
        if current is not None and self._products:
            rows = {row for row, _ in self._products}
            yield from self._boards["columns"].frames((row, current) for row in rows)

    def _sums_so_far(self, stamp: Container[Index], sums: dict[Index, float], done: bool) -> Iterator[Shape]:
        shown = self.sample
        for at in self._places:
            o = self._output.get(at)
            kind = self._kind(at, sums)
            if kind == "hole" and not done:
                kind = "unknown"
            if done and o is not None:
                content = shown.y_text(o) if at in sums else shown.zero
            else:
                content = shown.other_text(sums[at]) if at in sums else ""
            if o is None:
                yield from self._drawn("output", Cell("cropped", at, kind), content, at)
            else:
                yield from self._drawn("output", Cell("output", o, kind, "lit" if at in stamp else ""), content, at)

    def _kind(self, at: Index, reached: Container[Index]) -> str:
        kind, _ = self._places[at]
        if kind == "cropped":
            return "cropped"
        return "output" if at in reached else "hole"

    def _drawn(self, part: str, cell: Cell, content: str, at: Index | None = None) -> Iterator[Shape]:
        return drawn(self._boards[part], cell, content, self._sizes[part], at)

    def _sums_after(self, count: int) -> dict[Index, float]:
        sums: dict[Index, float] = {}
        for i in (i for turn in self._turns[:count] for i in turn):
            for at, j in self._stamps[i].items():
                sums[at] = sums.get(at, 0) + self.sample.x[i] * self.sample.weight[j]
        return sums


def _stamps(shown: Sample, at_source: dict[Index, Index]) -> dict[Index, dict[Index, Index]]:
    """For each input: place -> the tap that it puts there, on ends that are cropped later, too."""
    request = shown.request
    whole = [replace(axis, crop=(0, 0)) for axis in shown.geometry.axes]
    found: dict[Index, dict[Index, Index]] = {i: {} for i in shown.x}
    for source, at in at_source.items():
        channel, spatial = source[: request.leading], source[request.leading :]
        pairs = [axis.contributions(n, t) for axis, n, t in zip(whole, shown.input_size, spatial, strict=True)]
        for combination in product(*pairs):
            i, j = tuple(i for i, _ in combination), tuple(j for _, j in combination)
            if not channel:
                found[i][at] = j
                continue
            for c in request.inputs_of(channel[0]):
                found[c, *i][at] = (c, channel[0] % request.out_per_group, *j)
    return found


def _products(shown: Sample, turns: list[tuple[Index, ...]]) -> dict[Index, float]:
    """WᵀX: a row for each tap of each output channel, a column for each turn."""
    request = shown.request
    found: dict[Index, float] = {}
    rows = [(o, j) for o in indices(request.lead("output")) for j in indices(shown.geometry.kernel_size)]
    for column, turn in enumerate(turns):
        for row, (o, j) in enumerate(rows):
            if not o:
                found[row, column] = shown.x[turn[0]] * shown.weight[j]
                continue
            of_group = [i for i in turn if i[0] in request.inputs_of(o[0])]
            found[row, column] = sum(
                shown.x[i] * shown.weight[i[0], o[0] % request.out_per_group, *j] for i in of_group
            )
    return found


def _stamped(shown: Sample, turn: tuple[Index, ...], columns: bool) -> list[Runs]:
    i = turn[0]
    if columns:
        at = position(i[shown.request.leading :])
        every = "" if shown.channels is None else " of every channel"
        return [
            (Run("All taps", style.AMBER_TEXT, "semibold"), Run(" × ", style.MUTED)),
            (Run(f"input {at} ", style.BLUE, "semibold"),),
            *words(f"{every} are one column, laid where that input's stamp belongs and added."),
        ]
    value = shown.x_text(i)
    head: list[Runs] = [(Run(f"Input {position(i)} ", style.BLUE, "semibold"),)]
    if value:
        head = [
            (Run(f"Input {position(i)}", style.BLUE, "semibold"), Run(" = ", style.MUTED)),
            (Run(f"{value} ", style.BLUE, "semibold"),),
        ]
    return [
        *head,
        *words("stamps"),
        (
            Run(value or "its value", style.BLUE, "semibold"),
            Run(" × ", style.MUTED),
            Run("kernel ", style.AMBER_TEXT, "semibold"),
        ),
        *words("onto the output."),
    ]
