"""Flax: flax.nnx.ConvTranspose, which hands its padding to jax.lax.conv_transpose."""

from __future__ import annotations

from collections.abc import Iterator

from ..arguments import integer, per_axis, sequence
from ..errors import GeometryError
from ..geometry import ConvTranspose, Pair
from . import jax
from .convention import Convention, Limits
from .keywords import Params, Sizes, bare_axes, listed, read_keywords, truth
from .layout import Layout

DEFAULTS = {"strides": None, "padding": "SAME", "kernel_dilation": None, "transpose_kernel": False}
UNREAD = ("in_features", "out_features", "use_bias")


def read(params: Params, sizes: Sizes) -> ConvTranspose:
    """As lax; an integer pads the input on both sides. CIRCULAR wraps around, which no crop does.

    A bare kernel_size is that of one axis, as in Flax.
    """
    words = read_keywords("flax", params, ("kernel_size",), DEFAULTS, UNREAD)
    ndim = len(sizes)
    jax.refuse_axes("flax", ndim)
    given = words["kernel_size"]
    kernel = per_axis("kernel_size", (given,) if sequence(given) is None else given, ndim, minimum=1)
    stride, dilation = (
        per_axis(name, 1 if words[name] is None else words[name], ndim, minimum=1)
        for name in ("strides", "kernel_dilation")
    )
    truth("transpose_kernel", words["transpose_kernel"])
    padding = words["padding"]
    if padding == "CIRCULAR":
        raise GeometryError(
            "CIRCULAR wraps the output around", "padding='CIRCULAR'", "use 'VALID' and wrap its output around"
        )
    if not isinstance(padding, str):
        padding = _pairs(padding, ndim)
    return jax.cropped_by_lax(bare_axes(kernel, stride, dilation), sizes, padding, consistent=False)


def spellings(geometry: ConvTranspose, sizes: Sizes) -> Iterator[Params]:
    """As for lax, in Flax's words."""
    yield {
        "kernel_size": geometry.kernel_size,
        "strides": geometry.stride,
        "padding": jax.paddings(geometry),
        "kernel_dilation": geometry.dilation,
        "transpose_kernel": False,
    }


def limits(geometry: ConvTranspose) -> Limits:
    """Those of lax."""
    return jax.limits_of_lax("flax", geometry)


def why(geometry: ConvTranspose) -> str:
    """Of crops."""
    return jax.why(geometry)


def layout(ndim: int, params: Params) -> Layout:
    """That of lax."""
    return jax.layout(ndim, params)


def _pairs(padding: object, ndim: int) -> tuple[Pair, ...]:
    """An integer for all axes, or for each an integer or a pair."""
    found = sequence(padding)
    items = (padding,) * ndim if found is None else listed("padding", found, ndim)
    pairs = []
    for axis, item in enumerate(items):
        if sequence(item) is None:
            amount = integer(f"padding[{axis}]", item)
            pairs.append((amount, amount))
        else:
            pairs.extend(jax.pairs_of((item,), 1))
    return tuple(pairs)


CONVENTION = Convention(read, spellings, limits, why, layout)
