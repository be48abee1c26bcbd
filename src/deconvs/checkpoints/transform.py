"""Converting the layers of a checkpoint, one by one; what stands in the way is told of all of them at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..conventions import FRAMEWORKS, layout
from ..conventions.layout import Layout
from ..conversion import KERNEL, convert, layout_or_none, read_cut
from ..errors import GeometryError, Nearest, Refusal
from ..geometry import ConvTranspose
from ..programs import Line, Part, line, program
from ..programs.dialects import DIALECTS
from .config import LAZY, Config, Layer, together
from .layers import Found, Tensors, converted_already
from .layouts import conv_transpose_fits, misfit, plain_fits, plain_layout, refuses_conv
from .report import ConvertedLayer
from .tensors import quoted

if TYPE_CHECKING:
    from numpy.typing import NDArray

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Made:
    """A layer converted: the weight's bits, the two layouts, its entry in the config of the target, what is said."""

    found: Found
    weight: NDArray[Any]
    stored: Layout
    wanted: Layout
    config: Mapping[str, Any]
    said: ConvertedLayer | None = None


def check_layouts(config: Config, found: list[Found], tensors: Tensors, target: str) -> None:
    """An error where tensors are not of their layer in the framework's layout, or parameters cannot be read."""
    source = config.framework
    unread, misfits, own, theirs = {}, {}, [], []
    for each in found:
        name, shape = each.layer.name, tensors[each.weight].shape
        bias = None if each.bias is None else tensors[each.bias].shape
        try:
            geometry, stored, fitting = _fitting(each.layer, source, shape, bias)
        except GeometryError as error:
            unread[name] = error
            continue
        if source in fitting:
            own.append(name)
        elif target in fitting:
            theirs.append(name)
        else:
            misfits[name] = misfit(each.layer, source, stored, shape, bias, fitting, geometry)
    if unread:
        raise together("cannot be read", unread, "correct their parameters in the config")
    if theirs:
        raise converted_already(own, theirs, source, target)
    if misfits:
        raise together(f"do not have the layout of {source}", misfits, "correct the config, or the framework it names")


def make_all(config: Config, found: list[Found], tensors: Tensors, target: str) -> list[Made]:
    """Every layer in the target's layout.

    Errors: GeometryError for all layers that the target cannot say, and for elements that cannot be moved.
    """
    made: list[Made] = []
    unmoved, refused = {}, {}
    for each in found:
        tensor = tensors[each.weight]
        bits = tensor.bits()
        if bits is None:
            unmoved[each.layer.name] = GeometryError(
                "elements of this type are not moved",
                f"{quoted(each.weight)} is {tensor.type}",
                "convert numbers of 1 to 8 bytes",
            )
            continue
        new_name = config.rename.get(each.layer.name, each.layer.name)
        if each.layer.kind == "conv_transpose":
            bias = None if each.bias is None else tensors[each.bias].shape
            done = _conv_transpose(each, bits, bias, config.framework, target, new_name)
        else:
            done = _plain(each, bits, config.framework, target)
        if isinstance(done, Made):
            made.append(done)
        else:
            refused[each.layer.name] = done
    if unmoved:
        raise together("cannot be moved", unmoved, "convert numbers of 1 to 8 bytes")
    if refused:
        shown = "; ".join(f"{quoted(name)}: {why}" for name, why in list(refused.items())[:3])
        more = f"; and {len(refused) - 3:,} more" if len(refused) > 3 else ""
        count = "a layer" if len(refused) == 1 else f"{len(refused):,} layers"
        raise GeometryError(
            f"{target} cannot say {count}",
            shown + more,
            "choose another target, or rebuild these as dc.convert shows: its refusal has weights and a program",
        )
    return made


