"""Phases in pictures: the taps and outputs of each, and grids that hold a small grid for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod

from ...axis import Phase
from ...errors import GeometryError
from ...geometry import ConvTranspose
from ...steps import CorrelatePhases
from .. import style
from ..boards import Board, Extent, drawn, plane_name
from ..scene import Cell, Rect, Shape
from .request import Index
from .words import position, size_of


def refuse_too_many_phases(geometry: object) -> None:
    """An error where there are more phases than can be told apart."""
    if isinstance(geometry, ConvTranspose) and prod(geometry.stride) > len(style.PHASES):
        raise GeometryError(
            "too many phases to tell apart",
            f"stride {size_of(geometry.stride)} makes {prod(geometry.stride)}",
            f"use a stride of at most {len(style.PHASES)} phases in all, or another view",
        )


@dataclass(frozen=True)
class Phases:
    """The phases of a geometry, in C order over its axes; ``turn`` counts them, all positions are spatial."""

    geometry: ConvTranspose
    output_size: Index

    @cached_property
    def step(self) -> CorrelatePhases:
        """The polyphase view's step that computes them."""
        (step,) = (step for step in self.geometry.plan("polyphase").steps if isinstance(step, CorrelatePhases))
        return step

    @cached_property
    def each(self) -> list[tuple[Phase, ...]]:
        """Of each turn the phase on every axis."""
        return list(product(*self.step.phases))

    @cached_property
    def residues(self) -> list[Index]:
        """What they are called by: (o + crop) mod stride, axis by axis."""
        return [tuple(phase.residue for phase in phases) for phases in self.each]

    @cached_property
    def of_tap(self) -> dict[Index, int]:
        """Tap -> turn."""
        return {j: turn for turn, phases in enumerate(self.each) for j in product(*map(_taps, phases))}

    @cached_property
    def of_output(self) -> dict[Index, int]:
        """Output -> turn."""
        return {
            o: turn
            for turn, phases in enumerate(self.each)
            for o in product(
                *(
                    range(phase.offset, m, s)
                    for phase, s, m in zip(phases, self.geometry.stride, self.output_size, strict=True)
                )
            )
        }

    @property
    def legend(self) -> list[tuple[str, style.Look]]:
        """What each colour means."""
        few = len(self.each) <= 4
        names = [self.name(turn) if few or not turn else position(at) for turn, at in enumerate(self.residues)]
        return [(name, style.phase(turn)) for turn, name in enumerate(names)]

    def name(self, turn: int) -> str:
        """``phase (0, 1)``"""
        return f"phase {position(self.residues[turn])}"


@dataclass(frozen=True, slots=True)
class PhaseExtent(Extent):
    """A small grid for each phase: those of the last axis beside each other, of a single axis below each other.

    ``below`` and ``beside`` count the axes of the phases among the leading ones of each kind.
    """

    below: int = 0
    beside: int = 0

    @property
    def _inner(self) -> Extent:
        """What each phase's grid is laid out like."""
        size = (*self.size[self.below : self.down], *self.size[self.down + self.beside :])
        return Extent(size, self.down - self.below, self.across - self.beside, self.deep, self.groups)

    def index(self, residue: Index, inner: Index) -> Index:
        """Where the element ``inner`` of a phase's grid is."""
        lead = self.down - self.below
        return (*residue[: self.below], *inner[:lead], *residue[self.below :], *inner[lead:])

    def heads(self) -> Iterator[tuple[Index, str]]:
        """(index of its first cell, name) of each plane, where there are several."""
        lead = self.size[: self.leading]
        if prod(lead) <= 1:
            return
        for at in product(*map(range, lead)):
            residue = (*at[: self.below], *at[self.down : self.down + self.beside])
            inner = (*at[self.below : self.down], *at[self.down + self.beside :])
            # Names are as wide as small kernels: only the first plane of a phase bears the phase's.
            if any(inner) or prod(self.size[: self.below] + self.size[self.down : self.down + self.beside]) == 1:
                name = plane_name(*self._inner.named(inner))
            else:
                name = f"phase {residue[0]}" if len(residue) == 1 else position(residue)
            yield (*at, *(0 for _ in self.size[self.leading :])), name


def phase_extent(stride: Index, inner: Extent) -> PhaseExtent:
    """A grid of grids that are laid out like ``inner``, one for each phase of ``stride``."""
    below = len(stride) if len(stride) == 1 else len(stride) - 1
    beside = len(stride) - below
    size = (*stride[:below], *inner.size[: inner.down], *stride[below:], *inner.size[inner.down :])
    return PhaseExtent(size, inner.down + below, inner.across + beside, inner.deep, inner.groups, below, beside)


def in_phase(
    board: Board,
    part: str,
    index: Index,
    turn: int,
    content: str,
    size: float | None,
    *,
    lit: bool,
    at: Index | None = None,
) -> Iterator[Shape]:
    """A cell in the look of its phase; the rest as in `drawn`."""
    cell = Cell(part, index, f"phase {turn}", "lit" if lit else "")
    return drawn(board, cell, content, size, at, style.phase(turn))


def framed(board: Board, cells: Iterable[Index]) -> Iterator[Rect]:
    """Frames around these cells: one around all in a plane where they fill a rectangle, else one around each."""
    for inside in board.extent.by_plane(cells).values():
        along = list(zip(*inside, strict=True))[board.extent.leading :]
        if prod(max(places) - min(places) + 1 for places in along) == len(inside):
            yield from board.frames(inside)
        else:
            for index in inside:
                yield from board.frames([index])


def _taps(phase: Phase) -> range:
    return range(phase.first_tap, phase.first_tap + phase.taps * phase.tap_step, phase.tap_step)
