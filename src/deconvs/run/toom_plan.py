"""Fewer products: Toom-Cook (Winograd) for transposed convolutions, as the native core takes it.

In full positions q, with output o = q*s + r - b, every phase r of an axis reads x[q - M] through tap r + M*s: the same
inputs for all phases. So an axis is cut into tiles of m positions, and one transform of the window of a tile, m + T - 1
inputs z for phases of T taps, serves every phase. At the points 0, 1, -1 and infinity the transforms are sums of two:

    planes   z0 - z2,  z1 + z2,  z2 - z1,  z3 - z1                    T = 2, m = 3: 4 products instead of 6
    weights  g0, (g0 + g1 + g2)/2, (g0 - g1 + g2)/2, g2               T = 3, m = 2: 4 products instead of 6

Phases of one tap beside phases of two (k3 s2) take the inputs as they are: no products are saved there, none lost.
Source: Winograd 1980, Arithmetic Complexity of Computations; Lavin & Gray 2016, section 4, for convolutions.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from itertools import product
from math import prod
from typing import Any

from ..axis import Axis, Phase
from ..geometry import ConvTranspose
from .machine import Machine, imbalance, past_caches
from .phase_plan import Tile, far_cycles, panel_rows, stream_cycles, tile_cycles

Ints = tuple[int, ...]
Factors = tuple[float, ...]

_AXES = 3
"""The core computes in three axes; a geometry with fewer gets axes of one position in front."""

_POINTS: dict[int, tuple[Factors, ...]] = {
    2: ((1.0, 0.0), (0.5, 0.5), (0.5, -0.5), (0.0, 1.0)),
    3: ((1.0, 0.0, 0.0), (0.5, 0.5, 0.5), (0.5, -0.5, 0.5), (0.0, 0.0, 1.0)),
}
"""Weights g of T taps at the four points."""


class Kind(IntEnum):
    """What is done along an axis; native/src/job.hpp has the same numbers."""

    SINGLE = 0
    THREE = 1
    TWO = 2
    MIXED = 3

    @property
    def outputs(self) -> int:
        """Positions of a tile."""
        return (1, 3, 2, 3)[self]

    @property
    def window(self) -> int:
        """Inputs that a tile reads."""
        return 1 if self is Kind.SINGLE else 4

    @property
    def planes(self) -> int:
        """Sums of inputs that are made of a window."""
        return (1, 4, 4, 7)[self]


@dataclass(frozen=True, slots=True)
class Branch:
    """Phases (by residue) that use the same planes of their axis.

    ``taps``: by phase, which tap of the kernel meets each place of the window, -1 for none; ``points``: by plane, the
    factors of these taps.
    """

    phases: Ints
    taps: tuple[Ints, ...]
    points: tuple[Factors, ...]

    @property
    def planes(self) -> int:
        """Sums of inputs that are multiplied."""
        return len(self.points)


@dataclass(frozen=True, slots=True)
class ToomAxis:
    """One axis in tiles."""

    axis: Axis
    kind: Kind
    branches: tuple[Branch, ...]

    def tiles(self, output: int) -> int:
        """Tiles that ``output`` outputs need."""
        begin, stride = self.axis.crop[0], self.axis.stride
        return -(-((output - 1 + begin) // stride - begin // stride + 1) // self.kind.outputs)

    def native(self) -> dict[str, Any]:
        """As the core's ToomWeights take it."""
        return {
            "stride": self.axis.stride,
            "kernel_size": self.axis.kernel_size,
            "kind": int(self.kind),
            "branches": [
                {
                    "phases": list(branch.phases),
                    "taps": [tap for phase in branch.taps for tap in phase],
                    "points": [factor for plane in branch.points for factor in plane],
                }
                for branch in self.branches
            ],
        }


