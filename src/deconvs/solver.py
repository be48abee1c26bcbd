"""Which transposed convolutions lead from one size to another: all that a box of parameters holds, best first.

An axis needs (n-1)s + d(k-1) + 1 - 2p + op = m. For a kernel, stride and dilation that leaves 2p - op, so that every
output_padding of the right parity gives one padding: solutions are listed, not searched for.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import NamedTuple

from .arguments import integer, sequence
from .axis import Axis
from .errors import GeometryError
from .geometry import ConvTranspose, Sizes
from .kinds import Cover, cover
from .words import size_text

MAX_CANDIDATES = 2**20
"""Combinations of parameters, or of the axes' solutions, that are looked at; more want a smaller box."""

Values = int | Iterable[int]
Size = tuple[int, ...]


class Parameters(NamedTuple):
    """PyTorch's parameters of one axis, or of all of them alike."""

    kernel_size: int
    stride: int
    padding: int
    output_padding: int
    dilation: int


@dataclass(frozen=True, slots=True)
class Box:
    """The values that each parameter may have; None is all that make sense.

    Without a list, padding goes from 0 to dilation * (kernel_size - 1), where the direct form pads nothing any more,
    and output_padding as far as PyTorch lets it, below the larger one of stride and dilation.
    """

    kernel_size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...] | None
    output_padding: tuple[int, ...] | None
    dilation: tuple[int, ...]
    even: bool = False

    def shapes(self) -> Iterator[tuple[int, int, int]]:
        """Every (kernel_size, stride, dilation); where ``even``, those that cover their output evenly."""
        every = product(self.kernel_size, self.stride, self.dilation)
        return (shape for shape in every if not self.even or len(Axis(*shape).taps_per_phase()) == 1)

    def output_paddings(self, stride: int, dilation: int) -> Sequence[int]:
        """Those that a layer of this stride and dilation can have."""
        limit = max(stride, dilation)
        return range(limit) if self.output_padding is None else [op for op in self.output_padding if op < limit]

    def paddings(self, kernel_size: int, dilation: int) -> Sequence[int]:
        """Those that a layer of this kernel can have."""
        return range(dilation * (kernel_size - 1) + 1) if self.padding is None else self.padding

    def candidates(self) -> int:
        """How many (kernel_size, stride, dilation, output_padding) there are."""
        moves = product(self.stride, self.dilation)
        return len(self.kernel_size) * sum(len(self.output_paddings(s, d)) for s, d in moves)


class Solutions(list[ConvTranspose]):
    """A list of ConvTranspose, best first; without any, ``nearest`` holds what comes next and ``why`` says why.

    ``nearest`` are layers of the box with the next smaller and the next larger output; ``beyond`` is one that is exact
    but outside the box, its paddings larger or unequal, where there is one.
    """

    def __init__(
        self, found: Iterable[ConvTranspose], nearest: Iterable[ConvTranspose], beyond: ConvTranspose | None, why: str
    ) -> None:
        super().__init__(found)
        self.nearest = list(nearest)
        self.beyond = beyond
        self.why = why


