"""Chains of transposed convolutions from one size to another: the best few, found by dynamic programming over sizes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import nsmallest
from math import prod

from .arguments import integer
from .errors import GeometryError
from .geometry import ConvTranspose, Sizes
from .kinds import Cover, cover
from .solver import Box, Parameters, Size, Values, box_of, layer, sizes_of
from .words import size_text

MAX_STEPS = 2**20
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

    layer: ConvTranspose
    to: Size
    cost: Cost


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
    box = box_of(growth, kernel_size, strides, padding, output_padding, dilation)
    steps = _Steps(box, even)
    best = {inputs: [Chain((), (inputs,), (0, 0, 0))]}
    for done in range(1, count + 1):
        least = _least(box, outputs, count - done)
        following: dict[Size, list[Chain]] = {}
        for size, chains in best.items():
            for step in steps.of(size, wanted):
                if all(low <= m <= high for m, low, high in zip(step.to, least, outputs, strict=True)):
                    following.setdefault(step.to, []).extend(_longer(chains, step))
        best = {size: nsmallest(wanted, chains, key=_order) for size, chains in following.items()}
    return best.get(outputs, [])


class _Steps:
    """The layers of a box from each size, of those to the same size only the best few: no more can be in the answer."""

    def __init__(self, box: Box, even: bool) -> None:
        self._box = box
        self._even = even
        self._known: dict[Size, list[_Step]] = {}
        self._tried = 0

    def of(self, size: Size, wanted: int) -> list[_Step]:
        if size not in self._known:
            to: dict[Size, list[_Step]] = {}
            for step in self._all(size):
                to.setdefault(step.to, []).append(step)
            self._known[size] = [
                step
                for found in to.values()
                for step in nsmallest(wanted, found, key=lambda s: (s.cost, _key(s.layer)))
            ]
        return self._known[size]

    def _all(self, size: Size) -> Iterator[_Step]:
        for k, s, d in self._box.shapes():
            plain = layer(Parameters(k, s, 0, 0, d), len(size))
            uneven = cover(plain) is not Cover.EVEN
            if uneven and self._even:
                continue
            grown = plain.output_size(size)
            for p in self._box.paddings(k, d):
                for op in self._box.output_paddings(s, d):
                    self._tried += 1
                    if self._tried > MAX_STEPS:
                        raise GeometryError(
                            "too many layers to try",
                            f"more than {MAX_STEPS:,} from all sizes on the way",
                            "allow fewer kernels, strides or paddings, or fewer layers",
                        )
                    to = tuple(full - 2 * p + op for full in grown)
                    if to == size or any(m < n for n, m in zip(size, to, strict=True)):
                        continue
                    g = layer(Parameters(k, s, p, op, d), len(size))
                    products = prod(axis.products(n) for axis, n in zip(g.axes, size, strict=True))
                    yield _Step(g, to, (int(uneven), int(op > 0), products))


def _longer(chains: list[Chain], step: _Step) -> Iterator[Chain]:
    for chain in chains:
        cost = tuple(a + b for a, b in zip(chain.cost, step.cost, strict=True))
        yield Chain((*chain.layers, step.layer), (*chain.sizes, step.to), cost)  # type: ignore[arg-type]


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


def _order(chain: Chain) -> tuple[Cost, tuple[tuple[int, ...], ...]]:
    return chain.cost, tuple(map(_key, chain.layers))


def _key(g: ConvTranspose) -> tuple[int, ...]:
    (axis, *_) = g.axes
    return (axis.dilation, axis.kernel_size, axis.stride, *axis.crop)
