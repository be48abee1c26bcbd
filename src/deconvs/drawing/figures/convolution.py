"""An ordinary convolution as a film: the kernel, as it is, moves over the padded input by the stride."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING

from ...errors import GeometryError
from ...geometry import Conv, Sizes
from ...words import joined
from .. import style
from ..boards import Extent, drawn, plane_name
from ..page import Page
from ..panels import Legend
from ..scene import Cell, Film, Scene, Shape
from ..text import Runs, words, wrapped
from .captions import DOWN, plain, sum_of_products
from .flow import Flow, Parts, flowing
from .forward import Forward, forward
from .padded import PaddedInput, padded_lines
from .request import Amount, Index, Request, frames, side
from .telling import telling
from .words import Values, detail, kernel_and_stride, listed, many, size_of, sized

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

SUBTITLE = "The kernel moves over the input by the stride. Each output is the sum of the products under it."
OPENING = "Every place where the whole kernel fits, a stride apart, is one output."
FIRST_MS, FRAME_MS, LAST_MS = 2200, 850, 3000


def convolution_film(
    geometry: Conv,
    input_size: Sizes,
    x: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    *,
    channels: tuple[int, int] | None = None,
    values: Values = "numbers",
) -> Film:
    """The kernel moving over the input and the zeros around it, the output filling with its true numbers.

    >>> film = convolution_film(Conv((3, 3), stride=2, padding=1), (5, 5))
    >>> len(film.scenes), film.scenes[-1].numbers("output")[1, 1]
    (10, '249')

    One frame before the start, then one for each output, row-major. Elements that no window reaches, which the floor
    in the sizes leaves out, are hatched. x: numbers of shape input_size, weight: of shape kernel_size, after their
    channels, (C_in,) and (C_out, C_in/groups); both count up by default. ``channels``: (C_in, C_out), shown as stacks;
    values: "numbers", "symbols" or "hidden". What has more than 40 cells a side or 400 frames is thinned: less input is
    drawn. Errors: GeometryError beyond 3 axes or 100,000 cells. Source: Dumoulin & Visin 2018, chapter 2.
    """
    refuse_transposed(geometry)
    shown = forward(geometry, input_size, x, weight, channels=channels, values=values, amounts=_amounts(geometry))
    picture = _Picture(shown)
    outputs = list(shown.output)
    scenes = [picture.scene(None, 0)] + [picture.scene(o, count) for count, o in enumerate(outputs, start=1)]
    durations = [FIRST_MS] + [FRAME_MS] * (len(outputs) - 1) + [LAST_MS]
    return Film(tuple(scenes), tuple(durations), picture.title, picture.description, picture.still())


def refuse_transposed(geometry: object) -> None:
    """An error where a picture of a convolution is asked for of anything else."""
    if not isinstance(geometry, Conv):
        raise GeometryError(
            "this picture is of an ordinary convolution", f"got {geometry}", "pass a deconvs.Conv, or its adjoint()"
        )


def _amounts(geometry: Conv) -> Callable[[Request], Iterator[Amount]]:
    """How large the picture is, by the request of the transposed convolution."""

    def amounts(request: Request) -> Iterator[Amount]:
        size = tuple(map(len, padded_lines(geometry, request.output_size)))
        yield side("input with its padding", (*request.lead("output"), *size))
        yield frames(prod((*request.lead("input"), *request.input_size)) + 1)

    return amounts


def name_of(geometry: Conv) -> str:
    """What it is, as a title.

    >>> name_of(Conv((3, 3), stride=2, padding=1)), name_of(Conv((3,)))
    ('Padded and strided convolution', 'Convolution')
    """
    amounts = [amount for pair in geometry.padding for amount in pair]
    parts = {
        "padded": max(amounts) > 0,
        "cropped": min(amounts) < 0,
        "strided": max(geometry.stride) > 1,
        "dilated": max(geometry.dilation) > 1,
        "grouped": geometry.groups > 1,
    }
    earned = [name for name, has in parts.items() if has]
    return f"{joined(earned)} convolution".capitalize() if earned else "Convolution"


def thinned(shown: Forward) -> str:
    """What is left out of a thinned picture, after the geometry in words."""
    if not shown.request.thinned:
        return ""
    return f"; {size_of(shown.output_size)} of {size_of(shown.request.asked)} outputs drawn"


@dataclass(frozen=True, slots=True)
class KernelExtent(Extent):
    """The kernel of a convolution, whose first channel is the output's: planes are named from input to output."""

    def heads(self) -> Iterator[tuple[Index, str]]:
        """(index of its first cell, name) of each plane, where there are several."""
        # Not super(): a dataclass with slots is another class than the one written here.
        for first, _ in Extent.heads(self):
            channels, depth = self.named(first[: self.leading])
            yield first, plane_name(channels[::-1], depth)


