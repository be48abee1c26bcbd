"""ONNX ConvTranspose, as ONNX Runtime computes it."""

from __future__ import annotations

from collections.abc import Iterator

from ..arguments import integer, sequence
from ..axis import Axis
from ..errors import GeometryError
from ..geometry import ConvTranspose, Pair
from .convention import Convention, Limits, crop_text, cropped
from .keywords import Params, Sizes, bare_axes, listed, one_of, read_keywords
from .layout import Layout, channels_first

DEFAULTS = {
    "strides": None,
    "pads": None,
    "output_padding": None,
    "dilations": None,
    "group": 1,
    "auto_pad": "NOTSET",
    "output_shape": None,
}
AUTO_PADS = ("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID")


def read(params: Params, sizes: Sizes) -> ConvTranspose:
    """Crop (pads_begin, pads_end - output_padding), or the split of what output_shape or auto_pad leave over.

    Where auto_pad is SAME and the span is less than the stride, the specification wants n*stride outputs, which would
    be negative pads; ONNX Runtime does without them. output_padding must be less than the stride there.
    """
    words = read_keywords("onnx", params, ("kernel_shape",), DEFAULTS)
    ndim = len(sizes)
    kernel = _integers("kernel_shape", words["kernel_shape"], ndim, 1, 1)
    stride = _integers("strides", words["strides"], ndim, 1, 1)
    dilation = _integers("dilations", words["dilations"], ndim, 1, 1)
    extra = _integers("output_padding", words["output_padding"], ndim, 0, 0)
    pads = _integers("pads", words["pads"], 2 * ndim, 0, 0)
    auto_pad = one_of("auto_pad", words["auto_pad"], AUTO_PADS)
    for axis, (op, s) in enumerate(zip(extra, stride, strict=True)):
        if op >= s:
            raise GeometryError(
                "output_padding must be smaller than strides",
                f"axis {axis} has output_padding={op}, strides={s}",
                f"use at most {s - 1}",
            )
    if auto_pad != "NOTSET" and words["pads"] is not None:
        # Even pads of zero: ONNX's shape inference refuses them.
        raise GeometryError(
            "pads go with auto_pad NOTSET only", f"auto_pad={auto_pad!r}, pads={list(pads)}", "leave one of them out"
        )
    axes = bare_axes(kernel, stride, dilation)
    if words["output_shape"] is not None:
        outputs = _outputs(words["output_shape"], ndim)
        crop = [_split(*fields, auto_pad) for fields in zip(axes, sizes, extra, outputs, strict=True)]
    elif auto_pad.startswith("SAME"):
        crop = [_split(a, n, op, n * a.stride, auto_pad) for a, n, op in zip(axes, sizes, extra, strict=True)]
        # Outputs are never added without output_shape.
        crop = [(b, max(e, -op - b)) for (b, e), op in zip(crop, extra, strict=True)]
    else:
        crop = [(b, e - op) for b, e, op in zip(pads[:ndim], pads[ndim:], extra, strict=True)]
    return cropped(axes, crop, integer("group", words["group"], minimum=1), sizes)


def spellings(geometry: ConvTranspose, sizes: Sizes) -> Iterator[Params]:
    """pads for what is cut, output_padding for what is added at the end; auto_pad is never needed."""
    begins = [max(b, 0) for b, _ in geometry.crop]
    ends = [max(e, 0) for _, e in geometry.crop]
    extra = [min(max(-e, 0), s - 1) for (_, e), s in zip(geometry.crop, geometry.stride, strict=True)]
    for pads, output_padding in ((begins + ends, extra), ([0] * 2 * geometry.ndim, [0] * geometry.ndim)):
        yield {
            "kernel_shape": list(geometry.kernel_size),
            "strides": list(geometry.stride),
            "pads": pads,
            "output_padding": output_padding,
            "dilations": list(geometry.dilation),
            "group": geometry.groups,
        }


def limits(geometry: ConvTranspose) -> Limits:
    """None: any number of axes, dilation, groups."""
    return Limits()


def why(geometry: ConvTranspose) -> str:
    """Of crops."""
    return (
        "pads cannot be negative, and output_padding adds less than strides, and only at the end: "
        f"they have no spelling for the crop {crop_text(geometry)}"
    )


def layout(ndim: int, params: Params) -> Layout:
    """(C, M/group, *k): the canonical one."""
    return channels_first(ndim)


def _split(axis: Axis, n: int, extra: int, output: int, auto_pad: str) -> Pair:
    """Half of what is too much on each side; the odd one at the end for SAME_UPPER, else at the beginning."""
    full = axis.full(n)
    total = max(full + extra - output, 0)
    if output >= full + axis.stride:
        raise GeometryError(
            "output_shape is too large", f"input {n} takes up to {full + axis.stride - 1}, not {output}", "use less"
        )
    begin = total // 2 if auto_pad == "SAME_UPPER" else total - total // 2
    return begin, full - output - begin


def _outputs(value: object, ndim: int) -> Sizes:
    """The spatial sizes, with or without batch and channels before them."""
    found = sequence(value)
    if found is not None and len(found) == ndim + 2:
        value = found[2:]
    return _integers("output_shape", value, ndim, 1, 1)


def _integers(name: str, value: object, count: int, default: int, minimum: int) -> Sizes:
    if value is None:
        return (default,) * count
    return tuple(
        integer(f"{name}[{place}]", item, minimum=minimum) for place, item in enumerate(listed(name, value, count))
    )


CONVENTION = Convention(read, spellings, limits, why, layout)