def solve(
    input_size: Sizes,
    output_size: Sizes,
    *,
    kernel_size: Values | None = None,
    stride: Values | None = None,
    padding: Values | None = None,
    output_padding: Values | None = None,
    dilation: Values = 1,
    even: bool = False,
) -> Solutions:
    """Every ConvTranspose of the box that leads from one size to the other, best first.

    >>> from deconvs import solve
    >>> for g in solve((7, 7), (14, 14), kernel_size=range(2, 5), stride=2, output_padding=0): print(g)
    ConvTranspose(kernel_size=(2, 2), stride=(2, 2))
    ConvTranspose(kernel_size=(4, 4), stride=(2, 2), padding=(1, 1))
    >>> solve(7, 14, kernel_size=3, stride=1).why
    'the box reaches 9 at most, which wants a larger kernel or stride'

    input_size, output_size: an int (one axis) or one per axis. Each parameter: the values it may have, an int or an
    iterable of ints. By default kernels to 7 and strides to 4, further where the growth needs it, dilation 1, every
    padding up to dilation * (kernel_size - 1), every output_padding that PyTorch takes. ``even`` wants even coverage.

    Best: even coverage, then no output_padding, then fewer products. All axes get the same parameters where that is
    possible; else output_padding differs by axis; else everything may. Each (k, s, p, op, d) is there once.
    Errors: GeometryError. Source: Dumoulin & Visin 2018, relationship 14, solved for its parameters.
    """
    inputs, outputs = sizes_of(input_size, output_size)
    growth = max(-(-m // n) for n, m in zip(inputs, outputs, strict=True))
    pairs = list(zip(inputs, outputs, strict=True))
    box = box_of(growth, kernel_size, stride, padding, output_padding, dilation, even)
    found = sorted(_on_all_axes(box, pairs), key=lambda g: merit(g, inputs))
    if found:
        return Solutions(found, (), None, "")
    if even and (uneven := _on_all_axes(replace(box, even=False), pairs)):
        best = min(uneven, key=lambda g: merit(g, inputs))
        return Solutions((), [best], None, "no layer of the box that leads there covers its output evenly")
    return Solutions((), *_otherwise(box, inputs, outputs))


def merit(g: ConvTranspose, input_size: Size) -> tuple[int, ...]:
    """What solutions are sorted by, the least first."""
    ops = [b - e for b, e in g.crop]
    products = prod(axis.products(n) for axis, n in zip(g.axes, input_size, strict=True))
    rank = (Cover.EVEN, Cover.UNEVEN, Cover.HOLES).index(cover(g))
    return (rank, max(ops) > 0, products, sum(ops), *g.dilation, *g.kernel_size, *g.stride, *ops)


def fitting(box: Box, n: int, m: int) -> Iterator[Parameters]:
    """Every combination of the box that leads an axis from ``n`` to ``m``."""
    for k, s, d in box.shapes():
        surplus = Axis(k, s, d).full(n) - m
        allowed = box.paddings(k, d)
        for op in box.output_paddings(s, d):
            p, odd = divmod(surplus + op, 2)
            if not odd and p in allowed:
                yield Parameters(k, s, p, op, d)


def layer(parameters: Parameters, ndim: int) -> ConvTranspose:
    """The same parameters on every axis."""
    return ConvTranspose(*parameters, ndim=ndim)


def _on_all_axes(box: Box, pairs: list[tuple[int, int]]) -> list[ConvTranspose]:
    along = {pair: list(fitting(box, *pair)) for pair in dict.fromkeys(pairs)}
    alike = set.intersection(*map(set, along.values()))
    if alike:
        return [layer(parameters, len(pairs)) for parameters in alike]
    return _apart(along, pairs, alike_but_for_the_end=True) or _apart(along, pairs, alike_but_for_the_end=False)


def _apart(
    along: dict[tuple[int, int], list[Parameters]], pairs: list[tuple[int, int]], *, alike_but_for_the_end: bool
) -> list[ConvTranspose]:
    """Combinations of the axes' solutions: of those that differ in output_padding alone, or of any."""
    groups: dict[tuple[int, ...], dict[tuple[int, int], list[Parameters]]] = {}
    for pair, solutions in along.items():
        for p in solutions:
            key = (p.kernel_size, p.stride, p.padding, p.dilation) if alike_but_for_the_end else ()
            groups.setdefault(key, {}).setdefault(pair, []).append(p)
    whole = [group for group in groups.values() if len(group) == len(along)]
    count = sum(prod(map(len, group.values())) for group in whole)
    if count > MAX_CANDIDATES:
        raise GeometryError(
            "too many solutions", f"{count:,} combinations of the axes' own", "allow fewer kernels, strides or paddings"
        )
    chosen = (dict(zip(group, choice, strict=True)) for group in whole for choice in product(*group.values()))
    return [_of_axes([of[pair] for pair in pairs]) for of in chosen]


def _of_axes(along: list[Parameters]) -> ConvTranspose:
    kernels, strides, paddings, output_paddings, dilations = zip(*along, strict=True)
    return ConvTranspose(kernels, strides, paddings, output_paddings, dilations)


def _otherwise(box: Box, inputs: Size, outputs: Size) -> tuple[list[ConvTranspose], ConvTranspose | None, str]:
    """Without a solution: the next layers below and above, an exact one beyond the box, and why there is no other."""
    near: dict[Size, ConvTranspose] = {}
    beyond: list[ConvTranspose] = []
    for k, s, d in box.shapes():
        plain = layer(Parameters(k, s, 0, 0, d), len(inputs))
        full = plain.output_size(inputs)
        surplus = [size - m for size, m in zip(full, outputs, strict=True)]
        if min(surplus) >= 0:
            crop = [(c // 2, c - c // 2) for c in surplus]
            beyond.append(ConvTranspose((k,) * len(inputs), s, crop, 0, d))
        for op in box.output_paddings(s, d):
            for p in _around(box.paddings(k, d), (max(surplus) + op) // 2):
                if min(full) - 2 * p + op < 0:
                    continue
                g = layer(Parameters(k, s, p, op, d), len(inputs))
                size = g.output_size(inputs)
                if size not in near or merit(g, inputs) < merit(near[size], inputs):
                    near[size] = g
    below = [size for size in near if all(a <= m for a, m in zip(size, outputs, strict=True))]
    above = [size for size in near if all(a >= m for a, m in zip(size, outputs, strict=True))]
    nearest = [near[size] for size in (max(below, default=None), min(above, default=None)) if size is not None]
    exact = min(beyond, key=lambda g: merit(g, inputs), default=None)
    if not near:
        why = "nothing of the box gives an output: allow smaller paddings, or output_padding below stride or dilation"
    elif not above:
        why = f"the box reaches {size_text(max(near))} at most, which wants a larger kernel or stride"
    elif not below:
        why = f"the box reaches {size_text(min(near))} at the least, which wants a smaller kernel or more padding"
    elif len(set(zip(inputs, outputs, strict=True))) > 1:
        why = "no parameters of the box serve all axes at once, nor each axis its own"
    else:
        why = (
            "equal padding on both sides changes the size by two, and output_padding, which could fill the gap, must "
            "be smaller than stride or dilation"
        )
    return nearest, exact, why


def _around(paddings: Sequence[int], wanted: int) -> Sequence[int]:
    """The paddings next to the wanted one, on both sides; they rise."""
    above = bisect_right(paddings, wanted)
    return paddings[max(0, above - 1) : above + 1]


def sizes_of(input_size: Sizes, output_size: Sizes) -> tuple[Size, Size]:
    """Both sizes as one int per axis."""
    inputs, outputs = (_size(*named) for named in (("input_size", input_size), ("output_size", output_size)))
    if len(inputs) != len(outputs):
        raise GeometryError(
            "the sizes have different numbers of axes",
            f"input_size={size_text(inputs)}, output_size={size_text(outputs)}",
            "give one size per axis to both",
        )
    return inputs, outputs


def _size(name: str, value: Sizes) -> Size:
    found = sequence(value)
    if found == ():
        raise GeometryError(f"{name} has no axes", f"{name}=()", "give one size per axis")
    if found is None:
        return (integer(name, value, minimum=1),)
    return tuple(integer(f"{name}[{axis}]", size, minimum=1) for axis, size in enumerate(found))


def box_of(
    growth: int,
    kernel_size: Values | None,
    stride: Values | None,
    padding: Values | None,
    output_padding: Values | None,
    dilation: Values,
    even: bool,
) -> Box:
    """The box as the caller gave it, with defaults that suit a growth by so much."""
    strides: Iterable[int] = range(1, max(4, growth) + 1) if growth <= 8 else (1, growth - 1, growth, growth + 1)
    box = Box(
        _values("kernel_size", range(1, max(7, 2 * growth) + 1) if kernel_size is None else kernel_size, 1),
        _values("stride", strides if stride is None else stride, 1),
        None if padding is None else _values("padding", padding, 0),
        None if output_padding is None else _values("output_padding", output_padding, 0),
        _values("dilation", dilation, 1),
        even,
    )
    if box.candidates() > MAX_CANDIDATES:
        raise GeometryError(
            "the box is too large to look through",
            f"{box.candidates():,} combinations of kernel, stride, dilation and output_padding",
            f"allow at most {MAX_CANDIDATES:,} of them",
        )
    return box


def _values(name: str, values: Values, minimum: int) -> tuple[int, ...]:
    """Each value once, rising."""
    if isinstance(values, range) and len(values) > MAX_CANDIDATES:
        raise GeometryError(
            f"{name} has too many values", f"{len(values):,} of them", f"allow at most {MAX_CANDIDATES:,}"
        )
    found = sequence(values)
    if found == ():
        raise GeometryError(f"{name} has no values", f"{name}={values!r}", "allow at least one")
    return tuple(sorted({integer(name, value, minimum=minimum) for value in (found or (values,))}))
