"""The direct view as a film and as a picture: insert zeros, pad, then an ordinary convolution at stride 1."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

from ...geometry import ConvTranspose, Sizes
from ...plan import Plan
from ...steps import Correlate
from ...weights import FlippedKernel
from .. import style
from ..boards import Extent, drawn
from ..page import Page
from ..scene import Cell, Film, Scene, Shape
from ..text import Runs, words, wrapped
from .captions import plain, sum_of_products
from .direct_layout import PARTS, arranged
from .places import Line, grid, kept, largest, lines
from .request import Amount, Index, Request, frames, indices, requested, side
from .sample import Sample, sample
from .telling import telling
from .windows import turned_taps, window
from .words import Values, detail, kinds_in_words, layer, preparation, prepared_name, turned

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

OPENING = "Every output is one position of the kernel on this grid."
FIRST_MS, FRAME_MS, LAST_MS = 2200, 850, 3000


def direct_film(
    geometry: ConvTranspose,
    input_size: Sizes,
    x: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    *,
    channels: tuple[int, int] | None = None,
    values: Values = "numbers",
) -> Film:
    """The window sliding over the inserted and padded input, the output filling with its true numbers.

    >>> film = direct_film(ConvTranspose((3, 3), stride=2), (2, 2))
    >>> len(film.scenes), film.scenes[-1].numbers("output")[1, 2]
    (26, '14')

    One frame before the start, then one for each output, row-major. x: numbers of shape input_size, weight: of shape
    kernel_size, after their channels; both count up by default. ``channels``: (C_in, C_out), shown as stacks; values:
    "numbers", "symbols" or "hidden". What has more than 40 cells a side, 400 frames or 150,000 cells in all frames is
    thinned: fewer inputs are drawn. Errors: GeometryError beyond 3 axes or 100,000 cells.
    Source: Dumoulin & Visin 2018, chapter 4.
    """
    picture = _picture(geometry, input_size, x, weight, channels, values, _frames)
    outputs = picture.outputs
    scenes = [picture.scene(None, 0)] + [picture.scene(o, count) for count, o in enumerate(outputs, start=1)]
    durations = [FIRST_MS] + [FRAME_MS] * (len(outputs) - 1) + [LAST_MS]
    return Film(tuple(scenes), tuple(durations), picture.title, picture.description, picture.still())


def direct_scene(
    geometry: ConvTranspose,
    input_size: Sizes,
    x: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    *,
    channels: tuple[int, int] | None = None,
    values: Values = "numbers",
) -> Scene:
    """One picture of the direct view: all outputs, and the window of one that is made of the most products.

    >>> scene = direct_scene(ConvTranspose((3, 3), stride=2), (2, 2))
    >>> sorted(scene.cells("output", "lit")), len(scene.cells("padded", "lit"))
    ([(2, 2)], 4)

    Arguments and errors are those of `direct_film`.
    """
    return _picture(geometry, input_size, x, weight, channels, values, _sides).still()


def _sides(request: Request) -> Iterator[Amount]:
    size = largest(request.geometry.plan("direct"), request.input_size)
    yield side("input with its zeros", (*request.lead("input"), *size))


def _frames(request: Request) -> Iterator[Amount]:
    yield from _sides(request)
    yield frames(prod((*request.lead("output"), *request.output_size)) + 1)


def _picture(
    geometry: ConvTranspose,
    input_size: Sizes,
    x: ArrayLike | None,
    weight: ArrayLike | None,
    channels: tuple[int, int] | None,
    values: Values,
    amounts: Callable[[Request], Iterator[Amount]],
) -> _Picture:
    request = requested(geometry, input_size, channels, amounts)
    plan = request.geometry.plan("direct")
    return _Picture(sample(request, x, weight, values), plan, lines(plan, request.input_size))


class _Picture:
    """What all frames share, and the frames."""

    def __init__(self, shown: Sample, plan: Plan, along: tuple[Line, ...]) -> None:
        self.sample, self.plan = shown, plan
        self.places = grid(along, shown.request.lead("input"))
        self.outputs = list(shown.output)
        self._kept = [kept(line) for line in along]
        (self._correlate,) = (step for step in plan.steps if isinstance(step, Correlate))
        assert isinstance(self._correlate.weight, FlippedKernel)
        self._taps = turned_taps(self._correlate.weight)
        # The kernel's channels change places, too; the stacks keep theirs, so that each tap is found where it was.
        lead = indices(shown.request.lead("kernel"))
        self._turned = {(*c, *t): (*c, *j) for c in lead for t, j in self._taps.items()}
        self.title = plan.claim.partition(": ")[0]
        arrangement = arranged(*self._parts(tuple(map(len, along))), self._off_centre(along[-1]))
        page = Page(self.title, layer(shown.request), preparation(plan), arrangement.width, arrangement.height)
        self._captions: dict[Index | None, list[Runs]] = {
            o: sum_of_products(shown, o, page.text_room) for o in self.outputs
        }
        self._captions[None] = wrapped(words(OPENING), style.CAPTION, page.text_room)
        self._page = replace(page, caption_lines=max(map(len, self._captions.values())))
        self._boards = {part: arrangement.board(part, page.left, page.top) for part in PARTS}
        legend = kinds_in_words({kind for kind, _ in self.places.values()})
        self._furniture = arrangement.furniture(
            [(text, style.look(kind)) for kind, text in legend], page.left, page.top
        )
        written: dict[str, Iterable[str]] = {
            "input": map(shown.x_text, shown.x),
            "kernel": map(shown.w_text, shown.weight),
            "turned": map(shown.w_text, shown.weight),
            "padded": map(shown.x_text, shown.x),
            "output": map(shown.y_text, shown.output),
        }
        self._sizes = {part: self._boards[part].number_size(texts) for part, texts in written.items()}
        # A symbol has its subscripts where the weight would stand.
        room = self._boards["padded"].corner_number_size(map(shown.w_text, shown.weight))
        self._weight_size = None if shown.values == "symbols" else room

    @property
    def description(self) -> str:
        """The film in words."""
        shown = self.sample
        return (
            f"Transposed convolution of the {shown.input_in_words} with the {shown.kernel_in_words}, computed as an "
            f"ordinary convolution. {preparation(self.plan)}. The {shown.output_in_words}."
        )

    def still(self) -> Scene:
        """All outputs; the window where it meets the most input elements, of those the one nearest to the middle."""
        return self.scene(telling(self.sample), len(self.outputs))

    def scene(self, o: Index | None, known: int) -> Scene:
        """The window of output ``o`` (None: no window yet), with the first ``known`` outputs written."""
        caption = self._captions[o]
        shapes = [*self._furniture, *self._cells(o, set(self.outputs[:known]))]
        description = self.description if o is None else f"{self.description} Shown: {plain(caption)}."
        return self._page.scene(shapes, caption, description)

    def _cells(self, o: Index | None, known: set[Index]) -> Iterator[Shape]:
        terms = self.sample.terms(o) if o is not None else ()
        inputs = {i for i, _ in terms}
        shown = self.sample
        for i in shown.x:
            yield from self._drawn("input", i, "input", shown.x_text(i), _lit(i in inputs))
        for j in shown.weight:
            yield from self._drawn("kernel", j, "kernel", shown.w_text(j))
        for t, j in self._turned.items():
            yield from self._drawn("turned", t, "kernel", shown.w_text(j))
        yield from self._padded_cells(inputs, self._window(o) if o is not None else {})
        for at in shown.output:
            if at in known:
                yield from self._drawn("output", at, "output", shown.y_text(at), _lit(at == o))
            else:
                yield from self._drawn("output", at, "unknown", "")
        if o is not None:
            yield from self._boards["output"].frames([o])

    def _padded_cells(self, inputs: set[Index], window: dict[Index, Index]) -> Iterator[Shape]:
        shown = self.sample
        for at, (kind, source) in self.places.items():
            if at not in window:
                state = ""
            else:
                state = "lit" if source in inputs else "covered"
            yield from self._drawn("padded", at, kind, shown.zero if source is None else shown.x_text(source), state)
        board = self._boards["padded"]
        for at, j in window.items():
            text = shown.w_text(j)
            if self._weight_size is not None and text:
                lit = self.places[at][1] in inputs
                colour = style.AMBER_ON_BLUE if lit else style.AMBER_TEXT
                cell = Cell("window", at, "kernel", _lit(lit))
                yield board.low_number(cell, text, self._weight_size, colour)
        yield from board.frames(window)

    def _drawn(self, part: str, index: Index, kind: str, content: str, state: str = "") -> Iterator[Shape]:
        return drawn(self._boards[part], Cell(part, index, kind, state), content, self._sizes[part])

    def _window(self, o: Index) -> dict[Index, Index]:
        """The places under the turned kernel when it computes output ``o``, and the tap that lies over each."""
        return window(self.sample.request, self._correlate, self._kept, self._taps, o)

    def _off_centre(self, line: Line) -> float:
        """By how much the middle of what is kept lies right of the middle of the line."""
        places = self._kept[-1]
        return (places[0] + places[-1] - (len(line) - 1)) / 2

    def _parts(self, before_crop: Index) -> tuple[dict[str, Extent], dict[str, tuple[str, str]]]:
        """Extents and labels of the panels."""
        shown, g, lead = self.sample, self.sample.geometry, self.sample.request.lead
        extents = {
            "input": shown.extent(shown.input_size),
            "kernel": shown.extent(g.kernel_size, "kernel"),
            "turned": shown.extent(g.kernel_size, "kernel"),
            "padded": shown.extent(before_crop),
            "output": shown.extent(shown.output_size, "output"),
        }
        names = {
            "input": ("input", detail(lead("input"), shown.input_size)),
            "kernel": ("kernel", detail(shown.channels or (), g.kernel_size)),
            "turned": (turned(g), ""),
            "padded": (prepared_name(self.plan), detail(lead("input"), tuple(map(len, self._kept)))),
            "output": ("output", detail(lead("output"), shown.output_size)),
        }
        return extents, names


def _lit(takes_part: bool) -> str:
    return "lit" if takes_part else ""
