"""The fifteen relationships of "A guide to convolution arithmetic", as consequences of axis.py that can be checked.

Each is written down as the guide has it, with the guide's letters: i, k, s, p, o of the convolution, primes for its
transpose. `check` compares it with the package's own geometry wherever its condition holds. A sixteenth line is what
the guide leaves out: dilation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

from .geometry import Conv, ConvTranspose


@dataclass(frozen=True, slots=True)
class Parameters:
    """One-axis convolution: input, kernel, stride, padding, dilation."""

    i: int
    k: int
    s: int
    p: int
    d: int

    @property
    def conv(self) -> Conv:
        return Conv((self.k,), self.s, self.p, self.d)

    @property
    def o(self) -> int:
        """What the package says is the output size."""
        return self.conv.output_size(self.i)[0]

    @property
    def transpose(self) -> ConvTranspose:
        """What the package says is the transpose that returns to i."""
        return self.conv.transpose(self.i)

    @property
    def o_back(self) -> int:
        """What the package says is its output size, o'."""
        return self.transpose.output_size(self.o)[0]

    @property
    def a(self) -> int:
        """The guide's a: what the last step could not take."""
        return (self.i + 2 * self.p - self.d * (self.k - 1) - 1) % self.s

    def direct_is(self, inserted: int, before: int, after: int) -> bool:
        """Whether the package's direct form of the transpose has these zeros."""
        form = self.transpose.axes[0].direct()
        return (form.inserted, form.pad) == (inserted, (before, after))


@dataclass(frozen=True, slots=True)
class Relationship:
    """One relationship: when it applies, and what it says.

    >>> RELATIONSHIPS[13].statement
    "p' = k - p - 1, a zeros at the end; o' = s(i' - 1) + a + k - 2p"
    >>> RELATIONSHIPS[13].check(Parameters(i=6, k=3, s=2, p=1, d=1))
    True

    Source: Dumoulin & Visin 2018, by number.
    """

    number: int
    name: str
    condition: str
    statement: str
    applies: Callable[[Parameters], bool]
    holds: Callable[[Parameters], bool]

    def check(self, c: Parameters) -> bool | None:
        """Whether it holds; None where its condition does not apply."""
        return self.holds(c) if self.applies(c) else None


def sweep(largest: int = 8) -> Iterator[Parameters]:
    """Every convolution of inputs to ``largest``, kernels to 5, strides to 4, pads to 5, dilations to 3 that fits."""
    numbers = range(1, largest + 1)
    for i, k, s, p, d in product(numbers, range(1, 6), range(1, 5), range(6), range(1, 4)):
        if i + 2 * p >= d * (k - 1) + 1:
            yield Parameters(i, k, s, p, d)


def check_all(
    largest: int = 8, progress: Callable[[int, int], None] = lambda done, total: None
) -> list[tuple[Relationship, int, int]]:
    """(relationship, convolutions it applies to, how many of those it fails on), over the sweep."""
    tried = [0] * len(RELATIONSHIPS)
    failed = [0] * len(RELATIONSHIPS)
    every = list(sweep(largest))
    for done, parameters in enumerate(every):
        progress(done, len(every))
        for index, relationship in enumerate(RELATIONSHIPS):
            verdict = relationship.check(parameters)
            tried[index] += verdict is not None
            failed[index] += verdict is False
    return list(zip(RELATIONSHIPS, tried, failed, strict=True))


def _unit(c: Parameters) -> bool:
    return c.s == 1 and c.d == 1


def _half(c: Parameters) -> bool:
    return _unit(c) and c.k % 2 == 1 and c.p == c.k // 2


def _full(c: Parameters) -> bool:
    return _unit(c) and c.p == c.k - 1


