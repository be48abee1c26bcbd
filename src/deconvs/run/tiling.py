"""How the native phase kernel cuts an input size into tiles: candidates, what each would cost, the cheapest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import Any

from .machine import Machine, imbalance, past_caches
from .phase_plan import Weights, far_cycles, panel_rows, stream_cycles

Ints = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Tiling:
    """A way to cut up; the fields are the core's PhaseTiling."""

    images: int
    block: Ints
    window: Ints
    window_low: Ints
    window_pitch: Ints
    copies: Ints
    shifts: Ints
    copy_pitch: int
    channel_pitch: int
    channels_at_once: int
    temp_pitch: int
    units_at_once: int
    parts: int
    chunks: tuple[Ints, ...]
    rows: Ints
    jobs: int
    cycles: float
    bytes: int

    def native(self, weights: Weights, x: Any, y: Any) -> dict[str, Any]:
        """As the core's PhaseCall takes it, for arrays like ``x`` and ``y``."""
        item = x.itemsize
        stride = weights.phases.geometry.stride
        return {
            "batch": x.shape[0],
            "images": self.images,
            "input": list(x.shape[2:]),
            "output": list(y.shape[2:]),
            "positions": [-(-m // s) for m, s in zip(y.shape[2:], stride, strict=True)],
            "x_strides": [step // item for step in x.strides],
            "y_strides": [step // item for step in y.strides],
            "block": list(self.block),
            "window": list(self.window),
            "window_low": list(self.window_low),
            "window_pitch": list(self.window_pitch),
            "copies": list(self.copies),
            "shifts": list(self.shifts),
            "copy_pitch": self.copy_pitch,
            "channels_at_once": self.channels_at_once,
            "channel_pitch": self.channel_pitch,
            "temp_pitch": self.temp_pitch,
            "units_at_once": self.units_at_once,
            "parts": self.parts,
            "past": past_caches(y.shape, item),
            "chunks": [number for chunk in self.chunks for number in chunk],
            "rows": list(self.rows),
        }


def choose_tiling(
    weights: Weights,
    batch: int,
    inputs: Ints,
    output: Ints,
    machine: Machine,
    itemsize: int,
    threads: int,
    room: int,
) -> Tiling:
    """The cheapest tiling for an output size that works in at most ``room`` bytes a thread, if there is one."""
    stride = weights.phases.geometry.stride
    positions = tuple(-(-m // s) for m, s in zip(output, stride, strict=True))
    several = len(weights.phases.last_shifts)
    axis, n = weights.phases.geometry.axes[0], inputs[0]
    inside = min(1.0, axis.products(n) / (positions[0] * axis.kernel_size))
    steps = {
        aligned: [
            weights.cycles(machine, vectors, aligned=aligned) if vectors else 0.0
            for vectors in range(weights.tile.vectors + 1)
        ]
        for aligned in (True, False)
    }
    found = [
        _tiling(weights, batch, positions, images, block, apart, machine, itemsize, threads, steps, inside)
        for images in _images(batch, positions)
        for block in _blocks(positions, images)
        for apart in ((True,) if several == 1 else (False, True) if several <= _MOST_COPIES else (False,))
    ]
    fitting = [tiling for tiling in found if tiling.bytes <= room] or [min(found, key=lambda tiling: tiling.bytes)]
    best = min(fitting, key=lambda tiling: tiling.cycles)
    # Tables of the cheapest alone: they are long.
    lanes = machine.lanes(itemsize)
    chunks, rows = _chunks(best.block, best.window_pitch, best.images, lanes, weights.tile.vectors)
    return replace(best, chunks=tuple(chunks), rows=tuple(rows))


_MOST_COPIES = 4
"""Shifts of the last axis for each of which a copy of the window may be made."""

_SHARE = 0.3
"""Part of L2 that a window may take: weights and results pass through it too, and another core may share it."""


def _images(batch: int, positions: Ints) -> list[int]:
    """How many images may lie interleaved: several only where rows are short."""
    if batch == 1 or positions[-1] > 32:
        return [1]
    return sorted({count for count in (1, 2, 4, 8, 16, batch) if count <= min(batch, 16)})


def _splits(size: int, most: int) -> list[int]:
    """Sizes of blocks that cut ``size`` evenly, up to ``most`` of them."""
    return sorted({-(-size // count) for count in range(1, min(size, most) + 1)})


def _blocks(positions: Ints, images: int) -> Iterator[Ints]:
    *outer, last = positions
    widths = (
        _splits(last, 8)
        if last * images <= 2048
        else sorted({-(-last // -(-last // w)) for w in (96, 192, 384, 512, 768)})
    )
    if not outer:
        for width in widths:
            yield (width,)
        return
    *far, near = outer
    for width in widths:
        heights = {h for h in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, near) if h <= near}
        for height in sorted({-(-near // -(-near // h)) for h in heights}):
            depths = [1]
            if far and height == near and width == last:
                depths += [d for d in (2, 4, 8) if d <= far[-1]]
            for depth in depths:
                if height * width * depth * images > 8192 and height * depth > 1:
                    continue
                yield (*(1 for _ in far[:-1]), *((depth,) if far else ()), height, width)


def _runs(block: Ints, pitch: Ints, images: int, lanes: int) -> tuple[bool, int, int]:
    """Whether rows are flat, one run over all of a plane, or a run each; how many runs, of how many vectors."""
    if len(block) == 1:
        return False, 1, -(-block[0] * images // lanes)
    *far, height, width = block
    planes = prod(far)
    flat = -(-((height - 1) * pitch[-2] + width * images) // lanes)
    single = -(-width * images // lanes)
    return (False, planes * height, single) if height * single <= flat else (True, planes, flat)


def _chunks(block: Ints, pitch: Ints, images: int, lanes: int, most: int) -> tuple[list[Ints], list[int]]:
    """Chunks (in the window, in the results, vectors, row or -1), and where each row's results begin."""
    *far, height, _ = (1, *block) if len(block) == 1 else block
    row_pitch = pitch[-2] if len(block) > 1 else 0
    flat, _, vectors = _runs(block, pitch, images, lanes)
    chunks: list[Ints] = []
    rows: list[int] = []
    at = 0
    for index in product(*map(range, far)):
        base = sum(i * step for i, step in zip(index, pitch, strict=False))
        for start in [base] if flat else [base + h * row_pitch for h in range(height)]:
            row = -1 if flat or len(block) == 1 else len(rows)
            rows += [at + h * row_pitch for h in range(height)] if flat else [at]
            done = 0
            for width in [size for size, count in panel_rows(vectors, most) for _ in range(count)]:
                chunks.append((start + done * lanes, at + done * lanes, width, row))
                done += width
            at += vectors * lanes
    return chunks, rows


def _tiling(
    weights: Weights,
    batch: int,
    positions: Ints,
    images: int,
    block: Ints,
    apart: bool,
    machine: Machine,
    itemsize: int,
    threads: int,
    steps: dict[bool, list[float]],
    inside: float,
) -> Tiling:
    """A tiling without its tables.

    ``steps``: cycles per input channel of a chunk, by alignment and by its vectors; ``inside``: part of the products of
    the first axis that are not with zeros outside the input.
    """
    reach = weights.phases.reach
    lanes = machine.lanes(itemsize)
    last = weights.phases.last_shifts
    # Apart: one copy of the window for each shift of the last axis, rows in whole vectors: all loads are aligned.
    window = [size + high - low for size, (low, high) in zip(block, reach, strict=True)]
    row = window[-1] * images
    if apart:
        window[-1] = block[-1]
        # With one shift alone a vector may run over a row's end, and stays aligned.
        row = block[-1] * images if len(last) == 1 else -(-block[-1] * images // lanes) * lanes
    aligned = apart or images % lanes == 0
    pitches = [images]
    for axis in range(len(block) - 1, 0, -1):
        pitches.append(row if axis == len(block) - 1 else pitches[-1] * window[axis])
    pitch = tuple(reversed(pitches[: len(block)]))
    copy_pitch = -(-(pitch[0] * window[0] if len(block) > 1 else row) // lanes) * lanes
    copies = last if apart else (last[0],)
    shifts = tuple(i * copy_pitch for i in range(len(last))) if apart else tuple((z - last[0]) * images for z in last)
    # A distance between channels that is a multiple of 4 KiB would put them all into the same few lines of L1.
    channel_pitch = copy_pitch * len(copies)
    if channel_pitch * itemsize % 1024 == 0:
        channel_pitch += 64 // itemsize
    flat, runs, vectors = _runs(block, pitch, images, lanes)
    pieces = panel_rows(vectors, weights.tile.vectors)
    temp_pitch = runs * vectors * lanes
    if temp_pitch * itemsize % 1024 == 0:
        temp_pitch += 64 // itemsize

    c_in, c_out = weights.channels_in, weights.channels_out
    units = -(-c_out // weights.channel_block) * len(weights.phases.units)
    channels_at_once = max(1, min(c_in, int(_SHARE * machine.l2) // (channel_pitch * itemsize)))
    turns = -(-c_in // channels_at_once)
    channels_at_once = -(-c_in // turns)
    stride = weights.phases.geometry.axes[-1].stride
    result = weights.channel_block * stride * temp_pitch * itemsize
    tiles = -(-batch // images) * weights.groups * prod(-(-n // b) for n, b in zip(positions, block, strict=True))
    parts = 1
    while (tiles * parts < 4 * threads and parts < units and tiles * parts % threads) or tiles * parts < threads:
        parts += 1
        if parts >= units:
            parts = units
            break
    per_part = -(-units // parts)
    units_at_once = 1 if turns == 1 else max(1, min(per_part, (512 * 1024) // result))

    # Costs in cycles, of all tiles.
    multiply = runs * sum(many * steps[aligned][width] for width, many in pieces) * c_in
    if not flat and len(block) > 1:
        multiply *= inside
    fills = parts if turns == 1 else parts * -(-per_part // units_at_once)
    fill = (
        fills
        * c_in
        * len(copies)
        * prod(window)
        * images
        * (0.6 if images == 1 else 1.5 if images % lanes == 0 else 4.0)
    )
    fill += fills * c_in * len(copies) * prod(window[:-1]) * 30
    call = runs * sum(many for _, many in pieces) * 15.0 * -(-weights.outputs // weights.tile.rows) * turns
    stream = stream_cycles(weights.packed * itemsize, machine, multiply)
    # Each row of results is begun anew, and read from further away where the results of a unit do not fit into L1.
    store = (
        weights.outputs
        * prod(block)
        * images
        * ((0.5 if images == 1 else 1.0 if images % lanes == 0 else 3.0) + (0.2 if result > machine.l1 / 2 else 0))
    )
    store += weights.outputs / stride * prod(block[:-1]) * images * 50
    if turns > 1:
        # Sums so far are read and written again at every turn.
        store += 0.4 * turns * weights.outputs * temp_pitch
        store += 2 * turns * parts * -(-per_part // units_at_once) * far_cycles(units_at_once * result, machine)
    one = multiply + fill + call + stream + store
    jobs = tiles * parts
    return Tiling(
        images,
        block,
        tuple(window),
        tuple(low for low, _ in reach),
        pitch,
        copies,
        shifts,
        copy_pitch,
        channel_pitch,
        channels_at_once,
        temp_pitch,
        units_at_once,
        parts,
        (),
        (),
        jobs,
        one * tiles * imbalance(jobs, threads),
        channels_at_once * channel_pitch * itemsize + units_at_once * result,
    )
