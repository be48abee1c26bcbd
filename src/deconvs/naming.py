"""Which names a geometry earns: measured on its own matrices, never just said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod, sqrt
from typing import TYPE_CHECKING, Any

from .dtypes import as_array
from .errors import GeometryError
from .geometry import ConvTranspose, Sizes
from .operator import matrix
from .words import per_axis_text, sides_text, size_text, zeros_text

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

MAX_MEASURED = 2**24
"""A matrix with more products or positions than this is not measured: it would take minutes and gigabytes."""


@dataclass(frozen=True, slots=True)
class Name:
    """A name, whether the geometry earns it, and why (not)."""

    name: str
    earned: bool
    because: str


@dataclass(frozen=True, slots=True)
class Inverse:
    """How far convolving after deconvolving (CCᵀ), and the other way round (CᵀC), are from c times the identity.

    ``distance`` is ||CCᵀ - cI|| / ||cI|| in the Frobenius norm with the best c, the mean of the diagonal; it is zero
    exactly where ``is_identity``, which is decided in integers where the weights are integers.
    """

    scale: float
    distance: float
    is_identity: bool


@dataclass(frozen=True, slots=True)
class Names:
    """All names of a geometry; iterate over them, or print them as a table."""

    geometry: ConvTranspose
    input_size: tuple[int, ...]
    names: tuple[Name, ...]
    conv_after_deconv: Inverse
    deconv_after_conv: Inverse

    def __iter__(self) -> Iterator[Name]:
        return iter(self.names)

    def as_dict(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return {
            "names": [{"name": n.name, "earned": n.earned, "because": n.because} for n in self.names],
            "measured_at": list(self.input_size),
            "C Ct": {"scale": self.conv_after_deconv.scale, "distance": self.conv_after_deconv.distance},
            "Ct C": {"scale": self.deconv_after_conv.scale, "distance": self.deconv_after_conv.distance},
        }

    def __str__(self) -> str:
        from .tables import table_text

        return table_text(
            f"names of {self.geometry}",
            ("", "name", "because"),
            [("yes" if n.earned else "no", n.name, n.because) for n in self.names],
        )


def names(geometry: ConvTranspose, input_size: Sizes | None = None, weight: ArrayLike | None = None) -> Names:
    """Which names the geometry earns, and why.

    >>> from deconvs import ConvTranspose, names
    >>> [n.name for n in names(ConvTranspose((3, 3), stride=2)) if n.earned]
    ['transposed convolution', 'fractionally strided convolution', 'sub-pixel convolution', 'up-convolution']
    >>> [n.name for n in names(ConvTranspose((2, 2), stride=2)) if n.earned][-1]
    'deconvolution (inverse)'

    input_size: where to measure; by default a small size that shows every overlap. weight: (C_in, C_out/groups, *k);
    by default one channel per group with distinct integers, so that nothing cancels by accident. Matrices of more than
    `MAX_MEASURED` products are refused.
    Errors: GeometryError. Source: Dumoulin & Visin 2018, chapter 4; Zeiler et al. 2010; Shi et al. 2016.
    """
    if not isinstance(geometry, ConvTranspose):
        raise GeometryError(
            "names are those of a transposed convolution", f"got {geometry!r}", "pass a deconvs.ConvTranspose"
        )
    default = tuple(axis.telling_size() for axis in geometry.axes)
    sizes = default if input_size is None else geometry.sizes(input_size)
    forward, backward = _measure(geometry, sizes, weight)
    return Names(
        geometry,
        sizes,
        (
            Name("transposed convolution", True, "always: it applies Cᵀ, the transpose of a convolution's matrix C"),
            _padded(geometry),
            _fractionally_strided(geometry),
            _subpixel(geometry),
            _upconvolution(geometry, sizes),
            _inverse(forward),
        ),
        forward,
        backward,
    )


def _padded(g: ConvTranspose) -> Name:
    forms = [axis.direct() for axis in g.axes]
    if any(form.inserted for form in forms):
        inserted = zeros_text([form.inserted for form in forms])
        return Name("padded convolution", False, f"padding is not enough: first insert {inserted} between neighbours")
    pads = [form.pad for form in forms]
    if not any(map(any, pads)):
        because = "stride 1 and nothing to pad: it is a convolution of the input as it is"
    elif min(map(min, pads)) >= 0:
        because = f"stride 1: pad {sides_text(pads)}, then convolve"
    else:
        because = f"stride 1: pad {sides_text(pads)} (negative: crop), then convolve"
    return Name("padded convolution", True, because)


def _fractionally_strided(g: ConvTranspose) -> Name:
    if max(g.stride) == 1:
        return Name("fractionally strided convolution", False, "stride 1: the kernel moves by whole input elements")
    steps = per_axis_text([f"1/{s}" if s > 1 else "1" for s in g.stride])
    inserted = zeros_text([axis.direct().inserted for axis in g.axes])
    return Name(
        "fractionally strided convolution",
        True,
        f"one output further is {steps} input element further: {inserted} between neighbours",
    )


def _subpixel(g: ConvTranspose) -> Name:
    if max(g.stride) == 1:
        return Name("sub-pixel convolution", False, "stride 1: there is one phase, and nothing to shuffle")
    taps = [axis.taps_per_phase() for axis in g.axes]
    if all(len(counts) == 1 for counts in taps):
        because = f"{prod(g.stride)} phases of {size_text([counts[0] for counts in taps])} taps each: even coverage"
    else:
        spread = per_axis_text([" or ".join(map(str, counts)) for counts in taps])
        because = f"{prod(g.stride)} phases, but of {spread} taps per axis: the smaller ones are filled up with zeros"
    return Name("sub-pixel convolution", True, because)


def _upconvolution(g: ConvTranspose, sizes: tuple[int, ...]) -> Name:
    out = g.output_size(sizes)
    larger = all(m >= n for m, n in zip(out, sizes, strict=True)) and out != sizes
    growth = per_axis_text([str(axis.output_growth()) for axis in g.axes])
    verb = "the output is larger" if larger else "the output is not larger"
    return Name("up-convolution", larger, f"{verb}: n -> {growth}, {size_text(sizes)} -> {size_text(out)}")


def _inverse(forward: Inverse) -> Name:
    if forward.is_identity:
        because = f"convolving afterwards undoes it, up to a factor: CCᵀ = {forward.scale:g} I"
    else:
        because = f"convolving afterwards does not undo it: CCᵀ is {forward.distance:.0%} away from c I"
    return Name("deconvolution (inverse)", forward.is_identity, because)


def _measure(g: ConvTranspose, sizes: tuple[int, ...], weight: ArrayLike | None) -> tuple[Inverse, Inverse]:
    """CCᵀ and CᵀC against the identity. CᵀC, the larger one, is never formed: its trace and norm are those of CCᵀ."""
    import numpy as np

    if weight is None:
        one = np.arange(1, prod(g.kernel_size) + 1).reshape(1, 1, *g.kernel_size)
        weight = np.repeat(one, g.groups, axis=0)
    weight = as_array("weight", weight)
    g.channels(weight.shape)
    products = prod(weight.shape[:2]) * prod(axis.products(n) for axis, n in zip(g.axes, sizes, strict=True))
    positions = prod(g.output_size(sizes))
    if max(products, positions) > MAX_MEASURED:
        raise GeometryError(
            "too much to measure the names on",
            f"{products:,} products and {positions:,} positions at input {size_text(sizes)}",
            f"use a smaller kernel, stride or input: at most {MAX_MEASURED:,} of each",
        )
    transposed = matrix(g, sizes, weight)
    if not np.isfinite(transposed.data).all():
        raise GeometryError(
            "the names cannot be measured", "weight holds NaN or infinity", "use finite weights, or none at all"
        )
    # Products of integers are exact in int64 unless the integers are enormous.
    largest = max(abs(int(transposed.data.max(initial=0))), abs(int(transposed.data.min(initial=0))))
    exact = transposed.dtype.kind == "i" and largest**2 * transposed.shape[0] < 2**63
    transposed = transposed if exact else transposed.astype(np.float64)
    gram = (transposed.T @ transposed).tocsr()
    trace = sum(gram.diagonal().tolist())
    square = sum(value * value for value in gram.data.tolist())
    # The distance is the root of a difference: rounding leaves about the root of float64's precision in it.
    close = 0.0 if exact else 1e-6
    rows, columns = transposed.shape
    return _inverse_of(columns, trace, square, close), _inverse_of(rows, trace, square, close)


def _inverse_of(size: int, trace: float, square: float, close: float) -> Inverse:
    """From trace and squared norm of a Gram matrix G: ||G - cI||² = ||G||² - trace²/size, least at c = trace/size."""
    if size == 0 or trace == 0:
        return Inverse(0.0, 1.0, False)
    excess = max(0, size * square - trace * trace)  # an integer where the weights are
    distance = sqrt(excess) / trace
    return Inverse(trace / size, distance, excess == 0 or distance <= close)