def toom_axis(axis: Axis) -> ToomAxis | None:
    """The axis in tiles, or None where its phases do not fit: dilated, without a tap, or with more than three."""
    if (axis.dilation > 1 and axis.kernel_size > 1) or not 1 <= axis.kernel_size // axis.stride <= 3:
        return None
    phases = sorted(axis.phases(), key=lambda phase: phase.residue)
    most = max(phase.taps for phase in phases)
    if most > 3:
        return None
    if most == 1:
        return ToomAxis(axis, Kind.SINGLE, (_branch(axis, phases, ((1.0,),)),))
    if most == 3:
        return ToomAxis(axis, Kind.TWO, (_branch(axis, phases, _POINTS[3]),))
    long = [phase for phase in phases if phase.taps == 2]
    short = [phase for phase in phases if phase.taps == 1]
    branches: tuple[Branch, ...] = (_branch(axis, long, _POINTS[2]),)
    if short:
        branches += (_branch(axis, short, ((1.0,),) * Kind.MIXED.outputs),)
    return ToomAxis(axis, Kind.MIXED if short else Kind.THREE, branches)


def _branch(axis: Axis, phases: list[Phase], points: tuple[Factors, ...]) -> Branch:
    most = len(points[0])
    # Place u of the window meets tap number most - 1 - u of the phase, if the phase has so many.
    taps = tuple(
        tuple(
            phase.first_tap + number * phase.tap_step if number < phase.taps else -1
            for number in range(most - 1, -1, -1)
        )
        for phase in phases
    )
    return Branch(tuple(phase.residue for phase in phases), taps, points)


