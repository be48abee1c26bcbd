"""What a deployment target takes, as fields, and what of one layer it does not take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from ..axis import Axis
from ..conventions.given_output import crop_for_output
from ..errors import GeometryError
from ..geometry import ConvTranspose, Pair
from ..words import joined, per_axis_text, size_text

Shape = tuple[int, ...]

ANY, ONE, ONE_OR_DEPTHWISE = "any", "one", "one or depthwise"
"""Groups that a target takes; depthwise: a group for every input channel."""

UNEQUAL, EQUAL, ONE_NUMBER, NONE = "unequal", "equal", "one number", "none"
"""Padding: any that is not negative, the same before and after, one number for all sides, none at all."""

SAME_OR_VALID, WHOLE_SAME_OR_VALID = "same or valid", "whole same or valid"
"""Padding by words: TensorFlow's for any output that fits; or only for outputs n*s (SAME) and n*s + max(k-s, 0)."""
BY_WORDS = (SAME_OR_VALID, WHOLE_SAME_OR_VALID)


@dataclass(frozen=True, slots=True)
class Target:
    """A deployment target: what it takes of geometry, groups and channels, and where that is known from.

    >>> from deconvs.targets import target
    >>> dla = target("nvidia-dla")
    >>> dla.axes, dla.groups, dla.dilation, dla.padding
    ((2,), 'one', False, 'none')

    Defaults are what is not limited. ``operator``: False where there is no transposed convolution. ``axes``: numbers of
    axes. ``output_padding``: whether positions can be added at the end, fewer than the stride; ``padding``: see the
    words above. ``strides`` and ``kernels``: the only ones, one per axis each; ``strides_of_a_row``: further strides
    where the first of two axes has one input and one tap. ``largest_stride`` and ``largest_kernel``: per axis;
    ``largest_stride_product``: of all axes. ``covers_exactly``: kernel_size - stride - 2 * padding must be 0.
    ``int8_group_multiple``: in int8 with groups, channels per group must be multiples of it.

    ``evidence``: the page, source file or issue thread that says so, or "tested here"; ``confirmed``: False where none
    was found for some of it. ``notes``: what else is known, in sentences. Versions and devices of one name differ: this
    is what the evidence says, no promise.
    """

    name: str
    title: str
    evidence: str
    confirmed: bool = True
    operator: bool = True
    axes: Shape = (1, 2, 3)
    dilation: bool = True
    groups: str = ANY
    padding: str = UNEQUAL
    output_padding: bool = True
    strides: tuple[Shape, ...] | None = None
    strides_of_a_row: tuple[Shape, ...] = ()
    largest_stride: int | None = None
    largest_stride_product: int | None = None
    kernels: tuple[Shape, ...] | None = None
    largest_kernel: int | None = None
    covers_exactly: bool = False
    int8_group_multiple: int = 1
    notes: tuple[str, ...] = ()


Refused = tuple[str, str]
"""A parameter, and why it is not taken."""


def refused(target: Target, geometry: ConvTranspose, sizes: Shape, channels: Pair) -> tuple[Refused, ...]:
    """What a target does not take of a layer, one entry for each limit; nothing where it takes the layer."""
    if not target.operator:
        return (("operator", "it has no transposed convolution"),)
    found = [*_refused_as_a_whole(target, geometry, sizes, channels)]
    for axis, n in zip(geometry.axes, sizes, strict=True):
        found += refused_of_axis(target, axis, n)
    return tuple(dict.fromkeys(found))  # axes that are alike are told of once


