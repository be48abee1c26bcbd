"""How the native phase kernel cuts an input size into tiles: candidates, what each would cost, the cheapest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from .machine import Machine
from .phase_plan import Weights, stream_cycles

Ints = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Tiling:
    """A way to cut up; the fields are the core's PhaseTiling."""

    images: int
    block: Ints
    window: Ints
    window_low: Ints
    window_pitch: Ints
    channel_pitch: int
    channels_at_once: int
    temp_pitch: int
    units_at_once: int
    parts: int
    chunks: tuple[Ints, ...]
    rows: Ints
    jobs: int
    cycles: float

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
            "channels_at_once": self.channels_at_once,
            "channel_pitch": self.channel_pitch,
            "temp_pitch": self.temp_pitch,
            "units_at_once": self.units_at_once,
            "parts": self.parts,
            "chunks": [number for chunk in self.chunks for number in chunk],
            "rows": list(self.rows),
        }


def choose_tiling(weights: Weights, batch: int, output: Ints, machine: Machine, itemsize: int, threads: int) -> Tiling:
    """The cheapest tiling for an output size."""
    stride = weights.phases.geometry.stride
    positions = tuple(-(-m // s) for m, s in zip(output, stride, strict=True))
    found = (
        _tiling(weights, batch, positions, images, block, machine, itemsize, threads)
        for images in _images(batch, positions)
        for block in _blocks(positions, images)
    )
    return min(found, key=lambda tiling: tiling.cycles)


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


def _chunks(block: Ints, pitch: Ints, images: int, lanes: int, most: int) -> tuple[list[Ints], list[int], int, int]:
    """Chunks, where each row's results begin, the results' pitch, and how many vectors: flat, or row by row."""
    *far, height, width = (1, *block) if len(block) == 1 else block
    far_pitch = pitch[: len(far)] if len(block) > 1 else ()
    row_pitch = pitch[-2] if len(block) > 1 else 0
    best: tuple[list[Ints], list[int], int, int] | None = None
    for flat in (True, False):
        if len(block) == 1 and flat:
            continue
        chunks: list[Ints] = []
        rows: list[int] = []
        at = vectors = 0
        for index in product(*map(range, far)):
            base = sum(i * step for i, step in zip(index, far_pitch, strict=True))
            runs = (
                [(base, (height - 1) * row_pitch + width * images)]
                if flat
                else [(base + h * row_pitch, width * images) for h in range(height)]
            )
            if flat:
                rows += [at + h * row_pitch for h in range(height)]
            for start, length in runs:
                if not flat:
                    rows.append(at)
                left = -(-length // lanes)
                vectors += left
                place = 0
                while left:
                    now = min(most, left)
                    # Three vectors left of two at a time: better 2 and 1 than what else there is.
                    chunks.append((start + place, at + place, now))
                    place += now * lanes
                    left -= now
                at += place
        if best is None or vectors < best[3]:
            best = chunks, rows, at, vectors
    assert best is not None
    return best


def _tiling(
    weights: Weights,
    batch: int,
    positions: Ints,
    images: int,
    block: Ints,
    machine: Machine,
    itemsize: int,
    threads: int,
) -> Tiling:
    reach = weights.phases.reach
    lanes = machine.lanes(itemsize)
    window = tuple(size + high - low for size, (low, high) in zip(block, reach, strict=True))
    pitches = [images]
    for size in reversed(window[1:]):
        pitches.append(pitches[-1] * size)
    pitch = tuple(reversed(pitches))
    used = pitch[0] * window[0]
    # A distance between channels that is a multiple of 4 KiB would put them all into the same few lines of L1.
    channel_pitch = -(-used // lanes) * lanes
    if channel_pitch * itemsize % 1024 == 0:
        channel_pitch += 2 * lanes
    chunks, rows, temp, vectors = _chunks(block, pitch, images, lanes, weights.tile.vectors)
    temp_pitch = -(-temp // lanes) * lanes
    if temp_pitch * itemsize % 1024 == 0:
        temp_pitch += 2 * lanes

    c_in, c_out = weights.channels_in, weights.channels_out
    geometry = weights.phases.geometry
    units = -(-c_out // weights.channel_block) * len(weights.phases.units)
    channels_at_once = max(1, min(c_in, int(0.55 * machine.l2) // (channel_pitch * itemsize)))
    turns = -(-c_in // channels_at_once)
    channels_at_once = -(-c_in // turns)
    result = weights.channel_block * geometry.stride[-1] * temp_pitch * itemsize
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
    multiply = weights.cycles(machine, Counter(now for _, _, now in chunks)) * c_in
    fills = parts if turns == 1 else parts * -(-per_part // units_at_once)
    fill = fills * c_in * prod(window) * images * (0.5 if images == 1 else 1.6)
    fill += fills * c_in * prod(window[:-1]) * 8
    call = len(chunks) * 15.0 * -(-c_out * prod(geometry.stride) // weights.tile.rows) * turns
    stream = stream_cycles(weights.packed * itemsize, machine, multiply)
    again = 0.0
    if channels_at_once * channel_pitch * itemsize > 0.8 * machine.l2:
        again = multiply * 0.3
    store = c_out * prod(geometry.stride) * prod(block) * images * (0.5 if images == 1 else 2.0)
    if turns > 1:
        store += 0.25 * turns * c_out * prod(geometry.stride) * vectors * lanes
    one = multiply + fill + call + stream + again + store
    jobs = tiles * parts
    balance = -(-jobs // threads) * threads / jobs
    return Tiling(
        images,
        block,
        window,
        tuple(low for low, _ in reach),
        pitch,
        channel_pitch,
        channels_at_once,
        temp_pitch,
        units_at_once,
        parts,
        tuple(chunks),
        tuple(rows),
        jobs,
        one * tiles * balance,
    )