@dataclass(frozen=True)
class ToomWeights:
    """How weights are laid out for this algorithm."""

    axes: tuple[ToomAxis, ...]
    groups: int
    channels_in: int
    channels_out: int
    channel_block: int
    tile: Tile

    def native(self) -> dict[str, Any]:
        """As the core's ToomWeights take it."""
        lone = toom_axis(Axis(1))
        assert lone is not None
        return {
            "groups": self.groups,
            "channels_in": self.channels_in,
            "channels_out": self.channels_out,
            "channel_block": self.channel_block,
            "panel_rows": self.tile.rows,
            "axes": [axis.native() for axis in (*(lone,) * (_AXES - len(self.axes)), *self.axes)],
        }

    @cached_property
    def units(self) -> tuple[tuple[int, int], ...]:
        """(planes, phases) of every choice of a branch for each axis."""
        return tuple(
            (prod(branch.planes for branch in chosen), prod(len(branch.phases) for branch in chosen))
            for chosen in product(*(axis.branches for axis in self.axes))
        )

    @property
    def window_rows(self) -> int:
        """Rows of inputs that a row of tiles reads in one slice."""
        return self.axes[-2].kind.window if len(self.axes) > 1 else 1

    @cached_property
    def outer_units(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """The units by their choice for all axes but the last: what is computed together."""
        along = len(self.axes[-1].branches)
        return tuple(self.units[start : start + along] for start in range(0, len(self.units), along))

    @property
    def volume(self) -> int:
        """Packed weights per output and input channel: products per tile."""
        return sum(planes * phases for planes, phases in self.units)

    def cycles(self, machine: Machine, vectors: int) -> float:
        """Cycles per input channel and a chunk of ``vectors`` vectors of tiles, all output channels of a group."""
        total = 0.0
        blocks, rest = divmod(self.channels_out, self.channel_block)
        for size, count in ((self.channel_block, blocks), (rest, 1)):
            if not (size and count):
                continue
            for planes, phases in self.units:
                step = sum(
                    many * tile_cycles(rows, vectors, machine)
                    for rows, many in panel_rows(size * phases, self.tile.rows)
                )
                total += count * planes * step
        return total


def toom_weights(geometry: ConvTranspose, channels_in: int, channels_out: int, machine: Machine) -> ToomWeights | None:
    """The layout, or None where the algorithm does not apply or saves nothing."""
    if geometry.ndim > 3:
        return None
    axes = tuple(toom_axis(axis) for axis in geometry.axes)
    if any(axis is None for axis in axes) or all(axis is not None and axis.kind is Kind.SINGLE for axis in axes):
        return None
    kept = tuple(axis for axis in axes if axis is not None)
    found = []
    for rows in range(1, len(machine.most_vectors) + 1):
        tile = Tile(rows, machine.most_vectors[rows - 1])
        for block in _channel_blocks(kept, channels_out):
            weights = ToomWeights(kept, geometry.groups, channels_in, channels_out, block, tile)
            cost = weights.cycles(machine, tile.vectors) / tile.vectors * (1 + 0.1 / rows)
            found.append((round(cost, 6), -block, weights))
    return min(found, key=lambda one: one[:2])[-1]


def _channel_blocks(axes: tuple[ToomAxis, ...], channels_out: int) -> list[int]:
    """Output channels of a block: planes may lie beyond L2, so that each is read for at least some dozen rows."""
    fewest = prod(min(len(branch.phases) for branch in axis.branches) for axis in axes)
    sizes = (-(-24 // fewest), -(-32 // fewest), -(-36 // fewest), -(-48 // fewest), -(-64 // fewest))
    return sorted({min(channels_out, size) for size in sizes})


@dataclass(frozen=True, slots=True)
class ToomTiling:
    """How an input size is cut up: ``tiles`` of an image, per axis; ``count`` of them, over all images, in a job."""

    tiles: Ints
    count: int
    pitch: int
    channels_at_once: int
    parts: int
    jobs: int
    cycles: float
    bytes: int

    @property
    def block(self) -> Ints:
        """What a job computes, as the other kernels' tilings tell it."""
        return (self.count,)

    @property
    def images(self) -> int:
        """Images that lie interleaved."""
        return 1

    def native(self, weights: ToomWeights, x: Any, y: Any) -> dict[str, Any]:
        """As the core's ToomCall takes it, for arrays like ``x`` and ``y``."""
        item = x.itemsize
        lone = _AXES - len(weights.axes)
        x_steps, y_steps = ([step // item for step in array.strides] for array in (x, y))
        return {
            "axes": len(weights.axes),
            "batch": x.shape[0],
            "input": [1] * lone + list(x.shape[2:]),
            "output": [1] * lone + list(y.shape[2:]),
            "x_strides": [*x_steps[:2], *[0] * lone, *x_steps[2:]],
            "y_strides": [*y_steps[:2], *[0] * lone, *y_steps[2:]],
            "tiles": [1] * lone + list(self.tiles),
            "first_input": [0] * lone
            + [one.axis.crop[0] // one.axis.stride - (one.kind.window - one.kind.outputs) for one in weights.axes],
            "first_output": [0] * lone
            + [one.axis.crop[0] // one.axis.stride * one.axis.stride - one.axis.crop[0] for one in weights.axes],
            "count": self.count,
            "pitch": self.pitch,
            "channels_at_once": self.channels_at_once,
            "parts": self.parts,
            "past": past_caches(y.shape, item),
            "vectors": weights.tile.vectors,
        }


_MOST_TILES = 256
"""Of a job; native/src/job.hpp has the same number."""

_SLACK = 256
"""Elements between areas of scratch memory; native/src/kernels.hpp has the same number."""

_CHANNELS = 128
"""Input channels that are multiplied at once; native/src/toom.hpp has the same number."""


def choose_toom_tiling(
    weights: ToomWeights, batch: int, output: Ints, machine: Machine, itemsize: int, threads: int, room: int
) -> ToomTiling:
    """The cheapest tiling for an output size."""
    tiles = tuple(axis.tiles(m) for axis, m in zip(weights.axes, output, strict=True))
    steps = [weights.cycles(machine, vectors) if vectors else 0.0 for vectors in range(weights.tile.vectors + 1)]
    lanes = machine.lanes(itemsize)
    every = batch * prod(tiles)
    counts = sorted({min(every, vectors * lanes) for vectors in range(1, _MOST_TILES // lanes + 1)})
    fitting: list[ToomTiling] = []
    found: list[ToomTiling] = []
    for at_once in _turns(weights.channels_in):
        # Ever fewer channels at once where there is no room else; what never fits works in as little as it can.
        if fitting and at_once * _TURNS < weights.channels_in:
            break
        found = [
            _toom_tiling(weights, batch, tiles, count, at_once, machine, itemsize, threads, steps) for count in counts
        ]
        fitting += [tiling for tiling in found if tiling.bytes <= room]
    return min(fitting or [min(found, key=lambda tiling: tiling.bytes)], key=lambda tiling: tiling.cycles)


_TURNS = 16
"""Turns of input channels that are worth trying where fewer fit."""


def _turns(channels: int) -> list[int]:
    """Input channels at once, all of them first."""
    halves = [
        turns for power in range(channels.bit_length()) for turns in (2**power, 3 * 2**power) if turns <= channels
    ]
    return sorted({-(-channels // turns) for turns in (1, *halves, channels)}, reverse=True)


def _toom_tiling(
    weights: ToomWeights,
    batch: int,
    tiles: Ints,
    count: int,
    at_once: int,
    machine: Machine,
    itemsize: int,
    threads: int,
    steps: list[float],
) -> ToomTiling:
    """A tiling; ``steps``: cycles per input channel of a chunk, by its vectors."""
    lanes = machine.lanes(itemsize)
    pitch = -(-count // lanes) * lanes
    vectors = pitch // lanes
    if pitch * itemsize % 512 == 0:
        pitch += lanes
    c_in, c_out = weights.channels_in, weights.channels_out
    deep = len(weights.axes) == _AXES and weights.axes[0].kind is not Kind.SINGLE
    planes = prod(axis.kind.planes for axis in weights.axes)
    blocks = -(-c_out // weights.channel_block)
    groups = -(-batch * prod(tiles) // count) * weights.groups
    parts = 1
    while groups * parts % threads and parts < min(blocks, 2 * threads) and groups * parts < 4 * threads:
        parts += 1
    pieces = panel_rows(vectors, weights.tile.vectors)
    multiply = sum(many * steps[width] for width, many in pieces) * c_in
    products = sum(number * each for number, each in weights.units)
    # Sums so far are read and written again; every register tile is a call.
    again = -(-c_in // min(at_once, _CHANNELS))
    multiply += again * c_out * products * (vectors + sum(many for _, many in pieces) * 15.0 / weights.tile.rows)
    # Every row of tiles is begun anew, of inputs, of planes and of outputs.
    rows = count / tiles[-1] + 1 - 1 / tiles[-1]
    width = min(count, tiles[-1])
    last = weights.axes[-1]
    inputs = prod(axis.kind.window for axis in weights.axes[:-1])
    transform = inputs * (60 + 0.5 * ((width - 1) * last.kind.outputs + last.kind.window))
    transform = rows * (transform + (width / lanes + 0.5) * planes * 3.0) * c_in
    transform *= parts if at_once >= c_in else blocks * len(weights.outer_units)
    back = c_out * products * vectors * 3.0
    phases = prod(axis.axis.stride for axis in weights.axes)
    positions = prod(axis.kind.outputs for axis in weights.axes)
    lines = c_out * phases * positions / (last.axis.stride * last.kind.outputs) * rows
    spread = last.axis.stride * last.kind.outputs
    stored = lines * 60 + c_out * phases * positions * count * (0.3 if spread <= 8 else 0.8)
    stream = stream_cycles(c_in * c_out * weights.volume * itemsize, machine, multiply)
    held = planes * (at_once * pitch + lanes) * itemsize
    # Products of the units whose rows are woven together, and what one row of them becomes.
    together = max(sum(number * each for number, each in units) for units in weights.outer_units)
    product_bytes = together * weights.channel_block * pitch * itemsize
    # Planes are written once, and read for every block of output channels.
    far = far_cycles(held + product_bytes, machine) * (blocks / parts if at_once >= c_in else blocks)
    one = multiply + transform + back + stored + stream + far
    jobs = groups * parts
    # A row of inputs and its parts, slices of three axes, one row of products on the way back, its positions, slack.
    whole_width = -(-width // lanes) * lanes
    apart = last.kind.outputs
    beside = (whole_width + 4 * lanes) * apart + weights.window_rows * apart * (whole_width + 3 * lanes)
    if deep:
        beside += weights.axes[0].kind.window * planes // weights.axes[0].kind.planes * whole_width
    beside += (36 + positions * last.axis.stride) * pitch + 8 * _SLACK
    worked_in = held + product_bytes + beside * itemsize
    return ToomTiling(tiles, count, pitch, at_once, parts, jobs, one * groups * imbalance(jobs, threads), worked_in)
