"""How the native phase kernel is told what to do: phases and tiles as finished integers.

Every integer comes from `Axis.phases()`. A *unit* is one combination of phases of all axes but the last, with every
phase of the last axis: it owns whole rows of the output. Within a unit, phases that read the same inputs form a
*class*, and their rows (output channel, phase) share panels of weights.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod
from typing import Any

from ..axis import Axis
from ..geometry import ConvTranspose
from .machine import Machine

Ints = tuple[int, ...]
Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class AxisPhase:
    """One phase of one axis: outputs p*s + offset read inputs p + shift through tap ``taps[...]``, shift by shift."""

    offset: int
    shifts: Ints
    taps: Ints


def axis_phases(axis: Axis) -> tuple[AxisPhase, ...]:
    """The phases of an axis by their offset in the output."""
    found = []
    for phase in axis.phases():
        places = range(phase.taps)
        found.append(
            AxisPhase(
                phase.offset,
                tuple(u * phase.dilation - phase.pad[0] for u in places),
                tuple(phase.first_tap + (phase.taps - 1 - u) * phase.tap_step for u in places),
            )
        )
    return tuple(sorted(found, key=lambda phase: phase.offset))


@dataclass(frozen=True, slots=True)
class TapClass:
    """Phases of the last axis that share taps: ``shifts`` per tap and axis, ``kernel`` per phase and tap (-1: none)."""

    phases: Ints
    shifts: tuple[Ints, ...]
    kernel: tuple[Ints, ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """One combination of phases of the outer axes."""

    offset: Ints
    classes: tuple[TapClass, ...]


@dataclass(frozen=True)
class Phases:
    """A geometry as units; ``united``: all phases of the last axis in one class, with zeros for taps they lack."""

    geometry: ConvTranspose
    united: bool = False

    @cached_property
    def per_axis(self) -> tuple[tuple[AxisPhase, ...], ...]:
        return tuple(axis_phases(axis) for axis in self.geometry.axes)

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        *outer, last = self.per_axis
        classes = self._classes(last)
        return tuple(
            Unit(tuple(phase.offset for phase in chosen), tuple(self._class(chosen, *one) for one in classes))
            for chosen in product(*outer)
        )

    def _classes(self, last: tuple[AxisPhase, ...]) -> list[tuple[list[AxisPhase], Ints]]:
        if self.united:
            return [(list(last), tuple(sorted({shift for phase in last for shift in phase.shifts})))]
        found: dict[Ints, list[AxisPhase]] = {}
        for phase in last:
            found.setdefault(phase.shifts, []).append(phase)
        return [(phases, shifts) for shifts, phases in found.items()]

    def _class(self, outer: tuple[AxisPhase, ...], phases: list[AxisPhase], shifts: Ints) -> TapClass:
        along = [list(zip(phase.shifts, phase.taps, strict=True)) for phase in outer]
        k = self.geometry.kernel_size
        kernel = []
        for phase in phases:
            tap_of = dict(zip(phase.shifts, phase.taps, strict=True))
            flat = []
            for chosen in product(*along):
                base = 0
                for (_, tap), size in zip(chosen, k, strict=False):
                    base = base * size + tap
                flat += [base * k[-1] + tap_of[shift] if shift in tap_of else -1 for shift in shifts]
            kernel.append(tuple(flat))
        return TapClass(
            tuple(phase.offset for phase in phases),
            tuple((*(shift for shift, _ in chosen), last) for chosen in product(*along) for last in shifts),
            tuple(kernel),
        )

    @cached_property
    def last_shifts(self) -> Ints:
        """The different shifts of the last axis."""
        return tuple(sorted({shift for phase in self.per_axis[-1] for shift in phase.shifts} or {0}))

    @cached_property
    def single(self) -> bool:
        """Whether all phases of the last axis read the same inputs, so that there is nothing to unite."""
        return len({phase.shifts for phase in self.per_axis[-1]}) == 1

    @cached_property
    def shapes(self) -> Counter[Pair]:
        """(phases, taps) of the classes of all units: how many there are."""
        return Counter((len(one.phases), len(one.shifts)) for unit in self.units for one in unit.classes)

    @cached_property
    def reach(self) -> tuple[tuple[int, int], ...]:
        """Per axis, the least and the largest shift of any phase."""
        spans = []
        for phases in self.per_axis:
            shifts = [shift for phase in phases for shift in phase.shifts] or [0]
            spans.append((min(shifts), max(shifts)))
        return tuple(spans)


@dataclass(frozen=True, slots=True)
class Tile:
    """The shape of a register tile: rows of weights, vectors of positions."""

    rows: int
    vectors: int


def panel_rows(rows: int, most: int) -> tuple[Pair, ...]:
    """``rows`` in panels of at most ``most``, as even as can be: (rows, how many). The core cuts in the same way."""
    if rows == 0:
        return ()
    count = -(-rows // most)
    short, longer = divmod(rows, count)
    return ((short + 1, longer), (short, count - longer)) if longer else ((short, count),)


def tile_cycles(rows: int, vectors: int, machine: Machine, *, aligned: bool = True) -> float:
    """Cycles of one step (one channel and tap) of a register tile.

    Products, or the wait until a sum can be added to again; and loads of weights, which come in order, and of inputs
    from L2, which cross the ends of cache lines where they are not aligned.
    """
    products = max(rows * vectors / machine.products_per_cycle, _LATENCY)
    loads = _LOAD_WEIGHT * rows + (_LOAD_ALIGNED if aligned else _LOAD_UNALIGNED) * vectors
    # They overlap, but not wholly where both take about as long.
    return float((products**3 + loads**3) ** (1 / 3))


_LATENCY = 4.0
_LOAD_WEIGHT = 0.25
_LOAD_ALIGNED = 1.3
_LOAD_UNALIGNED = 2.2


def stream_cycles(count: float, machine: Machine, beside: float) -> float:
    """Cycles that reading ``count`` bytes of weights in order adds to ``beside`` cycles of products.

    They are asked for ahead; what a cache or memory gives at most is not hidden behind products that take less time.
    """
    if count <= machine.l2 / 2:
        return 0.0
    hidden, most = (0.02, 0.11) if count <= machine.l3 / 2 else (0.05, 0.2)
    return max(hidden * count, most * count - beside / 2)


def far_cycles(count: float, machine: Machine) -> float:
    """Cycles that going over ``count`` bytes in pieces adds, where they do not stay in a core's own cache."""
    return 0.1 * count if count > machine.l2 / 2 else 0.0


