"""The picture of stamps: inputs, the kernel, and the sums so far on an output that is not cropped yet."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import replace
from math import prod

from .. import style
from ..boards import drawn
from ..page import Page
from ..scene import Cell, Film, Scene, Shape
from ..text import Run, Runs, words, wrapped
from .captions import plain
from .flow import Parts, flowing
from .places import grid, kept_places, largest, lines
from .request import Amount, Index, Request, frames, side
from .sample import Sample
from .stamps import Stamps, Turn, stamp_in_words, stamped, sums_so_far
from .words import detail, layer, many, position, sized

FIRST_MS, FRAME_MS, LAST_MS = 2200, 1100, 3500

_KINDS = {"output": "output", "cropped": "cropped", "hole": "no stamp reaches it"}


def stamping_amounts(request: Request) -> Iterator[Amount]:
    """How large the picture is, with a frame for each input."""
    size = largest(request.geometry.plan("scatter"), request.input_size)
    yield side("output before it is cropped", (*request.lead("output"), *size))
    yield frames(prod((*request.lead("input"), *request.input_size)) + 2)


class Stamping:
    """What all frames share, and the frames: of the scatter view, unless it is said otherwise."""

    title = "Every input stamps its kernel"
    subtitle = (
        "The definition: input i puts x[i] times the kernel down, its first tap at i·stride; what overlaps adds up."
    )
    opening = "Nothing is stamped yet."
    how = "by its definition"

    def __init__(self, shown: Sample) -> None:
        self.sample = shown
        request, lead = shown.request, shown.request.lead
        along = lines(request.geometry.plan("scatter"), request.input_size)
        self._places = grid(along, lead("output"))
        self._output = dict(zip(kept_places(along, lead("output")), shown.output, strict=True))
        stamps = Stamps(request, [stamped(line) for line in along])
        self._stamps = {i: stamps.of(i) for i in shown.x}
        self.turns = self._in_turn()
        self._sums = list(sums_so_far(shown, self._stamps, self.turns))
        size, taps = tuple(map(len, along)), shown.geometry.kernel_size
        cropped = size != shown.output_size
        name = "output before its crop" if cropped else "output"
        between = self._between()
        parts: Parts = {
            "input": ("input", detail(lead("input"), shown.input_size), shown.extent(shown.input_size)),
            "kernel": ("kernel", detail(shown.channels or (), taps), shown.extent(taps, "kernel")),
            "output": (name, detail(lead("output"), size), shown.extent(size, "output")),
            **between,
        }
        kinds = {self._kind(at, self._sums[-1]) for at in self._places}
        legend = [(name, style.look(kind)) for kind, name in _KINDS.items() if kind in kinds]
        self._flow = flowing((("input", "kernel"), *((part,) for part in between), ("output",)), parts, legend)
        page = Page(self.title, layer(request), self.subtitle, self._flow.width, self._flow.height)
        self._captions: dict[tuple[Turn | None, bool], list[Runs]] = {
            (turn, False): wrapped(self._said(turn), style.CAPTION, page.text_room) for turn in self.turns
        }
        self._captions[None, False] = wrapped(words(self.opening), style.CAPTION, page.text_room)
        ending = f"All stamps added up{', and the crossed-out ends cropped' if cropped else ''}: "
        ending += f"the {many(shown.channels, 1)}{sized(shown.output_size)} output."
        self._captions[None, True] = wrapped(words(ending), style.CAPTION, page.text_room)
        self._page = replace(page, caption_lines=max(map(len, self._captions.values())))
        self._furniture = self._flow.furniture(legend, page.left, page.top)
        self._boards = {part: self._flow.board(part, page.left, page.top) for part in parts}
        self._sizes = {
            "input": self._boards["input"].number_size(map(shown.x_text, shown.x)),
            "kernel": self._boards["kernel"].number_size(map(shown.w_text, shown.weight)),
            "output": self._boards["output"].number_size(
                [*map(shown.y_text, shown.output), *(shown.other_text(v) for sums in self._sums for v in sums.values())]
            ),
        }

    def _in_turn(self) -> list[Turn]:
        """Who stamps in each frame."""
        return [(i,) for i in self.sample.x]

    def _between(self) -> Parts:
        """What stands between the input and the output."""
        return {}

    def _said(self, turn: Turn) -> list[Runs]:
        """The caption of a frame."""
        (i,) = turn
        value = self.sample.x_text(i)
        if not value:
            return [(Run(f"Input {position(i)} ", style.BLUE, "semibold"),), *stamp_in_words(value)]
        return [
            (Run(f"Input {position(i)}", style.BLUE, "semibold"), Run(" = ", style.MUTED)),
            (Run(f"{value} ", style.BLUE, "semibold"),),
            *stamp_in_words(value),
        ]

    @property
    def description(self) -> str:
        """The film in words."""
        shown = self.sample
        return (
            f"Transposed convolution of the {shown.input_in_words} with the {shown.kernel_in_words}, {self.how}: "
            f"each input stamps the kernel times its value, and overlapping stamps add up. "
            f"The {shown.output_in_words}."
        )

    def film(self) -> Film:
        """A frame before the first turn, one for each, and one of the whole."""
        scenes = (
            self.scene(None, 0),
            *(self.scene(turn, count) for count, turn in enumerate(self.turns, start=1)),
            self.scene(None, len(self.turns)),
        )
        durations = (FIRST_MS, *(FRAME_MS for _ in self.turns), LAST_MS)
        return Film(scenes, durations, self.title, self.description, scenes[-1])

    def scene(self, turn: Turn | None, count: int) -> Scene:
        """The first ``count`` turns stamped, ``turn`` the last of them if it is shown."""
        done = turn is None and count == len(self.turns)
        caption = self._captions[turn, done]
        shapes = [*self._furniture, *self._cells(turn or (), count, done)]
        return self._page.scene(shapes, caption, f"{self.description} Shown: {plain(caption)}")

    def _cells(self, turn: Turn, count: int, done: bool) -> Iterator[Shape]:
        shown = self.sample
        for at in shown.x:
            yield from self._drawn("input", Cell("input", at, "input", "lit" if at in turn else ""), shown.x_text(at))
        stamp: dict[Index, Index] = {}
        taps: set[Index] = set()
        for i in turn:
            stamp |= self._stamps[i]
            taps |= set(self._stamps[i].values())
        for j in shown.weight:
            yield from self._drawn("kernel", Cell("kernel", j, "kernel", "lit" if j in taps else ""), shown.w_text(j))
        yield from self._sums_so_far(stamp, self._sums[count], done)
        yield from self._boards["output"].frames(stamp)

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
