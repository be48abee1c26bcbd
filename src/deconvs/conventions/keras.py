"""Keras 3: Conv1DTranspose, Conv2DTranspose, Conv3DTranspose."""

from __future__ import annotations

from collections.abc import Iterator

from ..arguments import per_axis
from ..axis import Axis
from ..errors import GeometryError
from ..geometry import ConvTranspose, Pair
from .convention import Convention, Limits, crop_text, cropped
from .keywords import Params, Sizes, bare_axes, one_of, read_keywords
from .layout import Layout, spatial

DEFAULTS = {"strides": 1, "padding": "valid", "output_padding": None, "dilation_rate": 1}
UNREAD = ("filters", "data_format", "use_bias")


def read(params: Params, sizes: Sizes) -> ConvTranspose:
    """The crop of "valid" or "same", without output_padding or with it: four formulas, those of Keras.

    "same" with output_padding 0 and an even span raises on the TensorFlow backend; the others compute what is read.
    """
    words = read_keywords("keras", params, ("kernel_size",), DEFAULTS, UNREAD)
    ndim = len(sizes)
    if ndim > 3:
        raise GeometryError("keras has Conv1D, Conv2D and Conv3DTranspose", f"{ndim} axes", "use at most 3")
    kernel, stride, dilation = (
        per_axis(name, words[name], ndim, minimum=1) for name in ("kernel_size", "strides", "dilation_rate")
    )
    if max(stride) > 1 and max(dilation) > 1:
        raise GeometryError(
            "strides and dilation_rate cannot both be above 1",
            f"strides={stride}, dilation_rate={dilation}",
            "use one of them, or fill the kernel up with zeros",
        )
    padding = one_of("padding", words["padding"], ("valid", "same"))
    given = words["output_padding"]
    extras = (None,) * ndim if given is None else per_axis("output_padding", given, ndim, minimum=0)
    for axis, (extra, s) in enumerate(zip(extras, stride, strict=True)):
        if extra is not None and extra >= s:
            raise GeometryError(
                "output_padding must be smaller than strides",
                f"axis {axis} has output_padding={extra}, strides={s}",
                f"use at most {s - 1}",
            )
    axes = bare_axes(kernel, stride, dilation)
    crop = [_crop(axis, n, padding, extra) for axis, n, extra in zip(axes, sizes, extras, strict=True)]
    return cropped(axes, crop, 1, sizes)


def spellings(geometry: ConvTranspose, sizes: Sizes) -> Iterator[Params]:
    """ "valid" and "same", without output_padding, then with the one that the size asks for."""
    words = {
        "kernel_size": geometry.kernel_size,
        "strides": geometry.stride,
        "dilation_rate": geometry.dilation,
    }
    for padding in ("valid", "same"):
        yield {**words, "padding": padding, "output_padding": None}
    valid = [(-axis.crop[1], 0, axis) for axis in geometry.axes]
    same = [(axis.span - sum(axis.crop) - axis.span % 2, 1 - axis.span % 2, axis) for axis in geometry.axes]
    for padding, wanted in (("valid", valid), ("same", same)):
        # "same" with output_padding 0 and an even span is left out: the TensorFlow backend refuses it.
        if all(least < axis.stride for _, least, axis in wanted):
            extra = tuple(min(max(amount, least), axis.stride - 1) for amount, least, axis in wanted)
            yield {**words, "padding": padding, "output_padding": extra}


def limits(geometry: ConvTranspose) -> Limits:
    """At most 3 axes; strides or dilation, not both; no groups."""
    both = max(geometry.stride) > 1 and max(geometry.dilation) > 1
    return Limits(
        axes=f"keras has Conv1D, 2D and 3DTranspose: kernel_size cannot have {geometry.ndim} axes"
        if geometry.ndim > 3
        else None,
        dilation="keras refuses dilation_rate above 1 together with strides above 1" if both else None,
        groups="keras has no groups in transposed convolutions" if geometry.groups > 1 else None,
    )


def why(geometry: ConvTranspose) -> str:
    """Of crops."""
    return (
        "padding is only 'valid' or 'same', with an output_padding below strides: "
        f"they have no spelling for the crop {crop_text(geometry)}"
    )


def layout(ndim: int, params: Params) -> Layout:
    """(*k, C_out, C_in)."""
    return Layout((*spatial(ndim), "C_out", "C_in"))


def _crop(axis: Axis, n: int, padding: str, extra: int | None) -> Pair:
    full, span, stride = axis.full(n), axis.span, axis.stride
    if padding == "valid":
        return 0, -(max(stride - span, 0) if extra is None else extra)
    if extra is None:
        begin, output = max(0, (span - stride) // 2), n * stride
    else:
        padded = span + span % 2 - 2 + extra
        begin, output = span - 1 - min(padded - padded // 2, span - 1), (n - 1) * stride + span % 2 + extra
    return begin, full - output - begin


CONVENTION = Convention(read, spellings, limits, why, layout)
