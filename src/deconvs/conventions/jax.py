"""JAX: jax.lax.conv_transpose, in its default channels-last dimension numbers."""

from __future__ import annotations

from collections.abc import Iterator

from ..arguments import integer, per_axis, sequence
from ..axis import Axis
from ..errors import GeometryError
from ..geometry import ConvTranspose, Pair
from .convention import Convention, Limits, crop_text, cropped
from .keywords import Params, Sizes, bare_axes, listed, one_of, read_keywords, truth
from .layout import Layout, spatial

DEFAULTS = {"rhs_dilation": None, "transpose_kernel": False, "use_consistent_padding": False}


def read(params: Params, sizes: Sizes) -> ConvTranspose:
    """Pairs pad the input, or with use_consistent_padding crop the output. ``kernel_size`` is that of the weight."""
    words = read_keywords("jax", params, ("kernel_size", "strides", "padding"), DEFAULTS)
    ndim = len(sizes)
    refuse_axes("jax", ndim)
    kernel = per_axis("kernel_size", words["kernel_size"], ndim, minimum=1)
    stride = tuple(
        integer(f"strides[{axis}]", s, minimum=1) for axis, s in enumerate(listed("strides", words["strides"], ndim))
    )
    given = words["rhs_dilation"]
    dilations = (1,) * ndim if given is None else listed("rhs_dilation", given, ndim)
    dilation = per_axis("rhs_dilation", dilations, ndim, minimum=1)
    truth("transpose_kernel", words["transpose_kernel"])
    consistent = truth("use_consistent_padding", words["use_consistent_padding"])
    padding = words["padding"]
    if sequence(padding) is not None:
        padding = pairs_of(padding, ndim)
    return cropped_by_lax(bare_axes(kernel, stride, dilation), sizes, padding, consistent)


def spellings(geometry: ConvTranspose, sizes: Sizes) -> Iterator[Params]:
    """One: pads can be negative, so that there is one for every crop; or what is near those that go wrong."""
    yield {
        "kernel_size": geometry.kernel_size,
        "strides": geometry.stride,
        "padding": paddings(geometry),
        "rhs_dilation": geometry.dilation,
        "transpose_kernel": False,
        "use_consistent_padding": False,
    }


def limits(geometry: ConvTranspose) -> Limits:
    """At most 3 axes, no groups."""
    return limits_of_lax("jax", geometry)


def why(geometry: ConvTranspose) -> str:
    """Of crops."""
    wrong = "padding with a negative low below a positive high is computed wrongly by XLA on CPUs (its issue 48713)"
    if any(aborts(geometry.ndim, axis) for axis in geometry.axes):
        wrong = "padding 0 beside kernel 2 and stride 2 makes XLA end the process on some layers of three axes"
    return f"{wrong}: nothing else says the crop {crop_text(geometry)}"


def layout(ndim: int, params: Params) -> Layout:
    """(*k, C_in, C_out) flipped; with transpose_kernel (*k, C_out, C_in), not flipped."""
    if truth("transpose_kernel", params.get("transpose_kernel", False)):
        return Layout((*spatial(ndim), "C_out", "C_in"))
    return Layout((*spatial(ndim), "C_in", "C_out"), flipped=True)


# Flax hands these to lax as they are.


def refuse_axes(framework: str, ndim: int) -> None:
    """More than three axes have no default dimension numbers."""
    if ndim > 3:
        raise GeometryError(f"{framework} has default dimension numbers up to 3 axes", f"{ndim} axes", "use at most 3")


def limits_of_lax(framework: str, geometry: ConvTranspose) -> Limits:
    """At most 3 axes, no groups."""
    return Limits(
        axes=f"{framework} has default dimension_numbers for 1 to 3 axes, not {geometry.ndim}"
        if geometry.ndim > 3
        else None,
        groups=f"{framework} has no feature_group_count in conv_transpose" if geometry.groups > 1 else None,
    )


def pairs_of(padding: object, ndim: int) -> tuple[Pair, ...]:
    """((low, high), ...) as integers."""
    found = []
    for axis, pair in enumerate(listed("padding", padding, ndim)):
        low, high = listed(f"padding[{axis}]", pair, 2)
        found.append((integer(f"padding[{axis}][0]", low), integer(f"padding[{axis}][1]", high)))
    return tuple(found)


def cropped_by_lax(axes: tuple[Axis, ...], sizes: Sizes, padding: object, consistent: bool) -> ConvTranspose:
    """The geometry of 'SAME', 'VALID' or pairs."""
    if isinstance(padding, tuple):
        crop = [pair if consistent else _turned(axis, pair) for axis, pair in zip(axes, padding, strict=True)]
    else:
        word = one_of("padding", padding, ("SAME", "VALID"))
        crop = [_turned(axis, _pads(axis, word)) for axis in axes]
    return cropped(axes, crop, 1, sizes, may_be_empty=True)


def paddings(geometry: ConvTranspose) -> tuple[Pair, ...]:
    """The pairs that say a geometry: what the direct form pads. Less is cut where XLA goes wrong on them."""
    pairs = [axis.direct().pad for axis in geometry.axes]
    bare = [aborts(geometry.ndim, axis) for axis in geometry.axes]
    return tuple(
        (0, high) if miscomputed(low, high) else (low, high + more)
        for (low, high), more in zip(pairs, bare, strict=True)
    )


def aborts(ndim: int, axis: Axis) -> bool:
    """Whether XLA may end the process while it compiles a layer of three axes with this one, in JAX 0.10.2.

    Its simplifier fails a check of its own ("Window dimensions do not match RHS shape") on some layers with an axis of
    kernel 2, stride 2 and no pads; with one more pad at the end, which is cut again, on none that was found.
    """
    return ndim == 3 and axis.span == axis.stride == 2 and axis.crop == (1, 1)


def miscomputed(low: int, high: int) -> bool:
    """Whether XLA on CPUs may read beyond its input for these pads: openxla/xla issue 48713, seen in JAX 0.10.2.

    It depends on channels, type and strides whether it does: none of these pads is written.
    """
    return low < 0 < high <= -low


def _pads(axis: Axis, word: str) -> Pair:
    """What lax pads the input with: jax._src.lax.convolution._conv_transpose_padding."""
    span, stride = axis.span, axis.stride
    total = span + stride - 2
    if word == "VALID":
        return span - 1, total + max(span - stride, 0) - (span - 1)
    low = span - 1 if stride > span - 1 else total - total // 2
    return low, total - low


def _turned(axis: Axis, pair: Pair) -> Pair:
    """Pads of the input as a crop of the output, and back."""
    return axis.span - 1 - pair[0], axis.span - 1 - pair[1]


CONVENTION = Convention(read, spellings, limits, why, layout)