def _fitting(
    layer: Layer, source: str, shape: Shape, bias: Shape | None
) -> tuple[ConvTranspose | None, Layout | None, list[str]]:
    """The layer's geometry (of a conv_transpose) and layout in the source, and the frameworks whose its tensors are."""
    if layer.kind != "conv_transpose":
        fitting = [framework for framework in FRAMEWORKS if plain_fits(layer, framework, shape, bias)]
        return None, plain_layout(layer, source, len(shape)), fitting
    geometry = read_cut(source, layer.params, shape, layer.input_size, layer.crop)
    stored = layout(source, geometry.ndim, geometry.groups, layer.params)
    said = layer.params.get(KERNEL[source]) is not None
    fitting = []
    for framework in FRAMEWORKS:
        at = stored if framework == source else layout_or_none(framework, geometry)
        like = geometry if said or at is None else _with_kernel_of(geometry, at, shape)
        if conv_transpose_fits(at, like, shape, bias):
            fitting.append(framework)
    return geometry, stored, fitting


def _with_kernel_of(geometry: ConvTranspose, stored: Layout, shape: Shape) -> ConvTranspose:
    """The geometry with the kernel that a weight of this shape has in this layout."""
    sizes = (max(shape[place], 1) for place in stored.permutation[2:])
    axes = [replace(axis, kernel_size=size) for axis, size in zip(geometry.axes, sizes, strict=True)]
    return ConvTranspose.of_axes(axes, geometry.groups)


def _plain(found: Found, bits: NDArray[Any], source: str, target: str) -> Made | str:
    """A conv or linear layer; or why not."""
    layer, ndim = found.layer, bits.ndim - 2
    if layer.kind == "conv" and (why := refuses_conv(target, ndim)) is not None:
        return why
    stored, wanted = (plain_layout(layer, framework, bits.ndim) for framework in (source, target))
    assert stored is not None
    assert wanted is not None
    config: dict[str, Any] = {"kind": layer.kind}
    if layer.kind == "conv":
        config["kernel_size"] = [bits.shape[stored.axes.index(f"k{axis}")] for axis in range(ndim)]
    return Made(
        found,
        wanted.from_canonical(stored.to_canonical(bits)),
        stored,
        wanted,
        config | _carried(found, layer.transpose_kernel),
    )


def _conv_transpose(
    found: Found, bits: NDArray[Any], bias: Shape | None, source: str, target: str, new_name: str
) -> Made | str:
    """A transposed convolution; or why not."""
    layer = found.layer
    geometry = read_cut(source, layer.params, bits.shape, layer.input_size, layer.crop)
    stored = layout(source, geometry.ndim, geometry.groups, layer.params)
    done = convert(layer.params, bits, source=source, target=target, input_size=layer.input_size, crop=layer.crop)
    if isinstance(done, Refusal):
        return _refusal(done, target, geometry, layer.input_size)
    assert done.weight is not None
    params, weight = dict(done.params), done.weight
    wanted = layout(target, geometry.ndim, geometry.groups, params)
    if target in LAZY and layer.transpose_kernel:
        params["transpose_kernel"] = True
        turned = layout(target, geometry.ndim, geometry.groups, params)
        weight, wanted = turned.from_canonical(wanted.to_canonical(weight)), turned
    crop = ((0, 0),) * geometry.ndim if done.crop is None else done.crop
    channels = geometry.channels(tuple(bits.shape[axis] for axis in stored.permutation))
    said = ConvertedLayer(
        layer.name,
        new_name,
        params,
        done.crop,
        layer.input_size,
        geometry.output_size(layer.input_size),
        DIALECTS[target].call(params, geometry.ndim, channels, bias is not None),
        program(target, Part(Nearest(params, crop), layer.input_size, channels, bias is not None)),
    )
    config = {**params, "input_size": layer.input_size, **({} if done.crop is None else {"crop": done.crop})}
    return Made(
        found, weight, stored, wanted, config | _carried(found, target not in LAZY and layer.transpose_kernel), said
    )


def _carried(found: Found, transpose_kernel: bool) -> dict[str, Any]:
    """What the target has no use for, and the way back has."""
    return {
        **({"suffix": found.suffix} if found.suffix else {}),
        **({"transpose_kernel": True} if transpose_kernel else {}),
    }


def _refusal(refused: Refusal, target: str, geometry: ConvTranspose, input_size: Shape) -> str:
    """The reason, and what is nearest in words."""
    near = line(target, geometry, input_size)
    if not isinstance(near, Line):
        return refused.reason
    return f"{refused.reason} (nearest: {near})"