RELATIONSHIPS = (
    Relationship(
        1,
        "no zero padding, unit strides",
        "s = 1, p = 0",
        "o = (i - k) + 1",
        lambda c: _unit(c) and c.p == 0,
        lambda c: c.o == (c.i - c.k) + 1,
    ),
    Relationship(
        2,
        "zero padding, unit strides",
        "s = 1",
        "o = (i - k) + 2p + 1",
        _unit,
        lambda c: c.o == (c.i - c.k) + 2 * c.p + 1,
    ),
    Relationship(
        3,
        "half (same) padding",
        "s = 1, k = 2n + 1, p = floor(k/2)",
        "o = i",
        _half,
        lambda c: c.o == c.i,
    ),
    Relationship(
        4,
        "full padding",
        "s = 1, p = k - 1",
        "o = i + (k - 1)",
        _full,
        lambda c: c.o == c.i + (c.k - 1),
    ),
    Relationship(
        5,
        "no zero padding, non-unit strides",
        "p = 0",
        "o = floor((i - k) / s) + 1",
        lambda c: c.p == 0 and c.d == 1,
        lambda c: c.o == (c.i - c.k) // c.s + 1,
    ),
    Relationship(
        6,
        "zero padding, non-unit strides",
        "any i, k, s, p",
        "o = floor((i + 2p - k) / s) + 1",
        lambda c: c.d == 1,
        lambda c: c.o == (c.i + 2 * c.p - c.k) // c.s + 1,
    ),
    Relationship(
        7,
        "pooling",
        "any i, k, s",
        "o = floor((i - k) / s) + 1",
        lambda c: c.p == 0 and c.d == 1,
        lambda c: c.o == (c.i - c.k) // c.s + 1,
    ),
    Relationship(
        8,
        "no zero padding, unit strides, transposed",
        "s = 1, p = 0",
        "p' = k - 1; o' = i' + (k - 1)",
        lambda c: _unit(c) and c.p == 0,
        lambda c: c.direct_is(0, c.k - 1, c.k - 1) and c.o_back == c.o + (c.k - 1),
    ),
    Relationship(
        9,
        "zero padding, unit strides, transposed",
        "s = 1",
        "p' = k - p - 1; o' = i' + (k - 1) - 2p",
        _unit,
        lambda c: c.direct_is(0, c.k - c.p - 1, c.k - c.p - 1) and c.o_back == c.o + (c.k - 1) - 2 * c.p,
    ),
    Relationship(
        10,
        "half (same) padding, transposed",
        "s = 1, k = 2n + 1, p = floor(k/2)",
        "p' = p; o' = i'",
        _half,
        lambda c: c.direct_is(0, c.p, c.p) and c.o_back == c.o,
    ),
    Relationship(
        11,
        "full padding, transposed",
        "s = 1, p = k - 1",
        "p' = 0; o' = i' - (k - 1)",
        _full,
        lambda c: c.direct_is(0, 0, 0) and c.o_back == c.o - (c.k - 1),
    ),
    Relationship(
        12,
        "no zero padding, non-unit strides, transposed",
        "p = 0, s divides i - k",
        "s - 1 zeros between, p' = k - 1; o' = s(i' - 1) + k",
        lambda c: c.d == 1 and c.p == 0 and (c.i - c.k) % c.s == 0,
        lambda c: c.direct_is(c.s - 1, c.k - 1, c.k - 1) and c.o_back == c.s * (c.o - 1) + c.k,
    ),
    Relationship(
        13,
        "zero padding, non-unit strides, transposed",
        "s divides i + 2p - k",
        "s - 1 zeros between, p' = k - p - 1; o' = s(i' - 1) + k - 2p",
        lambda c: c.d == 1 and (c.i + 2 * c.p - c.k) % c.s == 0,
        lambda c: c.direct_is(c.s - 1, c.k - c.p - 1, c.k - c.p - 1) and c.o_back == c.s * (c.o - 1) + c.k - 2 * c.p,
    ),
    Relationship(
        14,
        "zero padding, non-unit strides, transposed, any input",
        "any i, k, s, p",
        "p' = k - p - 1, a zeros at the end; o' = s(i' - 1) + a + k - 2p",
        lambda c: c.d == 1,
        lambda c: (
            c.direct_is(c.s - 1, c.k - c.p - 1, c.k - c.p - 1 + c.a)
            and c.o_back == c.s * (c.o - 1) + c.a + c.k - 2 * c.p == c.i
        ),
    ),
    Relationship(
        15,
        "dilated convolution",
        "any i, k, s, p, d",
        "o = floor((i + 2p - k - (k - 1)(d - 1)) / s) + 1",
        lambda c: True,
        lambda c: c.o == (c.i + 2 * c.p - c.k - (c.k - 1) * (c.d - 1)) // c.s + 1,
    ),
    Relationship(
        16,
        "dilated convolution, transposed (not in the guide)",
        "any i, k, s, p, d",
        "p' = d(k - 1) - p, a zeros at the end; o' = s(i' - 1) + a + d(k - 1) + 1 - 2p",
        lambda c: True,
        lambda c: (
            c.direct_is(c.s - 1, c.d * (c.k - 1) - c.p, c.d * (c.k - 1) - c.p + c.a)
            and c.o_back == c.s * (c.o - 1) + c.a + c.d * (c.k - 1) + 1 - 2 * c.p == c.i
        ),
    ),
)
"""In the guide's order, number 1 first."""
