"""The direct view in space: a map of cells below, one above, and the window projected onto the output it computes."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from ...geometry import Conv, ConvTranspose, Sizes
from ...steps import Correlate
from ...weights import FlippedKernel
from ...words import per_axis_text
from .. import style
from ..boards import Extent
from ..scene import Cell, Film, Scene, Shape
from ..text import Run, Runs
from .captions import DOWN, UP, Reading, plain, sum_of_products
from .convolution import name_of
from .forward import Forward, forward
from .isometric_layout import staged
from .padded import PaddedInput, look_of, padded_lines
from .places import grid, kept, largest, lines
from .request import Amount, Index, Request, frames, requested
from .sample import Sample, sample
from .telling import telling
from .windows import turned_taps, window
from .words import Values, detail, preparation, sides, size_of, sized

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

FRAME_MS, LAST_MS = 600, 2000
MOST_CELLS = 44
"""Rows and columns of the lower map together: of more, a cell would be too small to be seen."""


def isometric_film(
    geometry: ConvTranspose | Conv,
    input_size: Sizes,
    x: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    *,
    channels: tuple[int, int] | None = None,
    values: Values = "hidden",
) -> Film:
    """The window moving over the lower map, and the output that it computes lit on the map above it.

    >>> film = isometric_film(ConvTranspose((3, 3), stride=2, padding=1), (3, 3))
    >>> len(film.scenes), sorted(film.scenes[1].cells("padded", "lit")), sorted(film.scenes[1].cells("output", "lit"))
    (25, [(1, 1), (1, 3)], [(0, 1)])

    One frame for each output, row-major. Below lies the input: of a transposed convolution with zeros inserted and
    padded as in the direct view, of a convolution with its padding. Slices of depth and channels lie beside each other.
    x: numbers of shape input_size, weight: of shape kernel_size, after their channels; both count up by default.
    ``channels``: (C_in, C_out); values: "hidden", or "numbers" and "symbols" where cells have room for them. What has
    more than 44 rows and columns below or 400 frames is thinned: fewer inputs are drawn. Errors: GeometryError beyond 3
    axes or 100,000 cells. Source: Dumoulin & Visin 2018, whose figures look like this.
    """
    if isinstance(geometry, Conv):
        picture = _Picture(*_convolution(geometry, input_size, x, weight, channels, values))
    else:
        picture = _Picture(*_transposed(geometry, input_size, x, weight, channels, values))
    scenes = tuple(picture.scene(o, count) for count, o in enumerate(picture.outputs, start=1))
    durations = (FRAME_MS,) * (len(scenes) - 1) + (LAST_MS,)
    return Film(scenes, durations, picture.title, picture.description, picture.still())


@dataclass(frozen=True)
class _Below:
    """The lower map: kind and source of each place; for each output its window, place -> tap; in words."""

    extent: Extent
    places: dict[Index, tuple[str, Index | None]]
    windows: dict[Index, dict[Index, Index]]
    in_words: str


def _transposed(
    geometry: ConvTranspose,
    input_size: Sizes,
    x: ArrayLike | None,
    weight: ArrayLike | None,
    channels: tuple[int, int] | None,
    values: Values,
) -> tuple[Sample, _Below]:
    """As in the direct view."""

    def amounts(request: Request) -> Iterator[Amount]:
        size = largest(request.geometry.plan("direct"), request.input_size)
        yield _floor_amount(request.lead("input"), size)
        yield frames(prod((*request.lead("output"), *request.output_size)))

    request = requested(geometry, input_size, channels, amounts)
    shown = sample(request, x, weight, values)
    plan = request.geometry.plan("direct")
    along = lines(plan, request.input_size)
    (step,) = (step for step in plan.steps if isinstance(step, Correlate))
    assert isinstance(step.weight, FlippedKernel)
    taps, slides = turned_taps(step.weight), [kept(line) for line in along]
    windows = {o: window(request, step, slides, taps, o) for o in shown.output}
    places = grid(along, request.lead("input"))
    return shown, _Below(shown.extent(tuple(map(len, along))), places, windows, preparation(plan))


def _convolution(
    geometry: Conv,
    input_size: Sizes,
    x: ArrayLike | None,
    weight: ArrayLike | None,
    channels: tuple[int, int] | None,
    values: Values,
) -> tuple[Forward, _Below]:
    """The input in its padding."""

    def amounts(request: Request) -> Iterator[Amount]:
        size = tuple(map(len, padded_lines(geometry, request.output_size)))
        yield _floor_amount(request.lead("output"), size)
        yield frames(prod((*request.lead("input"), *request.input_size)))

    shown = forward(geometry, input_size, x, weight, channels=channels, values=values, amounts=amounts)
    padded = PaddedInput(shown)
    sources = grid(padded_lines(geometry, shown.input_size), shown.request.lead("output"))
    places = {at: (padded.kinds[at], source) for at, (_, source) in sources.items()}
    windows = {o: padded.window(o) for o in shown.output}
    around = f"Pad {sides(geometry.padding)}, then convolve" if any(map(any, geometry.padding)) else "Convolve"
    in_words = f"{around} with the kernel as it is"
    return shown, _Below(shown.extent(padded.size), places, windows, in_words)


def _floor_amount(lead: Index, size: Index) -> Amount:
    """How much the lower map has to hold: rows and columns of its planes beside each other."""
    rows, columns = (1, *size)[-2:]
    total = prod(lead) * rows + prod(size[:-2]) * columns
    limit = f"at most {MOST_CELLS} rows and columns are drawn"
    return Amount(total, MOST_CELLS, MOST_CELLS * 2 // 3, f"the lower map has {total} rows and columns", limit)


class _Picture:
    """What all frames share, and the frames."""

    def __init__(self, shown: Sample | Forward, below: _Below) -> None:
        self._shown, self._below = shown, below
        self.outputs = list(shown.output)
        self.title = "Transposed convolution" if isinstance(shown, Sample) else name_of(shown.geometry)
        self._reading = UP if isinstance(shown, Sample) else DOWN
        self._computed = "output" if isinstance(shown, Sample) else "input"
        upper = shown.extent(shown.output_size, "output")
        self._stage = staged(below.extent, upper, self.title, _caption(shown, below, self._reading))
        self._heads = [*self._stage.lower.heads(), *self._stage.upper.heads()]
        self._room_below = self._stage.lower.has_room(map(shown.x_text, shown.x))
        self._room_above = self._stage.upper.has_room(map(shown.y_text, shown.output))

    @property
    def description(self) -> str:
        """The film in words."""
        shown = self._shown
        return (
            f"{self.title} of the {sized(shown.input_size)} input ({', '.join(_parameters(shown))}) as two maps of "
            f"cells, one above the other. {self._below.in_words}: the kernel's window on the lower map is projected "
            f"onto one cell of the upper map, the {sized(shown.output_size)} output."
        )

    def still(self) -> Scene:
        """All outputs, and the window of one that is made of the most products, of those nearest to the middle."""
        return self.scene(telling(self._shown), len(self._shown.output))

    def scene(self, o: Index, known: int) -> Scene:
        """The window of output ``o`` and its projection, with the first ``known`` outputs computed."""
        window = self._below.windows[o]
        # The window and its output lie over the projection, so that their colours stay pure.
        shapes = [
            *self._lower(o, self._below.places.keys() - window.keys()),
            *self._upper(o, known),
            *self._stage.faces(window, o),
            *self._lower(o, window.keys()),
            *self._output(o, self._computed, "lit"),
            *self._stage.edges(window, o),
            *self._heads,
        ]
        said = plain(sum_of_products(self._shown, o, _CAPTION_ROOM, self._reading))
        return self._stage.scene(shapes, f"{self.description} Shown: {said}.")

    def _lower(self, o: Index, some: AbstractSet[Index]) -> Iterator[Shape]:
        """Some of the lower map's cells: those under the window, or the others."""
        floor, shown = self._stage.lower, self._shown
        window, inputs = self._below.windows[o], {i for i, _ in shown.terms(o)}
        for at, (kind, source) in self._below.places.items():
            if at not in some:
                continue
            state = "" if at not in window else "lit" if source in inputs else "covered"
            cell, look = Cell("padded", at, kind, state), look_of(kind, state)
            yield floor.cell(cell, look)
            text = shown.zero if source is None else shown.x_text(source)
            if self._room_below and text:
                yield floor.number(cell, text, look)

    def _upper(self, o: Index, known: int) -> Iterator[Shape]:
        for count, at in enumerate(self._shown.output):
            if at != o:
                yield from self._output(at, self._computed if count < known else "unknown")

    def _output(self, at: Index, kind: str, state: str = "") -> Iterator[Shape]:
        floor, cell, look = self._stage.upper, Cell("output", at, kind, state), style.look(kind, state)
        yield floor.cell(cell, look)
        text = self._shown.y_text(at)
        if self._room_above and text and kind != "unknown":
            yield floor.number(cell, text, look)


