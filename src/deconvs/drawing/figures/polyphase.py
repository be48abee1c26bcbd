"""The polyphase view as a film: the stride splits kernel and output into phases, each an ordinary small convolution."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

from ...geometry import ConvTranspose, Sizes
from ...words import counted
from .. import style
from ..boards import drawn
from ..page import Page
from ..scene import Cell, Film, Scene, Shape
from ..text import Run, Runs, words, wrapped
from .captions import plain
from .flow import Parts, flowing
from .phases import Phases, in_phase, refuse_too_many_phases
from .request import Index, requested
from .sample import Sample, sample
from .words import Values, detail, layer, position, size_of, sized

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

TITLE = "One small convolution for each phase"
SUBTITLE = "The stride splits the output into phases. Each needs its own taps; no inserted zero is multiplied."
OPENING = "Taps and outputs that belong together have the same colour and pattern."
FIRST_MS, FRAME_MS, LAST_MS = 2600, 2000, 3500


def polyphase_film(
    geometry: ConvTranspose,
    input_size: Sizes,
    x: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    *,
    channels: tuple[int, int] | None = None,
    values: Values = "numbers",
) -> Film:
    """The phases one after the other: their taps, and the outputs that they make, interleaved where they belong.

    >>> film = polyphase_film(ConvTranspose((3, 3), stride=2), (2, 2))
    >>> len(film.scenes), sorted(film.scenes[1].cells("kernel", "lit"))
    (6, [(0, 0), (0, 2), (2, 0), (2, 2)])

    A frame before the first phase, one for each, and one of the whole. Arguments and errors are those of `direct_film`;
    GeometryError beyond 9 phases, too, which are as many as can be told apart.
    Source: Bellanger et al. 1976; Shi et al. 2016 for k = m·s.
    """
    refuse_too_many_phases(geometry)
    request = requested(geometry, input_size, channels)
    count = prod(geometry.stride)
    picture = _Picture(sample(request, x, weight, values))
    scenes = tuple(picture.scene(turn) for turn in range(-1, count + 1))
    durations = (FIRST_MS, *(FRAME_MS for _ in scenes[2:]), LAST_MS)
    return Film(scenes, durations, TITLE, picture.description, scenes[-1])


class _Picture:
    """What all frames share, and the frames."""

    def __init__(self, shown: Sample) -> None:
        self.sample = shown
        geometry = shown.geometry
        self._phases = Phases(geometry, shown.output_size)
        lead, taps = shown.request.lead, geometry.kernel_size
        spatial_after = {"kernel": len(lead("kernel")), "output": len(lead("output"))}
        self._phase_of_tap = {j: self._phases.of_tap[j[spatial_after["kernel"] :]] for j in shown.weight}
        self._phase_of = {o: self._phases.of_output[o[spatial_after["output"] :]] for o in shown.output}
        parts: Parts = {
            "input": ("input", detail(lead("input"), shown.input_size), shown.extent(shown.input_size)),
            "kernel": ("kernel", detail(shown.channels or (), taps), shown.extent(taps, "kernel")),
            "output": ("output", detail(lead("output"), shown.output_size), shown.extent(shown.output_size, "output")),
        }
        legend = self._phases.legend
        self._flow = flowing((("input", "kernel"), ("output",)), parts, legend)
        page = Page(TITLE, layer(shown.request), SUBTITLE, self._flow.width, self._flow.height)
        captions = [words(OPENING), *map(self._caption, range(len(self._phases.each))), words(self._ending)]
        self._captions = [wrapped(caption, style.CAPTION, page.text_room) for caption in captions]
        self._page = replace(page, caption_lines=max(map(len, self._captions)))
        self._furniture = self._flow.furniture(legend, page.left, page.top)
        self._boards = {part: self._flow.board(part, page.left, page.top) for part in parts}
        self._sizes = {
            "input": self._boards["input"].number_size(map(shown.x_text, shown.x)),
            "kernel": self._boards["kernel"].number_size(map(shown.w_text, shown.weight)),
            "output": self._boards["output"].number_size(map(shown.y_text, shown.output)),
        }

    @property
    def description(self) -> str:
        """The film in words."""
        shown, count = self.sample, len(self._phases.each)
        return (
            f"Transposed convolution of the {shown.input_in_words} with the {shown.kernel_in_words}, as "
            f"{counted(count, 'ordinary convolution')} at stride 1, whose results are interleaved. "
            f"The {shown.output_in_words}."
        )

    @property
    def _ending(self) -> str:
        count = len(self._phases.each)
        if count == 1:
            return "With stride 1 there is one phase: the whole kernel, and the whole output."
        return f"The {count} phases interleaved are the {sized(self.sample.output_size)} output."

    def _caption(self, turn: int) -> list[Runs]:
        phases = self._phases.each[turn]
        taps = prod(phase.taps for phase in phases)
        where = position(self._phases.residues[turn])
        head: Runs = (Run(f"Phase {where}", style.INK, "semibold"), Run(": ", style.MUTED))
        if not taps:
            return [head, *words("no tap reaches it, so that its outputs hold only the bias.")]
        size = size_of(tuple(phase.taps for phase in phases))
        return [
            head,
            (Run(f"{taps} {'tap' if taps == 1 else 'taps'} ", style.AMBER_TEXT, "semibold"),),
            *words(f"({size}) {'slides' if taps == 1 else 'slide'} over the input at stride 1 and"),
            *words(f"{'makes' if taps == 1 else 'make'} the framed outputs."),
        ]

    def scene(self, turn: int) -> Scene:
        """Phases up to ``turn`` computed; -1: none yet, as many as there are: all, none of them current."""
        caption = self._captions[turn + 1]
        current = turn if 0 <= turn < len(self._phases.each) else None
        shapes = [*self._furniture, *self._cells(turn, current)]
        return self._page.scene(shapes, caption, f"{self.description} Shown: {plain(caption)}")

    def _cells(self, turn: int, current: int | None) -> Iterator[Shape]:
        inputs = {i for o, of in self._phase_of.items() if of == current for i, _ in self.sample.terms(o)}
        shown = self.sample
        for i in shown.x:
            cell = Cell("input", i, "input", "lit" if i in inputs else "")
            yield from drawn(self._boards["input"], cell, shown.x_text(i), self._sizes["input"])
        for j in shown.weight:
            yield from self._in_phase("kernel", j, self._phase_of_tap[j], current, shown.w_text(j))
        for o in shown.output:
            of = self._phase_of[o]
            if of > turn:
                yield from drawn(self._boards["output"], Cell("output", o, "unknown"), "", None)
            else:
                yield from self._in_phase("output", o, of, current, shown.y_text(o))
        if current is not None:
            for part, phase_of in (("kernel", self._phase_of_tap), ("output", self._phase_of)):
                for at in sorted(at for at, own in phase_of.items() if own == current):
                    yield from self._boards[part].frames([at])

    def _in_phase(self, part: str, at: Index, of: int, current: int | None, content: str) -> Iterator[Shape]:
        return in_phase(self._boards[part], part, at, of, content, self._sizes[part], lit=of == current)
