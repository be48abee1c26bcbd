"""The sub-pixel view as a film: one convolution makes a channel for each phase, a pixel shuffle weaves them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import TYPE_CHECKING

from ...geometry import ConvTranspose, Sizes
from ...steps import Correlate
from ...words import counted, per_axis_text
from .. import style
from ..boards import drawn
from ..page import Page
from ..scene import Cell, Film, Scene, Shape
from ..text import Run, Runs, words, wrapped
from .captions import plain, sum_of_products
from .flow import Parts, flowing
from .phases import Phases, framed, in_phase, phase_extent, refuse_too_many_phases
from .request import Amount, Index, Request, frames, indices, requested
from .sample import Sample, sample
from .subpixel_steps import Channels, stages
from .words import Values, layer, prepared_name, sides, size_of, sized, turned

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

TITLE = "Sub-pixel convolution"
SUBTITLE = "One ordinary convolution of the small input makes a channel for each phase. A pixel shuffle weaves them."
OPENING = "Taps of one colour and pattern meet the same inputs: they belong to one phase."
MAX_ACROSS, THIN_ACROSS, WIDEST = 60, 40, 160
"""Cells from left to right, of all grids together; two inputs of a large kernel may have more."""
FIRST_MS, FRAME_MS, LAST_MS = 2600, 2000, 3500


def subpixel_film(
    geometry: ConvTranspose,
    input_size: Sizes,
    x: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    *,
    channels: tuple[int, int] | None = None,
    values: Values = "numbers",
) -> Film:
    """The kernel rearranged into one small kernel a phase, their channels one after the other, the shuffle, the crop.

    >>> film = subpixel_film(ConvTranspose((3, 3), stride=2), (2, 2))
    >>> len(film.scenes), film.scenes[-1].numbers("output")[1, 2]
    (11, '14')

    A frame before and one after the rearrangement, one for each channel, one for each channel's way into the output,
    and one of the whole. x: numbers of shape input_size, weight: of shape kernel_size, after their channels; both count
    up by default. ``channels``: (C_in, C_out), shown as stacks; values: "numbers", "symbols" or "hidden". What is too
    large to be seen is thinned: fewer inputs are drawn. Errors: GeometryError beyond 3 axes, 100,000 cells or 9
    phases, which are as many as can be told apart. Source: Shi et al. 2016.
    """
    refuse_too_many_phases(geometry)
    picture = _Picture(sample(requested(geometry, input_size, channels, _amounts), x, weight, values))
    scenes = tuple(map(picture.scene, picture.moments))
    durations = (FIRST_MS, *(FRAME_MS for _ in scenes[2:]), LAST_MS)
    return Film(scenes, durations, TITLE, picture.description, scenes[-1])


def _amounts(request: Request) -> Iterator[Amount]:
    """The grids of planes stand beside each other, others below each other."""
    plan, stride = request.geometry.plan("subpixel"), request.geometry.stride
    (step,) = (step for step in plan.steps if isinstance(step, Correlate))
    before, after = stages(plan, request.input_size)
    small, woven = (tuple(n * s for n, s in zip(size, stride, strict=True)) for size in (step.weight.taps, after))
    widths = [size[-1] * prod(size[:-2]) for size in (before, small, woven, woven)]
    across = sum(widths) if len(stride) == 2 else max(widths)
    down = max(request.lead("kernel") or (1,)) * prod(stride[:-2]) * max(woven[-2:-1] or (1,))
    most = WIDEST if max(request.input_size) <= 2 else MAX_ACROSS
    for cells, way in ((across, "wide"), (down, "high")):
        yield Amount(cells, most, THIN_ACROSS, f"the grids are {cells} cells {way}", f"at most {WIDEST} are drawn")
    yield frames(2 * prod(stride) + 3)


@dataclass(frozen=True, slots=True)
class _Moment:
    """A frame: channels computed and shuffled so far, the ``current`` one, and what is done to it."""

    act: str
    computed: int
    shuffled: int
    current: int | None = None


class _Picture:
    """What all frames share, and the frames."""

    def __init__(self, shown: Sample) -> None:
        self.sample = shown
        self.made = Channels(shown)
        self.phases = Phases(shown.geometry, shown.output_size)
        count = len(self.made.taps)
        self.moments = [
            _Moment("opening", 0, 0),
            _Moment("rearranged", 0, 0),
            *(_Moment("computed", turn + 1, 0, turn) for turn in range(count)),
            *(_Moment("shuffled", count, turn + 1, turn) for turn in range(count)),
            _Moment("done", count, count),
        ]
        parts, legend = self._parts(), self.phases.legend
        self._flow = flowing((("padded", "kernel"), ("kernels",), ("maps",), ("output",)), parts, legend)
        page = Page(TITLE, layer(shown.request), SUBTITLE, self._flow.width, self._flow.height)
        self._captions = {moment: self._caption(moment, page.text_room) for moment in self.moments}
        self._page = replace(page, caption_lines=max(map(len, self._captions.values())))
        self._furniture = self._flow.furniture(legend, page.left, page.top)
        self._boards = {part: self._flow.board(part, page.left, page.top) for part in parts}
        taps = [*map(shown.w_text, shown.weight), shown.zero]
        sums = [self._text(at) for at in self.made.sums]
        written = {
            "padded": [shown.x_text(i) for i in shown.x],
            "kernel": taps,
            "kernels": taps,
            "maps": sums,
            "output": sums,
        }
        self._sizes = {part: self._boards[part].number_size(texts) for part, texts in written.items()}
        # Subscripts leave no room for a second name below them.
        corner = None if shown.values == "symbols" else self._boards["padded"].corner_number_size(taps)
        self._weight_size = corner

    def _parts(self) -> Parts:
        shown, made = self.sample, self.made
        stride, kernel_size, taps = shown.geometry.stride, shown.geometry.kernel_size, made.correlate.weight.taps
        several, count = len(made.taps) > 1, len(made.taps)
        before = self.made.plan.steps.index(made.correlate)
        name = prepared_name(replace(made.plan, steps=made.plan.steps[:before])).removeprefix("unchanged ")
        read = shown.extent(tuple(map(len, made.lines)))
        self._small = phase_extent(stride, shown.extent(taps, "kernel"))
        self._maps = phase_extent(stride, shown.extent(made.size, "output"))
        size = made.shuffled_size
        return {
            "padded": (name, size_of(tuple(map(len, made.kept))), read),
            "kernel": ("kernel", size_of(kernel_size), shown.extent(kernel_size, "kernel")),
            "kernels": ("small kernels", f"{count} of {size_of(taps)}", self._small)
            if several
            else (turned(shown.geometry), "", self._small),
            "maps": ("channels", f"{count} of {size_of(made.size)}", self._maps)
            if several
            else ("channel", size_of(made.size), self._maps),
            "output": ("shuffled" if several else "result", size_of(size), shown.extent(size, "output")),
        }

    @property
    def description(self) -> str:
        """The film in words."""
        shown, count = self.sample, len(self.made.taps)
        return (
            f"Transposed convolution of the {shown.input_in_words} with the {shown.kernel_in_words}, as one ordinary "
            f"convolution at stride 1 to {counted(count, 'channel')} for each output channel, and a "
            f"pixel shuffle. The {shown.output_in_words}."
        )

    def _caption(self, moment: _Moment, width: float) -> list[Runs]:
        turn = moment.current
        if turn is None:
            return wrapped(words(self._said(moment.act)), style.CAPTION, width)
        several, name = len(self.made.taps) > 1, self.phases.name(turn)
        head = Run(f"Channel of {name}" if several else "One channel", style.INK, "semibold")
        colon: Runs = (head, Run(": ", style.MUTED))
        if moment.act == "shuffled":
            step = per_axis_text(self.sample.geometry.stride)
            where = f"its elements go to the framed places, {step} apart." if several else "nothing to shuffle."
            return wrapped([colon, *words(where)], style.CAPTION, width)
        if not self.made.taps[turn]:
            return wrapped([colon, *words("no tap belongs to it, so that it is all zeros.")], style.CAPTION, width)
        first = wrapped([colon, *words("its small kernel slides over the input at stride 1.")], style.CAPTION, width)
        o = self.made.output.get(self.made.shuffled[turn, self.made.focus])
        return [*first, *(sum_of_products(self.sample, o, width) if o is not None else ())]

    def _said(self, act: str) -> str:
        count, shown = len(self.made.taps), self.sample
        match act:
            case "opening":
                return OPENING if count > 1 else "With stride 1 there is one phase, and one channel."
            case "rearranged":
                filled = sum(map(len, self.made.taps))
                places = count * prod(self.made.correlate.weight.taps)
                zeros = places - filled
                added = f", {counted(zeros, 'zero')} among them to make them equal" if zeros else ""
                if count == 1:
                    return f"The kernel {turned(shown.geometry)}{added}."
                return f"The kernel rearranged: a small kernel for each phase, turned{added}."
            case _:
                ending = f"{sized(shown.output_size)} output."
                after = self.made.crop
                if after is not None:
                    return f"Cropped {sides(after.amounts)}, where blocks are not whole: the {ending}"
                return f"The {count} channels woven are the {ending}" if count > 1 else f"That is the {ending}"

    def scene(self, moment: _Moment) -> Scene:
        """One frame."""
        caption = self._captions[moment]
        shapes = [*self._furniture, *self._given(moment), *self._channels(moment), *self._output_cells(moment)]
        return self._page.scene(shapes, caption, f"{self.description} Shown: {plain(caption)}")

    def _given(self, moment: _Moment) -> Iterator[Shape]:
        """The input with the window over it, and the kernel."""
        shown, turn = self.sample, moment.current
        under = self.made.window(turn, self.made.focus) if turn is not None and moment.act == "computed" else {}
        area = self.made.under(self.made.focus) if under else set()
        board, size = self._boards["padded"], self._sizes["padded"]
        for at, (kind, source) in self.made.places.items():
            state = "" if at not in area else "lit" if at in under and source is not None else "covered"
            state = "" if state == "covered" and kind in ("input", "cropped") else state
            text = shown.zero if source is None else shown.x_text(source)
            yield from drawn(board, Cell("padded", at, kind, state), text, size)
        for at, j in under.items():
            if self._weight_size is not None and shown.w_text(j):
                lit = self.made.places[at][1] is not None
                cell = Cell("window", at, "kernel", "lit" if lit else "")
                colour = style.AMBER_ON_BLUE if lit else style.AMBER_TEXT
                yield board.low_number(cell, shown.w_text(j), self._weight_size, colour)
        yield from board.frames(area)
        taps: list[Index] = []
        for j in shown.weight:
            of = self.phases.of_tap[j[len(j) - shown.geometry.ndim :]]
            lit = moment.act == "computed" and of == turn
            yield from self._in_phase("kernel", j, j, of, lit, shown.w_text(j))
            taps += [j] * lit
        yield from framed(self._boards["kernel"], taps)

    def _channels(self, moment: _Moment) -> Iterator[Shape]:
        """The small kernels, and the channels that they make."""
        shown = self.sample
        kernels, maps = self._boards["kernels"], self._boards["maps"]
        for turn, residue in enumerate(self.phases.residues):
            current, act = moment.current == turn, moment.act
            around: list[Index] = []
            for c, t in product(indices(shown.request.lead("kernel")), indices(self.made.correlate.weight.taps)):
                at, j = self._small.index(residue, (*c, *t)), self.made.taps[turn].get(t)
                around.append(at)
                if act == "opening":
                    yield from drawn(kernels, Cell("kernels", at, "unknown"), "", None)
                elif j is None:
                    yield from drawn(kernels, Cell("kernels", at, "zero"), shown.zero, self._sizes["kernels"])
                else:
                    lit = current and act == "computed"
                    yield from self._in_phase("kernels", at, at, turn, lit, shown.w_text((*c, *j)))
            if current and act == "computed":
                yield from kernels.frames(around)
            around = []
            for q in self.made.elements:
                at = self._maps.index(residue, q)
                around.append(at)
                if turn >= moment.computed:
                    yield from drawn(maps, Cell("maps", at, "unknown"), "", None)
                else:
                    yield from self._in_phase("maps", at, at, turn, current, self._text((turn, q)))
            if current:
                computed = act == "computed" and bool(self.made.taps[turn])
                yield from maps.frames([self._maps.index(residue, self.made.focus)] if computed else around)

    def _output_cells(self, moment: _Moment) -> Iterator[Shape]:
        board = self._boards["output"]
        moved: list[Index] = []
        for (turn, q), at in self.made.shuffled.items():
            o = self.made.output.get(at)
            part, index = ("output", o) if o is not None else ("cropped", at)
            if turn >= moment.shuffled:
                yield from drawn(board, Cell(part, index, "unknown"), "", None, at)
            elif o is None and moment.act == "done":
                yield from drawn(board, Cell(part, index, "cropped"), self._text((turn, q)), self._sizes["output"], at)
            else:
                lit = moment.act == "shuffled" and turn == moment.current
                yield from self._in_phase(part, index, at, turn, lit, self._text((turn, q)), on="output")
                moved += [at] * lit
        yield from framed(board, moved)

    def _in_phase(
        self, part: str, index: Index, at: Index, turn: int, lit: bool, content: str, on: str | None = None
    ) -> Iterator[Shape]:
        """A cell in the look of its phase."""
        on = on or part
        return in_phase(self._boards[on], part, index, turn, content, self._sizes[on], lit=lit, at=at)

    def _text(self, at: tuple[int, Index]) -> str:
        """What is written for an element of a channel: the output that it becomes, or a sum that is cropped later."""
        o = self.made.output.get(self.made.shuffled[at])
        return self.sample.other_text(self.made.sums[at]) if o is None else self.sample.y_text(o)