@dataclass(frozen=True)
class Weights:
    """How weights are laid out: everything that does not depend on the input size."""

    phases: Phases
    groups: int
    channels_in: int
    channels_out: int
    channel_block: int
    tile: Tile

    def native(self) -> dict[str, Any]:
        """As the core's PhaseWeights take it."""
        geometry = self.phases.geometry
        return {
            "groups": self.groups,
            "channels_in": self.channels_in,
            "channels_out": self.channels_out,
            "channel_block": self.channel_block,
            "panel_rows": self.tile.rows,
            "stride": list(geometry.stride),
            "kernel_volume": prod(geometry.kernel_size),
            "units": [
                {
                    "offset": list(unit.offset),
                    "classes": [
                        {
                            "phases": list(one.phases),
                            "shift": [
                                number
                                for *outer, last in one.shifts
                                for number in (*outer, self.phases.last_shifts.index(last))
                            ],
                            "kernel": [j for phase in one.kernel for j in phase],
                            "taps": len(one.shifts),
                        }
                        for one in unit.classes
                    ],
                }
                for unit in self.phases.units
            ],
        }

    def cycles(self, machine: Machine, vectors: int, *, aligned: bool = True) -> float:
        """Cycles per input channel for a chunk of ``vectors``, all phases and channels."""
        total = 0.0
        blocks, rest = divmod(self.channels_out, self.channel_block)
        for size, count in ((self.channel_block, blocks), (rest, 1)):
            if size and count:
                for (phases, taps), often in self.phases.shapes.items():
                    step = sum(
                        many * tile_cycles(rows, vectors, machine, aligned=aligned)
                        for rows, many in panel_rows(size * phases, self.tile.rows)
                    )
                    total += count * often * taps * step
        return total

    @cached_property
    def outputs(self) -> int:
        """Outputs at a position: channels of a group times phases."""
        return self.channels_out * prod(self.phases.geometry.stride)

    @cached_property
    def packed(self) -> int:
        """Weights of a group as packed, zeros included."""
        taps = sum(phases * taps * often for (phases, taps), often in self.phases.shapes.items())
        return taps * self.channels_in * self.channels_out


def choose_weights(
    geometry: ConvTranspose, channels_in: int, channels_out: int, machine: Machine, *, united: bool
) -> Weights:
    """The layout with the fewest cycles: the register tile and the block of output channels."""
    found = []
    phases = Phases(geometry, united)
    for rows in range(1, len(machine.most_vectors) + 1):
        vectors = machine.most_vectors[rows - 1]
        for block in _channel_blocks(channels_out, geometry.stride[-1]):
            weights = Weights(phases, geometry.groups, channels_in, channels_out, block, Tile(rows, vectors))
            # Loads from L2 are what flat tiles cost beyond the model: a tile of more rows reads x less often.
            cost = weights.cycles(machine, vectors) / vectors * (1 + 0.2 / rows)
            # Of equals: results that fit into L1, but not so few that inputs are gone over often.
            found.append((round(cost, 6), abs(block * geometry.stride[-1] - 48), weights))
    return min(found, key=lambda one: one[:2])[-1]


def _channel_blocks(channels_out: int, stride: int) -> list[int]:
    """Output channels of a block: some dozen rows of results, which stay in a near cache."""
    most = max(1, 96 // stride)
    return sorted({min(channels_out, size) for size in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96) if size <= most})