_CAPTION_ROOM = 800.0
"""Of the sum in the words of a frame, as wide as in other pictures."""


_KINDS = {
    "padding": "Dashed: padding zeros.",
    "inserted": "Grey: inserted zeros.",
    "cropped": "Crossed: cropped.",
    "missed": "Hatched: under no window.",
    "missed padding": "Hatched: under no window.",
}
"""How the caption tells the kinds of cells below that are no input."""


def _caption(shown: Sample | Forward, below: _Below, reading: Reading) -> list[list[Runs]]:
    """The arithmetic, in the colours of the cells, and what the looks mean: two paragraphs."""
    lead = shown.request.lead
    leads = (lead("input"), lead("output")) if isinstance(shown, Sample) else (lead("output"), lead("input"))
    before, after = map(detail, leads, (shown.input_size, shown.output_size))
    kernel, *others = _parameters(shown)
    ends = [(f"input {before}", reading.x), (kernel, style.AMBER_TEXT)]
    arithmetic: list[Runs] = [(Run(text, fill, "semibold"), Run(", ")) for text, fill in ends]
    arithmetic += [(Run(f"{text}, " if text != others[-1] else f"{text} "),) for text in others]
    arithmetic.append((Run("→ "), Run(f"output {after}", reading.y, "semibold")))
    kinds = {kind for kind, _ in below.places.values()}
    notes = dict.fromkeys(text for kind, text in _KINDS.items() if kind in kinds)
    return [arithmetic, [(Run(f"{text} ", style.MUTED),) for text in notes]]


