"""The polyphase view as a film: the stride splits kernel and output into phases, each an ordinary small convolution."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from math import prod
from typing import TYPE_CHECKING

from ...axis import Phase
from ...errors import GeometryError
from ...geometry import ConvTranspose, Sizes
from ...steps import CorrelatePhases
from .. import style
from ..layout import Run, Runs, drawn, words, wrapped
from ..page import Page
from ..scene import Cell, Film, Scene, Shape
from .captions import plain
from .flow import Parts, flowing
from .sample import Index, Sample, drawable, sample
from .words import kernel_and_stride, listed, number, position, size_of, sized

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

TITLE = "One small convolution for each phase"
SUBTITLE = "The stride splits the output into phases. Each needs its own taps; no inserted zero is multiplied."
OPENING = "Taps and outputs that belong together have the same colour and pattern."
FIRST_MS, FRAME_MS, LAST_MS = 2600, 2000, 3500


def polyphase_film(
    geometry: ConvTranspose, input_size: Sizes, x: ArrayLike | None = None, weight: ArrayLike | None = None
) -> Film:
    """The phases one after the other: their taps, and the outputs that they make, interleaved where they belong.

    >>> film = polyphase_film(ConvTranspose((3, 3), stride=2), (2, 2))
    >>> len(film.scenes), sorted(film.scenes[1].cells("kernel", "lit"))
    (6, [(0, 0), (0, 2), (2, 0), (2, 2)])

    A frame before the first phase, one for each, and one of the whole. x: integers of shape input_size; weight:
    integers of shape kernel_size; both count up by default. Errors: GeometryError beyond 2 axes, 40 cells a side or 9
    phases, which are as many as can be told apart. Source: Bellanger et al. 1976; Shi et al. 2016 for k = m·s.
    """
    sizes, _ = drawable(geometry, input_size)
    count = prod(geometry.stride)
    if count > len(style.PHASES):
        raise GeometryError(
            "too many phases to tell apart",
            f"stride {size_of(geometry.stride)} makes {count}",
            f"use a stride of at most {len(style.PHASES)} phases in all, or another view",
        )
    picture = _Picture(sample(geometry, sizes, x, weight))
    scenes = tuple(picture.scene(turn) for turn in range(-1, count + 1))
    durations = (FIRST_MS, *(FRAME_MS for _ in scenes[2:]), LAST_MS)
    return Film(scenes, durations, TITLE, picture.description, scenes[-1])


class _Picture:
    """What all frames share, and the frames."""

    def __init__(self, shown: Sample) -> None:
        self.sample = shown
        geometry = shown.geometry
        (step,) = (step for step in geometry.plan("polyphase").steps if isinstance(step, CorrelatePhases))
        self._phases = list(product(*step.phases))
        self._taps = [set(product(*map(_taps, phases))) for phases in self._phases]
        self._phase_of = {
            o: turn
            for turn, phases in enumerate(self._phases)
            for o in _outputs(phases, geometry.stride, shown.output_size)
        }
        parts: Parts = {
            "input": ("input", size_of(shown.input_size), shown.input_size),
            "kernel": ("kernel", size_of(geometry.kernel_size), geometry.kernel_size),
            "output": ("output", size_of(shown.output_size), shown.output_size),
        }
        legend = [
            (f"phase {position(tuple(phase.residue for phase in phases))}", style.phase(turn))
            for turn, phases in enumerate(self._phases)
        ]
        self._flow = flowing((("input", "kernel"), ("output",)), parts, legend)
        page = Page(TITLE, kernel_and_stride(geometry), SUBTITLE, self._flow.width, self._flow.height)
        captions = [words(OPENING), *map(self._caption, range(len(self._phases))), words(self._ending)]
        self._captions = [wrapped(caption, style.CAPTION, page.text_room) for caption in captions]
        self._page = replace(page, caption_lines=max(map(len, self._captions)))
        self._furniture = self._flow.furniture(legend, page.left, page.top)
        self._boards = {part: self._flow.board(part, page.left, page.top) for part in parts}
        self._sizes = {
            "input": self._boards["input"].number_size(map(number, shown.x.values())),
            "kernel": self._boards["kernel"].number_size(map(number, shown.weight.values())),
            "output": self._boards["output"].number_size(map(number, shown.output.values())),
        }

    @property
    def description(self) -> str:
        """The film in words."""
        shown, count = self.sample, len(self._phases)
        return (
            f"Transposed convolution of the {sized(shown.input_size)} input {listed(shown.x)} with the kernel "
            f"{listed(shown.weight)} ({kernel_and_stride(shown.geometry)}), as {count} ordinary "
            f"convolution{'s' if count > 1 else ''} at stride 1, whose results are interleaved. "
            f"The {sized(shown.output_size)} output is {listed(shown.output)}."
        )

    @property
    def _ending(self) -> str:
        count = len(self._phases)
        if count == 1:
            return "With stride 1 there is one phase: the whole kernel, and the whole output."
        return f"The {count} phases interleaved are the {sized(self.sample.output_size)} output."

    def _caption(self, turn: int) -> list[Runs]:
        phases, taps = self._phases[turn], len(self._taps[turn])
        where = position(tuple(phase.residue for phase in phases))
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
        current = turn if 0 <= turn < len(self._phases) else None
        shapes = [*self._furniture, *self._cells(turn, current)]
        return self._page.scene(shapes, caption, f"{self.description} Shown: {plain(caption)}")

    def _cells(self, turn: int, current: int | None) -> Iterator[Shape]:
        inputs = {i for o, of in self._phase_of.items() if of == current for i, _ in self.sample.terms(o)}
        for i, value in self.sample.x.items():
            cell = Cell("input", i, "input", "lit" if i in inputs else "")
            yield from drawn(self._boards["input"], cell, number(value), self._sizes["input"])
        for j, value in self.sample.weight.items():
            of = next((at for at, taps in enumerate(self._taps) if j in taps), None)
            yield from self._in_phase("kernel", j, of, current, number(value))
        for o, value in self.sample.output.items():
            of = self._phase_of[o]
            if of > turn:
                yield from drawn(self._boards["output"], Cell("output", o, "unknown"), "", None)
            else:
                yield from self._in_phase("output", o, of, current, number(value))
        if current is not None:
            for part, lit in (("kernel", self._taps[current]), ("output", self._phase_outputs(current))):
                for at in sorted(lit):
                    yield self._boards[part].frame(at, at)

    def _phase_outputs(self, turn: int) -> set[Index]:
        return {o for o, of in self._phase_of.items() if of == turn}

    def _in_phase(self, part: str, at: Index, of: int | None, current: int | None, content: str) -> Iterator[Shape]:
        board, size = self._boards[part], self._sizes[part]
        look = style.look("unknown") if of is None else style.phase(of)
        cell = Cell(part, at, "unused" if of is None else f"phase {of}", "lit" if of == current is not None else "")
        yield board.cell(look, cell)
        if size is not None:
            yield board.number(cell, content, size, look.text, "semibold" if cell.state else "regular")


def _taps(phase: Phase) -> list[int]:
    return [phase.first_tap + count * phase.tap_step for count in range(phase.taps)]


def _outputs(phases: tuple[Phase, ...], stride: Index, output_size: Index) -> Iterator[Index]:
    """The outputs of a combination of phases: from each one's offset, a stride apart."""
    return product(*(range(phase.offset, m, s) for phase, s, m in zip(phases, stride, output_size, strict=True)))
