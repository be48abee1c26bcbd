"""Which names a geometry earns: measured on its own matrices, never just said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite, prod
from typing import TYPE_CHECKING, Any

from .errors import GeometryError
from .geometry import ConvTranspose, Sizes
from .inverse import Inverse, measured
from .kinds import Cover, DirectKind, cover, direct_kind, taps_text
from .words import per_axis_text, sides_text, size_text, zeros_text

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class Name:
    """A name, whether the geometry earns it, and why (not)."""

    name: str
    earned: bool
    because: str


@dataclass(frozen=True, slots=True)
class Names:
    """All names of a geometry; iterate over them, or print them as a table.

    ``input_size``: where the output was compared with the input; ``measured_at``: where CCᵀ and CᵀC were measured. A
    geometry too large for that has None in their place.
    """

    geometry: ConvTranspose
    input_size: tuple[int, ...]
    measured_at: tuple[int, ...]
    names: tuple[Name, ...]
    conv_after_deconv: Inverse | None
    deconv_after_conv: Inverse | None

    def __iter__(self) -> Iterator[Name]:
        return iter(self.names)

    @property
    def inverts(self) -> bool:
        """Whether the last name, deconvolution, is earned."""
        return self.names[-1].earned

    def as_dict(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return {
            "names": [{"name": n.name, "earned": n.earned, "because": n.because} for n in self.names],
            "measured_at": list(self.measured_at),
            "C Ct": _as_dict(self.conv_after_deconv),
            "Ct C": _as_dict(self.deconv_after_conv),
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

    input_size: where to compare sizes and to measure CCᵀ; by default a small size that shows every overlap of stamps.
    weight: (C_in, C_out/groups, *k); by default one channel with positive weights, so that nothing cancels by accident.
    Errors: GeometryError, also where the matrix with that weight is too large to be measured (`inverse.MAX_MEASURED`).
    Source: Dumoulin & Visin 2018, chapter 4; Zeiler et al. 2010; Shi et al. 2016.
    """
    if not isinstance(geometry, ConvTranspose):
        raise GeometryError(
            "names are those of a transposed convolution", f"got {geometry!r}", "pass a deconvs.ConvTranspose"
        )
    telling = tuple(axis.telling_size() for axis in geometry.axes)
    sizes = telling if input_size is None else geometry.sizes(input_size)
    return names_at(geometry, sizes, sizes, weight)


def names_at(
    geometry: ConvTranspose, input_size: tuple[int, ...], measured_at: tuple[int, ...], weight: ArrayLike | None = None
) -> Names:
    """The names, with the sizes compared at one input size and CCᵀ measured at another."""
    outputs = geometry.output_size(input_size)
    forward, backward = measured(geometry, measured_at, weight) or (None, None)
    return Names(
        geometry,
        input_size,
        measured_at,
        (
            Name("transposed convolution", True, "always: it applies Cᵀ, the transpose of a convolution's matrix C"),
            _padded(geometry),
            _fractionally_strided(geometry),
            _subpixel(geometry),
            _upconvolution(geometry, input_size, outputs),
            _inverse(geometry, forward, measured_at),
        ),
        forward,
        backward,
    )


def _padded(g: ConvTranspose) -> Name:
    forms = [axis.direct() for axis in g.axes]
    if any(form.inserted for form in forms):
        inserted = zeros_text([form.inserted for form in forms])
        return Name("padded convolution", False, f"padding is not enough: first insert {inserted} between neighbours")
    kind, pads = direct_kind(g), [form.pad for form in forms]
    if kind is DirectKind.PLAIN:
        because = "stride 1 and nothing to pad: it is a convolution of the input as it is"
    elif kind is DirectKind.CROPPED:
        because = f"stride 1 and nothing to pad: crop {sides_text([(-b, -e) for b, e in pads])}, then convolve"
    else:
        crops = " (negative: crop)" if min(map(min, pads)) < 0 else ""
        because = f"stride 1: pad {sides_text(pads)}{crops}, then convolve"
    return Name("padded convolution", kind is DirectKind.PADDED, because)


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
    phases = prod(g.stride)
    if cover(g) is Cover.EVEN:
        because = f"{phases} phases of {taps_text(g)} taps each: even coverage"
    else:
        because = f"{phases} phases, but of {taps_text(g)} taps per axis: the smaller ones are filled up with zeros"
    return Name("sub-pixel convolution", True, because)


def _upconvolution(g: ConvTranspose, sizes: tuple[int, ...], out: tuple[int, ...]) -> Name:
    larger = all(m >= n for m, n in zip(out, sizes, strict=True)) and out != sizes
    growth = per_axis_text([str(axis.output_growth()) for axis in g.axes])
    verb = "the output is larger" if larger else "the output is not larger"
    return Name("up-convolution", larger, f"{verb}: n -> {growth}, {size_text(sizes)} -> {size_text(out)}")


def _inverse(g: ConvTranspose, forward: Inverse | None, sizes: tuple[int, ...]) -> Name:
    if forward is None:
        apart = all(axis.stamps_apart(n) for axis, n in zip(g.axes, sizes, strict=True))
        stamps = "stamps do not overlap, and none is cropped" if apart else "stamps overlap, or are cropped"
        return Name("deconvolution (inverse)", apart, f"{stamps}; CCᵀ is too large to be measured")
    if not forward.is_identity:
        away = f"CCᵀ is {forward.distance:.0%} away from c I (input {size_text(sizes)})"
        return Name("deconvolution (inverse)", False, f"convolving afterwards does not undo it: {away}")
    factor = f"{forward.scale:g}" if isfinite(forward.scale) and forward.scale else "c"
    undone = "convolving afterwards undoes it, up to a factor and to rounding"
    if forward.distance == 0:
        undone = "convolving afterwards undoes it, up to a factor"
    return Name("deconvolution (inverse)", True, f"{undone}: CCᵀ = {factor} I")


def _as_dict(found: Inverse | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"scale": found.scale, "distance": found.distance, "is_identity": found.is_identity}
