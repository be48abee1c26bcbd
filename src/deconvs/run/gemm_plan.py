"""The gemm kernel: products of every input with every tap, added up where they land (GEMM and overlap-add).

Nothing is multiplied outside the input, and all taps are rows of one matrix, however few output channels there are.
Along the last axis tap j goes to phase (j*d) mod s, place (j*d) div s past that of its input, so that a row of products
is added to a row of sums as it is. Source: Dumoulin & Visin 2016, section 4: the product with the transposed matrix.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product
from math import prod
from typing import Any

from ..geometry import ConvTranspose
from .machine import Machine, imbalance, past_caches
from .phase_plan import Tile, far_cycles, panel_rows, stream_cycles, tile_cycles

Ints = tuple[int, ...]

_MOST_LEFT = 4
"""The core's kMostLeft."""
MOST_TAPS = 4096
"""Taps of a kernel: products of all are held at once."""


@dataclass(frozen=True)
class GemmWeights:
    """How weights are laid out: rows are (output channel, tap)."""

    geometry: ConvTranspose
    groups: int
    channels_in: int
    channels_out: int
    channel_block: int
    tile: Tile

    @cached_property
    def taps(self) -> tuple[Ints, ...]:
        """Index by axis. Falling along the first: an output then sums its inputs in rising order, however x is cut."""
        first, *others = self.geometry.kernel_size
        return tuple(product(range(first - 1, -1, -1), *map(range, others)))

    @property
    def packed(self) -> int:
        """Weights of a group as packed."""
        return len(self.taps) * self.channels_in * self.channels_out

    def native(self) -> dict[str, Any]:
        """As the core's PhaseWeights take it: one class, with a phase for each tap."""
        k = self.geometry.kernel_size
        flat = []
        for tap in self.taps:
            place = 0
            for index, size in zip(tap, k, strict=True):
                place = place * size + index
            flat.append(place)
        one = {"phases": list(range(len(flat))), "shift": [0] * len(k), "kernel": flat, "taps": 1}
        return {
            "groups": self.groups,
            "channels_in": self.channels_in,
            "channels_out": self.channels_out,
            "channel_block": self.channel_block,
            "panel_rows": self.tile.rows,
            "stride": list(self.geometry.stride),
            "kernel_volume": len(flat),
            "units": [{"offset": [0] * (len(k) - 1), "classes": [one]}],
        }

    def blocks(self) -> list[tuple[int, int]]:
        """(output channels, how many blocks of so many)."""
        whole, rest = divmod(self.channels_out, self.channel_block)
        return [(size, count) for size, count in ((self.channel_block, whole), (rest, 1)) if size and count]

    def cycles(self, machine: Machine, vectors: int) -> float:
        """Cycles per input channel for a chunk of ``vectors``, all taps and channels."""
        return sum(
            count * many * tile_cycles(rows, vectors, machine)
            for size, count in self.blocks()
            for rows, many in panel_rows(size * len(self.taps), self.tile.rows)
        )

    def panels(self) -> int:
        """Register tiles one below the other, of all output channels."""
        return sum(count * -(-size * len(self.taps) // self.tile.rows) for size, count in self.blocks())


def gemm_weights(geometry: ConvTranspose, channels_in: int, channels_out: int, machine: Machine) -> GemmWeights | None:
    """The layout with the fewest cycles, or None where there are too many taps."""
    volume = prod(geometry.kernel_size)
    if volume > MOST_TAPS:
        return None
    found = []
    for rows in range(1, len(machine.most_vectors) + 1):
        tile = Tile(rows, machine.most_vectors[rows - 1])
        for block in sorted({min(channels_out, max(1, size // volume)) for size in (8, 24, 48, 96, 192)}):
            weights = GemmWeights(geometry, geometry.groups, channels_in, channels_out, block, tile)
            cost = weights.cycles(machine, tile.vectors) / tile.vectors * (1 + 0.2 / rows)
            # Of equals, some dozen rows: products stay near, and inputs are not gone over often.
            found.append((round(cost, 6), abs(block * volume - 48), weights))
    return min(found, key=lambda one: one[:2])[-1]


@dataclass(frozen=True, slots=True)
class GemmTiling:
    """How an input size is cut; ``block``: inputs whose products are held at once."""

    images: int
    block: Ints
    strips: tuple[Ints, ...]
    chunk: int
    places: int
    rows: int
    channels_at_once: int
    channel_pitch: int
    pitch: int
    parts: int
    jobs: int
    cycles: float
    bytes: int

    def native(self, weights: GemmWeights, x: Any, y: Any) -> dict[str, Any]:
        """As the core's GemmCall takes it, for arrays like ``x`` and ``y``."""
        item = x.itemsize
        *outer, last = weights.geometry.axes
        before = last.crop[0] // last.stride
        return {
            "batch": x.shape[0],
            "images": self.images,
            "input": list(x.shape[2:]),
            "output": list(y.shape[2:]),
            "x_strides": [step // item for step in x.strides],
            "y_strides": [step // item for step in y.strides],
            "strips": [number for strip in self.strips for number in strip],
            "outer": [
                index * axis.dilation - axis.crop[0]
                for tap in weights.taps
                for index, axis in zip(tap, outer, strict=False)
            ],
            "along": [
                number
                for *_, index in weights.taps
                for number in (index * last.dilation // last.stride - before, index * last.dilation % last.stride)
            ],
            "chunk": self.chunk,
            "places": self.places,
            "first_output": before * last.stride - last.crop[0],
            "rows": self.rows,
            "channels_at_once": self.channels_at_once,
            "channel_pitch": self.channel_pitch,
            "pitch": self.pitch,
            "parts": self.parts,
            "vectors": weights.tile.vectors,
            "past": past_caches(y.shape, item),
        }


def strips_of(geometry: ConvTranspose, inputs: Ints, output: Ints, count: int) -> tuple[Ints, ...]:
    """The first axis in strips: the inputs that matter, begin and end; its outputs, begin and end.

    With one axis alone, places instead of outputs.

    >>> strips_of(ConvTranspose((4, 4), stride=2, padding=1), (8, 8), (16, 16), 2)
    ((0, 5, 0, 8), (3, 8, 8, 16))
    >>> strips_of(ConvTranspose((4,), stride=2, padding=1), (8,), (16,), 2)
    ((0, 4, 0, 4), (3, 8, 4, 9))
    """
    axis, n = geometry.axes[0], inputs[0]
    begin, s = axis.crop[0], axis.stride
    reach = axis.dilation * (axis.kernel_size - 1)
    # A place is s outputs: input i reaches the places from i to i + reach // s, less those that are cropped.
    before = begin // s
    places = geometry.ndim == 1
    size = -(-(output[0] + begin - before * s) // s) if places else output[0]
    edges = [size * number // count for number in range(count + 1)]
    found = []
    for low, high in pairwise(edges):
        first = low + before - reach // s if places else -((reach - low - begin) // s)
        past = high + before if places else (high - 1 + begin) // s + 1
        first, past = max(0, first), min(n, past)
        found.append((first, max(first, past), low, high))
    return tuple(found)


def choose_gemm_tiling(
    weights: GemmWeights,
    batch: int,
    inputs: Ints,
    output: Ints,
    machine: Machine,
    itemsize: int,
    threads: int,
    room: int,
) -> GemmTiling:
    """The cheapest tiling for an input size that works in at most ``room`` bytes a thread, if there is one."""
    steps = [weights.cycles(machine, vectors) if vectors else 0.0 for vectors in range(weights.tile.vectors + 1)]
    found = [
        _tiling(weights, batch, inputs, output, images, count, chunk, machine, itemsize, threads, steps, room)
        for images in sorted({1, 2, 4, 8, 16, 32, batch} & set(range(1, batch + 1)))
        for count in _strips(weights.geometry, output, images)
        for chunk in _chunks(inputs, images, count)
    ]
    fitting = [tiling for tiling in found if tiling.bytes <= room] or [min(found, key=lambda tiling: tiling.bytes)]
    return min(fitting, key=lambda tiling: tiling.cycles)


def _strips(geometry: ConvTranspose, output: Ints, images: int) -> list[int]:
    """Into how many strips the first axis may be cut; several images are for small ones."""
    if images > 1:
        return [1]
    most = output[0] // geometry.stride[0] // 16 if geometry.ndim == 1 else output[0]
    return [count for count in (1, 2, 4, 8, 16, 32, 64, 256) if count <= max(1, most)]


def _chunks(inputs: Ints, images: int, strips: int) -> Iterator[int]:
    """Inputs of the first axis at once: all, or about so many positions."""
    whole = inputs[0]
    yield whole
    if images == 1:
        plane = prod(inputs[1:])
        for positions in (48, 96, 192, 384, 768, 1536):
            if plane and 0 < (chunk := positions // plane) < whole:
                yield chunk
        if plane > 48:
            yield 1


def _tiling(
    weights: GemmWeights,
    batch: int,
    inputs: Ints,
    output: Ints,
    images: int,
    count: int,
    chunk: int,
    machine: Machine,
    itemsize: int,
    threads: int,
    steps: list[float],
    room: int,
) -> GemmTiling:
    """A tiling; ``steps``: cycles per input channel of a chunk, by its vectors."""
    g, lanes = weights.geometry, machine.lanes(itemsize)
    strips = strips_of(g, inputs, output, count)
    longest = max(1, *(past - first for first, past, _, _ in strips))
    held = max(high - low for _, _, low, high in strips)
    chunk = min(chunk, longest)
    last = g.axes[-1]
    before = last.crop[0] // last.stride * last.stride - last.crop[0]
    places = held if g.ndim == 1 else -(-(output[-1] - before) // last.stride)
    rows = 1 if g.ndim == 1 else held * prod(output[1:-1])
    plane = prod(inputs[1:])
    positions = images * chunk * plane
    pitch = -(-positions // lanes) * lanes
    # The core computes a few positions beside whole vectors one by one.
    alone = positions % lanes if positions % lanes <= _MOST_LEFT else 0
    vectors = -(-(positions - alone) // lanes)
    # A distance that is a multiple of 4 KiB would put all rows into the same few lines of L1.
    if pitch * itemsize % 1024 == 0:
        pitch += lanes
    channel_pitch = pitch
    c_in, c_out, taps = weights.channels_in, weights.channels_out, len(weights.taps)
    result = rows * last.stride * places
    products = weights.channel_block * taps * pitch * itemsize
    sums = weights.channel_block * images * result * itemsize
    inputs_room = min(int(0.45 * machine.l2), room - products - sums)
    channels_at_once = max(1, min(c_in, inputs_room // (channel_pitch * itemsize)))
    turns = -(-c_in // channels_at_once)
    channels_at_once = -(-c_in // turns)
    blocks = -(-c_out // weights.channel_block)
    tiles = -(-batch // images) * weights.groups * count
    parts = 1
    while tiles * parts % threads and parts < min(blocks, 2 * threads) and tiles * parts < 4 * threads:
        parts += 1

    # Costs in cycles, of all strips of one tile.
    whole = turns == 1 and chunk >= longest
    read = sum(past - first for first, past, _, _ in strips)
    pieces = panel_rows(vectors, weights.tile.vectors)
    chunks = read / chunk
    multiply = chunks * (sum(many * steps[width] for width, many in pieces) + alone * weights.panels() * 0.7) * c_in
    call = chunks * sum(many for _, many in pieces) * weights.panels() * turns * 15.0
    lines = images * (1 if g.ndim == 1 else chunk * prod(inputs[1:-1]))  # rows of a chunk
    length = chunk if g.ndim == 1 else inputs[-1]
    fill = (parts if whole else blocks) * chunks * c_in * (0.6 * positions + 12.0 * lines)
    add = c_out * taps * chunks * lines * (8.0 + 3.0 * -(-length // lanes)) + blocks * taps * chunks * lines * 15.0
    per_strip = images * c_out * result
    store = count * (per_strip * 0.7 + images * c_out * rows * 60.0)
    stream = count * stream_cycles(weights.packed * itemsize, machine, multiply / count)
    again = chunks * blocks * 2 * far_cycles(products + sums, machine)
    again += blocks * far_cycles(channels_at_once * channel_pitch * itemsize, machine) * turns * chunks
    one = multiply + call + fill + add + store + stream + again
    jobs = tiles * parts
    return GemmTiling(
        images,
        (chunk, *inputs[1:]),
        strips,
        chunk,
        places,
        rows,
        channels_at_once,
        channel_pitch,
        pitch,
        parts,
        jobs,
        one * (tiles / count) * imbalance(jobs, threads),
        channels_at_once * channel_pitch * itemsize + products + sums,
    )
