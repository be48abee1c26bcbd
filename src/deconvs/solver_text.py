"""Solutions and chains as tables, as code, and as data."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from .chains import Chain
from .errors import GeometryError, Refusal
from .geometry import Conv, ConvTranspose
from .kinds import cover, taps_text
from .programs import Line, line
from .solver import Size, Solutions
from .tables import table_text
from .words import size_text


def spoken(framework: str, g: ConvTranspose, inputs: Size) -> Line:
    """The layer as code of a framework; an error where it has nothing near.

    >>> print(spoken("torch", ConvTranspose((4, 4), stride=2, padding=1), (8, 8)))
    torch.nn.ConvTranspose2d(C_in, C_out, kernel_size=4, stride=2, padding=1)
    """
    said = line(framework, g, inputs)
    if isinstance(said, Refusal):
        raise GeometryError(said.reason, f"this layer has {g.ndim} axes", "use --framework deconvs")
    return said


def solutions_text(found: Solutions, inputs: Size, outputs: Size, most: int, framework: str) -> str:
    """A table of the best solutions; without any, what comes near and why."""
    head = f"{size_text(inputs)} -> {size_text(outputs)}"
    if not found:
        parts = [f"{head}: no layer\n{found.why}"]
        if found.nearest:
            parts.append(_table("the nearest", found.nearest, inputs, framework))
        if found.beyond:
            beyond = spoken("deconvs", found.beyond, inputs)
            parts.append(f"exact, but outside the box, with larger or unequal paddings:\n  {beyond}")
        return "\n\n".join(parts)
    shown = "" if len(found) <= most else f", the best {most}"
    return _table(
        f"{head}: {len(found):,} {'layer' if len(found) == 1 else 'layers'}{shown}", found[:most], inputs, framework
    )


def chains_text(found: Sequence[Chain], inputs: Size, outputs: Size, layers: int, framework: str) -> str:
    """The best chains, layer by layer."""
    head = f"{size_text(inputs)} -> {size_text(outputs)} in {layers} layers"
    if not found:
        return f"{head}: no chain of the box; allow larger kernels or strides, or more layers"
    parts = [head]
    for number, chain in enumerate(found, 1):
        uneven, ends, products = chain.cost
        parts.append(
            f"{number}. {' -> '.join(map(size_text, chain.sizes))}: {uneven} uneven, {ends} with output_padding, "
            f"{products:,} products\n"
            + "\n".join(f"   {spoken(framework, g, n)}" for g, n in zip(chain.layers, chain.sizes, strict=False))
        )
    return "\n\n".join(parts)


def undone_text(conv: Conv, inputs: Size, framework: str) -> str:
    """The layer that leads back from a convolution's output size to its input size."""
    g, smaller = conv.transpose(inputs), conv.output_size(inputs)
    return (
        f"{conv} leads {size_text(inputs)} to {size_text(smaller)};\n"
        f"{g} leads {size_text(smaller)} back to {size_text(inputs)}:\n"
        f"  {spoken(framework, g, smaller)}"
    )


def undone_as_data(conv: Conv, inputs: Size, framework: str) -> dict[str, Any]:
    """For JSON."""
    g = conv.transpose(inputs)
    return {
        "convolution": repr(conv),
        "input_size": list(conv.output_size(inputs)),
        "output_size": list(inputs),
        "layer": repr(g),
        **_code_data(framework, g, conv.output_size(inputs)),
    }


def as_data(found: Solutions, inputs: Size, framework: str) -> dict[str, Any]:
    """For JSON."""
    return {
        "solutions": [_layer_data(g, inputs, framework) for g in found],
        "nearest": [_layer_data(g, inputs, framework) for g in found.nearest],
        "beyond": None if found.beyond is None else repr(found.beyond),
        "why": found.why,
    }


def chains_as_data(found: Sequence[Chain], framework: str) -> list[dict[str, Any]]:
    """For JSON."""
    names = ("uneven_layers", "output_paddings", "products")
    return [
        {
            "sizes": [list(size) for size in chain.sizes],
            "cost": dict(zip(names, chain.cost, strict=True)),
            "layers": [_layer_data(g, n, framework) for g, n in zip(chain.layers, chain.sizes, strict=False)],
        }
        for chain in found
    ]


def _table(title: str, layers: Sequence[ConvTranspose], inputs: Size, framework: str) -> str:
    rows = [
        (
            size_text(g.output_size(inputs)),
            f"{cover(g).value}: {taps_text(g)}",
            f"{_products(g, inputs):,}",
            str(spoken(framework, g, inputs)),
        )
        for g in layers
    ]
    return table_text(title, ("output", "taps a phase", "products", "code"), rows, right=(2,))


def _layer_data(g: ConvTranspose, inputs: Size, framework: str) -> dict[str, Any]:
    return {
        "kernel_size": list(g.kernel_size),
        "stride": list(g.stride),
        "padding": [b for b, _ in g.crop],
        "output_padding": [b - e for b, e in g.crop],
        "dilation": list(g.dilation),
        "output_size": list(g.output_size(inputs)),
        "coverage": cover(g).value,
        "products": _products(g, inputs),
        **_code_data(framework, g, inputs),
    }


def _code_data(framework: str, g: ConvTranspose, inputs: Size) -> dict[str, Any]:
    said = spoken(framework, g, inputs)
    return {"code": said.code, "then": list(said.then)}


def _products(g: ConvTranspose, inputs: Size) -> int:
    return prod(axis.products(n) for axis, n in zip(g.axes, inputs, strict=True))
