"""A stride as subsampling: the convolution at stride 1, of which every s-th output is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from ...geometry import Conv, Sizes
from ...words import per_axis_text
from .. import style
from ..boards import drawn
from ..page import Page
from ..scene import Cell, Scene, Shape
from ..text import Run, Runs, words, wrapped
from .captions import plain
from .convolution import in_words, parts_of, refuse_transposed
from .flow import flowing
from .forward import Forward, forward
from .padded import PaddedInput
from .request import Index
from .telling import telling
from .words import Values, detail, kernel_and_stride, position

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

TITLE = "A stride is subsampling"
SUBTITLE = "The outputs at this stride are those at stride 1, of which only some are kept."


def subsampling_scene(
    geometry: Conv,
    input_size: Sizes,
    x: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    *,
    channels: tuple[int, int] | None = None,
    values: Values = "numbers",
) -> Scene:
    """The outputs at stride 1 with those crossed out that the stride leaves out, beside the outputs at the stride.

    >>> scene = subsampling_scene(Conv((3, 3), stride=2, padding=1), (5, 5))
    >>> scene.numbers("dense")[2, 2] == scene.numbers("output")[1, 1]
    True

    Arguments and errors are those of `convolution_film`. Source: Dumoulin & Visin 2018, figure 1.4.
    """
    refuse_transposed(geometry)
    import numpy as np

    at_one = Conv(geometry.kernel_size, 1, geometry.padding, geometry.dilation, geometry.groups)
    dense = forward(at_one, input_size, x, weight, channels=channels, values=values)
    # A thinned picture would need the same input for both: what is drawn of the dense one decides.
    lead = dense.request.lead("output")
    same = np.array(list(dense.x.values())).reshape(*lead, *dense.input_size)
    return _scene(dense, forward(geometry, dense.input_size, same, weight, channels=channels, values=values))


def _kept(dense: Forward, shown: Forward) -> dict[Index, Index]:
    """Output at the stride -> the one at stride 1 whose window lies at the same place."""
    leading = shown.request.leading
    both = zip(PaddedInput(dense).windows, PaddedInput(shown).windows, strict=True)
    along = [[at_one.index(window) for window in at_stride] for at_one, at_stride in both]
    spatial = dict(zip(product(*map(range, shown.output_size)), product(*along), strict=True))
    return {o: (*o[:leading], *spatial[o[leading:]]) for o in shown.output}


def _scene(dense: Forward, shown: Forward) -> Scene:
    padded, stride = PaddedInput(shown), per_axis_text(shown.geometry.stride)
    kept = _kept(dense, shown)
    o = telling(shown)
    parts = parts_of(shown, padded)
    size = detail(dense.request.lead("input"), dense.output_size)
    parts["dense"] = ("stride 1", size, dense.extent(dense.output_size, "output"))
    parts["output"] = (f"stride {stride}", *parts["output"][1:])
    legend = [*padded.legend, ("left out by the stride", style.look("cropped"))]
    flow = flowing((("input", "kernel"), ("dense",), ("output",)), parts, legend)
    page = Page(TITLE, kernel_and_stride(shown.geometry), SUBTITLE, flow.width, flow.height)
    caption = wrapped(_caption(o, kept[o], stride), style.CAPTION, page.text_room)
    page = replace(page, caption_lines=len(caption))
    boards = {part: flow.board(part, page.left, page.top) for part in parts}
    window = padded.window(o)

    def cells() -> Iterator[Shape]:
        for j in shown.weight:
            size = boards["kernel"].number_size(map(shown.w_text, shown.weight))
            cell = Cell("kernel", j, "kernel", "lit" if j in window.values() else "")
            yield from drawn(boards["kernel"], cell, shown.w_text(j), size)
        size = boards["input"].number_size(map(shown.x_text, shown.x))
        yield from padded.cells(
            boards["input"], window, size, boards["input"].corner_number_size(map(shown.w_text, shown.weight))
        )
        size = boards["dense"].number_size(map(dense.y_text, dense.output))
        taken = set(kept.values())
        for at in dense.output:
            cell = Cell("dense", at, "input" if at in taken else "cropped", "lit" if at == kept[o] else "")
            yield from drawn(boards["dense"], cell, dense.y_text(at), size)
        for at in shown.output:
            cell = Cell("output", at, "input", "lit" if at == o else "")
            yield from drawn(boards["output"], cell, shown.y_text(at), size)
        yield from boards["dense"].frames([kept[o]])
        yield from boards["output"].frames([o])

    description = (
        f"{in_words(shown, padded)} It is the convolution at stride 1, of which {len(kept)} of {len(dense.output)} "
        f"outputs are kept. Shown: {plain(caption)}"
    )
    shapes = [*flow.furniture(legend, page.left, page.top), *cells()]
    return page.scene(shapes, caption, description)


def _caption(o: Index, kept: Index, stride: str) -> list[Runs]:
    return [
        (Run(f"Output {position(o)} ", style.BLUE, "semibold"),),
        *words(f"at stride {stride} is"),
        (Run(f"output {position(kept)} ", style.BLUE, "semibold"),),
        *words("at stride 1."),
    ]
