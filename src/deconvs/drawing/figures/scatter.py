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
from ..layout import Run, Runs, drawn, words, wrapped
from ..page import Page
from ..scene import Cell, Film, Scene, Shape
from .captions import plain
from .flow import Parts, flowing
from .places import Line, grid, kept, lines
from .sample import Index, Sample, check_frames, check_side, drawable, indices, sample
from .words import kernel_and_stride, listed, number, position, size_of, sized

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

_KINDS = {"output": "output", "cropped": "cropped", "hole": "no stamp reaches it"}


def scatter_film(
    geometry: ConvTranspose, input_size: Sizes, x: ArrayLike | None = None, weight: ArrayLike | None = None
) -> Film:
    """The stamps one after the other, with the sums so far.

    >>> film = scatter_film(ConvTranspose((3, 3), stride=2), (2, 2))
    >>> len(film.scenes), film.scenes[-1].numbers("output")[2, 2]
    (6, '36')

    A frame before the first stamp, one for each input, row-major, and one for the crop. x: integers of shape
    input_size; weight: integers of shape kernel_size; both count up by default. Errors: GeometryError beyond 2 axes, 40
    cells a side or 400 frames. Source: Zeiler et al. 2010; Dumoulin & Visin 2018, chapter 4.
    """
    return _film(geometry, input_size, x, weight, columns=False)


def gemm_film(
    geometry: ConvTranspose, input_size: Sizes, x: ArrayLike | None = None, weight: ArrayLike | None = None
) -> Film:
    """The matrix product of all taps and all inputs, and its columns being laid down and added up (col2im).

    >>> film = gemm_film(ConvTranspose((3, 3), stride=2), (2, 2))
    >>> len(film.scenes), film.scenes[-1].numbers("columns")[8, 3]
    (6, '36')

    Frames and arguments are those of `scatter_film`. Errors: GeometryError beyond 2 axes, 40 cells a side, 64 taps or
    inputs, or 400 frames. Source: Chellapilla, Puri and Simard 2006, for lowering a convolution to a matrix product.
    """
    return _film(geometry, input_size, x, weight, columns=True)


def _film(
    geometry: ConvTranspose, input_size: Sizes, x: ArrayLike | None, weight: ArrayLike | None, *, columns: bool
) -> Film:
    sizes, _ = drawable(geometry, input_size)
    along = lines(geometry.plan("scatter"), sizes, "output before it is cropped")
    check_frames(prod(sizes) + 2)
    if columns:
        check_side("matrix of taps and inputs", (prod(geometry.kernel_size), prod(sizes)), MAX_PRODUCTS)
    picture = _Picture(sample(geometry, sizes, x, weight), along, columns=columns)
    inputs = indices(sizes)
    scenes = (
        picture.scene(None, 0),
        *(picture.scene(i, count) for count, i in enumerate(inputs, start=1)),
        picture.scene(None, len(inputs)),
    )
    durations = (FIRST_MS, *(FRAME_MS for _ in inputs), LAST_MS)
    return Film(scenes, durations, picture.title, picture.description, scenes[-1])


