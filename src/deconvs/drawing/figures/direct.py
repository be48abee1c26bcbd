"""The direct view as a film and as a picture: insert zeros, pad, then an ordinary convolution at stride 1."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from ...geometry import ConvTranspose, Sizes
from ...plan import Plan
from ...steps import Correlate
from ...weights import FlippedKernel
from .. import style
from ..layout import Runs, drawn, words, wrapped
from ..page import Page
from ..scene import Cell, Film, Scene, Shape
from .captions import plain, sum_of_products
from .direct_layout import PARTS, arranged
from .places import Line, grid, kept, lines
from .sample import Index, Sample, check_frames, drawable, indices, sample
from .words import (
    kernel_and_stride,
    kinds_in_words,
    listed,
    number,
    preparation,
    prepared_name,
    size_of,
    sized,
    turned,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

OPENING = "Every output is one position of the kernel on this grid."
FIRST_MS, FRAME_MS, LAST_MS = 2200, 850, 3000


def direct_film(
    geometry: ConvTranspose, input_size: Sizes, x: ArrayLike | None = None, weight: ArrayLike | None = None
) -> Film:
    """The window sliding over the inserted and padded input, the output filling with its true numbers.

    >>> film = direct_film(ConvTranspose((3, 3), stride=2), (2, 2))
    >>> len(film.scenes), film.scenes[-1].numbers("output")[1, 2]
    (26, '14')

    One frame before the start, then one for each output, row-major. x: integers of shape input_size; weight: integers
    of shape kernel_size; both count up by default. Errors: GeometryError beyond 2 axes, 40 cells a side or 400 frames.
    Source: Dumoulin & Visin 2018, chapter 4.
    """
    picture = _picture(geometry, input_size, x, weight)
    outputs = indices(picture.sample.output_size)
    check_frames(len(outputs) + 1)
    scenes = [picture.scene(None, 0)] + [picture.scene(o, count) for count, o in enumerate(outputs, start=1)]
    durations = [FIRST_MS] + [FRAME_MS] * (len(outputs) - 1) + [LAST_MS]
    return Film(tuple(scenes), tuple(durations), picture.title, picture.description, picture.still())


def direct_scene(
    geometry: ConvTranspose, input_size: Sizes, x: ArrayLike | None = None, weight: ArrayLike | None = None
) -> Scene:
    """One picture of the direct view: all outputs, and the window of one that is made of the most products.

    >>> scene = direct_scene(ConvTranspose((3, 3), stride=2), (2, 2))
    >>> sorted(scene.cells("output", "lit")), len(scene.cells("padded", "lit"))
    ([(2, 2)], 4)

    Arguments and errors are those of `direct_film`.
    """
    return _picture(geometry, input_size, x, weight).still()


def _picture(geometry: ConvTranspose, input_size: Sizes, x: ArrayLike | None, weight: ArrayLike | None) -> _Picture:
    sizes, _ = drawable(geometry, input_size)
    plan = geometry.plan("direct")
    # Before anything is computed: a huge dilation makes this grid huge, however small input and output are.
    along = lines(plan, sizes, "input with its zeros")
    return _Picture(sample(geometry, sizes, x, weight), plan, along)


class _Picture:
    """What all frames share, and the frames."""

    def __init__(self, shown: Sample, plan: Plan, along: tuple[Line, ...]) -> None:
        self.sample, self.plan = shown, plan
        self.places = grid(along)
        self.outputs = indices(shown.output_size)
        self._kept = [kept(line) for line in along]
        (self._correlate,) = (step for step in plan.steps if isinstance(step, Correlate))
        self._turned = _turned_taps(self._correlate)
        self.title = plan.claim.partition(": ")[0]
        arrangement = arranged(*self._parts(tuple(map(len, along))), self._off_centre(along[-1]))
        page = Page(
            self.title, kernel_and_stride(shown.geometry), preparation(plan), arrangement.width, arrangement.height
        )
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
        self._sizes = {
            part: self._boards[part].number_size(map(number, numbers.values()))
            for part, numbers in {
                "input": shown.x,
                "kernel": shown.weight,
                "turned": shown.weight,
                "padded": shown.x,
                "output": shown.output,
            }.items()
        }
        self._weight_size = self._boards["padded"].corner_number_size(map(number, shown.weight.values()))

    @property
    def description(self) -> str:
        """The film in words."""
        shown = self.sample
        return (
            f"Transposed convolution of the {sized(shown.input_size)} input {listed(shown.x)} with the kernel "
            f"{listed(shown.weight)} ({kernel_and_stride(shown.geometry)}), computed as an ordinary convolution. "
            f"{preparation(self.plan)}. The {sized(shown.output_size)} output is {listed(shown.output)}."
        )

    def still(self) -> Scene:
        """All outputs; the window where it meets the most input elements, of those the one nearest to the middle."""
        size = self.sample.output_size

        def rank(o: Index) -> tuple[int, int]:
            return len(self.sample.terms(o)), -sum(abs(2 * at + 1 - n) for at, n in zip(o, size, strict=True))

        return self.scene(max(self.outputs, key=rank), len(self.outputs))

    def scene(self, o: Index | None, known: int) -> Scene:
        """The window of output ``o`` (None: no window yet), with the first ``known`` outputs written."""
        caption = self._captions[o]
        shapes = [*self._furniture, *self._cells(o, set(self.outputs[:known]))]
        description = self.description if o is None else f"{self.description} Shown: {plain(caption)}."
        return self._page.scene(shapes, caption, description)

    def _cells(self, o: Index | None, known: set[Index]) -> Iterator[Shape]:
        terms = self.sample.terms(o) if o is not None else ()
        inputs = {i for i, _ in terms}
        for i, value in self.sample.x.items():
            yield from self._drawn("input", i, "input", value, _lit(i in inputs))
        for j, value in self.sample.weight.items():
            yield from self._drawn("kernel", j, "kernel", value)
        for t, j in self._turned.items():
            yield from self._drawn("turned", t, "kernel", self.sample.weight[j])
        yield from self._padded_cells(inputs, self._window(o) if o is not None else {})
        for at, value in self.sample.output.items():
            if at in known:
                yield from self._drawn("output", at, "output", value, _lit(at == o))
            else:
                yield from self._drawn("output", at, "unknown", None)
        if o is not None:
            yield self._boards["output"].frame(o, o)

    def _padded_cells(self, inputs: set[Index], window: dict[Index, Index]) -> Iterator[Shape]:
        for at, (kind, source) in self.places.items():
            if at not in window:
                state = ""
            else:
                state = "lit" if source in inputs else "covered"
            value = 0 if source is None else self.sample.x[source]
            yield from self._drawn("padded", at, kind, value, state)
        board = self._boards["padded"]
        for at, j in window.items():
            if self._weight_size is not None:
                lit = self.places[at][1] in inputs
                colour = style.AMBER_ON_BLUE if lit else style.AMBER_TEXT
                cell = Cell("window", at, "kernel", _lit(lit))
                yield board.low_number(cell, number(self.sample.weight[j]), self._weight_size, colour)
        if window:
            yield board.frame(min(window), max(window))

    def _drawn(self, part: str, index: Index, kind: str, value: int | None, state: str = "") -> Iterator[Shape]:
        content = "" if value is None else number(value)
        return drawn(self._boards[part], Cell(part, index, kind, state), content, self._sizes[part])

    def _window(self, o: Index) -> dict[Index, Index]:
        """The places under the turned kernel when it computes output ``o``, and the tap that lies over each."""
        return {
            tuple(
                kept_on_axis[position + t * d]
                for kept_on_axis, position, t, d in zip(self._kept, o, turned_at, self._correlate.dilation, strict=True)
            ): j
            for turned_at, j in self._turned.items()
        }

    def _off_centre(self, line: Line) -> float:
        """By how much the middle of what is kept lies right of the middle of the line."""
        places = self._kept[-1]
        return (places[0] + places[-1] - (len(line) - 1)) / 2

    def _parts(self, before_crop: Index) -> tuple[dict[str, Index], dict[str, tuple[str, str]]]:
        """Sizes and labels of the panels."""
        shown, g = self.sample, self.sample.geometry
        padded = tuple(map(len, self._kept))
        sizes = {
            "input": shown.input_size,
            "kernel": g.kernel_size,
            "turned": g.kernel_size,
            "padded": before_crop,
            "output": shown.output_size,
        }
        names = {
            "input": ("input", size_of(shown.input_size)),
            "kernel": ("kernel", size_of(g.kernel_size)),
            "turned": (turned(g), ""),
            "padded": (prepared_name(self.plan), size_of(padded)),
            "output": ("output", size_of(shown.output_size)),
        }
        return sizes, names


def _turned_taps(correlate: Correlate) -> dict[Index, Index]:
    """Position in the kernel that the step correlates with -> the tap of the stored kernel that it holds.

    run/interpret.py reads the same recipe with arrays of weights; drawing does not import run, and needs the taps
    themselves. The tests compare the weights shown in every window with the definition.
    """
    recipe = correlate.weight
    assert isinstance(recipe, FlippedKernel)
    taps = [
        [first + step * (count - 1 - t) for t in range(count)]
        for first, step, count in zip(recipe.first_tap, recipe.tap_step, recipe.taps, strict=True)
    ]
    return dict(zip(indices(recipe.taps), product(*taps), strict=True))


def _lit(takes_part: bool) -> str:
    return "lit" if takes_part else ""
