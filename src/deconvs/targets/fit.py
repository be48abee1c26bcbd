"""The same axis with other parameters: how a layer is rewritten so that a target takes it.

Every rewrite is exact, and they are one family. Pad the input by (p0, p1) zeros, insert a-1 zeros between its elements,
put z0 and z1 positions of zero taps around the kernel, fill a dilated kernel up with zeros: then

    stride s = a * (new stride)      crop (b, e) -> (b + p0*s + z0, e + p1*s + z1)      outputs stay where they are

and of the new crop the layer may do a part and a cut behind it the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..axis import Axis
from ..errors import GeometryError
from ..geometry import Pair
from .target import Target, refused_of_axis

MOST_FACTORS = 4096
"""Strides are split into factors up to this one."""


@dataclass(frozen=True, slots=True)
class AxisFit:
    """One axis rewritten: what to do with the input, the layer's axis, what to cut from its output.

    ``pads`` zeros around the input, then ``inserted`` zeros between neighbours; ``shift``: at which position of the
    new kernel the old one begins.
    """

    axis: Axis
    cut: Pair = (0, 0)
    pads: Pair = (0, 0)
    inserted: int = 0
    shift: int = 0

    def input_size(self, n: int) -> int:
        """How long the input of the layer is."""
        return (n + sum(self.pads) - 1) * (self.inserted + 1) + 1

    def effort(self) -> tuple[int, int, int, int]:
        """What is nearer: no insertion, no padding, few taps, little to cut."""
        return self.inserted, sum(self.pads), self.axis.kernel_size, sum(self.cut)


def fits(target: Target, axis: Axis, n: int, paddings: set[int], *, lifted: bool = False) -> list[AxisFit]:
    """Rewrites of one axis that the target takes as far as one axis tells, the nearest first.

    ``paddings``: amounts to try on both sides, for targets that want one number on all axes. ``lifted``: the axis was
    put in front and has one input, so that any stride does. Of those with the same stride, the same crop and alike
    kernels, only the nearest.
    """
    kept: dict[object, AxisFit] = {}
    strides = {along for stride in target.strides or () for along in stride} | {1} if lifted else {axis.stride}
    found = (fit for s in strides for fit in _candidates(target, replace(axis, stride=s), paddings))
    for fit in sorted(found, key=AxisFit.effort):
        if lifted and fit.input_size(n) != n:
            continue
        kind = (fit.axis.stride, fit.axis.crop, fit.axis.kernel_size if target.kernels else fit.axis.kernel_size == 1)
        if kind not in kept and _taken(target, fit, n):
            kept[kind] = fit
    return list(kept.values())


def _taken(target: Target, fit: AxisFit, n: int) -> bool:
    try:
        return not any(refused_of_axis(target, fit.axis, fit.input_size(n)))
    except GeometryError:  # sizes beyond 64 bits
        return False


def _candidates(target: Target, axis: Axis, paddings: set[int]) -> Iterator[AxisFit]:
    dilation = axis.dilation if target.dilation else 1
    fewest = (axis.span - 1) // dilation + 1
    begin, end = axis.crop
    for factor in _factors(axis.stride):
        stride = axis.stride // factor
        for taps in _kernels(target, axis, fewest, dilation, stride):
            spare = (taps - fewest) * dilation
            for shift in _shifts(axis.crop, spare, dilation):
                whole = (begin + shift, end + spare - shift)
                span = dilation * (taps - 1) + 1
                for crop in _crops(whole, span, stride, paddings):
                    pads = tuple(
                        max(0, -(-(part - side) // axis.stride)) for part, side in zip(crop, whole, strict=True)
                    )
                    cut = tuple(
                        side + pad * axis.stride - part for side, pad, part in zip(whole, pads, crop, strict=True)
                    )
                    try:
                        new = Axis(taps, stride, dilation, crop)
                    except GeometryError:  # more taps than 64 bits count
                        continue
                    yield AxisFit(new, (cut[0], cut[1]), (pads[0], pads[1]), factor - 1, shift)


def _factors(stride: int) -> Iterator[int]:
    """By what the stride can be divided."""
    yield from (factor for factor in range(1, min(stride, MOST_FACTORS) + 1) if stride % factor == 0)
    if stride > MOST_FACTORS:
        yield stride


def _kernels(target: Target, axis: Axis, fewest: int, dilation: int, stride: int) -> list[int]:
    """As few taps as can be, those that reach positions which nothing reached, and those that the target wants."""
    missing = [-(-max(0, -side) // dilation) for side in axis.crop]
    taps = {fewest, fewest + missing[0], fewest + missing[1], fewest + sum(missing)}
    if target.kernels is not None:
        taps |= {along for kernel in target.kernels for along in kernel}
    if target.covers_exactly:
        taps |= {more + few for more in (*taps, max(fewest, stride)) for few in (0, 1)}
    return sorted(count for count in taps if count >= fewest)


def _shifts(crop: Pair, spare: int, dilation: int) -> set[int]:
    """Zero taps at the end, or as many at the beginning as positions are missing there, or all of them there."""
    before = -(-max(0, -crop[0]) // dilation) * dilation
    return {0, min(before, spare), spare // 2 // dilation * dilation, spare}


def _crops(whole: Pair, span: int, stride: int, paddings: set[int]) -> set[Pair]:
    """What the layer itself may crop: all, as much on both sides, nothing, the splits of SAME and VALID."""
    begin, end = whole
    alike = {0, max(0, min(whole)), *paddings}
    if span >= stride:
        alike.add((span - stride) // 2)
    found = {whole, (max(begin, 0), max(end, 0)), (0, end), (0, min(end, 0)), *((side, side) for side in alike)}
    # SAME cuts half of what is too much before, the rest after; as much as both sides allow, or down to n*s outputs.
    for total in (span - stride, 2 * max(begin, 0), 2 * max(begin, 0) + 1, 2 * max(end, 0), 2 * max(end, 0) - 1):
        found.add((max(total, 0) // 2, total - max(total, 0) // 2))
    found.add((0, span - stride - max(span - stride, 0)))  # VALID where the stride is longer than the kernel
    return found
