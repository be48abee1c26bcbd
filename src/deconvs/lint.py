"""What may go wrong with a layer: findings, each with a reason and a fix that keeps the output size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

from .axis import Axis
from .errors import GeometryError
from .geometry import ConvTranspose, Sizes
from .words import size_text

ERROR, WARNING, NOTE = "error", "warning", "note"

LONG_KERNEL = 64
"""Taps from which a one-axis layer with few channels on one side is a filter bank, as an inverse STFT is."""
FEW_CHANNELS = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: its code, how bad it is (error, warning, note), the reason and the fix in a sentence each.

    ``layer`` is the fix as a geometry where there is one. It gives the same output size; where ``pads`` is not None,
    on an input that is first padded by so much, (before, after) per axis.

    >>> print(Finding("holes", "error", "some outputs get no product", "use a larger kernel"))
    error holes: some outputs get no product; use a larger kernel
    """

    code: str
    severity: str
    message: str
    fix: str
    layer: ConvTranspose | None = None
    pads: tuple[tuple[int, int], ...] | None = None

    def as_dict(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "fix": self.fix,
            "layer": None if self.layer is None else repr(self.layer),
            "pads": None if self.pads is None else [list(pad) for pad in self.pads],
        }

    def __str__(self) -> str:
        return f"{self.severity} {self.code}: {self.message}; {self.fix}"


def check(geometry: ConvTranspose, input_size: Sizes, *, channels: tuple[int, int] | None = None) -> list[Finding]:
    """What may go wrong with a layer at an input size, the worst first; nothing for a layer in order.

    >>> from deconvs import ConvTranspose, check
    >>> for finding in check(ConvTranspose((3,), stride=2), 4)[:1]: print(finding.severity, finding.code, finding.layer)
    warning uneven-coverage ConvTranspose(kernel_size=(4,), stride=(2,), padding=((0, 1),))
    >>> check(ConvTranspose((2,), stride=2), 4)[0].code
    'zero-insertion'

    channels: (C_in, C_out), by default one per group. Errors: GeometryError.
    Source: Odena, Dumoulin and Olah 2016 (checkerboard).
    """
    if not isinstance(geometry, ConvTranspose):
        raise GeometryError("check takes a transposed convolution", f"got {geometry!r}", "pass a ConvTranspose")
    sizes = geometry.sizes(input_size)
    # Refuses what does not fit: sizes that would be negative, channels that the groups do not divide.
    costs = geometry.plan("direct").at(sizes, channels=channels)
    if 0 in costs.output_size:
        return [Finding("empty-output", WARNING, "the output has no elements", "crop less, or use a larger input")]
    return [
        *_holes(geometry),
        *_uneven(geometry),
        *_bias_only(geometry),
        *_dead_taps(geometry, sizes),
        *_border(geometry, sizes),
        *_zero_insertion(geometry, costs.macs, costs.useful_macs),
        *_filter_bank(geometry, costs.channels),
    ]


def _holes(g: ConvTranspose) -> Iterator[Finding]:
    bad = [0 in axis.taps_per_phase() for axis in g.axes]
    if any(bad):
        fixed = _replaced(g, bad, Axis.evened)
        reason = "some outputs get no product at all, only the bias: the taps of neighbouring stamps leave gaps"
        yield Finding("holes", ERROR, reason, f"use {fixed}", fixed)


def _uneven(g: ConvTranspose) -> Iterator[Finding]:
    counts = [axis.taps_per_phase() for axis in g.axes]
    bad = [len(taps) > 1 and 0 not in taps for taps in counts]
    if any(bad):
        fixed = _replaced(g, bad, Axis.evened)
        seen = {count for along, uneven in zip(counts, bad, strict=True) if uneven for count in along}
        taps = " or ".join(map(str, sorted(seen)))
        where = "" if g.ndim == 1 else " along an axis"
        reason = f"outputs sum {taps} products in turn{where}, which shows as a checkerboard"
        yield Finding("uneven-coverage", WARNING, reason, f"use {fixed}", fixed)


def _bias_only(g: ConvTranspose) -> Iterator[Finding]:
    bad = [min(axis.crop) < 0 for axis in g.axes]
    if any(bad):
        fixed = _replaced(g, bad, Axis.evened)
        ends = ", ".join(f"{max(0, -b)} before and {max(0, -e)} after" for b, e in dict.fromkeys(g.crop))
        reason = f"positions at the ends lie beyond every stamp and hold only the bias ({ends})"
        yield Finding("bias-only", WARNING, reason, f"use {fixed}", fixed)


def _dead_taps(g: ConvTranspose, sizes: tuple[int, ...]) -> Iterator[Finding]:
    trimmed = [axis.trimmed(n) for axis, n in zip(g.axes, sizes, strict=True)]
    if any(axis.kernel_size < old.kernel_size for axis, old in zip(trimmed, g.axes, strict=True)):
        fixed = ConvTranspose.of_axes(trimmed, g.groups)
        dead = size_text([old.kernel_size - axis.kernel_size for axis, old in zip(trimmed, g.axes, strict=True)])
        reason = f"{dead} outer taps are cropped for every one of these inputs: their weights do nothing"
        yield Finding("dead-taps", WARNING, reason, f"use {fixed}", fixed)


def _border(g: ConvTranspose, sizes: tuple[int, ...]) -> Iterator[Finding]:
    pads = tuple(axis.border() for axis in g.axes)
    if any(map(any, pads)):
        fixed = ConvTranspose.of_axes([axis.beyond_border() for axis in g.axes], g.groups)
        least, most = (prod(counts) for counts in zip(*_ranges(g, sizes), strict=True))
        reason = f"outputs at the border sum fewer products than those inside ({least} to {most})"
        amounts = ", ".join(f"{before} before and {after} after" for before, after in dict.fromkeys(pads))
        fix = f"pad the input by {amounts}, repeating its edge, and crop as much more"
        yield Finding("border-attenuation", NOTE, reason, fix, fixed, pads)


def _zero_insertion(g: ConvTranspose, macs: int, useful: int) -> Iterator[Finding]:
    if max(g.stride) > 1:
        reason = f"run with inserted zeros, {1 - useful / macs:.0%} of its products would be wasted"
        yield Finding("zero-insertion", NOTE, reason, "run its polyphase, subpixel or gemm form")


def _filter_bank(g: ConvTranspose, channels: tuple[int, int]) -> Iterator[Finding]:
    if g.ndim == 1 and g.kernel_size[0] >= LONG_KERNEL and min(channels) <= FEW_CHANNELS:
        reason = (
            f"{g.kernel_size[0]} taps with {channels[0]} -> {channels[1]} channels are a filter bank, as in an inverse "
            "STFT: many libraries are slow at it"
        )
        yield Finding("filter-bank", NOTE, reason, "run it as a matrix product with overlap-add (the gemm form)")


def _replaced(g: ConvTranspose, bad: list[bool], better: Callable[[Axis], Axis]) -> ConvTranspose:
    return ConvTranspose.of_axes([better(a) if b else a for a, b in zip(g.axes, bad, strict=True)], g.groups)


def _ranges(g: ConvTranspose, sizes: tuple[int, ...]) -> list[tuple[int, int]]:
    return [axis.coverage_range(n) for axis, n in zip(g.axes, sizes, strict=True)]
