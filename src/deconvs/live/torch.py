"""PyTorch's layers: torch.nn.ConvTranspose1d, 2d, 3d."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ..dtypes import as_array, to_library
from ..errors import GeometryError
from .layer import Layer, Made, of_its_own

WORDS = ("kernel_size", "stride", "padding", "output_padding", "groups", "dilation", "padding_mode")


def read(torch: Any, thing: Any) -> Layer | None:
    """Of any device; a copy is not made where the layer is in CPU memory."""
    nn = torch.nn
    kind = next((k for k in (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d) if isinstance(thing, k)), None)
    if kind is None:
        return None
    if type(thing).forward is not kind.forward:
        raise of_its_own(thing, "a forward")
    if nn.parameter.is_lazy(thing.weight) or thing.weight.is_meta:
        raise GeometryError("the layer has no weight yet", f"got {thing!r}", "run it once, or load it")
    if thing._forward_pre_hooks or thing._forward_hooks:
        # Old-style weight norm, spectral norm and pruning compute the weight in one, when the layer runs.
        raise GeometryError(
            "the layer has forward hooks",
            f"got {type(thing).__name__}",
            "remove them first: torch.nn.utils.remove_weight_norm, remove_spectral_norm, torch.nn.utils.prune.remove",
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