class _Picture:
    """What all frames share, and the frames."""

    def __init__(self, shown: Sample, along: tuple[Line, ...], *, columns: bool) -> None:
        self.sample = shown
        self.title = GEMM_TITLE if columns else TITLE
        self._places = grid(along)
        self._output = dict(zip(product(*map(kept, along)), indices(shown.output_size), strict=True))
        at_source = {source: at for at, (_, source) in self._places.items() if source is not None}
        self._stamps = _stamps(shown, at_source)
        self._inputs = indices(shown.input_size)
        size = tuple(map(len, along))
        cropped = size != shown.output_size
        parts: Parts = {
            "input": ("input", size_of(shown.input_size), shown.input_size),
            "kernel": ("kernel", size_of(shown.geometry.kernel_size), shown.geometry.kernel_size),
            "output": ("output before its crop" if cropped else "output", size_of(size), size),
        }
        taps, inputs = indices(shown.geometry.kernel_size), self._inputs
        self._products = (
            {
                (row, column): shown.weight[j] * shown.x[i]
                for row, j in enumerate(taps)
                for column, i in enumerate(inputs)
            }
            if columns
            else {}
        )
        if columns:
            product_size = (len(taps), len(inputs))
            parts["columns"] = ("WᵀX", f"{size_of(product_size)}, tap by input", product_size)
        reached = {at for stamp in self._stamps.values() for at in stamp}
        kinds = {self._kind(at, reached) for at in self._places}
        legend = [(name, style.look(kind)) for kind, name in _KINDS.items() if kind in kinds]
        stages = (("input", "kernel"), ("columns",), ("output",)) if columns else (("input", "kernel"), ("output",))
        self._flow = flowing(stages, parts, legend)
        subtitle, opening = (GEMM_SUBTITLE, GEMM_OPENING) if columns else (SUBTITLE, OPENING)
        page = Page(self.title, kernel_and_stride(shown.geometry), subtitle, self._flow.width, self._flow.height)
        self._captions: dict[tuple[Index | None, bool], list[Runs]] = {
            (i, False): wrapped(_stamped(shown, i, columns), style.CAPTION, page.text_room) for i in self._inputs
        }
        self._captions[None, False] = wrapped(words(opening), style.CAPTION, page.text_room)
        ending = f"All stamps added up{', and the crossed-out ends cropped' if cropped else ''}: "
        ending += f"the {sized(shown.output_size)} output."
        self._captions[None, True] = wrapped(words(ending), style.CAPTION, page.text_room)
        self._page = replace(page, caption_lines=max(map(len, self._captions.values())))
        self._furniture = self._flow.furniture(legend, page.left, page.top)
        self._boards = {part: self._flow.board(part, page.left, page.top) for part in parts}
        self._sums = [self._sums_after(count) for count in range(len(self._inputs) + 1)]
        self._sizes = {
            "input": self._boards["input"].number_size(map(number, shown.x.values())),
            "kernel": self._boards["kernel"].number_size(map(number, shown.weight.values())),
            "columns": self._boards["columns"].number_size(map(number, self._products.values())) if columns else None,
            "output": self._boards["output"].number_size(
                number(value) for sums in self._sums for value in sums.values()
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
            f"Transposed convolution of the {sized(shown.input_size)} input {listed(shown.x)} with the kernel "
            f"{listed(shown.weight)} ({kernel_and_stride(shown.geometry)}), {self._how}: each input stamps the "
            f"kernel times its value, and overlapping stamps add up. The {sized(shown.output_size)} output is "
            f"{listed(shown.output)}."
        )

    def scene(self, i: Index | None, count: int) -> Scene:
        """The first ``count`` inputs stamped, ``i`` the last of them if it is shown."""
        done = i is None and count == len(self._inputs)
        caption = self._captions[i, done]
        shapes = [*self._furniture, *self._cells(i, count, done)]
        return self._page.scene(shapes, caption, f"{self.description} Shown: {plain(caption)}")

    def _cells(self, i: Index | None, count: int, done: bool) -> Iterator[Shape]:
        for at, value in self.sample.x.items():
            state = "lit" if at == i else ""
            yield from self._drawn("input", Cell("input", at, "input", state), number(value))
        for j, value in self.sample.weight.items():
            yield from self._drawn("kernel", Cell("kernel", j, "kernel", "" if i is None else "lit"), number(value))
        stamp = self._stamps[i] if i is not None else {}
        sums = self._sums[count]
        for at in self._places:
            o = self._output.get(at)
            kind = self._kind(at, sums)
            if kind == "hole" and not done:
                kind = "unknown"
            content = number(sums[at]) if at in sums else "0" if done and kind == "hole" else ""
            if o is None:
                yield from self._drawn("output", Cell("cropped", at, kind), content, at)
            else:
                state = "lit" if at in stamp else ""
                yield from self._drawn("output", Cell("output", o, kind, state), content, at)
        if stamp:
            yield self._boards["output"].frame(min(stamp), max(stamp))
        current = self._inputs.index(i) if i is not None else None
        for (row, column), value in self._products.items():
            known, lit = column < count, column == current
            cell = Cell("columns", (row, column), "product" if known else "unknown", "lit" if lit else "")
            yield from self._drawn("columns", cell, number(value) if known else "")
        if current is not None and self._products:
            yield self._boards["columns"].frame((0, current), (len(self.sample.weight) - 1, current))

    def _kind(self, at: Index, reached: Container[Index]) -> str:
        kind, _ = self._places[at]
        if kind == "cropped":
            return "cropped"
        return "output" if at in reached else "hole"

    def _drawn(self, part: str, cell: Cell, content: str, at: Index | None = None) -> Iterator[Shape]:
        return drawn(self._boards[part], cell, content, self._sizes[part], at)

    def _sums_after(self, count: int) -> dict[Index, int]:
        sums: dict[Index, int] = {}
        for i in self._inputs[:count]:
            for at, j in self._stamps[i].items():
                sums[at] = sums.get(at, 0) + self.sample.x[i] * self.sample.weight[j]
        return sums


def _stamps(shown: Sample, at_source: dict[Index, Index]) -> dict[Index, dict[Index, Index]]:
    """For each input: place -> the tap that it puts there, on ends that are cropped later, too."""
    whole = [replace(axis, crop=(0, 0)) for axis in shown.geometry.axes]
    found: dict[Index, dict[Index, Index]] = {i: {} for i in indices(shown.input_size)}
    for source, at in at_source.items():
        pairs = [axis.contributions(n, t) for axis, n, t in zip(whole, shown.input_size, source, strict=True)]
        for combination in product(*pairs):
            found[tuple(i for i, _ in combination)][at] = tuple(j for _, j in combination)
    return found


def _stamped(shown: Sample, i: Index, columns: bool) -> list[Runs]:
    value = number(shown.x[i])
    if columns:
        return [
            (Run("All taps", style.AMBER_TEXT, "semibold"), Run(" × ", style.MUTED)),
            (Run(f"input {position(i)} ", style.BLUE, "semibold"),),
            *words("are one column, laid where that input's stamp belongs and added."),
        ]
    return [
        (Run(f"Input {position(i)}", style.BLUE, "semibold"), Run(" = ", style.MUTED)),
        (Run(f"{value} ", style.BLUE, "semibold"),),
        *words("stamps"),
        (Run(value, style.BLUE, "semibold"), Run(" × ", style.MUTED), Run("kernel ", style.AMBER_TEXT, "semibold")),
        *words("onto the output."),
    ]
