"""Chains of transposed convolutions from one size to another: the best few, found by dynamic programming over sizes."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import nsmallest
from math import prod

from .arguments import integer
from .axis import Axis
from .errors import GeometryError
from .geometry import ConvTranspose, Sizes
from .solver import Box, Parameters, Size, Values, box_of, layer, sizes_of
from .words import size_text

MAX_STEPS = 2**17
"""Layers tried from all sizes on the way together; more want a smaller box or fewer layers."""

MAX_LAYERS = 16

Cost = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Chain:
    """Layers one after the other, and what they cost: uneven layers, layers with output_padding, products.

    The products are those of one pair of channels in each layer, summed. ``sizes`` begin with the input's.
    """

    layers: tuple[ConvTranspose, ...]
    sizes: tuple[Size, ...]
    cost: Cost


@dataclass(frozen=True, slots=True)
class _Step:
    """One layer from a size to the next."""

    parameters: Parameters
    to: Size
    cost: Cost


@dataclass(frozen=True, slots=True)
class _Way:
    """The layers so far; layers become geometries when all is decided."""

    steps: tuple[_Step, ...]
    cost: Cost

    def order(self) -> tuple[Cost, tuple[tuple[int, ...], ...]]:
        return self.cost, tuple(_key(step.parameters) for step in self.steps)


def solve_chain(
    input_size: Sizes,
    output_size: Sizes,
    layers: int,
    *,
    kernel_size: Values | None = None,
    stride: Values | None = None,
    padding: Values | None = None,
    output_padding: Values | None = None,
    dilation: Values = 1,
    even: bool = False,
    most: int = 10,
) -> list[Chain]:
    """The best chains of so many layers from one size to the other, at most ``most``; empty if there is none.

    >>> chain = solve_chain((4, 4), (64, 64), 4, kernel_size=4, stride=2)[0]
    >>> chain.sizes
    ((4, 4), (8, 8), (16, 16), (32, 32), (64, 64))
    >>> chain.layers[0], chain.cost
    (ConvTranspose(kernel_size=(4, 4), stride=(2, 2), padding=(1, 1)), (0, 0, 20816))

    Every layer enlarges: no axis gets smaller, and one gets larger. The box is that of `solve`, each layer choosing in
    it for itself, the same on all axes; by default strides go to the growth that each of equal layers would have.

    Best: fewest uneven layers, then fewest with output_padding, then fewest products for one pair of channels in each
    layer; ties go to the parameters that are smaller, the first layer's first. Errors: GeometryError.
    """
    inputs, outputs = sizes_of(input_size, output_size)
    count, wanted = integer("layers", layers, minimum=1), integer("most", most, minimum=1)
    if count > MAX_LAYERS:
        raise GeometryError("the chain is too long", f"layers={count}", f"use at most {MAX_LAYERS}")
    if inputs == outputs or any(m < n for n, m in zip(inputs, outputs, strict=True)):
        raise GeometryError(
            "a chain enlarges", f"input {size_text(inputs)}, output {size_text(outputs)}", "ask for a larger output"
        )
    growth = max(2, *(_root(m, n, count) for n, m in zip(inputs, outputs, strict=True)))
    strides = range(1, growth + 1) if stride is None else stride
    box = box_of(growth, kernel_size, strides, padding, output_padding, dilation, even)
    if not any(True for _ in box.shapes()):
        return []
    steps = _Steps(box, outputs, wanted)
    best = {inputs: [_Way((), (0, 0, 0))]}
    for done in range(1, count + 1):
        least = _least(box, outputs, count - done)
        following: dict[Size, list[_Way]] = {}
        for size, ways in best.items():
            for step in steps.of(size):
                if all(m >= low for m, low in zip(step.to, least, strict=True)):
                    following.setdefault(step.to, []).extend(_Way((*way.steps, step), _sum(way, step)) for way in ways)
        best = {size: nsmallest(wanted, ways, key=_Way.order) for size, ways in following.items()}
    return [
        Chain(
            tuple(layer(step.parameters, len(inputs)) for step in way.steps),
            (inputs, *(step.to for step in way.steps)),
            way.cost,
        )
        for way in best.get(outputs, [])
    ]


class _Steps:
    """The layers of a box from each size, of those to the same size only the best few: no more can be in the answer."""

    def __init__(self, box: Box, largest: Size, wanted: int) -> None:
        self._box = box
        self._largest = largest
        self._wanted = wanted
        self._known: dict[Size, list[_Step]] = {}
        self._tried = 0

    def of(self, size: Size) -> list[_Step]:
        if size not in self._known:
            to: dict[Size, list[_Step]] = {}
            for step in self._all(size):
                to.setdefault(step.to, []).append(step)
            self._known[size] = [step for found in to.values() for step in nsmallest(self._wanted, found, key=_rank)]
        return self._known[size]

    def _all(self, size: Size) -> Iterator[_Step]:
        for k, s, d in self._box.shapes():
            plain = Axis(k, s, d)
            uneven = len(plain.taps_per_phase()) > 1
            grown = [plain.full(n) for n in size]
            paddings = self._box.paddings(k, d)
            for op in self._box.output_paddings(s, d):
                # From n to the largest size: n <= full - 2p + op <= largest, on every axis.
                low = max(-((m - full - op) // 2) for m, full in zip(self._largest, grown, strict=True))
                high = min((full + op - n) // 2 for n, full in zip(size, grown, strict=True))
                for p in paddings[bisect_left(paddings, low) : bisect_right(paddings, high)]:
                    to = tuple(full - 2 * p + op for full in grown)
                    if to == size:
                        continue
                    self._tried += 1
                    if self._tried > MAX_STEPS:
                        raise GeometryError(
                            "too many layers to try",
                            f"more than {MAX_STEPS:,} from all sizes on the way",
                            "allow fewer kernels, strides or paddings, or fewer layers",
                        )
                    axis = Axis(k, s, d, (p, p - op))
                    products = prod(axis.products(n) for n in size)
                    yield _Step(Parameters(k, s, p, op, d), to, (int(uneven), int(op > 0), products))


def _sum(way: _Way, step: _Step) -> Cost:
    (a, b, c), (x, y, z) = way.cost, step.cost
    return a + x, b + y, c + z


def _least(box: Box, outputs: Size, left: int) -> Size:
    """The sizes below which so many layers of the box cannot lead to the output any more."""
    shapes = list(box.shapes())
    stretch = max(s for _, s, _ in shapes)
    extra = max(d * (k - 1) + 1 + max(box.output_paddings(s, d), default=0) for k, s, d in shapes)
    least = outputs
    for _ in range(left):  # (n - 1) * stretch + extra is the most that n can become
        least = tuple(max(1, -((extra - m) // stretch) + 1) for m in least)
    return least


def _root(m: int, n: int, count: int) -> int:
    """The growth of each of so many layers, rounded up."""
    growth = 1
    while n * growth**count < m:
        growth += 1
    return growth


def _rank(step: _Step) -> tuple[Cost, tuple[int, ...]]:
    return step.cost, _key(step.parameters)


def _key(q: Parameters) -> tuple[int, ...]:
    return (q.dilation, q.kernel_size, q.stride, q.padding, q.output_padding)
