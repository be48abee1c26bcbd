"""PyTorch's layers: torch.nn.ConvTranspose1d, 2d, 3d."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ..dtypes import as_array, to_library
from ..errors import GeometryError
from .layer import Layer, Made

WORDS = ("kernel_size", "stride", "padding", "output_padding", "groups", "dilation", "padding_mode")


def read(torch: Any, thing: Any) -> Layer | None:
    """Of any device; a copy is not made where the layer is in CPU memory."""
    nn = torch.nn
    if not isinstance(thing, nn.ConvTranspose1d | nn.ConvTranspose2d | nn.ConvTranspose3d):
        return None
    if isinstance(thing.weight, nn.parameter.UninitializedParameter):
        raise GeometryError(
            "the layer has no weight yet", f"got {thing!r}", "run it once, which tells it its input channels"
        )
    return Layer(
        "torch",
        {name: getattr(thing, name) for name in WORDS},
        as_array("weight", thing.weight.detach().cpu()),
        None if thing.bias is None else as_array("bias", thing.bias.detach().cpu()),
    )


def build(made: Made) -> Any:
    """A layer; with a crop a Sequential of the layer and a pad of negative amounts, which cuts."""
    torch = import_module("torch")
    layer = getattr(torch.nn, f"ConvTranspose{made.ndim}d")(
        *made.channels, bias=made.bias is not None, dtype=getattr(torch, made.dtype), **made.params
    )
    with torch.no_grad():
        layer.weight.copy_(to_library(torch, made.weight))
        if made.bias is not None:
            layer.bias.copy_(to_library(torch, made.bias))
    if made.crop is None:
        return layer
    # From the last axis to the first, as PyTorch's pads are.
    amounts = tuple(-side for pair in reversed(made.crop) for side in pair)
    return torch.nn.Sequential(layer, getattr(torch.nn, f"ConstantPad{made.ndim}d")(amounts, 0.0))