def _parameters(shown: Sample | Forward) -> list[str]:
    """The geometry as users spell it where it can be, and what is left out of a thinned picture."""
    g, request = shown.geometry, shown.request
    parts = [f"kernel {size_of(g.kernel_size)}", f"stride {per_axis_text(g.stride)}"]
    if "dilation" in g.spelling:
        parts.append(f"dilation {per_axis_text(g.dilation)}")
    parts += _around(g)
    if g.groups > 1:
        parts.append(f"{g.groups} groups")
    if request.thinned:
        ends = "inputs" if isinstance(shown, Sample) else "outputs"
        parts.append(f"{size_of(request.input_size)} of {size_of(request.asked)} {ends} drawn")
    return parts


def _around(g: ConvTranspose | Conv) -> list[str]:
    """Padding or crop: side by side, but for a transposed convolution whose crop is spelled as integers."""
    name, pairs = ("padding", g.padding) if isinstance(g, Conv) else ("crop", g.crop)
    if isinstance(g, Conv) or g.spelling.get("padding") == pairs:
        return f"{name} {sides(pairs)}".removesuffix(" on each side").split(", ") if any(map(any, pairs)) else []
    spelled = [(name, g.spelling[name]) for name in ("padding", "output_padding") if name in g.spelling]
    return [f"{name.replace('_', ' ')} {per_axis_text(list(map(str, amounts)))}" for name, amounts in spelled]