def parts_of(shown: Forward, padded: PaddedInput) -> Parts:
    """Names, sizes and extents of input, kernel and output."""
    lead, taps = shown.request.lead, shown.geometry.kernel_size
    stored = shown.extent(taps, "kernel")
    kernel = KernelExtent(stored.size, stored.down, stored.across, stored.deep, stored.groups)
    return {
        "input": ("input", detail(lead("output"), shown.input_size), shown.extent(padded.size)),
        "kernel": ("kernel", detail(shown.channels or (), taps), kernel),
        "output": ("output", detail(lead("input"), shown.output_size), shown.extent(shown.output_size, "output")),
    }


def in_words(shown: Forward, padded: PaddedInput) -> str:
    """The convolution as alternative text."""
    x = listed({i: shown.x_text(i) for i in shown.x}, shown.extent(shown.input_size))
    taps = shown.extent(shown.geometry.kernel_size, "kernel")
    kernel = listed({j: shown.w_text(j) for j in shown.weight}, taps)
    missed = f" {padded.missed} elements of the input are under no window." if padded.missed else ""
    size = f"{many(shown.channels, 1)}{sized(shown.output_size)}"
    end = f"The output is {size}."
    if shown.values == "numbers":
        outputs = shown.extent(shown.output_size, "output")
        end = f"The {size} output is{listed({o: shown.y_text(o) for o in shown.output}, outputs)}."
    return (
        f"Convolution of the {many(shown.channels, 0)}{sized(shown.input_size)} input{x} with the kernel{kernel} "
        f"({kernel_and_stride(shown.geometry)}{thinned(shown)}), which is not turned.{missed} {end}"
    )


class _Picture:
    """What all frames share, and the frames."""

    def __init__(self, shown: Forward) -> None:
        self.shown = shown
        self.title = name_of(shown.geometry)
        self._padded = PaddedInput(shown)
        self.description = in_words(shown, self._padded)
        parts, legend = parts_of(shown, self._padded), self._padded.legend
        flow = _arranged(parts, legend)
        page = Page(self.title, kernel_and_stride(shown.geometry) + thinned(shown), SUBTITLE, flow.width, flow.height)
        self._captions: dict[Index | None, list[Runs]] = {
            o: sum_of_products(shown, o, page.text_room, DOWN) for o in shown.output
        }
        self._captions[None] = wrapped(words(OPENING), style.CAPTION, page.text_room)
        self._page = replace(page, caption_lines=max(map(len, self._captions.values())))
        self._boards = {part: flow.board(part, page.left, page.top) for part in parts}
        self._furniture = flow.furniture(legend, page.left, page.top)
        self._sizes = {
            "input": self._boards["input"].number_size(map(shown.x_text, shown.x)),
            "kernel": self._boards["kernel"].number_size(map(shown.w_text, shown.weight)),
            "output": self._boards["output"].number_size(map(shown.y_text, shown.output)),
        }
        self._weight_size = self._boards["input"].corner_number_size(map(shown.w_text, shown.weight))

    def still(self) -> Scene:
        """All outputs, and the window of a telling one."""
        return self.scene(telling(self.shown), len(self.shown.output))

    def scene(self, o: Index | None, known: int) -> Scene:
        """The window of output ``o`` (None: no window yet), with the first ``known`` outputs written."""
        caption = self._captions[o]
        shapes = [*self._furniture, *self._cells(o, set(list(self.shown.output)[:known]))]
        description = self.description if o is None else f"{self.description} Shown: {plain(caption)}."
        return self._page.scene(shapes, caption, description)

    def _cells(self, o: Index | None, known: set[Index]) -> Iterator[Shape]:
        shown = self.shown
        window = {} if o is None else self._padded.window(o)
        used = set(window.values())
        for j in shown.weight:
            cell = Cell("kernel", j, "kernel", "lit" if j in used else "")
            yield from drawn(self._boards["kernel"], cell, shown.w_text(j), self._sizes["kernel"])
        yield from self._padded.cells(self._boards["input"], window, self._sizes["input"], self._weight_size)
        for at in shown.output:
            if at in known:
                cell = Cell("output", at, "input", "lit" if at == o else "")
                yield from drawn(self._boards["output"], cell, shown.y_text(at), self._sizes["output"])
            else:
                yield from drawn(self._boards["output"], Cell("output", at, "unknown"), "", None)
        if o is not None:
            yield from self._boards["output"].frames([o])


def _arranged(parts: Parts, legend: Legend) -> Flow:
    """The kernel beside or above the input that it moves over, then the output."""
    flow = flowing((("kernel",), ("input",), ("output",)), parts, legend)
    if flow.arrows:
        # The kernel does not become the input.
        return replace(flow, arrows=flow.arrows[1:])
    # In rows each output stands about under its window.
    before, after = (flow.panels[part].board_width for part in ("input", "output"))
    return replace(flow, at={**flow.at, "output": (max(0.0, (before - after) / 2), flow.at["output"][1])})
