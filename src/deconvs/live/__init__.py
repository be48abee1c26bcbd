"""Layers that live in a framework: reading them, building them, finding those of a PyTorch model.

>>> import torch
>>> from deconvs.live import read_layer
>>> layer = read_layer(torch.nn.ConvTranspose2d(4, 6, kernel_size=3, stride=2, groups=2))
>>> layer.framework, layer.params["stride"], layer.weight.shape, layer.bias.shape
('torch', (2, 2), (4, 3, 3, 3), (6,))

A layer can only be handed over where its framework is loaded already, so that reading imports none. Building imports
the one that is asked for, late and by name.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from ..errors import GeometryError
from . import flax, keras, torch
from .layer import Layer, Made

__all__ = ["BUILDERS", "Layer", "Made", "build", "read_layer"]

READERS: dict[str, Callable[[Any, Any], Layer | None]] = {
    "torch": torch.read,
    "keras": keras.read,
    "flax": flax.read,
}

BUILDERS: dict[str, Callable[[Made], Any]] = {"torch": torch.build, "keras": keras.build, "flax": flax.build}
"""The frameworks that have layers as objects."""


def read_layer(thing: object) -> Layer | None:
    """The parameters, weight and bias of a live layer; None for what is none.

    Errors: GeometryError for a layer whose weight is not there yet, or that does more than convolve.
    """
    for framework, reader in READERS.items():
        module = sys.modules.get(framework)
        if module is not None and (found := reader(module, thing)) is not None:
            return found
    return None


def build(framework: str, made: Made) -> Any:
    """A live layer of a framework. Errors: GeometryError where it has no layers, or is not installed."""
    if framework not in BUILDERS:
        raise GeometryError(
            f"{framework} has no layers that can be built", "it has functions or a file format", "run the code instead"
        )
    try:
        return BUILDERS[framework](made)
    except ImportError as error:
        raise GeometryError(
            f"{framework} is not installed", str(error), "install it, or take params, weight and code"
        ) from None