def _refused_as_a_whole(target: Target, g: ConvTranspose, sizes: Shape, channels: Pair) -> Iterator[Refused]:
    """Limits that more than one axis, or the channels, have a part in."""
    if g.ndim not in target.axes:
        yield (
            "kernel_size",
            f"kernel_size has {g.ndim} {'axis' if g.ndim == 1 else 'axes'}, only {joined(target.axes, ' or ')}",
        )
    if g.groups > 1 and target.groups == ONE:
        yield "groups", f"groups is {g.groups}, only 1"
    if g.groups > 1 and target.groups == ONE_OR_DEPTHWISE and g.groups != channels[0]:
        yield "groups", f"groups is {g.groups} for {channels[0]} channels, only 1 or one for every input channel"
    allowed = target.strides
    if allowed is not None and g.ndim == len(allowed[0]):
        row = g.axes[0].kernel_size == sizes[0] == 1
        if g.stride not in allowed and not (row and g.stride in target.strides_of_a_row):
            yield "stride", f"stride is {per_axis_text(g.stride)}, only {joined(map(size_text, allowed), ' or ')}"
    most = target.largest_stride_product
    if most is not None and prod(g.stride) > most:
        yield "stride", f"stride is {per_axis_text(g.stride)}, only products up to {most}"
    if target.kernels is not None and g.ndim == len(target.kernels[0]) and g.kernel_size not in target.kernels:
        kernels = joined(map(size_text, target.kernels), " or ")
        yield "kernel_size", f"kernel_size is {per_axis_text(g.kernel_size)}, only {kernels}"
    if target.padding in BY_WORDS:
        along = [_words(target, axis, n) for axis, n in zip(g.axes, sizes, strict=True)]
        if all(along) and not set.intersection(*along):
            crops = ", ".join(str(axis.crop) for axis in g.axes)
            yield "padding", f"the crops are {crops}, only SAME on all axes or VALID on all"
    if target.padding == ONE_NUMBER and len({axis.crop[0] for axis in g.axes}) > 1:
        yield "padding", f"padding is {per_axis_text([axis.crop[0] for axis in g.axes])}, only one number for all axes"


def refused_of_axis(target: Target, axis: Axis, n: int) -> Iterator[Refused]:
    """Limits that one axis is enough to judge by."""
    if axis.dilation > 1 and not target.dilation:
        yield "dilation", f"dilation is {axis.dilation}, only 1"
    if target.largest_stride is not None and axis.stride > target.largest_stride:
        yield "stride", f"stride is {axis.stride}, only up to {target.largest_stride}"
    if target.largest_kernel is not None and axis.kernel_size > target.largest_kernel:
        yield "kernel_size", f"kernel_size is {axis.kernel_size}, only up to {target.largest_kernel}"
    if target.padding in BY_WORDS:
        if not _words(target, axis, n):
            whole = " to n*s and n*s + max(k-s, 0) outputs" if target.padding == WHOLE_SAME_OR_VALID else ""
            yield "padding", f"the crop is {axis.crop}, only those of SAME and VALID{whole}"
    else:
        yield from _refused_padding(target, axis)
    if target.covers_exactly and (over := axis.kernel_size - axis.stride - sum(axis.crop)):
        yield "kernel_size", f"kernel_size - stride - 2 * padding is {over}, only 0"


def _refused_padding(target: Target, axis: Axis) -> Iterator[Refused]:
    """Padding in numbers, and the output_padding that is needed besides."""
    begin, end = axis.crop
    if begin < 0:
        yield "padding", f"padding is {begin} at the beginning, only 0 or more"
        return
    # What is not cut at the end comes back as output_padding: all of it where both sides must be cut alike.
    alike = target.padding in (EQUAL, ONE_NUMBER)
    extra = begin - end if alike else -end
    if target.padding == NONE and max(begin, end) > 0:
        yield "padding", f"padding is {axis.crop if begin != end else begin}, only 0"
    if extra < 0 and alike:
        yield "padding", f"padding is {axis.crop}, only the same before and after"
    if extra > 0 and not target.output_padding:
        yield "output_padding", f"output_padding is {extra}, only 0"
    elif extra >= axis.stride:
        yield "output_padding", f"output_padding is {extra}, only less than the stride {axis.stride}"


def _words(target: Target, axis: Axis, n: int) -> set[str]:
    """Which of SAME and VALID, for the output's size, make this axis' crop."""
    output, found = axis.output(n), set()
    wholes = {"SAME": n * axis.stride, "VALID": n * axis.stride + max(axis.span - axis.stride, 0)}
    for word, whole in wholes.items():
        if target.padding == WHOLE_SAME_OR_VALID and output != whole:
            continue
        try:
            if crop_for_output(axis, n, output, word) == axis.crop:
                found.add(word)
        except GeometryError:
            continue
    return found
